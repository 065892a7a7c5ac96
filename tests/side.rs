//! Statements in four languages side by side: one parameter for all, the same user from each, and one cancel for all.

#![expect(clippy::panic, reason = "a test says by panicking that it failed")]

use std::str::FromStr as _;
use std::time::{Duration, Instant};

use parallax_core::name::StoreId;
use parallax_core::panes::{Comparison, Mapped, Overall};
use parallax_core::value::Value;
use parallax_core::wire::{
    PaneProgress, PaneState, PaneStatement, Reply, Request, ResultId, RunId,
};
use parallax_samples::ensemble::Target;
use parallax_tests::servers::{self, Private, Server};
use parallax_tests::{Ensemble, Held, parallax};
use parallax_workbench::{Events, Workbench};
use redis::aio::MultiplexedConnection;
use sqlx::mysql::MySqlConnection;
use sqlx::postgres::PgConnectOptions;
use sqlx::{ConnectOptions as _, Connection as _, PgConnection, Row as _};
use tokio::time::sleep;

/// The user that is looked at.
const USER: i64 = 42;

/// How long a statement may live on that was cancelled.
const SOON: Duration = Duration::from_secs(1);

/// The cache that stands beside the sample's stores.
const CACHE: &str = r#"
[stores.cache]
url = "URL"
secret = "file:cache.secret"

[[entities.user.in]]
dataset = "cache.user:{id}"
version = "updated_at"
presence = "optional"
fields.public_id = { path = "public_id", as = "uuid" }
fields.email = "mail"
fields.city = { path = "city", null = "absent" }
fields.balance = { path = "balance_cents", as = "decimal(2)", scale = -2 }
fields.is_active = { path = "active", as = "bool" }
fields.created_at = { path = "created_ms", from = "unix_ms", as = "timestamp(ms)" }
"#;

/// The mapped fields that all four keep.
const FIELDS: [&str; 9] = [
    "public_id",
    "name",
    "email",
    "city",
    "balance",
    "points",
    "plan",
    "is_active",
    "created_at",
];

/// One statement a language; the parameter is the same.
const STATEMENTS: [(&str, &str); 4] = [
    (
        "shop",
        "select id, public_id, name, email, city, balance, points, plan, is_active, created_at from users where id = {{id}}",
    ),
    (
        "crm",
        "select id, public_id, full_name, mail, city, balance, points, plan, active, created_at from users where id = {{id}}",
    ),
    ("cache", "HGETALL user:{{id}}"),
    ("docs", "db.users.find({ _id: {{id}} })"),
];

/// One that lasts in each, in the same order.
const LASTING: [(&str, &str); 4] = [
    ("shop", "select pg_sleep(60) /* side by side */"),
    ("crm", "select sleep(60) /* side by side */"),
    ("cache", "XREAD BLOCK 0 STREAMS nothing $"),
    // Its collection is held meanwhile.
    ("docs", "db.users.find()"),
];

/// The sample, a cache of one's own with one user, and a workbench over all four.
struct Desk {
    sample: Ensemble,
    cache: Private,
    workbench: Workbench,
}

impl Desk {
    async fn new(scale: u32) -> Self {
        let copies = [(Target::Crm, "mariadb"), (Target::Docs, "ferretdb")];
        let sample = Ensemble::load(scale, 5, &copies).await;
        let cache = servers::private("redis");
        let text = std::fs::read_to_string(sample.deployment()).expect("the deployment file");
        let part = CACHE.replace("URL", &cache.server().url_without_password());
        std::fs::write(sample.deployment(), text + &part).expect("the deployment file");
        let secret = sample.path().join("cache.secret");
        std::fs::write(secret, cache.server().password()).expect("the secret");
        fill(&sample, cache.server()).await;
        let workbench = sample.workbench().await;
        Self {
            sample,
            cache,
            workbench,
        }
    }

    async fn close(self) {
        self.workbench.close().await;
    }

    /// Compares the panes of a run with the first.
    async fn compare(&self, run: RunId) -> Comparison {
        let result = |pane| ResultId {
            run,
            pane,
            index: 0,
        };
        let request = Request::CompareResults {
            results: [0, 1, 2, 3].map(result).into(),
            mapped: Mapped::Guess,
            key: None,
        };
        match self.workbench.handle(request, &Events::ignore()).await {
            Reply::Compared(it) => *it,
            other => panic!("{other:?}"),
        }
    }

