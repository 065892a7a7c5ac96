//! Whole datasets, part by part: slices of a point in time, or of a scroll where there is none.
//!
//! The next page is asked for before the rows of the last one are fed, so that the server works meanwhile.

use elasticsearch::http::Method;
use futures::future::join;
use parallax_core::error::{Error, ErrorKind, Result};
use parallax_core::name::DatasetId;
use parallax_core::store::{Part, Projection, RowSink, Scanned};
use parallax_core::value::Value;
use serde::Deserialize;

use super::cells::Feed;
use super::client::Exchange;
use super::fields::{condition, wants_source};
use super::hit::Searched;
use super::pit::{KEEP_ALIVE, Scroll, close_left_behind, open};
use super::product::Maker;
use super::request::{Answer, Request};
use super::resource::Resource;
use super::target::{Target, target};

pub(super) const OPERATION: &str = "scan";

/// A slice is not made for fewer documents than this.
const DOCUMENTS_PER_PART: u64 = 20_000;

/// The most documents of one page: what servers allow by default.
const MAX_PAGE: u64 = 10_000;

/// About how many bytes a page is to have.
const PAGE_BYTES: u64 = 4 << 20;

/// The most documents of a first page, before their size is known.
const FIRST_PAGE: u64 = 500;

/// What a part's bounds say where they are a slice of a point in time: its id, which slice, of how many, the first page.
const POINT: &str = "slice of a point in time";

/// The same for a scroll, without an id.
const SCROLL: &str = "slice of a scroll";

#[derive(Debug, Default, Deserialize)]
struct Stats {
    #[serde(rename = "_all")]
    all: All,
    #[serde(rename = "_shards", default)]
    shards: Shards,
}

#[derive(Debug, Default, Deserialize)]
struct All {
    #[serde(default)]
    primaries: Primaries,
}

#[derive(Debug, Default, Deserialize)]
struct Shards {
    #[serde(default)]
    successful: u64,
}

#[derive(Debug, Default, Deserialize)]
struct Primaries {
    #[serde(default)]
    docs: Docs,
    #[serde(default)]
    store: Store,
}

#[derive(Debug, Default, Deserialize)]
struct Docs {
    #[serde(default)]
    count: u64,
}

#[derive(Debug, Default, Deserialize)]
struct Store {
    #[serde(default)]
    size_in_bytes: u64,
}

impl Stats {
    /// How many documents to begin with: few where they are large.
    fn first_page(&self) -> u64 {
        let all = &self.all.primaries;
        // What is kept is compressed.
        let size = (all.store.size_in_bytes * 4) / all.docs.count.max(1);
        (PAGE_BYTES / size.max(1)).clamp(1, FIRST_PAGE)
    }
}

/// Slices that cover the dataset, under one point in time where the server has them.
pub(super) async fn parts(
    exchange: &Exchange,
    dataset: &DatasetId,
    want: usize,
) -> Result<Vec<Part>> {
    close_left_behind(exchange).await;
    let target = target(exchange, dataset).await?;
    let resource = Resource::of(&[target.name.as_str(), "_stats", "docs,store"]);
    let answer = exchange.ask(&Request::get(resource), OPERATION).await?;
    let stats: Stats = answer.read(OPERATION)?;
    let count = stats.all.primaries.docs.count;
    let by_size = usize::try_from(count / DOCUMENTS_PER_PART).unwrap_or(usize::MAX);
    let first = stats.first_page();
    let product = exchange.product().await?;
    let has_points = product.has_points_in_time();
    // Points in time of the one divide the numbers of documents; all else looks at every document for each slice of a shard.
    let is_numbered = has_points && product.maker == Maker::Elasticsearch;
    let shards = usize::try_from(stats.shards.successful).unwrap_or(1);
    let most = if is_numbered { want } else { want.min(shards) };
    let slices = most.min(by_size).max(1);
    let bounds: Vec<(String, Vec<Value>)> = if has_points {
        let id = open(exchange, &target.name, slices).await?;
        let bounds = |it| (POINT.to_owned(), slice(&id, it, slices, first));
        (0..slices).map(bounds).collect()
    } else {
        let bounds = |it| (SCROLL.to_owned(), slice("", it, slices, first));
        (0..slices).map(bounds).collect()
    };
    let estimate = Some(count / bounds.len().max(1) as u64);
    let part = |bounds| Part {
        dataset: dataset.clone(),
        bounds: Some(bounds),
        estimate,
    };
    Ok(bounds.into_iter().map(part).collect())
}

fn slice(id: &str, nth: usize, slices: usize, first: u64) -> Vec<Value> {
    let number = |it: u64| Value::I64(i64::try_from(it).unwrap_or(i64::MAX));
    vec![
        Value::from(id),
        number(nth as u64),
        number(slices as u64),
        number(first),
    ]
}

/// A part as [`parts`] wrote it.
struct Slice<'p> {
    point: Option<&'p str>,
    nth: i64,
    of: i64,
    first: u64,
}

