//! Which columns of a result hold JSON, where the protocol does not tell it from text.
//!
//! MariaDB's `json` is a `longtext` that compares by its bytes and has a check. Only such columns are looked up.

use std::collections::BTreeSet;

use sqlx::mysql::MySqlColumn;
use sqlx::{Column as _, ColumnOrigin, TypeInfo as _};

use super::catalog::json_column;
use super::fault::Failure;
use super::lease::Lease;
use super::literal;
use super::types::{Kind, Type};

/// The places of the columns that hold JSON; asks the server only where one may.
pub(super) async fn json(
    lease: &mut Lease,
    columns: &[MySqlColumn],
) -> Result<BTreeSet<usize>, Failure> {
    let is_mariadb = lease.server().is_some_and(|it| it.is_mariadb());
    let candidates: Vec<Candidate> = columns.iter().filter_map(Candidate::of).collect();
    if !is_mariadb || candidates.is_empty() {
        return Ok(BTreeSet::new());
    }
    let tables: BTreeSet<String> = candidates.iter().map(Candidate::table).collect();
    let tables: Vec<String> = tables.into_iter().collect();
    let text = format!(
        "SELECT constraint_schema, table_name, check_clause FROM information_schema.check_constraints WHERE {}",
        tables.join(" OR ")
    );
    let answers = match lease.tried(&[text]).await {
        Ok(answers) => answers,
        // Old versions have no such list.
        Err(Failure::Server(_)) => return Ok(BTreeSet::new()),
        Err(failure) => return Err(failure),
    };
    let rows = answers.iter().flat_map(|it| &it.rows);
    let known: BTreeSet<(&str, &str, String)> = rows
        .filter_map(|it| Some((it.text(0)?, it.text(1)?, json_column(it.text(2)?)?)))
        .collect();
    let is_json = |it: &&Candidate| {
        known.contains(&(it.schema.as_str(), it.name.as_str(), it.column.clone()))
    };
    Ok(candidates.iter().filter(is_json).map(|it| it.at).collect())
}

/// A column that may hold JSON, and the column of a table that it is.
struct Candidate {
    at: usize,
    schema: String,
    name: String,
    column: String,
}

impl Candidate {
    fn of(column: &MySqlColumn) -> Option<Self> {
        // So the driver calls a `longtext` that compares by its bytes: the protocol does not tell lengths apart.
        let is_long = matches!(column.type_info().name(), "BLOB" | "LONGBLOB");
        if !is_long || Type::of_result(column).kind != Kind::Text {
            return None;
        }
        let ColumnOrigin::Table(origin) = column.origin() else {
            return None;
        };
        // A name with a dot in it cannot be told from a database and a table.
        let (schema, name) = origin.table.split_once('.')?;
        (!name.contains('.')).then(|| Self {
            at: column.ordinal(),
            schema: schema.to_owned(),
            name: name.to_owned(),
            column: origin.name.to_string(),
        })
    }

    fn table(&self) -> String {
        format!(
            "(constraint_schema = {} AND table_name = {})",
            literal::text(&self.schema),
            literal::text(&self.name)
        )
    }
}