    fn start(&self, statements: &[(&str, &str)]) -> RunId {
        let panes = statements.iter().map(|(store, text)| PaneStatement {
            store: StoreId::new(store).expect("a name"),
            text: (*text).to_owned(),
        });
        let parameters = [("id".to_owned(), Value::I64(USER))];
        let run = self
            .workbench
            .start(panes.collect(), &parameters, &Events::ignore());
        run.expect("the run begins")
    }
}

/// The user's own connection to the system of record.
async fn shop(sample: &Ensemble) -> PgConnection {
    let options = PgConnectOptions::from_str(&sample.url("shop")).expect("a URL");
    let options = options.password(sample.password("shop"));
    options.connect().await.expect("a connection")
}

/// Writes the user into the cache, as the system of record has it.
async fn fill(sample: &Ensemble, cache: &Server) {
    let mut shop = shop(sample).await;
    let sql = "select 'name', name, 'mail', email, 'balance_cents', (balance * 100)::bigint::text, 'points', points::text,
        'plan', plan, 'active', is_active::int::text, 'public_id', upper(public_id::text),
        'created_ms', floor(extract(epoch from created_at) * 1000)::bigint::text,
        'city', coalesce(city, '') from users where id = $1";
    let row = sqlx::query(sql)
        .bind(USER)
        .fetch_one(&mut shop)
        .await
        .expect("the user");
    shop.close().await.expect("the connection closes");
    let mut command = redis::cmd("HSET");
    command.arg(format!("user:{USER}"));
    for at in 0..row.len() {
        command.arg(row.get::<String, _>(at));
    }
    let mut cache = commands(cache).await;
    let written: u64 = command.query_async(&mut cache).await.expect("the hash");
    assert_eq!(written, 9);
    // What is null is left out.
    let remove = row.get::<String, _>(17).is_empty();
    if remove {
        let mut command = redis::cmd("HDEL");
        command.arg(format!("user:{USER}")).arg("city");
        let removed: u64 = command.query_async(&mut cache).await.expect("the field");
        assert_eq!(removed, 1);
    }
}

async fn commands(server: &Server) -> MultiplexedConnection {
    servers::commands(server).await.expect("a connection")
}

