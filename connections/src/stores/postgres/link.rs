//! One open connection: what is asked of it, and whether something still runs on it.

use std::fmt;

use futures::stream::BoxStream;
use futures::{Stream, TryStreamExt as _};
use sqlx::postgres::types::Oid;
use sqlx::postgres::{
    PgArguments, PgColumn, PgConnection, PgQueryResult, PgRow, PgTypeInfo, PgValueRef,
};
use sqlx::{
    Arguments as _, AssertSqlSafe, Column as _, Connection as _, Either, Executor as _, Row as _,
    SqlSafeStr as _, Statement as _, ValueRef as _,
};

use super::fault::Failure;

/// Rows, and how many were changed at the end of each statement.
pub(super) type Steps<'l> = BoxStream<'l, Result<Either<PgQueryResult, PgRow>, sqlx::Error>>;

/// One open connection. Dropped, it is closed at once: nothing more is read of what still comes.
pub(super) struct Link {
    connection: PgConnection,
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

/// What the server says of a statement before it runs.
#[derive(Debug, Default)]
pub(super) struct Described {
    /// The OIDs of its parameters' types.
    pub(super) parameters: Vec<u32>,
    pub(super) columns: Vec<DescribedColumn>,
}

/// One column of a statement's result.
#[derive(Debug)]
pub(super) struct DescribedColumn {
    pub(super) name: String,
    pub(super) oid: u32,
    /// The table it comes from as it is, and its number there.
    pub(super) origin: Option<(u32, i16)>,
}

fn described(columns: &[PgColumn]) -> Vec<DescribedColumn> {
    let one = |column: &PgColumn| DescribedColumn {
        name: column.name().to_owned(),
        oid: oid(column),
        origin: column
            .relation_id()
            .map(|it| it.0)
            .zip(column.relation_attribute_no()),
    };
    columns.iter().map(one).collect()
}

/// What a statement of our own answers: every cell in its text form.
#[derive(Default)]
pub(super) struct Answer {
    pub(super) rows: Vec<Row>,
}

impl Answer {
    /// The OIDs of the columns' types; none where there are no rows.
    pub(super) fn oids(&self) -> Vec<u32> {
        let first = self.rows.first();
        first.map_or_else(Vec::new, |it| it.0.columns().iter().map(oid).collect())
    }

    /// The columns; none where there are no rows.
    pub(super) fn columns(&self) -> Vec<DescribedColumn> {
        let first = self.rows.first();
        first.map_or_else(Vec::new, |it| described(it.0.columns()))
    }
}

/// One row in text form.
pub(super) struct Row(PgRow);

impl Row {
    /// The text of a cell; `None` where it is null, or no UTF-8.
    pub(super) fn text(&self, at: usize) -> Option<&str> {
        std::str::from_utf8(self.bytes(at)?).ok()
    }

    /// The text form's bytes.
    pub(super) fn bytes(&self, at: usize) -> Option<&[u8]> {
        cell(&self.0, at).ok().and_then(|it| bytes(&it))
    }

    pub(super) fn number<T: std::str::FromStr>(&self, at: usize) -> Option<T> {
        self.text(at)?.parse().ok()
    }

    pub(super) fn is_true(&self, at: usize) -> bool {
        self.text(at) == Some("t")
    }
}

/// A cell of a row.
pub(super) fn cell(row: &PgRow, at: usize) -> Result<PgValueRef<'_>, Failure> {
    Ok(row.try_get_raw(at)?)
}

/// The bytes of a cell; `None` where it is null.
pub(super) fn bytes<'r>(cell: &PgValueRef<'r>) -> Option<&'r [u8]> {
    if cell.is_null() {
        return None;
    }
    cell.as_bytes().ok()
}

fn oid(column: &PgColumn) -> u32 {
    column.type_info().oid().map_or(0, |it| it.0)
}

/// The answers up to a failure, and the failure.
pub(super) type Broken = (Vec<Answer>, Failure);

impl Link {
    pub(super) fn new(connection: PgConnection) -> Self {
        Self {
            connection,
            is_busy: false,
        }
    }

    /// Whether something runs on it that nobody has read to the end.
    pub(super) fn is_busy(&self) -> bool {
        self.is_busy
    }

