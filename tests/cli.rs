//! `parallax` as people and scripts run it: its contract, its exit codes, and what it says of bad input.

#![expect(clippy::panic, reason = "a test says by panicking that it failed")]

use std::io::Read as _;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use parallax_samples::source;
use parallax_samples::worker::{self, Options};
use parallax_tests::process::memory_peak;
use parallax_tests::{Pocket, parallax};
use serde_json::Value;

#[track_caller]
fn observation<'t>(trace: &'t Value, dataset: &str) -> &'t Value {
    let observations = trace["observations"].as_array().expect("observations");
    observations
        .iter()
        .find(|it| it["dataset"] == dataset)
        .unwrap_or_else(|| panic!("{dataset}: {trace}"))
}

#[track_caller]
fn differing(observation: &Value) -> Vec<&str> {
    let fields = observation["fields"].as_object().expect("fields");
    let differs = |it: &Value| it["verdict"] == "different" || it["verdict"] == "absent";
    fields
        .iter()
        .filter(|(_, it)| differs(it))
        .map(|(name, _)| name.as_str())
        .collect()
}

#[tokio::test]
async fn a_user_whose_representations_agree_exits_0() {
    let sample = Pocket::load(200, 1).await;
    let ended = sample.parallax(&["trace", "user", "42", "--json"]);
    let trace = ended.json();
    assert_eq!(
        (ended.code, &trace["verdict"]),
        (0, &Value::from("agrees")),
        "{trace}"
    );
    assert_eq!(trace["format"], 1);
    let source = observation(&trace, "shop.users");
    assert_eq!(
        (&source["verdict"], &source["role"]),
        (&Value::from("agrees"), &Value::from("system-of-record"))
    );
    assert!(trace["method"]["mapping"].is_object());
}

#[tokio::test]
async fn a_lost_change_is_stale_and_says_so_in_words() {
    let sample = Pocket::load(200, 2).await;
    let lose = Options {
        faults: vec!["drop:docs:users:42".parse().expect("a fault")],
        ..Options::default()
    };
    source::change_user(sample.path(), 42, "email", "new@example.com")
        .await
        .expect("the user changes");
    worker::until_idle(sample.path(), lose)
        .await
        .expect("the worker ends idle");
    let ended = sample.parallax(&["trace", "user", "42", "--json"]);
    let trace = ended.json();
    let docs = observation(&trace, "docs.users");
    assert_eq!(
        (ended.code, &docs["verdict"]),
        (1, &Value::from("stale")),
        "{trace}"
    );
    assert_eq!(differing(docs), ["email"]);
    assert_eq!(docs["fields"]["email"]["truth"], "new@example.com");
    let sentence = trace["sentence"].as_str().expect("a sentence");
    assert!(
        sentence.contains("docs.users still holds") && sentence.contains("lost, not late"),
        "{sentence}"
    );
    assert_eq!(observation(&trace, "graph.User")["verdict"], "agrees");
}

#[tokio::test]
async fn a_corrupted_field_conflicts_and_a_removed_record_is_missing() {
    let sample = Pocket::load(200, 3).await;
    sample.sql("graph.db", "update nodes set properties = json_set(properties, '$.email', 'x@y.example') where json_extract(properties, '$.user_id') = 7").await;
    sample
        .sql("docs.db", "delete from users where id = 8")
        .await;
    let conflict = sample.parallax(&["trace", "user", "7", "--json"]);
    assert_eq!(
        (conflict.code, &conflict.json()["verdict"]),
        (1, &Value::from("conflicts"))
    );
    assert_eq!(
        differing(observation(&conflict.json(), "graph.User")),
        ["email"]
    );
    let missing = sample.parallax(&["trace", "user", "8", "--json"]);
    assert_eq!(
        (missing.code, &missing.json()["verdict"]),
        (1, &Value::from("missing"))
    );
    assert_eq!(
        observation(&missing.json(), "docs.users")["state"],
        "absent"
    );
}

#[tokio::test]
async fn a_deletion_that_got_lost_leaves_an_orphan() {
    let sample = Pocket::load(200, 4).await;
    source::delete_user(sample.path(), 9)
        .await
        .expect("the user is deleted");
    let lose = Options {
        faults: vec!["drop:graph:users:9".parse().expect("a fault")],
        ..Options::default()
    };
    worker::until_idle(sample.path(), lose)
        .await
        .expect("the worker ends idle");
    let ended = sample.parallax(&["trace", "user", "9", "--json"]);
    assert_eq!(
        (ended.code, &ended.json()["verdict"]),
        (1, &Value::from("orphan")),
        "{}",
        ended.stdout
    );
    assert_eq!(observation(&ended.json(), "graph.User")["state"], "found");
}

