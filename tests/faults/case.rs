//! One sample with planted faults, and the store of it that is hurt.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

use parallax_core::error::{Error, ErrorKind};
use parallax_core::name::StoreId;
use parallax_core::report::{Finding, PairReport, Report, Scope};
use parallax_core::wire::{PaneStatement, RunId};
use parallax_samples::ensemble::Target;
use parallax_samples::inject::{Planted, Truth};
use parallax_tests::PrivateSample;
use parallax_tests::servers::Signals;
use parallax_workbench::{Events, Workbench};

/// How long one call to a store may take.
pub(crate) const DEADLINE: Duration = Duration::from_secs(1);

/// How much later than its deadline a call may return.
pub(crate) const GRACE: Duration = Duration::from_secs(2);

/// How long a check waits for a store that sends nothing.
pub(crate) const PATIENCE: Duration = Duration::from_secs(5);

/// Enough for a scan to be hurt in the middle.
const SCALE: u32 = 15_000;

/// Fewer where every question about keys makes the server read all.
const SCALE_OF_DOCUMENTS: u32 = 2_000;

/// The store that is hurt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Victim {
    /// The system of record.
    Shop,
    /// The copies, and the stream to them.
    Cache,
    /// The copies as rows.
    Crm,
    /// The copies as documents.
    Docs,
}

impl Victim {
    /// As the deployment file names it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Shop => "shop",
            Self::Cache => "cache",
            Self::Crm => "crm",
            Self::Docs => "docs",
        }
    }

    /// The store that is left alone.
    pub(crate) fn other(self) -> Self {
        match self {
            Self::Shop => Self::Cache,
            Self::Cache | Self::Crm | Self::Docs => Self::Shop,
        }
    }

    pub(crate) fn id(self) -> StoreId {
        StoreId::new(self.name()).expect("a name")
    }

    /// A statement that answers at once, in one row.
    pub(crate) fn short(self) -> PaneStatement {
        let text = match self {
            Self::Shop | Self::Crm => "select count(*) from users",
            Self::Cache => "DBSIZE",
            Self::Docs => "db.users.countDocuments({})",
        };
        self.statement(text)
    }

    pub(crate) fn statement(self, text: impl Into<String>) -> PaneStatement {
        PaneStatement {
            store: self.id(),
            text: text.into(),
        }
    }
}

/// What is done to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Hurt {
    /// Ended without warning.
    Killed,
    /// Stopped in the middle: connections stay open, and nothing answers.
    Paused,
}

impl Hurt {
    pub(crate) fn act(self, signals: &Signals) {
        match self {
            Self::Killed => signals.kill(),
            Self::Paused => signals.pause(),
        }
    }
}

/// One sample under trial.
#[derive(Debug)]
pub(crate) struct Case {
    pub(crate) sample: PrivateSample,
    pub(crate) truth: Truth,
    pub(crate) workbench: Workbench,
    pub(crate) victim: Victim,
    pub(crate) hurt: Hurt,
}

impl Case {
    pub(crate) async fn new(victim: Victim, hurt: Hurt) -> Self {
        let sample = match victim {
            Victim::Shop | Victim::Cache => PrivateSample::duo(SCALE, 1).await,
            Victim::Crm => PrivateSample::ensemble(Target::Crm, SCALE, 1).await,
            Victim::Docs => PrivateSample::ensemble(Target::Docs, SCALE_OF_DOCUMENTS, 1).await,
        };
        let truth = sample.inject(1).await;
        let workbench = sample.workbench(DEADLINE).await;
        Self {
            sample,
            truth,
            workbench,
            victim,
            hurt,
        }
    }

    /// The victim's process as it is now.
    pub(crate) fn signals(&self) -> Signals {
        match self.victim {
            Victim::Shop => self.sample.shop.signals(),
            Victim::Cache | Victim::Crm | Victim::Docs => self.sample.copy.signals(),
        }
    }

    pub(crate) fn hurt(&self) {
        self.hurt.act(&self.signals());
    }

