//! Every type of a store, written as its owner writes it, and read back whole by each way of reading.

use libtest_mimic::Failed;
use parallax_core::name::{DatasetId, FieldPath};
use parallax_core::store::{Fields, KeyPart, Projection};
use parallax_core::value::{Key, Value};

use crate::cases::{cells, ensure, scanned_values, soon};
use crate::ground::{Ground, Subject, dataset};

/// A value of one type: how the store's own language writes it, and what it is to us.
pub(crate) struct Typed {
    /// As the store declares it.
    pub(crate) declared: &'static str,
    /// In the store's own language.
    pub(crate) literal: &'static str,
    /// Our name of its type.
    pub(crate) kind: &'static str,
    /// As text, where JSON has it as text, else as JSON.
    pub(crate) shown: &'static str,
    /// The same in the result of a statement, where the protocol tells less there than of a record.
    pub(crate) in_result: Option<(&'static str, &'static str)>,
}

pub(crate) fn typed(
    declared: &'static str,
    literal: &'static str,
    kind: &'static str,
    shown: &'static str,
) -> Typed {
    Typed {
        declared,
        literal,
        kind,
        shown,
        in_result: None,
    }
}

impl Typed {
    /// With another type or text in the result of a statement.
    pub(crate) fn in_result(self, kind: &'static str, shown: &'static str) -> Self {
        Self {
            in_result: Some((kind, shown)),
            ..self
        }
    }
}

/// Where a value is, and the statement whose last cell it is.
pub(crate) struct Place {
    pub(crate) dataset: DatasetId,
    /// Where the key is.
    pub(crate) key_path: FieldPath,
    pub(crate) key: String,
    pub(crate) path: FieldPath,
    pub(crate) statement: String,
}

/// Statements that make a table with one record, a column for each type.
pub(crate) fn sql_table(table: &str, types: &[Typed]) -> [String; 2] {
    let columns = types.iter().enumerate();
    let columns = columns.map(|(nth, it)| match it.declared {
        "null" => format!(", c{nth} integer"),
        declared => format!(", c{nth} {declared}"),
    });
    let values = types.iter().map(|it| format!(", {}", it.literal));
    [
        format!(
            "create table {table} (id integer primary key{})",
            columns.collect::<String>()
        ),
        format!(
            "insert into {table} values (1{})",
            values.collect::<String>()
        ),
    ]
}

/// The places in the table of [`sql_table`].
pub(crate) fn sql_places(name: &str, table: &str, types: &[Typed]) -> Result<Vec<Place>, Failed> {
    let place = |nth| {
        Ok(Place {
            dataset: dataset(name)?,
            key_path: FieldPath::name("id"),
            key: "1".to_owned(),
            path: FieldPath::name(format!("c{nth}")),
            statement: format!("select c{nth} from {table}"),
        })
    };
    (0..types.len()).map(place).collect()
}

/// What people read of a value.
fn shown(value: &Value) -> (String, String) {
    let text = match value.to_json() {
        serde_json::Value::String(it) => it,
        other => other.to_string(),
    };
    (value.type_name().to_owned(), text)
}

/// The value itself, where a statement answers it within a document.
fn inside<'v>(cell: &'v Value, path: &FieldPath) -> &'v Value {
    let Value::Map(members) = cell else {
        return cell;
    };
    let member = members
        .iter()
        .find(|(name, _)| path.segments() == [name.clone()]);
    member.map_or(cell, |(_, it)| it)
}

fn same(
    way: &str,
    typed: &Typed,
    wanted: (&str, &str),
    found: Option<&Value>,
) -> Result<(), Failed> {
    let found = found.map(shown);
    let is_same = found
        .as_ref()
        .is_some_and(|(kind, text)| (kind.as_str(), text.as_str()) == wanted);
    let Typed {
        declared, literal, ..
    } = typed;
    ensure(
        is_same,
        &format!("{way} reads {declared} {literal} as {found:?}, not as {wanted:?}"),
    )
}

/// Each value by its key, by a scan and by a statement.
pub(crate) async fn round_trip(subject: Subject, ground: &Ground) -> Result<(), Failed> {
    let types = subject.types();
    let places = ground.owner.typed(&ground.mark, &types).await?;
    ensure(places.len() == types.len(), "not as many places as types")?;
    for (typed, place) in types.iter().zip(places) {
        let wanted = (typed.kind, typed.shown);
        let mut fields = Projection {
            key: vec![KeyPart {
                name: "id".to_owned(),
                path: place.key_path.clone(),
            }],
            fields: Fields::All,
            filter: None,
        };
        let keys = [Key::new(vec![Value::from(place.key.as_str())])];
        let got = ground
            .store
            .get(&soon(), &place.dataset, &keys, &fields)
            .await?;
        let record = got.found.into_iter().next().ok_or("no answer")??;
        let record = record.ok_or_else(|| format!("no record {}", place.key))?;
        same("a record", typed, wanted, record.at(&place.path))?;
        fields.fields = Fields::Listed(vec![place.path.clone()]);
        let scanned = scanned_values(&*ground.store, &place.dataset, &fields).await?;
        let scanned = scanned.iter().find(|(key, _)| *key == place.key);
        same("a scan", typed, wanted, scanned.map(|(_, value)| value))?;
        let wanted = typed.in_result.unwrap_or(wanted);
        let found = cells(&*ground.store, &place.statement).await?;
        let cell = found.last().map(|it| inside(it, &place.path));
        same("a statement", typed, wanted, cell)?;
    }
    Ok(())
}