#[tokio::test]
async fn a_change_that_the_worker_still_holds_is_in_flight_and_exits_0_until_it_is_late() {
    let sample = Pocket::load(200, 5).await;
    sample.edit_deployment("objective = \"5s\"", "objective = \"60s\"");
    // Without a worker every change waits in the outbox, as it does behind a slow one.
    source::change_user(sample.path(), 42, "name", "Somebody Else")
        .await
        .expect("the user changes");
    let ended = sample.parallax(&["trace", "user", "42", "--json"]);
    let trace = ended.json();
    let docs = observation(&trace, "docs.users");
    assert_eq!(
        (ended.code, &trace["verdict"]),
        (0, &Value::from("in-flight")),
        "{trace}"
    );
    assert!(
        docs["reason"]
            .as_str()
            .is_some_and(|it| it.contains("waits in the outbox")),
        "{docs}"
    );
    assert_eq!(docs["late"], false);
    sample.edit_deployment("objective = \"60s\"", "objective = \"1ms\"");
    let late = sample.parallax(&["trace", "user", "42", "--json"]);
    assert_eq!(
        (late.code, &observation(&late.json(), "docs.users")["late"]),
        (1, &Value::from(true))
    );
}

#[tokio::test]
async fn a_store_that_is_gone_costs_its_own_cell_and_is_unknown() {
    let sample = Pocket::load(200, 6).await;
    std::fs::rename(
        sample.path().join("graph.db"),
        sample.path().join("graph.away"),
    )
    .expect("the file is moved");
    let ended = sample.parallax(&["trace", "user", "42", "--json"]);
    let trace = ended.json();
    let graph = observation(&trace, "graph.User");
    assert_eq!(
        (ended.code, &trace["verdict"]),
        (2, &Value::from("unknown")),
        "{trace}"
    );
    assert_eq!(
        (&graph["state"], &graph["verdict"]),
        (&Value::from("failed"), &Value::from("unknown"))
    );
    assert!(graph["hint"].is_string(), "{graph}");
    assert_eq!(observation(&trace, "docs.users")["verdict"], "agrees");
    assert!(
        !sample.path().join("graph.db").exists(),
        "a read must not make the file"
    );
}

#[tokio::test]
async fn a_locked_store_is_unknown_within_the_deadline() {
    let sample = Pocket::load(200, 7).await;
    let lock = sample.lock("docs.db").await;
    let began = Instant::now();
    let ended = sample.parallax(&["--deadline", "500ms", "trace", "user", "42", "--json"]);
    let took = began.elapsed();
    drop(lock);
    let docs = observation(&ended.json(), "docs.users").clone();
    assert_eq!(
        (ended.code, &docs["verdict"]),
        (2, &Value::from("unknown")),
        "{docs}"
    );
    assert!(took < Duration::from_secs(5), "it took {took:?}");
}

#[tokio::test]
async fn a_name_that_differs_only_in_case_agrees_under_casefold_and_conflicts_without_it() {
    let sample = Pocket::load(200, 8).await;
    let trace = sample.parallax(&["trace", "user", "42", "--json"]).json();
    let name = &observation(&trace, "search.users")["fields"]["name"];
    assert_eq!(
        (&name["verdict"], &name["rule"]),
        (&Value::from("equal"), &Value::from("casefold")),
        "{name}"
    );
    sample.edit_deployment(
        "fields.name = { path = \"name\", compare = \"casefold\" }",
        "fields.name = \"name\"",
    );
    let ended = sample.parallax(&["trace", "user", "42", "--json"]);
    let trace = ended.json();
    assert_eq!(
        (ended.code, &observation(&trace, "search.users")["verdict"]),
        (1, &Value::from("conflicts")),
        "{trace}"
    );
    assert_eq!(differing(observation(&trace, "search.users")), ["name"]);
}

#[tokio::test]
async fn an_entity_is_found_by_any_mapped_field() {
    let sample = Pocket::load(200, 9).await;
    let user = sample.parallax(&["trace", "user", "42", "--json"]).json();
    let email = observation(&user, "shop.users")["fields"]["email"]["value"]
        .as_str()
        .expect("an address")
        .to_owned();
    let found = sample.parallax(&["trace", "user", &email, "--by", "email", "--json"]);
    assert_eq!((found.code, &found.json()["key"]), (0, &Value::from("42")));
    let unknown = sample.parallax(&["trace", "user", &email, "--by", "emial"]);
    assert_eq!(unknown.code, 2);
    assert!(
        unknown.stderr.contains("mapped fields"),
        "{}",
        unknown.stderr
    );
}

