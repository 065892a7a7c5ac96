//! `parallax stores`.

use parallax_core::error::Result;
use parallax_core::human;
use parallax_core::wire::{StoreState, StoreStatus};
use parallax_workbench::Workbench;
use serde_json::{Value, json};

use super::{millis, name, print_json};
use crate::outcome::Outcome;
use crate::table::Table;
use crate::terminal::{Style, print};

pub(crate) async fn run(workbench: &Workbench, json: bool) -> Result<Outcome> {
    let stores = workbench.stores().await?;
    if json {
        let stores: Vec<Value> = stores.iter().map(document).collect();
        print_json(&json!({ "format": 1, "stores": stores }))?;
    } else {
        print(&text(&stores))?;
    }
    let all_up = stores.iter().all(|it| it.state == StoreState::Up);
    Ok(if all_up {
        Outcome::Fine
    } else {
        Outcome::Unanswered
    })
}

fn document(store: &StoreStatus) -> Value {
    json!({
        "name": store.name,
        "product": store.product,
        "version": store.version,
        "models": store.models,
        "language": store.language,
        "state": store.state,
        "latency_ms": store.latency.map(millis),
        "error": store.error.as_ref().map(ToString::to_string),
        "hint": store.error.as_ref().and_then(|it| it.hint.clone()),
        "capability": store.capability,
        "url": store.url,
        "environment": store.environment,
        "access": store.access,
        "why": store.why,
    })
}

fn text(stores: &[StoreStatus]) -> String {
    let style = Style::of_stdout();
    let mut table = Table::new([
        "store",
        "state",
        "product",
        "latency",
        "access",
        "environment",
        "models",
    ]);
    for store in stores {
        let models: Vec<String> = store.models.iter().map(name).collect();
        table.row(vec![
            style.strong(store.name.as_str()),
            state(store.state, style),
            product(store),
            store
                .latency
                .map_or_else(|| "-".to_owned(), human::duration),
            name(&store.access),
            store.environment.to_string(),
            models.join(", "),
        ]);
    }
    let mut text = table.render();
    for store in stores {
        if let Some(error) = &store.error {
            text.push_str(&format!("\n{}: {error}\n", store.name));
            if let Some(hint) = &error.hint {
                text.push_str(&format!("  hint: {hint}\n"));
            }
        }
    }
    text
}

fn state(state: StoreState, style: Style) -> String {
    match state {
        StoreState::Up => style.good("● up"),
        StoreState::Down => style.bad("✕ down"),
        StoreState::Unknown => style.warning("? unknown"),
    }
}

fn product(store: &StoreStatus) -> String {
    match (&store.product, &store.version) {
        (Some(product), Some(version)) => format!("{product} {version}"),
        _ => "-".to_owned(),
    }
}