impl<'p> Slice<'p> {
    fn read(part: &'p Part) -> Result<Self> {
        let (kind, values) = match &part.bounds {
            Some((kind, values)) => (kind.as_str(), values.as_slice()),
            None => (SCROLL, [].as_slice()),
        };
        match (kind, values) {
            (
                POINT,
                [
                    Value::Text(id),
                    Value::I64(nth),
                    Value::I64(of),
                    Value::I64(first),
                ],
            ) => Ok(Self {
                point: Some(id),
                nth: *nth,
                of: *of,
                first: u64::try_from(*first).unwrap_or(1),
            }),
            (SCROLL, [_, Value::I64(nth), Value::I64(of), Value::I64(first)]) => Ok(Self {
                point: None,
                nth: *nth,
                of: *of,
                first: u64::try_from(*first).unwrap_or(1),
            }),
            (SCROLL, []) => Ok(Self {
                point: None,
                nth: 0,
                of: 1,
                first: 100,
            }),
            _ => Err(Error::new(ErrorKind::InvalidInput, OPERATION)
                .because("the part is not one that this store divided")),
        }
    }
}

/// Feeds the documents of one part. Ends what it has open on the server.
///
/// # Cancel safety
///
/// Dropped, it leaves its point in time to the canceller.
pub(super) async fn scan(
    exchange: &Exchange,
    part: &Part,
    projection: &Projection,
    sink: &mut dyn RowSink,
) -> Result<Scanned> {
    let slice = Slice::read(part)?;
    let mut feed = Feed::new(projection)?;
    let query = Query {
        exchange,
        has_source: wants_source(projection),
        condition: condition(projection)?,
        knows: feed.wants_meta,
        slice,
    };
    let scanned = if let Some(id) = query.slice.point {
        let turn = exchange.client.points.begin(id);
        let scanned = query.by_point(id, &mut feed, sink).await;
        if scanned.is_ok() {
            turn.done();
        } else {
            drop(turn);
        }
        scanned
    } else {
        let target = target(exchange, &part.dataset).await?;
        query.by_scroll(&target, &mut feed, sink).await
    };
    close_left_behind(exchange).await;
    scanned.map(|()| feed.scanned)
}

/// What the pages of a scan are asked for with.
struct Query<'q> {
    exchange: &'q Exchange,
    has_source: bool,
    condition: Option<String>,
    /// Versions and sequence numbers are wanted.
    knows: bool,
    slice: Slice<'q>,
}