#[track_caller]
fn all_done(panes: &[PaneProgress]) {
    for (pane, (store, _)) in panes.iter().zip(STATEMENTS) {
        assert_eq!(pane.state, PaneState::Done, "{store}: {:?}", pane.error);
        assert_eq!(pane.results.len(), 1, "{store}");
    }
    assert_eq!(panes.len(), STATEMENTS.len());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_parameter_finds_the_same_user_in_four_languages() {
    let desk = Desk::new(60).await;
    let run = desk.start(&STATEMENTS);
    let panes = desk.workbench.finished(run).await.expect("it ends");
    all_done(&panes);
    let comparison = desk.compare(run).await;
    let sentence = comparison.sentence();
    assert!(comparison.is_equal(), "{sentence}: {comparison:#?}");
    assert!(sentence.contains("equal"), "{sentence}");
    assert_eq!(comparison.entity.as_deref(), Some("user"));
    for field in FIELDS {
        assert!(
            comparison.fields.iter().any(|it| it == field),
            "{field}: {sentence}"
        );
    }
    let n_fields = u64::try_from(FIELDS.len()).expect("a count");
    for side in &comparison.sides {
        assert_eq!(side.records, 1, "{}", side.name);
        assert!(
            side.fields >= n_fields,
            "{}: {} fields",
            side.name,
            side.fields
        );
    }
    desk.workbench.forget(run);

    let mut cache = commands(desk.cache.server()).await;
    let mut command = redis::cmd("HSET");
    command.arg(&["user:42", "mail", "other@example.com"]);
    let added: u64 = command.query_async(&mut cache).await.expect("the hash");
    assert_eq!(added, 0, "it was there before");
    let run = desk.start(&STATEMENTS);
    all_done(&desk.workbench.finished(run).await.expect("it ends"));
    let comparison = desk.compare(run).await;
    assert_eq!(comparison.overall(), Overall::Different);
    let different: Vec<u64> = comparison.sides.iter().map(|it| it.different).collect();
    assert_eq!(different, [0, 0, 1, 0], "the cache alone");
    desk.workbench.forget(run);
    desk.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_command_line_does_the_same() {
    parallax();
    let desk = Desk::new(60).await;
    let mut arguments = vec!["query".to_owned()];
    for (store, text) in STATEMENTS {
        arguments.extend(["-q".to_owned(), format!("{store}={text}")]);
    }
    arguments.extend(["-p", "id=42", "--json"].map(str::to_owned));
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let ended = desk.sample.parallax(&arguments);
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    let answer = ended.json();
    let panes = answer["panes"].as_array().expect("panes");
    assert_eq!(panes.len(), STATEMENTS.len());
    for (pane, (store, _)) in panes.iter().zip(STATEMENTS) {
        assert_eq!(
            (&pane["store"], &pane["state"]),
            (&store.into(), &"done".into())
        );
        let rows = pane["results"][0]["rows"].to_string();
        assert!(rows.contains("user.42@example.com"), "{store}: {rows}");
    }
    desk.close().await;
}

/// Waits for what must be so within a time.
async fn until(most: Duration, what: &str, is_so: impl AsyncFn() -> bool) -> Duration {
    let began = Instant::now();
    while !is_so().await {
        assert!(began.elapsed() < most, "not within {most:?}: {what}");
        sleep(Duration::from_millis(10)).await;
    }
    began.elapsed()
}

/// The statements that the servers with a list say they are at: ours sleep in each.
struct Lists {
    postgres: Server,
    mariadb: Server,
    cache: MultiplexedConnection,
}

impl Lists {
    async fn shop(&self) -> i64 {
        let mut own = PgConnection::connect(&self.postgres.url)
            .await
            .expect("a connection");
        let sql = "select count(*) from pg_stat_activity where state = 'active' and pid <> pg_backend_pid() and query like '%pg_sleep(60) /* side by side */%'";
        let count = sqlx::query_scalar(sql).fetch_one(&mut own).await;
        own.close().await.expect("the connection closes");
        count.expect("the sessions")
    }

    async fn crm(&self) -> i64 {
        let mut own = MySqlConnection::connect(&self.mariadb.url)
            .await
            .expect("a connection");
        let sql = "select count(*) from information_schema.processlist where id <> connection_id() and info like '%sleep(60) /* side by side */%'";
        let count = sqlx::query_scalar(sql).fetch_one(&mut own).await;
        own.close().await.expect("the connection closes");
        count.expect("the sessions")
    }

    async fn cache(&self) -> usize {
        let list = redis::cmd("CLIENT")
            .arg("LIST")
            .query_async(&mut self.cache.clone())
            .await;
        let list: String = list.expect("the clients");
        list.lines().filter(|it| it.contains(" cmd=xread ")).count()
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_cancel_ends_all_four_on_their_servers() {
    let desk = Desk::new(60).await;
    let lists = Lists {
        postgres: servers::address("postgres"),
        mariadb: servers::address("mariadb"),
        cache: commands(desk.cache.server()).await,
    };
    let all_run =
        async || lists.shop().await == 1 && lists.crm().await == 1 && lists.cache().await == 1;
    let none_runs =
        async || lists.shop().await + lists.crm().await == 0 && lists.cache().await == 0;
    for _ in 0..2 {
        let below = servers::address("postgres");
        let held = Held::hold(&below, &desk.sample.url("docs"), "users").await;
        let mut held = held.expect("the collection is held");
        let run = desk.start(&LASTING);
        until(SOON * 10, "all of them run", &all_run).await;
        held.reached().await;
        let cancelled = Instant::now();
        let request = Request::Cancel { run, pane: None };
        let reply = desk.workbench.handle(request, &Events::ignore()).await;
        assert_eq!(reply, Reply::Done);
        let gone = until(SOON, "they are gone", &none_runs).await;
        let panes = desk.workbench.finished(run).await.expect("it ends");
        let ended = cancelled.elapsed();
        println!("gone from the lists after {gone:?}, all ended after {ended:?}");
        assert!(ended < SOON * 2, "{ended:?}");
        for (pane, (store, _)) in panes.iter().zip(LASTING) {
            assert_eq!(
                pane.state,
                PaneState::Cancelled,
                "{store}: {:?}",
                pane.error
            );
        }
        println!("over documents {:?} still wait", held.waiting().await);
        held.release().await;
        desk.workbench.forget(run);
        // Each still answers, the one without a list too.
        let run = desk.start(&STATEMENTS);
        all_done(&desk.workbench.finished(run).await.expect("it ends"));
        desk.workbench.forget(run);
    }
    desk.close().await;
}
