//! Letting a deployment file use secrets: with `--trust`, or asked once where a person sits at the terminal.

use parallax_core::deployment::StoreConfig;
use parallax_core::error::Result;
use parallax_workbench::Workbench;

use crate::args::Arguments;
use crate::terminal;

/// Trusts the deployment file if the person says so; where nobody does, its stores with secrets answer that themselves.
pub(super) async fn ask(workbench: &Workbench, arguments: &Arguments) -> Result<()> {
    if super::needs_no_deployment(&arguments.command) {
        return Ok(());
    }
    let waiting = workbench.untrusted()?;
    if waiting.is_empty() {
        return Ok(());
    }
    let is_agreed = arguments.trust || (!arguments.json && terminal::agrees(&question(&waiting))?);
    if is_agreed {
        workbench.trust().await?;
    }
    Ok(())
}

fn question(stores: &[StoreConfig]) -> String {
    let mut text =
        "this deployment file wants to use secrets, and is new or has changed:\n".to_owned();
    for store in stores {
        let url = store.url.as_deref().unwrap_or_default();
        let secret = store.secret.as_ref().map(ToString::to_string);
        text.push_str(&format!(
            "  {}: the secret of {} is sent to {url}\n",
            store.id,
            secret.unwrap_or_default()
        ));
    }
    text.push_str("trust it as it stands? [y/N] ");
    text
}