impl Query<'_> {
    async fn by_point(&self, id: &str, feed: &mut Feed, sink: &mut dyn RowSink) -> Result<()> {
        let mut id = id.to_owned();
        let mut size = self.slice.first;
        let mut answer = self.page(&id, size, None).await?;
        loop {
            let page: Searched<'_> = answer.read(OPERATION)?;
            if let Some(renamed) = &page.point {
                id.clone_from(&renamed.clone().into_owned());
            }
            let hits = page.complete(OPERATION)?;
            let is_last = (hits.len() as u64) < size;
            let after = hits
                .last()
                .and_then(|it| it.sort)
                .map(|it| it.get().to_owned());
            let (false, Some(after)) = (is_last, after) else {
                // Nothing comes behind the last page, whether the sink wants more or not.
                return feed.rows(&hits, sink).map(|_flow| ());
            };
            size = next_size(answer.body.len(), hits.len());
            let next = self.page(&id, size, Some(&after));
            let (next, flow) = join(next, async { feed.rows(&hits, sink) }).await;
            if flow?.is_break() {
                return Ok(());
            }
            drop(hits);
            answer = next?;
        }
    }

    async fn page(&self, id: &str, size: u64, after: Option<&str>) -> Result<Answer> {
        let mut body = self.body(size) + &self.slice();
        let id = super::fields::quoted(id);
        body.push_str(&format!(
            r#","pit":{{"id":{id},"keep_alive":"{KEEP_ALIVE}"}},"sort":[{{"_shard_doc":"asc"}}],"track_total_hits":false"#
        ));
        if let Some(after) = after {
            body.push_str(&format!(r#","search_after":{after}"#));
        }
        body.push('}');
        let resource = Resource::of(&["_search"]).with("allow_partial_search_results", "false");
        self.exchange
            .ask(&Request::post(resource, body), OPERATION)
            .await
    }

    /// The parts of a request's body that pages of both kinds have.
    fn body(&self, size: u64) -> String {
        let (source, timeout) = (self.has_source, self.exchange.timeout());
        let mut body = format!(r#"{{"size":{size},"_source":{source},"timeout":"{timeout}""#);
        if self.knows {
            body.push_str(r#","version":true,"seq_no_primary_term":true"#);
        }
        if let Some(condition) = &self.condition {
            let query = super::fields::all_of(std::slice::from_ref(condition));
            body.push_str(&format!(r#","query":{query}"#));
        }
        body
    }

    /// Which part is meant; only points in time and scrolls have parts.
    fn slice(&self) -> String {
        let (nth, of) = (self.slice.nth, self.slice.of);
        if of > 1 {
            format!(r#","slice":{{"id":{nth},"max":{of}}}"#)
        } else {
            String::new()
        }
    }

    /// The size of a scroll's pages is given once, so a few documents are looked at first.
    async fn by_scroll(
        &self,
        target: &Target,
        feed: &mut Feed,
        sink: &mut dyn RowSink,
    ) -> Result<()> {
        let size = self.size(target).await?;
        let mut scroll = self.exchange.client.points.scroll();
        let mut answer = self.begin_scroll(target, size).await?;
        loop {
            let page: Searched<'_> = answer.read(OPERATION)?;
            if let Some(id) = &page.scroll {
                scroll.named(id);
            }
            let hits = page.complete(OPERATION)?;
            if hits.is_empty() {
                return Ok(());
            }
            let next = self.next_of_scroll(&scroll);
            let (next, flow) = join(next, async { feed.rows(&hits, sink) }).await;
            if flow?.is_break() {
                return Ok(());
            }
            drop(hits);
            answer = next?;
        }
    }

    async fn size(&self, target: &Target) -> Result<u64> {
        let few = self.slice.first.min(20);
        let body = format!("{}}}", self.body(few));
        let resource = Resource::of(&[target.name.as_str(), "_search"])
            .with("allow_partial_search_results", "false");
        let answer = self
            .exchange
            .ask(&Request::post(resource, body), OPERATION)
            .await?;
        let page: Searched<'_> = answer.read(OPERATION)?;
        Ok(next_size(
            answer.body.len(),
            page.complete(OPERATION)?.len(),
        ))
    }

    async fn begin_scroll(&self, target: &Target, size: u64) -> Result<Answer> {
        let body = format!(r#"{}{},"sort":["_doc"]}}"#, self.body(size), self.slice());
        let resource = Resource::of(&[target.name.as_str(), "_search"])
            .with("scroll", KEEP_ALIVE)
            .with("allow_partial_search_results", "false");
        // Not tried twice: the first may be open.
        let answer = self.exchange.send(&Request::post(resource, body)).await?;
        checked(answer)
    }

    async fn next_of_scroll(&self, scroll: &Scroll<'_>) -> Result<Answer> {
        let id = scroll.id().ok_or_else(|| {
            Error::new(ErrorKind::Unreadable, OPERATION).because("the server named no scroll")
        })?;
        let id = super::fields::quoted(id);
        let body = format!(r#"{{"scroll":"{KEEP_ALIVE}","scroll_id":{id}}}"#);
        let request = Request::new(
            Method::Post,
            Resource::of(&["_search", "scroll"]),
            Some(body.into_bytes()),
        );
        // Not tried twice: the first try may have moved it on.
        checked(self.exchange.send(&request).await?)
    }
}

fn checked(answer: Answer) -> Result<Answer> {
    if answer.is_error() {
        return Err(super::fault::answered(&answer, OPERATION));
    }
    Ok(answer)
}

/// So many documents that a page of them is about [`PAGE_BYTES`] long.
fn next_size(bytes: usize, documents: usize) -> u64 {
    let each = (bytes as u64) / (documents.max(1) as u64);
    (PAGE_BYTES / each.max(1)).clamp(1, MAX_PAGE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_have_about_the_same_length() {
        assert_eq!(next_size(0, 0), MAX_PAGE);
        assert_eq!(next_size(300 * 500, 500), MAX_PAGE);
        assert_eq!(next_size(8 << 20, 1), 1);
        assert_eq!(next_size(4 << 20, 100), 100);
    }

    #[test]
    fn large_documents_begin_with_few() {
        let stats = |count, size_in_bytes| Stats {
            all: All {
                primaries: Primaries {
                    docs: Docs { count },
                    store: Store { size_in_bytes },
                },
            },
            shards: Shards::default(),
        };
        assert_eq!(stats(0, 0).first_page(), FIRST_PAGE);
        assert_eq!(stats(1_000, 200_000).first_page(), FIRST_PAGE);
        assert_eq!(stats(10, 80 << 20).first_page(), 1);
    }

    #[test]
    fn a_part_reads_back() {
        let part = Part {
            dataset: "search.users".parse().expect("a dataset"),
            bounds: Some((POINT.to_owned(), slice("p", 1, 4, 500))),
            estimate: None,
        };
        let slice = Slice::read(&part).expect("a slice");
        assert_eq!(
            (slice.point, slice.nth, slice.of, slice.first),
            (Some("p"), 1, 4, 500)
        );
        let foreign = Part {
            bounds: Some(("id > 7".to_owned(), Vec::new())),
            ..part
        };
        assert!(Slice::read(&foreign).is_err());
    }
}
