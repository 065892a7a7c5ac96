//! Points in time and scrolls: what a scan keeps open on the server, and how it is closed, also when the scan is dropped.
//!
//! A point in time belongs to all parts of a dataset. The scan that ends last closes it. Where a scan is dropped or fails,
//! the whole is void: what it leaves open is put aside, and closed by the next call or by the canceller. What nobody
//! closes, the server closes when it has rested for [`KEEP_ALIVE`].

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Mutex;

use elasticsearch::http::Method;
use parallax_core::error::Result;
use serde::Deserialize;

use super::client::{Exchange, lock};
use super::fields::quoted;
use super::product::Maker;
use super::request::Request;
use super::resource::Resource;

/// How long the server keeps what rests open.
pub(super) const KEEP_ALIVE: &str = "2m";

const OPERATION: &str = "open a point in time";

/// Something open on the server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Open {
    Point(String),
    Scroll(String),
}

/// What the scans of a store have open.
#[derive(Debug, Default)]
pub(super) struct Points(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    points: BTreeMap<String, Point>,
    left_behind: Vec<Open>,
}

/// The scans of one point in time.
#[derive(Debug)]
struct Point {
    /// Parts that have not been read to their end.
    left: usize,
    /// Parts that are being read.
    active: usize,
    is_void: bool,
}

impl Points {
    fn opened(&self, id: &str, parts: usize) {
        let point = Point {
            left: parts,
            active: 0,
            is_void: false,
        };
        lock(&self.0).points.insert(id.to_owned(), point);
    }

    /// Marks a part of a point as being read.
    pub(super) fn begin(&self, id: &str) -> Turn<'_> {
        if let Some(point) = lock(&self.0).points.get_mut(id) {
            point.active += 1;
        }
        Turn {
            points: self,
            id: id.to_owned(),
            is_done: false,
        }
    }

    fn end(&self, id: &str, is_done: bool) {
        let mut state = lock(&self.0);
        let Some(point) = state.points.get_mut(id) else {
            return;
        };
        point.active = point.active.saturating_sub(1);
        point.left = point.left.saturating_sub(usize::from(is_done));
        point.is_void |= !is_done;
        if point.left == 0 || (point.is_void && point.active == 0) {
            state.points.remove(id);
            state.left_behind.push(Open::Point(id.to_owned()));
        }
    }

    /// A scroll that is kept until it is closed or dropped.
    pub(super) fn scroll(&self) -> Scroll<'_> {
        Scroll {
            points: self,
            id: None,
        }
    }

    fn take(&self) -> Vec<Open> {
        std::mem::take(&mut lock(&self.0).left_behind)
    }

    fn put_back(&self, open: Open) {
        lock(&self.0).left_behind.push(open);
    }
}

/// A part that is being read; dropped before its end, its point in time is void.
#[derive(Debug)]
pub(super) struct Turn<'p> {
    points: &'p Points,
    id: String,
    is_done: bool,
}

impl Turn<'_> {
    /// The part was read as far as was wanted.
    pub(super) fn done(mut self) {
        self.is_done = true;
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        self.points.end(&self.id, self.is_done);
    }
}

/// A scroll; dropped, it is left behind to be closed.
#[derive(Debug)]
pub(super) struct Scroll<'p> {
    points: &'p Points,
    id: Option<String>,
}

impl Scroll<'_> {
    /// Takes the name that the server gave last.
    pub(super) fn named(&mut self, id: &str) {
        self.id = Some(id.to_owned());
    }

    pub(super) fn id(&self) -> Option<&str> {
        self.id.as_deref()
    }
}

impl Drop for Scroll<'_> {
    fn drop(&mut self) {
        if let Some(id) = self.id.take() {
            self.points.put_back(Open::Scroll(id));
        }
    }
}

#[derive(Deserialize)]
struct Opened<'a> {
    #[serde(borrow, alias = "pit_id")]
    id: Cow<'a, str>,
}

/// Opens a point in time for so many parts.
pub(super) async fn open(exchange: &Exchange, name: &str, parts: usize) -> Result<String> {
    let resource = match exchange.product().await?.maker {
        Maker::Elasticsearch => Resource::of(&[name, "_pit"]),
        Maker::OpenSearch => Resource::of(&[name, "_search", "point_in_time"]),
    };
    let request = Request::new(Method::Post, resource.with("keep_alive", KEEP_ALIVE), None);
    // Not tried twice: the first may be open.
    let answer = exchange.send(&request).await?;
    if answer.is_error() {
        return Err(super::fault::answered(&answer, OPERATION));
    }
    let opened: Opened<'_> = answer.read(OPERATION)?;
    exchange.client.points.opened(&opened.id, parts);
    Ok(opened.id.into_owned())
}

/// Closes what was left behind. What cannot be closed now, the server closes by itself after a while.
///
/// # Cancel safety
///
/// What was not closed when it is dropped, is closed by the server alone.
pub(super) async fn close_left_behind(exchange: &Exchange) {
    for open in exchange.client.points.take() {
        let Some(product) = exchange.client.known_product() else {
            return;
        };
        let request = match (&open, product.maker) {
            (Open::Scroll(id), _) => (
                Resource::of(&["_search", "scroll"]),
                format!(r#"{{"scroll_id":[{}]}}"#, quoted(id)),
            ),
            (Open::Point(id), Maker::Elasticsearch) => (
                Resource::of(&["_pit"]),
                format!(r#"{{"id":{}}}"#, quoted(id)),
            ),
            (Open::Point(id), Maker::OpenSearch) => (
                Resource::of(&["_search", "point_in_time"]),
                format!(r#"{{"pit_id":[{}]}}"#, quoted(id)),
            ),
        };
        let (resource, body) = request;
        let request = Request::new(Method::Delete, resource, Some(body.into_bytes()));
        // That it is not there any more is as good.
        drop(exchange.send(&request).await);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_part_leaves_the_point_to_be_closed() {
        let points = Points::default();
        points.opened("p", 2);
        let (one, other) = (points.begin("p"), points.begin("p"));
        one.done();
        assert_eq!(points.take(), []);
        other.done();
        assert_eq!(points.take(), [Open::Point("p".to_owned())]);
        assert_eq!(points.take(), []);
    }

    #[test]
    fn a_dropped_part_makes_the_point_void_once_no_other_reads_it() {
        let points = Points::default();
        points.opened("p", 3);
        let (one, other) = (points.begin("p"), points.begin("p"));
        drop(one);
        assert_eq!(points.take(), []);
        other.done();
        assert_eq!(points.take(), [Open::Point("p".to_owned())]);
    }

    #[test]
    fn a_dropped_scroll_is_left_behind() {
        let points = Points::default();
        drop(points.scroll());
        assert_eq!(points.take(), []);
        let mut scroll = points.scroll();
        scroll.named("s");
        drop(scroll);
        assert_eq!(points.take(), [Open::Scroll("s".to_owned())]);
    }
}
