//! Stores that end or fall silent, before a call and in the middle of it: the call ends in time, says which store and why,
//! and invents nothing; once the store is back, the next call on the same workbench answers rightly.

#![expect(clippy::panic, reason = "a test says by panicking that it failed")]

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use futures::StreamExt as _;
use parallax_core::report::Report;
use parallax_core::store::{Chunk, Statement};
use parallax_core::trace::{Found, Verdict};
use parallax_core::wire::{Event, PaneProgress, PaneState, PaneStatement, Reply, Request, RunId};
use parallax_tests::Held;
use parallax_workbench::Events;
use tokio::time::{sleep, timeout};

#[path = "faults/case.rs"]
mod case;
#[path = "faults/command.rs"]
mod command;
#[path = "faults/dropped.rs"]
mod dropped;

use case::{Case, DEADLINE, GRACE, Hurt, PATIENCE, Victim, is_silence, planted, reported};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_system_of_record_that_is_killed_costs_no_truth() {
    run(Victim::Shop, Hurt::Killed).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_system_of_record_that_is_silent_costs_no_truth() {
    run(Victim::Shop, Hurt::Paused).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cache_that_is_killed_costs_no_truth() {
    run(Victim::Cache, Hurt::Killed).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cache_that_is_silent_costs_no_truth() {
    run(Victim::Cache, Hurt::Paused).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn copies_in_rows_that_are_killed_cost_no_truth() {
    run(Victim::Crm, Hurt::Killed).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn copies_in_rows_that_are_silent_cost_no_truth() {
    run(Victim::Crm, Hurt::Paused).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn copies_in_documents_that_are_killed_cost_no_truth() {
    run(Victim::Docs, Hurt::Killed).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn copies_in_documents_that_are_silent_cost_no_truth() {
    run(Victim::Docs, Hurt::Paused).await;
}

async fn run(victim: Victim, hurt: Hurt) {
    let mut case = Case::new(victim, hurt).await;
    answers_rightly(&case).await;

    case.hurt();
    trace_says_unknown(&case).await;
    query_ends(&case).await;
    stream_ends_at_its_deadline(&case).await;
    check_says_unknown(&case).await;
    case.heal();
    answers_rightly(&case).await;

    query_is_cut(&mut case).await;
    let (whole, took) = answers_rightly(&case).await;
    for moment in [Moment::Scan, Moment::At(took / 2)] {
        check_is_cut(&mut case, &whole, moment).await;
    }
    answers_rightly(&case).await;
    case.workbench.close().await;
}

/// Everything that is asked is answered as if nothing had happened. The report of a check, and how long it took.
async fn answers_rightly(case: &Case) -> (Arc<Report>, Duration) {
    for key in case.untouched() {
        let trace = case.workbench.trace("user", key, None).await;
        let trace = trace.unwrap_or_else(|error| panic!("user {key}: {error}"));
        assert_eq!(trace.verdict, Verdict::Agrees, "{}", trace.sentence);
    }
    let panes = vec![case.victim.short(), case.victim.other().short()];
    let run = case.start(panes, &Events::ignore());
    for end in case.workbench.finished(run).await.expect("it ends") {
        assert_eq!((end.state, rows(&end)), (PaneState::Done, 1), "{end:?}");
    }
    case.workbench.forget(run);
    let (report, took) = case.check(&Events::ignore()).await;
    assert_eq!(reported(&report), planted(&case.truth));
    assert_eq!(report.stores.len(), 2, "{:?}", report.stores);
    (report, took)
}

async fn trace_says_unknown(case: &Case) {
    let key = case.untouched().first().expect("a key");
    let began = Instant::now();
    let trace = case.workbench.trace("user", key, None).await;
    in_time(began, DEADLINE + GRACE, "a trace");
    let trace = trace.expect("a trace never fails as a whole");
    assert_eq!(trace.verdict, Verdict::Unknown, "{}", trace.sentence);
    for it in &trace.observations {
        let is_source = it.dataset.store == Victim::Shop.id();
        if it.dataset.store == case.victim.id() {
            let seen = (it.state, it.verdict);
            assert_eq!(seen, (Found::Failed, Verdict::Unknown), "{it:?}");
            is_silence(it.error.as_ref().expect("an error"), case.victim);
        } else {
            let verdict = if is_source {
                Verdict::Agrees
            } else {
                Verdict::Unknown
            };
            assert_eq!((it.verdict, &it.error), (verdict, &None), "{it:?}");
        }
    }
}

/// A typed statement has no deadline: where the server is silent, it waits until the person stops it.
async fn query_ends(case: &Case) {
    let heard = Heard::default();
    let panes = vec![case.victim.short(), case.victim.other().short()];
    let began = Instant::now();
    let run = case.start(panes, &heard.events());
    let other = heard.until(1, ended).await;
    in_time(began, GRACE, "a pane beside a silent one");
    assert_eq!(
        (other.state, rows(&other)),
        (PaneState::Done, 1),
        "{other:?}"
    );
    if case.hurt == Hurt::Paused {
        sleep(DEADLINE).await;
        cancel(case, run).await;
    }
    let stopped = Instant::now();
    let victim = heard.until(0, ended).await;
    in_time(
        stopped,
        DEADLINE + GRACE,
        "a statement that is stopped or has nobody to ask",
    );
    assert_eq!(rows(&victim), 0, "{victim:?}");
    match victim.state {
        PaneState::Failed => is_silence(victim.error.as_ref().expect("an error"), case.victim),
        state => assert_eq!((state, case.hurt), (PaneState::Cancelled, Hurt::Paused)),
    }
    case.workbench.forget(run);
}

/// The same with a deadline, as other parts of the program call it.
async fn stream_ends_at_its_deadline(case: &Case) {
    let began = Instant::now();
    let statement = Statement {
        text: case.victim.short().text,
        parameters: Vec::new(),
    };
    let store = dropped::store(&case.sample, case.victim);
    let error = match store.query(&dropped::call(DEADLINE), &statement).await {
        Err(error) => error,
        Ok(rows) => first_error(rows).await.expect("nobody answered"),
    };
    in_time(began, DEADLINE + GRACE, "a statement with a deadline");
    is_silence(&error, case.victim);
}

async fn first_error(rows: parallax_core::store::Rows) -> Option<parallax_core::error::Error> {
    let chunks: Vec<parallax_core::error::Result<Chunk>> = rows.collect().await;
    chunks.into_iter().find_map(Result::err)
}

async fn check_says_unknown(case: &Case) {
    let (report, took) = case.check(&Events::ignore()).await;
    assert!(took < DEADLINE + PATIENCE + GRACE, "it took {took:?}");
    assert_eq!(reported(&report), BTreeSet::new(), "nothing can be said");
    assert_eq!(report.counts().agrees, 0);
    let answered: Vec<&str> = report.stores.iter().map(|(it, _)| it.as_str()).collect();
    assert_eq!(answered, [case.victim.other().name()]);
    for entity in &report.entities {
        let mut not_checked = entity.not_checked.iter();
        let named = not_checked.find(|it| it.what.starts_with(case.victim.name()));
        let why = &named.unwrap_or_else(|| panic!("{entity:?}")).why;
        assert!(!why.is_empty());
    }
}

/// Hurts the store while it answers a statement.
async fn query_is_cut(case: &mut Case) {
    let heard = Heard::default();
    let (run, held) = lasts(case, &heard).await;
    case.hurt();
    let hurt_at = Instant::now();
    if case.hurt == Hurt::Paused {
        let early = timeout(DEADLINE, heard.until(0, ended)).await;
        assert!(early.is_err(), "nothing ended it: {early:?}");
        cancel(case, run).await;
    }
    let end = heard.until(0, ended).await;
    in_time(hurt_at, DEADLINE + GRACE, "a statement that was cut");
    match case.hurt {
        Hurt::Paused => assert_eq!(end.state, PaneState::Cancelled, "{end:?}"),
        Hurt::Killed => {
            assert_eq!(end.state, PaneState::Failed, "{end:?}");
            is_silence(end.error.as_ref().expect("an error"), case.victim);
        }
    }
    case.workbench.forget(run);
    if let Some(held) = held {
        held.release().await;
    }
    case.heal();
}

/// Begins the lasting statement and waits until the server is at it; what holds it there, if it would end by itself.
async fn lasts(case: &Case, heard: &Heard) -> (RunId, Option<Held>) {
    let mut held = match case.victim {
        Victim::Docs => Some(case.sample.hold("users").await),
        Victim::Shop | Victim::Cache | Victim::Crm => None,
    };
    let run = case.start(vec![lasting(case.victim)], &heard.events());
    match &mut held {
        Some(held) => held.reached().await,
        None if case.victim == Victim::Cache => sleep(Duration::from_millis(300)).await,
        None => drop(heard.until(0, |it| rows(it) > 0).await),
    }
    (run, held)
}

/// A statement that takes half a minute.
fn lasting(victim: Victim) -> PaneStatement {
    victim.statement(match victim {
        Victim::Shop => {
            "select g, repeat('x', 2000) as x from generate_series(1, 30000) g
             where pg_sleep(0.001) is not null"
        }
        Victim::Cache => "XREAD BLOCK 30000 STREAMS nothing $",
        Victim::Crm => {
            "select seq, repeat('x', 2000) as x from seq_1_to_30000 where sleep(0.001) = 0"
        }
        // Its collection is held.
        Victim::Docs => "db.users.find()",
    })
}

/// When a store is hurt during a check.
#[derive(Clone, Copy, Debug)]
enum Moment {
    /// As the first scan begins.
    Scan,
    /// So long after the start.
    At(Duration),
}

async fn check_is_cut(case: &mut Case, whole: &Report, moment: Moment) {
    let about = format!("{:?} {:?} {moment:?}", case.victim, case.hurt);
    let (signals, hurt) = (case.signals(), case.hurt);
    let is_hurt = Arc::new(Mutex::new(false));
    let to_hurt = Arc::clone(&is_hurt);
    let act = move || {
        let mut is_hurt = to_hurt.lock().expect("nobody panicked");
        if !std::mem::replace(&mut *is_hurt, true) {
            hurt.act(&signals);
        }
    };
    let (report, took) = match moment {
        Moment::Scan => {
            let events = Events::new(move |event| {
                if let Event::Check { progress, .. } = event
                    && progress.phase.starts_with("scanning")
                {
                    act();
                }
            });
            case.check(&events).await
        }
        Moment::At(time) => {
            let later = async move {
                sleep(time).await;
                tokio::task::spawn_blocking(act).await.expect("it is hurt");
            };
            let events = Events::ignore();
            let (report, ()) = tokio::join!(case.check(&events), later);
            report
        }
    };
    // Of what differs, position and copy are read one after the other, each with its own deadline.
    assert!(took < PATIENCE * 3 + GRACE, "{about}: it took {took:?}");
    case.invents_nothing(&report, whole, &about);
    assert!(
        *is_hurt.lock().expect("nobody panicked"),
        "{about}: it was too quick"
    );
    let is_whole = reported(&report) == planted(&case.truth);
    if matches!(moment, Moment::Scan) {
        assert!(!is_whole, "{about}: nothing was lost");
    }
    if !is_whole {
        let counts = report.counts();
        let mut entities = report.entities.iter();
        let is_said = counts.unknown > 0 || entities.any(|it| !it.not_checked.is_empty());
        assert!(is_said, "{about}: what is missing is not said: {counts:?}");
    }
    case.heal();
}

async fn cancel(case: &Case, run: RunId) {
    let request = Request::Cancel { run, pane: None };
    let reply = case.workbench.handle(request, &Events::ignore()).await;
    assert_eq!(reply, Reply::Done);
}

#[track_caller]
fn in_time(began: Instant, most: Duration, what: &str) {
    let took = began.elapsed();
    assert!(took < most, "{what} took {took:?}, at most {most:?}");
}

fn rows(of: &PaneProgress) -> u64 {
    of.results.iter().map(|it| it.rows).sum()
}

fn ended(of: &PaneProgress) -> bool {
    of.state != PaneState::Running
}

/// The last that was told of each pane.
#[derive(Clone, Debug, Default)]
struct Heard(Arc<Mutex<Vec<(u32, PaneProgress)>>>);

impl Heard {
    fn events(&self) -> Events {
        let heard = Arc::clone(&self.0);
        Events::new(move |event| {
            if let Event::Pane { pane, progress, .. } = event {
                heard
                    .lock()
                    .expect("nobody panicked")
                    .push((pane, progress));
            }
        })
    }

    /// Waits until that is told of a pane.
    async fn until(&self, pane: u32, is_so: impl Fn(&PaneProgress) -> bool) -> PaneProgress {
        let began = Instant::now();
        loop {
            let told = self.0.lock().expect("nobody panicked").clone();
            let mut of_pane = told.into_iter().filter(|(it, _)| *it == pane);
            if let Some((_, progress)) = of_pane.find(|(_, it)| is_so(it)) {
                return progress;
            }
            in_time(began, Duration::from_secs(10), "what was waited for");
            sleep(Duration::from_millis(10)).await;
        }
    }
}