    /// Says that what was begun has been read to its end, or has failed.
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

    /// Runs statements without parameters in one round trip, each of which gives one answer that must be bounded.
    pub(super) async fn run(&mut self, text: String) -> Result<Vec<Answer>, Broken> {
        let mut answers = Vec::new();
        let mut open = Answer::default();
        let mut steps = match self.texts(text) {
            Ok(it) => it,
            Err(failure) => return Err((answers, failure)),
        };
        let failed = loop {
            match steps.try_next().await {
                Ok(Some(Either::Right(row))) => open.rows.push(Row(row)),
                Ok(Some(Either::Left(_))) => answers.push(std::mem::take(&mut open)),
                Ok(None) => break None,
                Err(it) => break Some(it.into()),
            }
        };
        drop(steps);
        self.rest();
        match failed {
            None => Ok(answers),
            Some(failure) => Err((answers, failure)),
        }
    }

    /// What a statement with parameters of the types `oids` would give; 0 lets the server tell the type.
    ///
    /// `None` where the driver does not understand the type of a column or parameter, as that of a multirange.
    pub(super) async fn describe(
        &mut self,
        text: &str,
        oids: &[u32],
    ) -> Result<Option<Described>, Failure> {
        whole(text)?;
        let types: Vec<PgTypeInfo> = oids
            .iter()
            .map(|it| PgTypeInfo::with_oid(Oid(*it)))
            .collect();
        self.is_busy = true;
        let sql = AssertSqlSafe(text.to_owned()).into_sql_str();
        let prepared = (&mut self.connection).prepare_with(sql, &types).await;
        self.rest();
        let prepared = match prepared {
            Err(sqlx::Error::ColumnDecode { .. } | sqlx::Error::Decode(_)) => return Ok(None),
            other => other?,
        };
        // It has a name on the server, which is not to stay there.
        self.connection.clear_cached_statements().await?;
        let parameters = prepared.parameters().and_then(Either::left);
        let parameters = parameters.unwrap_or_default().iter();
        Ok(Some(Described {
            parameters: parameters.map(|it| it.oid().map_or(0, |it| it.0)).collect(),
            columns: described(prepared.columns()),
        }))
    }

    /// Starts a statement whose cells come in their text form.
    pub(super) fn texts(&mut self, text: String) -> Result<Steps<'_>, Failure> {
        whole(&text)?;
        self.is_busy = true;
        Ok(sqlx::raw_sql(AssertSqlSafe(text)).fetch_many(&mut self.connection))
    }

    /// Starts a statement whose cells come in their binary form.
    pub(super) fn binaries(&mut self, text: String) -> Result<Steps<'_>, Failure> {
        whole(&text)?;
        self.is_busy = true;
        let query = sqlx::query_with(AssertSqlSafe(text), PgArguments::default());
        Ok((&mut self.connection).fetch_many(query.persistent(false)))
    }

    /// Starts a statement whose parameters are texts, and whose cells come in their binary form.
    pub(super) fn bound(
        &mut self,
        text: String,
        values: &[Option<String>],
    ) -> Result<Steps<'_>, Failure> {
        whole(&text)?;
        let mut arguments = PgArguments::default();
        for value in values {
            let added = arguments.add(value.as_deref());
            added.map_err(|it| Failure::Protocol(it.to_string()))?;
        }
        self.is_busy = true;
        let query = sqlx::query_with(AssertSqlSafe(text), arguments);
        Ok((&mut self.connection).fetch_many(query.persistent(false)))
    }

    /// Starts a `COPY … TO STDOUT`, whose messages come one by one. After a failure, the connection is of no more use.
    pub(super) async fn copy(
        &mut self,
        text: &str,
    ) -> Result<
        impl Stream<Item = Result<impl AsRef<[u8]> + Send + use<>, sqlx::Error>>
        + Unpin
        + Send
        + use<'_>,
        Failure,
    > {
        whole(text)?;
        self.is_busy = true;
        Ok(self.connection.copy_out_raw(text).await?)
    }
}

/// A NUL would end the text on its way.
fn whole(text: &str) -> Result<(), Failure> {
    if text.contains('\0') {
        return Err(Failure::Unsendable);
    }
    Ok(())
}
