//! One open connection: what is asked of it, and whether something still runs on it.

use std::fmt;

use futures::TryStreamExt as _;
use futures::stream::BoxStream;
use sqlx::mysql::{MySqlArguments, MySqlColumn, MySqlConnection, MySqlQueryResult, MySqlRow};
use sqlx::{
    AssertSqlSafe, Connection as _, Decode, Either, Executor as _, MySql, Row as _,
    SqlSafeStr as _, Statement as _,
};

use super::fault::Failure;

/// Rows, and how many were changed at the end of each result.
pub(super) type Steps<'l> = BoxStream<'l, Result<Either<MySqlQueryResult, MySqlRow>, sqlx::Error>>;

/// One open connection. Dropped, it is closed at once: nothing more is read of what still comes.
pub(super) struct Link {
    connection: MySqlConnection,
    is_busy: bool,
}

impl fmt::Debug for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("Link");
        shown
            .field("is_busy", &self.is_busy)
            .finish_non_exhaustive()
    }
}

/// What a statement of our own answers: every cell in its text form.
#[derive(Default)]
pub(super) struct Answer {
    pub(super) rows: Vec<Row>,
}

/// One row in text form.
pub(super) struct Row(pub(super) MySqlRow);

impl Row {
    /// The text of a cell; `None` where it is null, or no UTF-8.
    pub(super) fn text(&self, at: usize) -> Option<&str> {
        std::str::from_utf8(self.bytes(at)?).ok()
    }

    /// The text form's bytes.
    pub(super) fn bytes(&self, at: usize) -> Option<&[u8]> {
        cell(&self.0, at)
    }

    pub(super) fn number<T: std::str::FromStr>(&self, at: usize) -> Option<T> {
        self.text(at)?.parse().ok()
    }

    pub(super) fn columns(&self) -> &[MySqlColumn] {
        self.0.columns()
    }
}

/// The bytes of a cell; `None` where it is null.
///
/// The driver itself takes a date of zeros for null, so that it is not asked whether a cell is.
#[inline]
pub(super) fn cell(row: &MySqlRow, at: usize) -> Option<&[u8]> {
    <&[u8] as Decode<'_, MySql>>::decode(row.try_get_raw(at).ok()?).ok()
}

impl Link {
    pub(super) fn new(connection: MySqlConnection) -> Self {
        Self {
            connection,
            is_busy: false,
        }
    }

    /// Whether something runs on it that nobody has read to the end.
    pub(super) fn is_busy(&self) -> bool {
        self.is_busy
    }

    /// Says that what was begun has been read to its end, or has failed by the server's word.
    pub(super) fn rest(&mut self) {
        self.is_busy = false;
    }

    /// Asks whether the server is still there.
    pub(super) async fn ping(&mut self) -> Result<(), Failure> {
        self.is_busy = true;
        self.connection.ping().await?;
        self.rest();
        Ok(())
    }

    /// Runs statements of our own in one round trip, each of which gives one answer that must be bounded.
    ///
    /// Only for texts that nobody typed: the server runs whatever stands behind a semicolon too.
    pub(super) async fn run(&mut self, text: String) -> Result<Vec<Answer>, Failure> {
        let mut answers = Vec::new();
        let mut open = Answer::default();
        let mut steps = self.texts(text);
        let ended = loop {
            match steps.try_next().await {
                Ok(Some(Either::Right(row))) => open.rows.push(Row(row)),
                Ok(Some(Either::Left(_))) => answers.push(std::mem::take(&mut open)),
                Ok(None) => break Ok(answers),
                Err(it) => break Err(it.into()),
            }
        };
        drop(steps);
        if matches!(ended, Ok(_) | Err(Failure::Server(_))) {
            self.rest();
        }
        ended
    }

    /// Has the server prepare one statement, which it refuses to do with several; gives the columns that it told.
    pub(super) async fn prepare(&mut self, text: &str) -> Result<Vec<MySqlColumn>, Failure> {
        self.is_busy = true;
        let sql = AssertSqlSafe(text.to_owned()).into_sql_str();
        let prepared = (&mut self.connection).prepare(sql).await;
        let prepared = match prepared.map_err(Failure::from) {
            Err(failure @ Failure::Server(_)) => {
                self.rest();
                return Err(failure);
            }
            other => other?,
        };
        self.rest();
        Ok(prepared.columns().to_vec())
    }

    /// Starts statements without parameters, whose cells come in their text form.
    pub(super) fn texts(&mut self, text: String) -> Steps<'_> {
        self.is_busy = true;
        sqlx::raw_sql(AssertSqlSafe(text)).fetch_many(&mut self.connection)
    }

    /// Starts one statement, prepared already or not, whose cells come in their binary form.
    pub(super) fn binaries(&mut self, text: String, arguments: MySqlArguments) -> Steps<'_> {
        self.is_busy = true;
        let query = sqlx::query_with(AssertSqlSafe(text), arguments);
        (&mut self.connection).fetch_many(query.persistent(true))
    }
}
