//! Tables in a file.

use futures::FutureExt as _;
use futures::future::BoxFuture;
use libtest_mimic::Failed;
use parallax_core::error::Result;
use parallax_core::name::FieldPath;
use parallax_tests::Pocket;

use crate::ground::{Ground, ODD_NAME, Owner, Stranger, USERS, Words, connect, dataset};
use crate::types::{Place, Typed, sql_places, sql_table, typed};

const IN_PROCESS: &str = "it runs in our own process and lists no statements";
const NO_ACCOUNTS: &str = "it has no accounts, only files";

pub(crate) const NOT_APPLICABLE: &[(&str, &str)] = &[
    (crate::ENDED, IN_PROCESS),
    (crate::DROPPED, IN_PROCESS),
    (crate::WRONG_PASSWORD, NO_ACCOUNTS),
    (crate::NO_RIGHTS, NO_ACCOUNTS),
    (crate::TLS_REFUSED, "it has no network"),
    (crate::NOBODY, "it has no network"),
    (crate::RECONNECTS, "it has no server"),
];

/// The files; they go with it.
struct Folder {
    folder: Pocket,
}

impl Owner for Folder {
    fn running<'a>(&'a self, _: &'a str) -> BoxFuture<'a, Result<usize, Failed>> {
        async { Err(Failed::from(IN_PROCESS)) }.boxed()
    }

    fn typed<'a>(
        &'a self,
        _: &'a str,
        types: &'a [Typed],
    ) -> BoxFuture<'a, Result<Vec<Place>, Failed>> {
        async move {
            for statement in sql_table("typed", types) {
                self.folder.sql("shop.db", &statement).await;
            }
            sql_places("typed", "typed", types)
        }
        .boxed()
    }

    fn stranger<'a>(&'a self, _: &'a str) -> BoxFuture<'a, Result<Stranger, Failed>> {
        async { Err(Failed::from(NO_ACCOUNTS)) }.boxed()
    }

    fn remove(self: Box<Self>) -> BoxFuture<'static, Result<(), Failed>> {
        async { Ok(()) }.boxed()
    }
}

pub(crate) async fn ground() -> Result<Ground, Failed> {
    let folder = Pocket::load(USERS, 1).await;
    for statement in [
        "create table wide (id text primary key, value text)",
        "insert into wide values ('big', printf('%.*c', 8388608, 'x'))",
        "create table empty (id text primary key, value text, updated_at text)",
        r#"create table "odd ""name"".x; drop--é{id}" (id text primary key, value text)"#,
        r#"insert into "odd ""name"".x; drop--é{id}" values ('x*?[a-z] ''; drop -- é:1', 'odd')"#,
    ] {
        folder.sql("shop.db", statement).await;
    }
    let endless =
        "with recursive n(i) as (select 1 union all select i + 1 from n) select count(*) from n";
    let (store, canceller) = connect("sqlite:shop.db", None, folder.path())?;
    Ok(Ground {
        store,
        _canceller: canceller,
        key: FieldPath::name("id"),
        users: dataset("users")?,
        wide: dataset("wide")?,
        empty: dataset("empty")?,
        odd: dataset(ODD_NAME)?,
        value: FieldPath::name("value"),
        words: Words {
            endless: endless.to_owned(),
            ..super::postgres::words("")
        },
        mark: String::new(),
        listed: String::new(),
        owner: Box::new(Folder { folder }),
    })
}

/// A literal of each storage class and its ends.
pub(crate) fn types() -> Vec<Typed> {
    vec![
        typed(
            "integer",
            "9223372036854775807",
            "int",
            "9223372036854775807",
        ),
        typed(
            "integer",
            "-9223372036854775808",
            "int",
            "-9223372036854775808",
        ),
        typed("real", "0.1e0", "float", "0.1"),
        typed("real", "9e999", "float", "Infinity"),
        typed("text", "'ä€𝄞 ''quoted'''", "text", "ä€𝄞 'quoted'"),
        typed("text", "''", "text", ""),
        typed("blob", "x'00ff'", "bytes", "AP8="),
        typed("null", "null", "null", "null"),
    ]
}
