//! User 42: stale in the cache, in flight to search.

use std::time::Duration;

use parallax_core::compare::FieldVerdict;
use parallax_core::deployment::Role;
use parallax_core::mapping::Mapping;
use parallax_core::name::StoreId;
use parallax_core::store::{ReadSpan, Refresh};
use parallax_core::trace::{
    FieldObservation, Found, Observation, SearchableCopy, SearchableState, Step, StepState, Trace,
    Verdict,
};
use parallax_core::value::{Key, Record, Value};
use parallax_core::wire::Candidate;

use super::{ago, pocket};

const FIELDS: [&str; 9] = [
    "id",
    "name",
    "email",
    "city",
    "active",
    "balance",
    "points",
    "born",
    "created_at",
];

fn truth() -> Vec<(String, Value)> {
    let json = |text: &str| Value::from_json(text).expect("JSON");
    let values = [
        json("42"),
        Value::from("Ann Lee"),
        Value::from("ann@new.example"),
        Value::from("São Paulo"),
        Value::Bool(true),
        json("1204.5000"),
        json("9007199254740993"),
        Value::from("1987-06-05"),
        Value::from("2024-11-03T08:15:22.123456789Z"),
    ];
    FIELDS
        .iter()
        .map(|it| (*it).to_owned())
        .zip(values)
        .collect()
}

/// What a representation has else than the truth: field, value, verdict, rule.
type Change = (&'static str, Option<Value>, FieldVerdict, &'static str);

pub(crate) fn user_42() -> Trace {
    let email = |text: &str| Some(Value::from(text));
    let different = FieldVerdict::Different;
    let old = ("email", email("ann@old.example"), different, "exact");
    let none = FieldVerdict::NotMapped;
    let observations = vec![
        seen(
            "shop.users",
            Role::SystemOfRecord,
            Verdict::Agrees,
            "the source of truth",
            &[],
        ),
        seen(
            "docs.users",
            Role::Derived,
            Verdict::Agrees,
            "every mapped field is equal",
            &[(
                "balance",
                email("1204.5"),
                FieldVerdict::Equal,
                "as decimal(4)",
            )],
        ),
        seen(
            "cache.user:{id}",
            Role::Derived,
            Verdict::Stale,
            "its email is the one of 11:58:10, and the outbox has sent the change: it was lost, not late",
            &[
                old.clone(),
                ("city", None, FieldVerdict::Absent, "exact"),
                ("born", None, none, "exact"),
            ],
        ),
        seen(
            "search.users",
            Role::Derived,
            Verdict::InFlight { late: false },
            "the change is 6 s old, and the edge allows 30 s",
            &[
                old,
                ("name", email("ann lee"), FieldVerdict::Equal, "casefold"),
                ("points", None, none, "exact"),
            ],
        ),
        seen(
            "graph.User",
            Role::Derived,
            Verdict::Agrees,
            "every mapped field is equal",
            &[
                ("email", None, none, "exact"),
                ("balance", None, none, "exact"),
                ("born", None, none, "exact"),
            ],
        ),
    ];
    Trace {
        entity: "user".into(),
        key: Key::new(vec![Value::I64(42)]),
        label: Some("Ann Lee".into()),
        at: ago(0),
        verdict: Verdict::Stale,
        sentence: "cache.user:{id} still holds ann@old.example. shop.users changed it 4 m 51 s ago; the edge to the cache has passed that change, so it was lost, not late. The key expires in 3 m 09 s.".into(),
        way: way(),
        observations,
        mapping: Mapping { entity: "user".into(), fields: FIELDS.map(Into::into).to_vec(), representations: Vec::new() },
    }
}

