//! Reading a deployment file: the parts in their order, and every mistake of all of them.

use toml::de::DeTable;

use super::item::Table;
use super::notes::Notes;
use super::{Deployment, Problems, entity, flow, store};

/// The one form of the file that there is so far.
const FORMAT: i64 = 1;

/// Reads a deployment from the text of `file`; reports every mistake at once.
///
/// Opens nothing: `file` is only what problems are named after.
pub fn parse(text: &str, file: &str) -> Result<Deployment, Problems> {
    let (document, errors) = DeTable::parse_recoverable(text);
    let notes = Notes::new(text, &errors);
    let deployment = read(&Table::root(&notes, document.get_ref()));
    notes.finish(file, deployment)
}

/// Reads the whole file: stores first, for entities and flows name them.
fn read(file: &Table<'_>) -> Option<Deployment> {
    file.only(&["format", "name", "stores", "entities", "flows"]);
    check_format(file);
    let name = file.need("name").and_then(|it| it.text());
    let stores = store::read(file.get("stores"));
    let entities = entity::read(file.get("entities"), &stores);
    let flows = flow::read(file.get("flows"), &stores, &entities);
    Some(Deployment {
        name: name?.to_owned(),
        stores: stores.configs,
        entities,
        flows,
    })
}

/// Notes a format that is missing, or that this version does not know.
pub(super) fn check_format(file: &Table<'_>) {
    let Some(format) = file.get("format") else {
        let hint = format!("begin the file with format = {FORMAT}");
        file.missing("format", Some(hint));
        return;
    };
    if let Some(number) = format.integer()
        && number != FORMAT
    {
        let hint = format!("this version of Parallax reads format = {FORMAT}");
        format.wrong_so(format!("format {number} is not known"), hint);
    }
}