#[tokio::test]
async fn nobody_of_that_key_is_said_and_exits_2() {
    let sample = Pocket::load(200, 10).await;
    let ended = sample.parallax(&["trace", "user", "424242", "--json"]);
    assert_eq!(ended.code, 2);
    assert!(
        ended.stderr.contains("no user 424242 in 5 stores"),
        "{}",
        ended.stderr
    );
}

#[tokio::test]
async fn exact_values_arrive_as_they_are() {
    let sample = Pocket::load(200, 11).await;
    let statement = "select 9223372036854775807 as big, 9007199254740992 as edge, 7 as small, balance, created_at from users where id = 42";
    let ended = sample.parallax(&["query", "shop", statement, "--json"]);
    let result = ended.json()["panes"][0]["results"][0].clone();
    let row = result["rows"][0].as_array().expect("a row").clone();
    let columns = result["columns"].as_array().expect("columns");
    let types: Vec<&str> = columns
        .iter()
        .filter_map(|it| it["type"].as_str())
        .collect();
    assert_eq!(types, ["int", "int", "int", "decimal", "timestamp"]);
    assert_eq!(row[0], "9223372036854775807");
    assert_eq!(row[1], "9007199254740992");
    assert_eq!(row[2], 7);
    assert!(
        row[3]
            .as_str()
            .is_some_and(|it| it.split('.').nth(1).is_some_and(|it| it.len() == 4)),
        "{row:?}"
    );
    let nanos = row[4].as_str().and_then(|it| it.split('.').nth(1));
    assert_eq!(nanos.map(str::len), Some("123456789Z".len()), "{row:?}");
}

#[tokio::test]
async fn panes_share_their_parameters_and_fail_alone() {
    let sample = Pocket::load(200, 12).await;
    let panes = [
        "-q",
        "shop=select id from users where id = {{id}}",
        "-q",
        "docs=select id from users where id = :id",
        "-q",
        "graph=select nonsense",
    ];
    let ended = sample.parallax(&[&["query", "-p", "id=42", "--json"], &panes[..]].concat());
    let document = ended.json();
    let state = |at: usize| document["panes"][at]["state"].clone();
    assert_eq!(
        (ended.code, state(0), state(1), state(2)),
        (2, "done".into(), "done".into(), "failed".into())
    );
    assert_eq!(document["panes"][0]["results"][0]["rows"][0][0], 42);
    assert_eq!(document["panes"][1]["results"][0]["rows"][0][0], 42);
    assert!(document["panes"][2]["error"].is_string());
}

const USER_IN_SHOP: &str = "shop=select * from users where id = {{id}}";
const USER_IN_DOCS: &str = "docs=select doc from users where id = {{id}}";
const USER_IN_SEARCH: &str = "search=select * from users where id = {{id}}";
const USER_IN_GRAPH: &str =
    "graph=select properties from nodes where label = 'User' and properties->>'user_id' = {{id}}";

#[tokio::test]
async fn one_user_in_four_models_is_compared_by_its_mapping_and_equal() {
    let sample = Pocket::load(200, 15).await;
    let statements = [USER_IN_SHOP, USER_IN_DOCS, USER_IN_SEARCH, USER_IN_GRAPH];
    let panes = statements.iter().flat_map(|it| ["-q", *it]);
    let arguments: Vec<&str> = ["query", "-p", "id=42", "--compare"]
        .into_iter()
        .chain(panes)
        .collect();
    let ended = sample.parallax(&[&arguments[..], &["--json"]].concat());
    let document = ended.json();
    let comparison = &document["comparison"];
    assert_eq!(comparison["verdict"], "equal", "{comparison:#}");
    assert_eq!(ended.code, 0);
    assert_eq!(comparison["entity"], "user");
    assert_eq!(comparison["panes"][1]["dataset"], "docs.users");
    assert_eq!(comparison["panes"][1]["form"], "the document in doc");
    let fields = comparison["fields"].as_array().expect("fields");
    assert!(fields.len() >= 6, "{fields:?}");
    let text = sample.parallax(&arguments);
    assert!(
        text.stdout.contains("equal: 4 panes agree in "),
        "{}",
        text.stdout
    );
}

#[tokio::test]
async fn panes_that_differ_are_a_finding_and_one_alone_is_refused() {
    let sample = Pocket::load(200, 16).await;
    let other = "docs=select doc from users where id = 43";
    let panes = ["-q", USER_IN_SHOP, "-q", other];
    let ended = sample.parallax(&[&["query", "-p", "id=42", "--compare"], &panes[..]].concat());
    assert_eq!(ended.code, 1, "{}", ended.stdout);
    assert!(
        ended.stdout.contains("docs: 1 missing, 1 only there"),
        "{}",
        ended.stdout
    );
    let alone = sample.parallax(&["query", "-p", "id=42", "--compare", "-q", USER_IN_SHOP]);
    assert_eq!(alone.code, 2);
    assert!(
        alone.stderr.contains("there is one statement"),
        "{}",
        alone.stderr
    );
}