/// User 44: as stored, search agrees; what a search finds is older until the next refresh.
pub(crate) fn user_44() -> Trace {
    let mut trace = user_42();
    trace.key = Key::new(vec![Value::I64(44)]);
    trace
        .observations
        .retain(|it| it.role == Role::SystemOfRecord || it.dataset.name == "users");
    for copy in trace
        .observations
        .iter_mut()
        .filter(|it| it.dataset.store.as_str() == "search")
    {
        copy.verdict = Verdict::Agrees;
        let email = copy.fields.iter_mut().find(|it| it.name == "email");
        let email = email.expect("a field");
        email.value.clone_from(&email.truth);
        email.verdict = FieldVerdict::Equal;
        copy.searchable = Some(SearchableCopy {
            state: SearchableState::Pending,
            read: copy.read,
            refresh: Refresh::Every(Duration::from_secs(30)),
            fields: vec![("email".into(), Some(Value::from("ann@old.example")))],
            words: "stored: ann@new.example as email; a search still finds ann@old.example until the next refresh (interval 30 s)".into(),
            error: None,
            statement: "GET /users/_search".into(),
        });
    }
    trace.verdict = Verdict::Agrees;
    trace.sentence = "user 44 agrees in all 3 datasets that hold it.".into();
    trace.way = Vec::new();
    trace
}

fn way() -> Vec<Step> {
    let step = |place: &str, at, state, note: &str| Step {
        place: place.into(),
        at,
        state,
        note: note.into(),
    };
    vec![
        step(
            "shop.users",
            Some(ago(291_000)),
            StepState::Passed,
            "changed",
        ),
        step("outbox", Some(ago(290_600)), StepState::Passed, "sent"),
        step("cache.user:{id}", None, StepState::Failed, "not applied"),
    ]
}

fn seen(
    dataset: &str,
    role: Role,
    verdict: Verdict,
    reason: &str,
    changes: &[Change],
) -> Observation {
    let dataset = pocket::dataset(dataset);
    let cache = dataset.store == StoreId::new("cache").expect("a name");
    let fields: Vec<_> = truth().into_iter().map(|it| field(it, changes)).collect();
    let body = fields
        .iter()
        .filter_map(|it| Some((it.name.clone(), it.value.clone()?)));
    let meta = cache.then(|| ("@ttl_ms".to_owned(), Value::I64(189_000)));
    let raw = Record {
        key: Key::new(vec![Value::I64(42)]),
        body: Value::Map(body.collect()),
        meta: meta.into_iter().collect(),
    };
    let table = dataset
        .name
        .split(':')
        .next()
        .unwrap_or_default()
        .to_owned();
    Observation {
        dataset,
        role,
        state: Found::Found,
        read: ReadSpan {
            began: ago(40),
            ended: ago(6),
        },
        reads: if verdict == Verdict::Stale { 2 } else { 1 },
        version: Some(Value::from("2026-03-02T11:58:10.2Z")),
        verdict,
        age: verdict.is_drift().then(|| Duration::from_secs(291)),
        reason: reason.into(),
        error: None,
        statement: format!("SELECT * FROM \"{table}\" WHERE \"id\" IN (?1)"),
        fields,
        raw: Some(raw),
        searchable: None,
    }
}

fn field((name, truth): (String, Value), changes: &[Change]) -> FieldObservation {
    let change = changes.iter().find(|it| it.0 == name);
    let (value, verdict, rule) = match change {
        Some((_, value, verdict, rule)) => (value.clone(), *verdict, *rule),
        None => (Some(truth.clone()), FieldVerdict::Equal, "exact"),
    };
    FieldObservation {
        name,
        value,
        truth: Some(truth),
        verdict,
        rule: rule.into(),
    }
}

/// Three people whose name or address holds `ann`.
pub(crate) fn found(text: &str) -> Vec<Candidate> {
    let people = [
        (42, "Ann Lee", "ann@new.example"),
        (77, "Joanna Day", "jo@day.example"),
        (9_007_199_254_740_993, "Hannes Ek", "hannes@ek.example"),
    ];
    let hits = people
        .into_iter()
        .filter(|it| it.1.to_lowercase().contains(&text.to_lowercase()));
    let candidate = |(key, label, email): (i64, &str, &str)| Candidate {
        entity: "user".into(),
        key: Key::new(vec![Value::I64(key)]),
        label: label.into(),
        matched: ("email".into(), email.into()),
    };
    hits.map(candidate).collect()
}
