//! reladiff, the best open tool for the same: it compares two tables of SQL across products.

use std::process::Command;

use sqlx::AssertSqlSafe;
use sqlx::mysql::MySqlConnection;

use crate::deployment::Written;
use crate::measured::{Measured, Output, run};

/// Those of the columns that the peer can compare, as a view under the names of the system of record.
const VIEW: &str = "create or replace view peer as select id, full_name as name, mail as email, city, balance, points, born, created_at, updated_at from users";
const COLUMNS: [&str; 8] = [
    "name",
    "email",
    "city",
    "balance",
    "points",
    "born",
    "created_at",
    "updated_at",
];

/// Keys that stand so far apart that the peer, which halves ranges of keys, would never end.
const WHERE: &str = "id < 9007199254740992";

/// How many rows are made to differ, evenly spread.
const SPREAD: u64 = 1_000;

/// Adds one to the points of evenly spread users, or takes it away; how many.
pub(super) async fn spread(connection: &mut MySqlConnection, scale: u64, sign: char) -> u64 {
    let step = (scale / SPREAD).max(1);
    let statement = format!(
        "update users set points = points {sign} 1 where id % {step} = {} and {WHERE}",
        step / 2
    );
    let done = sqlx::raw_sql(AssertSqlSafe(statement))
        .execute(connection)
        .await;
    done.expect("the rows are changed").rows_affected()
}

/// Makes the view that the peer reads of the copy.
pub(super) async fn make_view(connection: &mut MySqlConnection) {
    let made = sqlx::raw_sql(VIEW).execute(connection).await;
    made.expect("the view is made");
}

/// Compares the columns of the view, as far as it knows their types.
pub(super) fn compare(deployment: &Written) -> Measured {
    let shop = deployment
        .url("shop")
        .replace("postgres://", "postgresql://");
    let mut command = Command::new("python3");
    command
        .args([
            "-m",
            "reladiff",
            &shop,
            "users",
            &deployment.url("crm"),
            "peer",
        ])
        .args(["-k", "id", "--json", "--where", WHERE])
        .args(COLUMNS.iter().flat_map(|it| ["-c", it]));
    let measured = run(&mut command, Output::Kept);
    assert_eq!(measured.code, Some(0), "reladiff ends well");
    measured
}

/// How many lines the peer printed, one for each side of a row that differs.
pub(super) fn told(peer: &Measured) -> u64 {
    let text = String::from_utf8_lossy(&peer.stdout);
    text.lines().filter(|it| it.starts_with('[')).count() as u64
}
