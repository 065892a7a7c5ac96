//! `[stores.NAME]`: where a store is, and where its secret comes from.

use super::item::{Item, Table};
use super::{Environment, SecretSource, StoreConfig, secret, suggest, url};
use crate::name::{DatasetId, KeyPattern, StoreId};
use crate::store::Access;

/// What a store may hold.
const KEYS: [&str; 6] = ["url", "profile", "secret", "environment", "why", "access"];

/// Keys under which people write secrets elsewhere.
const PRIVATE: [&str; 6] = ["password", "passwd", "pass", "pwd", "token", "api_key"];

/// Where a secret may stand, as a hint says it.
const SECRET_FORMS: &str = r#"write "keychain", "env:NAME" or "file:PATH""#;

/// What `environment` may say.
const ENVIRONMENTS: [(&str, Environment); 3] = [
    ("dev", Environment::Dev),
    ("staging", Environment::Staging),
    ("production", Environment::Production),
];

/// What `access` may say.
const ACCESS: [(&str, Access); 2] = [
    ("read-only", Access::ReadOnly),
    ("read-write", Access::ReadWrite),
];

/// The stores of the file, and every name that it gives one, even where the rest of that store is wrong.
#[derive(Default)]
pub(super) struct Stores<'a> {
    /// Those that could be read.
    pub(super) configs: Vec<StoreConfig>,
    names: Vec<&'a str>,
}

