//! How often what is stored becomes what searches find.

use std::collections::BTreeMap;
use std::time::Duration;

use parallax_core::name::DatasetId;
use parallax_core::store::Refresh;
use serde::Deserialize;

use super::client::Exchange;
use super::request::Request;
use super::resource::Resource;
use super::target::name;

const SETTING: &str = "index.refresh_interval";

/// What servers do where the setting is not made.
const DEFAULT: Refresh = Refresh::Every(Duration::from_secs(1));

#[derive(Deserialize)]
struct Index {
    #[serde(default)]
    settings: BTreeMap<String, String>,
}

/// Reads the interval of the slowest index of a dataset; unknown where the setting may not be read.
pub(super) async fn refresh(exchange: &Exchange, dataset: &DatasetId) -> Refresh {
    let name = name(dataset);
    let resource =
        Resource::of(&[name.as_str(), "_settings", SETTING]).with("flat_settings", "true");
    let Ok(answer) = exchange.read(&Request::get(resource)).await else {
        return Refresh::Unknown;
    };
    if answer.is_error() {
        return Refresh::Unknown;
    }
    serde_json::from_slice(&answer.body).map_or(Refresh::Unknown, |it| slowest(&it))
}

fn slowest(indices: &BTreeMap<String, Index>) -> Refresh {
    let each = indices.values().map(|it| {
        let set = it.settings.get(SETTING);
        set.map_or(DEFAULT, |it| read(it))
    });
    let all: Vec<Refresh> = each.collect();
    if all.is_empty() || all.contains(&Refresh::Unknown) {
        return Refresh::Unknown;
    }
    if all.contains(&Refresh::Never) {
        return Refresh::Never;
    }
    let longest = all.into_iter().filter_map(Refresh::interval).max();
    longest.map_or(Refresh::Unknown, Refresh::Every)
}

/// Reads `30s`, `500ms` or `-1`.
fn read(text: &str) -> Refresh {
    if text.starts_with('-') {
        return Refresh::Never;
    }
    let end = text
        .find(|it: char| !it.is_ascii_digit())
        .unwrap_or(text.len());
    let (number, unit) = text.split_at_checked(end).unwrap_or((text, ""));
    let nanos_of: u64 = match unit.trim() {
        "nanos" => 1,
        "micros" => 1_000,
        "ms" | "" => 1_000_000,
        "s" => 1_000_000_000,
        "m" => 60_000_000_000,
        "h" => 3_600_000_000_000,
        "d" => 86_400_000_000_000,
        _ => return Refresh::Unknown,
    };
    let nanos = number
        .parse::<u64>()
        .ok()
        .and_then(|it| it.checked_mul(nanos_of));
    nanos.map_or(Refresh::Unknown, |it| {
        Refresh::Every(Duration::from_nanos(it))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(answer: &str) -> Refresh {
        slowest(&serde_json::from_str(answer).expect("JSON"))
    }

    #[test]
    fn the_slowest_index_decides() {
        let every = |it| Refresh::Every(Duration::from_millis(it));
        assert_eq!(
            of(r#"{"a":{"settings":{"index.refresh_interval":"30s"}}}"#),
            every(30_000)
        );
        assert_eq!(
            of(r#"{"a":{"settings":{"index.refresh_interval":"500ms"}},"b":{}}"#),
            every(1_000)
        );
        assert_eq!(
            of(r#"{"a":{"settings":{"index.refresh_interval":"-1"}},"b":{}}"#),
            Refresh::Never
        );
        assert_eq!(
            of(r#"{"a":{"settings":{"index.refresh_interval":"2 fortnights"}}}"#),
            Refresh::Unknown
        );
        assert_eq!(of("{}"), Refresh::Unknown);
    }
}