    /// Undoes what was done: the same server on the same port, with what it held.
    pub(crate) fn heal(&mut self) {
        let server = match self.victim {
            Victim::Shop => &mut self.sample.shop,
            Victim::Cache | Victim::Crm | Victim::Docs => &mut self.sample.copy,
        };
        match self.hurt {
            Hurt::Killed => server.start(),
            Hurt::Paused => server.resume(),
        }
    }

    /// Some users on which nothing was planted.
    pub(crate) fn untouched(&self) -> &[String] {
        self.truth.untouched("user", 3)
    }

    /// Runs statements side by side.
    pub(crate) fn start(&self, panes: Vec<PaneStatement>, events: &Events) -> RunId {
        let run = self.workbench.start(panes, &[], events);
        run.expect("the run begins")
    }

    /// A check of everything, and how long it took.
    pub(crate) async fn check(&self, events: &Events) -> (Arc<Report>, Duration) {
        let began = Instant::now();
        let check = self.workbench.check(Scope::default(), events);
        let report = self.workbench.checked(check.expect("the check begins"));
        let report = report.await.expect("the check ends with a report");
        (report, began.elapsed())
    }

    /// What the report calls drift is planted, as just that; and no more agrees than when every store answered.
    #[track_caller]
    pub(crate) fn invents_nothing(&self, report: &Report, whole: &Report, about: &str) {
        let found = reported(report);
        let planted = planted(&self.truth);
        let invented: Vec<_> = found.difference(&planted).collect();
        assert!(invented.is_empty(), "{about}: {invented:?}");
        let pairs = |of: &Report| of.entities.iter().flat_map(|it| it.pairs.clone()).collect();
        let (pairs, whole): (Vec<PairReport>, Vec<PairReport>) = (pairs(report), pairs(whole));
        for (pair, whole) in pairs.iter().zip(&whole) {
            assert_eq!(pair.target, whole.target);
            let (agree, most) = (pair.counts.agrees, whole.counts.agrees);
            assert!(
                agree <= most,
                "{about}: {agree} of {most} agree in {}",
                pair.target
            );
        }
    }
}

/// One copy that drifted: entity, key, dataset, verdict and what differs.
pub(crate) type Drift = (String, String, String, String, Vec<String>);

/// The text of an enum's variant.
pub(crate) fn name<T: serde::Serialize>(of: &T) -> String {
    let name = serde_json::to_value(of).expect("a name");
    name.as_str().expect("text").to_owned()
}

/// What a whole check must find.
pub(crate) fn planted(truth: &Truth) -> BTreeSet<Drift> {
    let drifts = ["stale", "conflicts", "missing", "orphan"];
    let drift = |it: &Planted| {
        let verdict = name(&it.verdict);
        drifts.contains(&verdict.as_str()).then(|| {
            let (entity, fields) = (name(&it.entity), it.fields.clone());
            (entity, it.key.clone(), it.dataset.clone(), verdict, fields)
        })
    };
    truth.faults.iter().filter_map(drift).collect()
}

/// What a check found.
pub(crate) fn reported(report: &Report) -> BTreeSet<Drift> {
    let drift = |(entity, it): (&str, &Finding)| {
        let fields = it.differences.iter().map(|it| it.field.clone());
        (
            entity.to_owned(),
            it.key.to_string(),
            it.dataset.to_string(),
            it.verdict.name().to_owned(),
            fields.collect(),
        )
    };
    report.findings().map(drift).collect()
}

/// The error says that the store does not answer, which one, why, and what to do.
#[track_caller]
pub(crate) fn is_silence(error: &Error, victim: Victim) {
    assert!(
        matches!(error.kind, ErrorKind::Unreachable | ErrorKind::Timeout),
        "{:?}: {error}",
        error.kind
    );
    assert_eq!(error.store, Some(victim.id()), "{error}");
    assert!(!error.causes.is_empty(), "no reason: {error}");
    assert!(error.hint.is_some(), "no hint: {error}");
}
