//! Records by the value of a field, and the newest records.

use parallax_core::error::Result;
use parallax_core::store::{Needle, Newest, Search};
use parallax_core::value::{Record, Value};

use super::bind::bind;
use super::layout::Operand;
use super::lease::{Cypher, Lease};
use super::lookup::forms;
use super::records::Reader;

const FIND: &str = "find records";
const NEWEST: &str = "read the newest records";

/// Finds at most `limit` records.
pub(super) async fn find(
    lease: &mut Lease,
    reader: &Reader,
    search: &Search,
) -> Result<Vec<Record>> {
    let operands = search.paths.iter();
    let operands = operands.filter_map(|it| reader.source.operand(it));
    // What lies within a value is not compared by the server.
    let operands = operands.filter(|it| it.inside.is_empty());
    let any: Vec<String> = operands.map(|it| condition(&it, &search.needle)).collect();
    if any.is_empty() || search.limit == 0 {
        return Ok(Vec::new());
    }
    let matching = reader.matching(Some(&format!("({})", any.join(" OR "))));
    let mut cypher = Cypher::new(format!(
        "{matching} {} LIMIT {}",
        reader.returning(),
        search.limit
    ));
    match &search.needle {
        Needle::Equals(text) => {
            let forms = forms(&Value::Text(text.clone()));
            let forms: Vec<_> = forms.iter().map(bind).collect::<Result<_>>()?;
            cypher.bind("needle", forms.into_iter().collect());
        }
        Needle::Contains(text) => {
            cypher.bind("needle", bind(&Value::Text(text.clone()))?);
        }
    }
    let rows = lease.rows(&cypher, FIND).await?;
    reader.records(&rows)
}

/// What a field answers to: a value of its type, or a part of its text, whatever the case.
fn condition(operand: &Operand, needle: &Needle) -> String {
    let text = &operand.text;
    match needle {
        Needle::Equals(_) => format!("{text} IN $needle"),
        Needle::Contains(_) => {
            format!("toLower(toStringOrNull({text})) CONTAINS toLower($needle)")
        }
    }
}

/// The newest records, newest first.
pub(super) async fn newest(
    lease: &mut Lease,
    reader: &Reader,
    newest: &Newest,
) -> Result<Vec<Record>> {
    let version = reader.source.required(&newest.version)?.text;
    let matching = reader.matching(Some(&format!("{version} IS NOT NULL")));
    let list = reader.returning();
    let cypher = Cypher::new(format!(
        "{matching} {list} ORDER BY {version} DESC LIMIT {}",
        newest.limit
    ));
    let rows = lease.rows(&cypher, NEWEST).await?;
    reader.records(&rows)
}
