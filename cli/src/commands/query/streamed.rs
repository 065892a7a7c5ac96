//! One statement's rows as CSV or NDJSON, written as they arrive.

use std::io::{BufWriter, Stdout, Write as _};

use futures::StreamExt as _;
use parallax_core::error::Result;
use parallax_core::store::{Batch, Chunk, Column, Statement};
use parallax_core::value::Value;
use parallax_core::wire::PaneStatement;
use parallax_workbench::Workbench;

use crate::args::RowFormat;
use crate::outcome::Outcome;
use crate::terminal::{self, written};

pub(super) async fn run(
    workbench: &Workbench,
    pane: &PaneStatement,
    parameters: Vec<(String, Value)>,
    format: RowFormat,
) -> Result<Outcome> {
    let statement = Statement {
        text: pane.text.clone(),
        parameters,
    };
    let mut rows = workbench.stream(&pane.store, &statement).await?;
    let mut output = Output::new(format);
    while let Some(chunk) = rows.next().await {
        match chunk {
            Ok(Chunk::Rows(batch)) => output.rows(&batch)?,
            Ok(Chunk::NextResult) => output.next_result()?,
            Ok(Chunk::Notice(text)) => terminal::warn(&text),
            Ok(Chunk::Done { .. }) => {}
            Err(error) => {
                output.finish()?;
                return Err(error.at(&pane.store));
            }
        }
    }
    output.finish()?;
    Ok(Outcome::Fine)
}

/// Writes rows; a further result begins behind an empty line, with a head of its own.
struct Output {
    out: BufWriter<Stdout>,
    format: RowFormat,
    state: State,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    /// No result has begun.
    Empty,
    /// The current result's head is still to come.
    Headless,
    /// Its head is written.
    Begun,
}

impl Output {
    fn new(format: RowFormat) -> Self {
        Self {
            out: BufWriter::with_capacity(1 << 16, std::io::stdout()),
            format,
            state: State::Empty,
        }
    }

    fn rows(&mut self, batch: &Batch) -> Result<()> {
        let first = self.state != State::Begun;
        if first {
            self.head(&batch.columns)?;
        }
        let width = batch.columns.len().max(1);
        let names: Vec<String> = batch.columns.iter().map(|it| quoted(&it.name)).collect();
        for row in batch.cells.chunks(width) {
            let line = if self.format == RowFormat::Csv {
                csv_line(row)
            } else {
                json_line(&names, row)
            };
            written(self.out.write_all(&line))?;
        }
        // The first rows are shown at once; after that the buffer decides.
        if first {
            written(self.out.flush())
        } else {
            Ok(())
        }
    }

    fn head(&mut self, columns: &[Column]) -> Result<()> {
        self.state = State::Begun;
        if self.format == RowFormat::Csv && !columns.is_empty() {
            let head: Vec<Value> = columns
                .iter()
                .map(|it| Value::from(it.name.as_str()))
                .collect();
            written(self.out.write_all(&csv_line(&head)))?;
        }
        Ok(())
    }

    fn next_result(&mut self) -> Result<()> {
        if self.state == State::Begun && self.format == RowFormat::Csv {
            written(self.out.write_all(b"\n"))?;
        }
        self.state = State::Headless;
        Ok(())
    }

    fn finish(&mut self) -> Result<()> {
        written(self.out.flush())
    }
}

/// One row by RFC 4180 with bare line ends; null is an empty field, and an empty text is quoted so that the two stay apart.
fn csv_line(row: &[Value]) -> Vec<u8> {
    let mut line = Vec::new();
    for (at, value) in row.iter().enumerate() {
        if at > 0 {
            line.push(b',');
        }
        if value.is_null() {
            continue;
        }
        field(&value.to_string(), &mut line);
    }
    line.push(b'\n');
    line
}

fn field(text: &str, line: &mut Vec<u8>) {
    let plain = !text.is_empty() && !text.contains([',', '"', '\n', '\r']);
    if plain {
        line.extend_from_slice(text.as_bytes());
        return;
    }
    line.push(b'"');
    line.extend_from_slice(text.replace('"', "\"\"").as_bytes());
    line.push(b'"');
}

fn json_line(names: &[String], row: &[Value]) -> Vec<u8> {
    let mut line = b"{".to_vec();
    for (at, (name, value)) in names.iter().zip(row).enumerate() {
        if at > 0 {
            line.push(b',');
        }
        line.extend_from_slice(name.as_bytes());
        line.push(b':');
        line.extend_from_slice(value.to_json().to_string().as_bytes());
    }
    line.extend_from_slice(b"}\n");
    line
}

fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn line(row: &[Value], expected: &str) {
        let line = csv_line(row);
        assert_eq!(String::from_utf8(line).expect("UTF-8"), expected);
    }

    #[test]
    fn null_and_empty_text_stay_apart() {
        line(&[Value::Null, Value::from(""), Value::I64(1)], ",\"\",1\n");
    }

    #[test]
    fn quotes_commas_and_line_ends_are_quoted() {
        line(
            &[
                Value::from("a \"b\""),
                Value::from("c,d"),
                Value::from("e\nf"),
            ],
            "\"a \"\"b\"\"\",\"c,d\",\"e\nf\"\n",
        );
    }

    #[test]
    fn a_json_line_names_its_columns_in_order() {
        let names = [quoted("b"), quoted("a\"")];
        let line = json_line(&names, &[Value::I64(9_007_199_254_740_993), Value::Null]);
        assert_eq!(
            String::from_utf8(line).expect("UTF-8"),
            "{\"b\":\"9007199254740993\",\"a\\\"\":null}\n"
        );
    }
}