/// Reads `[stores]`.
pub(super) fn read(stores: Option<Item<'_>>) -> Stores<'_> {
    let Some(stores) = stores.and_then(|it| it.open_table()) else {
        return Stores::default();
    };
    let items = stores.items();
    Stores {
        configs: items.iter().filter_map(read_store).collect(),
        names: items.iter().map(|it| it.name).collect(),
    }
}

impl Stores<'_> {
    /// The dataset that `item` names; its store must be in the file, and its pattern, if it is one, whole.
    pub(super) fn dataset(&self, item: &Item<'_>) -> Option<DatasetId> {
        let text = item.text()?;
        let Some((store, _)) = text.split_once('.') else {
            let message = format!("{text:?} is no dataset");
            item.wrong_so(message, r#"a dataset is STORE.NAME, as in "orders.users""#);
            return None;
        };
        if !self.knows(item, store) || StoreId::new(store).is_err() {
            return None;
        }
        let dataset: DatasetId = item.parsed()?;
        if let Some(Err(error)) = pattern(&dataset) {
            item.refuse(text, error);
            return None;
        }
        Some(dataset)
    }

    /// The store that `item` names.
    pub(super) fn store(&self, item: &Item<'_>) -> Option<StoreId> {
        let text = item.text()?;
        if !self.knows(item, text) {
            return None;
        }
        StoreId::new(text).ok()
    }

    /// Whether the file declares a store; notes one that it does not, with the nearest name.
    fn knows(&self, item: &Item<'_>, store: &str) -> bool {
        let known = self.names.contains(&store);
        if !known {
            let hint = suggest::one_of(store, self.names.iter().copied())
                .unwrap_or_else(|| "declare it as [stores.NAME]".to_owned());
            item.notes
                .add_missing(item.at(), format!("unknown store {store:?}"), Some(hint));
        }
        known
    }
}

/// The key pattern of a dataset whose name holds a brace outside double quotes.
pub(super) fn pattern(dataset: &DatasetId) -> Option<crate::error::Result<KeyPattern>> {
    let mut quoted = false;
    let mut may_quote = true;
    for letter in dataset.name.chars() {
        if letter == '{' && !quoted {
            return Some(KeyPattern::parse(&dataset.name));
        }
        let quote = letter == '"' && (quoted || may_quote);
        quoted ^= quote;
        // A quote opens at the start of a part; behind a closing one, it is the second of a doubled pair.
        may_quote = quote || (letter == '.' && !quoted);
    }
    None
}

/// Reads `[stores.NAME]`: by its own URL, or by the name of a saved profile.
fn read_store(item: &Item<'_>) -> Option<StoreConfig> {
    let id = read_id(item);
    let table = item.open_table()?;
    check_keys(&table, &KEYS);
    check_place(&table);
    let text = |name| table.get(name).and_then(|it| it.text()).map(str::to_owned);
    Some(StoreConfig {
        url: table.get("url").and_then(|it| read_url(&it)),
        profile: text("profile"),
        secret: table.get("secret").and_then(|it| read_secret(&it)),
        environment: read_environment(&table),
        why: text("why"),
        access: read_access(&table),
        id: id?,
    })
}

/// Reads `environment`, which may be silent.
pub(super) fn read_environment(table: &Table<'_>) -> Option<Environment> {
    table
        .get("environment")
        .and_then(|it| it.choice(&ENVIRONMENTS))
}

/// Reads `access`; silence means that nothing is written.
pub(super) fn read_access(table: &Table<'_>) -> Access {
    table
        .get("access")
        .and_then(|it| it.choice(&ACCESS))
        .unwrap_or_default()
}

/// Reads the name of a store, which is what datasets begin with.
fn read_id(item: &Item<'_>) -> Option<StoreId> {
    let id = StoreId::new(item.name);
    if let Err(error) = &id {
        let message = format!(
            "{:?} is no store's name: {}",
            item.name,
            error.causes.join(": ")
        );
        item.notes.add(item.name_at, message, None);
    }
    id.ok()
}

/// Like [`Table::only`], but a key that holds a secret elsewhere is told where secrets go.
pub(super) fn check_keys(table: &Table<'_>, known: &[&str]) {
    let (private, others): (Vec<_>, Vec<_>) = table
        .items()
        .into_iter()
        .partition(|it| PRIVATE.contains(&it.name));
    for item in private {
        let hint = r#"name where it is kept: secret = "keychain", "env:NAME" or "file:PATH""#;
        let message = format!("{:?} has no place in this file", item.name);
        table
            .notes
            .add(item.name_at, message, Some(hint.to_owned()));
    }
    for item in others {
        item.check_known(known);
    }
}

/// A store is where its URL or its profile says, and a profile's access is not widened from here.
fn check_place(table: &Table<'_>) {
    match (table.get("url"), table.get("profile"), table.get("access")) {
        (None, None, _) => {
            let hint = r#"or profile = "NAME", a saved profile"#.to_owned();
            table.missing("url", Some(hint));
        }
        (_, Some(_), Some(access)) => {
            let hint = "a deployment file may not change it".to_owned();
            let message = "\"access\" is the profile's own";
            table.notes.add(access.name_at, message, Some(hint));
        }
        _ => {}
    }
}

/// Reads a URL; a refused one is not repeated, for it may hold a password.
pub(super) fn read_url(item: &Item<'_>) -> Option<String> {
    let url = item.text()?;
    let Some(fault) = url::fault(url) else {
        return Some(url.to_owned());
    };
    item.wrong_so(fault.message(), fault.hint());
    None
}

/// Reads where a secret is; a file that comes from others runs no program.
fn read_secret(item: &Item<'_>) -> Option<SecretSource> {
    let source = read_any_secret(item, SECRET_FORMS)?;
    if let SecretSource::Command(_) = source {
        let hint = "a deployment file comes from others, and must not run programs";
        let message = "\"cmd:\" is allowed only in the user's own profile file";
        item.wrong_so(message, hint);
        return None;
    }
    Some(source)
}

/// Reads where a secret is; what does not say so may be one, and is not repeated.
pub(super) fn read_any_secret(item: &Item<'_>, forms: &str) -> Option<SecretSource> {
    let text = item.text()?;
    let source = secret::read(text);
    if source.is_none() {
        let hint = suggest::did_you_mean(text, ["keychain"]);
        item.wrong_so(
            secret::fault(text),
            hint.unwrap_or_else(|| forms.to_owned()),
        );
    }
    source
}
