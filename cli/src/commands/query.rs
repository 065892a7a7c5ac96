//! `parallax query`: statements in the stores' own languages, one or several side by side.

mod compared;
mod kept;
mod readable;
mod streamed;

use std::io::Read as _;

use parallax_core::error::{Error, ErrorKind, Result};
use parallax_core::name::StoreId;
use parallax_core::value::Value;
use parallax_core::wire::PaneStatement;
use parallax_workbench::Workbench;

use crate::args::{QueryArguments, RowFormat};
use crate::outcome::Outcome;

pub(crate) async fn run(
    workbench: &Workbench,
    arguments: QueryArguments,
    json: bool,
) -> Result<Outcome> {
    let format = format(arguments.format, json)?;
    let parameters = arguments
        .parameters
        .iter()
        .map(|it| parameter(it))
        .collect::<Result<Vec<_>>>()?;
    let compares = arguments.compare;
    let panes = panes(arguments)?;
    if compares {
        comparable(&panes, format)?;
    }
    for pane in &panes {
        known(workbench, &pane.store)?;
    }
    match (format, panes.as_slice()) {
        (RowFormat::Csv | RowFormat::Ndjson, [pane]) => {
            streamed::run(workbench, pane, parameters, format).await
        }
        (RowFormat::Csv | RowFormat::Ndjson, _) => {
            Err(Error::new(ErrorKind::InvalidInput, "print several panes")
                .because("csv and ndjson hold the rows of one statement")
                .hint("use --format json or table, or run the statements one by one"))
        }
        (RowFormat::Json | RowFormat::Table, _) => {
            kept::run(workbench, panes, &parameters, format, compares).await
        }
    }
}

/// Two panes are the least, and a stream of rows has no room for what came of comparing them.
fn comparable(panes: &[PaneStatement], format: RowFormat) -> Result<()> {
    let refused = |why: &str| Error::new(ErrorKind::InvalidInput, "compare the panes").because(why);
    if panes.len() < 2 {
        return Err(refused("there is one statement").hint("give two: -q 'shop=…' -q 'cache=…'"));
    }
    match format {
        RowFormat::Table | RowFormat::Json => Ok(()),
        RowFormat::Csv | RowFormat::Ndjson => {
            Err(refused("csv and ndjson hold rows alone").hint("use --format json or table"))
        }
    }
}

fn format(wanted: Option<RowFormat>, json: bool) -> Result<RowFormat> {
    match (wanted, json) {
        (None | Some(RowFormat::Json), true) => Ok(RowFormat::Json),
        (Some(_), true) => Err(Error::new(ErrorKind::InvalidInput, "choose a format")
            .because("--json and --format contradict each other")
            .hint("leave one of them out")),
        (wanted, false) => Ok(wanted.unwrap_or(RowFormat::Table)),
    }
}

/// A store that is not in the deployment is a mistake of the command line, not of a pane.
fn known(workbench: &Workbench, store: &StoreId) -> Result<()> {
    let deployment = workbench.deployment()?;
    if deployment.store(store).is_some() {
        return Ok(());
    }
    let known: Vec<&str> = deployment.stores.iter().map(|it| it.id.as_str()).collect();
    Err(Error::new(
        ErrorKind::NotFound,
        format!("find the store {:?}", store.as_str()),
    )
    .because("the deployment declares no such store")
    .hint(format!("it declares: {}", known.join(", "))))
}

fn panes(arguments: QueryArguments) -> Result<Vec<PaneStatement>> {
    if let (Some(store), Some(text)) = (arguments.store, arguments.statement) {
        let text = if text == "-" { stdin()? } else { text };
        return Ok(vec![PaneStatement {
            store: StoreId::new(&store)?,
            text,
        }]);
    }
    arguments.panes.iter().map(|it| pane(it)).collect()
}

fn pane(text: &str) -> Result<PaneStatement> {
    let Some((store, text)) = text.split_once('=') else {
        return Err(
            Error::new(ErrorKind::InvalidInput, format!("read the pane {text:?}"))
                .because("it has no `=`")
                .hint("a pane is STORE=STATEMENT, such as -q 'shop=select 1'"),
        );
    };
    Ok(PaneStatement {
        store: StoreId::new(store)?,
        text: text.to_owned(),
    })
}

fn stdin() -> Result<String> {
    let mut text = String::new();
    let read = std::io::stdin().lock().read_to_string(&mut text);
    read.map_err(|it| {
        Error::new(ErrorKind::InvalidInput, "read the statement from stdin").because(it)
    })?;
    Ok(text)
}

/// JSON where it parses as JSON, else text.
fn parameter(text: &str) -> Result<(String, Value)> {
    match text.split_once('=') {
        Some((name, value)) if !name.is_empty() => Ok((
            name.to_owned(),
            Value::from_json(value).unwrap_or_else(|_| Value::from(value)),
        )),
        _ => Err(Error::new(
            ErrorKind::InvalidInput,
            format!("read the parameter {text:?}"),
        )
        .because("it is not NAME=VALUE")
        .hint("for example -p user_id=42")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_parameter_is_json_where_it_parses_as_json() {
        assert_eq!(parameter("id=42").expect("a parameter").1, Value::I64(42));
        assert_eq!(
            parameter("id=ann").expect("a parameter").1,
            Value::from("ann")
        );
        assert_eq!(
            parameter("id=\"42\"").expect("a parameter").1,
            Value::from("42")
        );
        assert_eq!(
            parameter("q=a=b").expect("a parameter").1,
            Value::from("a=b")
        );
        assert!(parameter("id").is_err());
        assert!(parameter("=1").is_err());
    }

    #[test]
    fn a_pane_is_split_at_its_first_equals_sign() {
        let pane = pane("shop=select 1 = 1").expect("a pane");
        assert_eq!(
            (pane.store.as_str(), pane.text.as_str()),
            ("shop", "select 1 = 1")
        );
    }
}