#[tokio::test]
async fn a_stream_of_rows_takes_little_memory() {
    let sample = Pocket::load(100, 13).await;
    let statement = "with recursive n(i) as (select 1 union all select i + 1 from n limit 500000) select i, 'user ' || i as name from n";
    let mut child = Command::new(parallax())
        .arg("-d")
        .arg(sample.deployment())
        .args(["query", "shop", statement, "--format", "csv"])
        .stdout(Stdio::piped())
        .spawn()
        .expect("parallax runs");
    let mut out = child.stdout.take().expect("a pipe");
    let mut buffer = vec![0; 1 << 20];
    let (mut bytes, mut lines, mut peak) = (0, 0, 0);
    loop {
        let read = out.read(&mut buffer).expect("rows");
        if read == 0 {
            break;
        }
        peak = peak.max(memory_peak(child.id()).unwrap_or(0));
        bytes += read;
        lines += String::from_utf8_lossy(&buffer[..read])
            .matches('\n')
            .count();
    }
    assert!(child.wait().expect("it ends").success());
    assert_eq!(lines, 500_001);
    println!("{bytes} bytes, peak memory {peak} bytes");
    assert!(peak < 150 << 20, "peak memory {peak} bytes");
}

#[cfg(unix)]
#[tokio::test]
async fn ctrl_c_stops_a_statement_that_would_run_for_minutes() {
    let sample = Pocket::load(100, 14).await;
    let statement =
        "with recursive n(i) as (select 1 union all select i + 1 from n) select count(*) from n";
    let mut child = Command::new(parallax())
        .arg("-d")
        .arg(sample.deployment())
        .args(["query", "shop", statement])
        .spawn()
        .expect("parallax runs");
    tokio::time::sleep(Duration::from_millis(1_500)).await;
    assert!(
        child.try_wait().expect("its state").is_none(),
        "the statement ended by itself"
    );
    let began = Instant::now();
    let killed = Command::new("kill")
        .args(["-INT", &child.id().to_string()])
        .status()
        .expect("kill runs");
    assert!(killed.success());
    let status = child.wait().expect("it ends");
    assert_eq!(status.code(), Some(130));
    assert!(
        began.elapsed() < Duration::from_secs(1),
        "it took {:?}",
        began.elapsed()
    );
}

#[tokio::test]
async fn lag_and_map_say_the_same_in_every_form() {
    let sample = Pocket::load(200, 18).await;
    let idle = sample.parallax(&["lag", "--json"]);
    let edges = idle.json()["edges"].as_array().expect("edges").clone();
    assert_eq!((idle.code, edges.len()), (0, 12), "{}", idle.stdout);
    assert!(
        edges
            .iter()
            .all(|it| it["state"] == "caught-up" && it["time_ms"] == 0),
        "{}",
        idle.stdout
    );
    source::change_user(sample.path(), 42, "city", "Oslo")
        .await
        .expect("the user changes");
    let behind = sample.parallax(&["lag", "--json"]).json();
    let docs = behind["edges"]
        .as_array()
        .expect("edges")
        .iter()
        .find(|it| it["to"] == "docs.users")
        .cloned()
        .expect("an edge");
    assert_eq!(
        (&docs["state"], &docs["records"]),
        (&Value::from("behind"), &Value::from(1))
    );
    for (format, start) in [
        ("text", "pocket"),
        ("json", "{"),
        ("mermaid", "flowchart"),
        ("dot", "digraph"),
    ] {
        let map = sample.parallax(&["map", "--format", format]);
        assert!(map.stdout.starts_with(start), "{format}: {}", map.stdout);
    }
}

#[tokio::test]
async fn stores_and_shapes_are_described() {
    let sample = Pocket::load(200, 19).await;
    let stores = sample.parallax(&["stores", "--json"]).json();
    let names: Vec<&str> = stores["stores"]
        .as_array()
        .expect("stores")
        .iter()
        .filter_map(|it| it["name"].as_str())
        .collect();
    assert_eq!(names, ["shop", "docs", "cache", "search", "graph"]);
    for dataset in [
        "shop.users",
        "docs.users",
        "cache.user:{id}",
        "search.users",
        "graph.User",
        "graph.(:User)-[:BOUGHT]->(:Product)",
    ] {
        let shape = sample.parallax(&["describe", dataset, "--json"]);
        let n_fields = shape.json()["fields"].as_array().map_or(0, Vec::len);
        assert!(
            shape.code == 0 && n_fields > 2,
            "{dataset}: {}",
            shape.stdout
        );
    }
}
