//! The server's errors, and those of the way to it, in our words.

use std::borrow::Cow;
use std::error::Error as _;
use std::io;

use parallax_core::error::{Error, ErrorKind};
use serde::Deserialize;

use super::request::Answer;
use super::url::Address;

/// How many causes are told; a server may nest many.
const MAX_CAUSES: usize = 4;

/// The longest text of a server's that is repeated, in characters.
const MAX_TEXT: usize = 600;

#[derive(Debug, Deserialize)]
struct Body<'a> {
    #[serde(borrow)]
    error: Option<Said<'a>>,
}

/// An error is an object, or only a text.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Said<'a> {
    #[serde(borrow)]
    Cause(Box<Cause<'a>>),
    Text(#[serde(borrow)] Cow<'a, str>),
}

/// A failure as the server tells it, and what is beneath.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Cause<'a> {
    #[serde(borrow, default, rename = "type")]
    kind: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    reason: Option<Cow<'a, str>>,
    /// More about it, from plug-ins that speak so.
    #[serde(borrow, default)]
    details: Option<Cow<'a, str>>,
    #[serde(default)]
    line: Option<u64>,
    #[serde(default)]
    col: Option<u64>,
    #[serde(borrow, default, rename = "root_cause")]
    roots: Vec<Self>,
    #[serde(borrow, default)]
    caused_by: Option<Box<Self>>,
}

impl Cause<'_> {
    /// The type that decides: that of the first root cause says more than `search_phase_execution_exception`.
    fn deciding(&self) -> &str {
        let root = self.roots.first().and_then(|it| it.kind.as_deref());
        root.or(self.kind.as_deref()).unwrap_or_default()
    }

    /// Whether a document cannot be found without the routing that it was stored with.
    pub(super) fn is_about_routing(&self) -> bool {
        self.deciding() == "routing_missing_exception"
    }

    /// Each cause once, the outermost first.
    fn texts(&self) -> Vec<String> {
        let mut texts = Vec::new();
        let mut cause = Some(self);
        while let Some(it) = cause {
            it.add_to(&mut texts);
            let root = it.roots.first().filter(|_| it.caused_by.is_none());
            cause = it.caused_by.as_deref().or(root);
        }
        texts.truncate(MAX_CAUSES);
        texts
    }

    fn add_to(&self, texts: &mut Vec<String>) {
        let reason = self.reason.as_deref().unwrap_or_default();
        let kind = self.kind.as_deref().unwrap_or_default();
        let position = match (self.line, self.col) {
            (Some(line), Some(col)) => format!(" (line {line}, column {col} of the body)"),
            _ => String::new(),
        };
        let text = match (reason.is_empty(), kind.is_empty()) {
            (false, _) => cut(reason),
            (true, false) => kind.to_owned(),
            (true, true) => return,
        };
        let text = format!("{text}{position}");
        if !texts.contains(&text) {
            texts.push(text);
        }
        if let Some(details) = self.details.as_deref().filter(|it| *it != reason) {
            texts.push(cut(details));
        }
    }
}

/// A long text, cut.
fn cut(text: &str) -> String {
    if text.chars().count() <= MAX_TEXT {
        return text.to_owned();
    }
    text.chars().take(MAX_TEXT).chain(['…']).collect()
}

/// The error in an answer of the server's.
pub(super) fn answered(answer: &Answer, operation: impl Into<Cow<'static, str>>) -> Error {
    let body: Option<Body<'_>> = serde_json::from_slice(&answer.body).ok();
    let cause = match body.and_then(|it| it.error) {
        Some(Said::Cause(it)) => *it,
        Some(Said::Text(it)) => Cause {
            reason: Some(it),
            ..Cause::default()
        },
        None => Cause {
            reason: plain(answer).map(Cow::Owned),
            ..Cause::default()
        },
    };
    told(&cause, answer.status, operation)
}

/// What an answer says that is no JSON, such as that of a proxy.
fn plain(answer: &Answer) -> Option<String> {
    let text = String::from_utf8_lossy(&answer.body);
    let line = text.lines().map(str::trim).find(|it| !it.is_empty())?;
    (!line.starts_with('{') && !line.starts_with('<')).then(|| line.chars().take(200).collect())
}

/// The error that a cause within an answer tells, such as that of one document among many.
pub(super) fn told(
    cause: &Cause<'_>,
    status: u16,
    operation: impl Into<Cow<'static, str>>,
) -> Error {
    let texts = cause.texts();
    let (kind, hint) = judged(status, cause.deciding(), &texts.join(" "));
    let mut error = Error::new(kind, operation);
    if texts.is_empty() {
        error = error.because(format!("the server answered with the status {status}"));
    }
    for text in texts {
        error = error.because(text);
    }
    match hint {
        Some(hint) => error.hint(hint),
        None => error,
    }
}

/// What a failure means to us: its type says more than the status.
fn judged(status: u16, kind: &str, text: &str) -> (ErrorKind, Option<&'static str>) {
    by_type(kind, text).unwrap_or_else(|| by_status(status, text))
}

fn by_type(kind: &str, text: &str) -> Option<(ErrorKind, Option<&'static str>)> {
    Some(match kind {
        "index_not_found_exception" | "resource_not_found_exception" => (
            ErrorKind::NotFound,
            Some("the indices and aliases that there are: GET /_cat/indices and GET /_cat/aliases"),
        ),
        "task_cancelled_exception" => (ErrorKind::Cancelled, None),
        "security_exception" if text.contains("is unauthorized for user") => (
            ErrorKind::PermissionDenied,
            Some("the user's roles, or those of the API key, do not allow this"),
        ),
        "search_context_missing_exception" => (
            ErrorKind::Timeout,
            Some(
                "what was open on the server has expired, or the server was restarted; begin again",
            ),
        ),
        "es_rejected_execution_exception"
        | "rejected_execution_exception"
        | "circuit_breaking_exception" => (
            ErrorKind::Busy,
            Some("the server has too much to do, or too little memory; ask for less, or later"),
        ),
        "cluster_block_exception" => (
            ErrorKind::PermissionDenied,
            Some(
                "the index, or the cluster, is blocked; see: GET /_cluster/settings and GET /INDEX/_settings",
            ),
        ),
        "no_shard_available_action_exception"
        | "unavailable_shards_exception"
        | "master_not_discovered_exception" => (
            ErrorKind::Unreachable,
            Some("a part of the data is on no running node; see: GET /_cluster/allocation/explain"),
        ),
        "process_cluster_event_timeout_exception" | "timeout_exception" => {
            (ErrorKind::Timeout, None)
        }
        _ if text.contains("no handler found for uri") => (
            ErrorKind::Unsupported,
            Some("this server, at this version and with these modules, has no such request"),
        ),
        _ => return None,
    })
}

fn by_status(status: u16, text: &str) -> (ErrorKind, Option<&'static str>) {
    match status {
        401 => (
            ErrorKind::PermissionDenied,
            Some(
                "are the user in the URL and the password that `secret` points to right? an API key needs `?auth=apikey`",
            ),
        ),
        403 => (
            ErrorKind::PermissionDenied,
            Some("the user's roles, or those of the API key, do not allow this"),
        ),
        404 => (ErrorKind::NotFound, None),
        405 | 501 => (
            ErrorKind::Unsupported,
            Some("this server, at this version and with these modules, has no such request"),
        ),
        400 if text.contains("Incorrect HTTP method") => (ErrorKind::Unsupported, None),
        408 | 504 => (ErrorKind::Timeout, None),
        429 => (
            ErrorKind::Busy,
            Some("the server has too much to do; ask for less, or later"),
        ),
        502 | 503 => (
            ErrorKind::Unreachable,
            Some("is the cluster up? see: GET /_cluster/health"),
        ),
        400..=499 => (ErrorKind::InvalidInput, None),
        _ => (ErrorKind::Other, None),
    }
}

/// Why no answer came from `address`. The driver's own words name the URL, which is left out.
pub(super) fn transport(error: &elasticsearch::Error, address: &Address) -> Error {
    let operation = format!("reach {}", address.place());
    if error.is_timeout() {
        return Error::new(ErrorKind::Timeout, operation)
            .because("the time of the call was over before an answer came")
            .hint("is the server busy, or gone? give a slow one more time with --deadline TIME");
    }
    let causes = causes(error);
    let text = causes.join(": ");
    let told = Error::new(ErrorKind::Unreachable, operation).because(if text.is_empty() {
        "the connection broke off".to_owned()
    } else {
        text.clone()
    });
    told.hint(advice(&text, io_kind(error), address))
}

fn advice(text: &str, io: Option<io::ErrorKind>, address: &Address) -> String {
    if text.contains("certificate") || text.contains("UnknownIssuer") {
        return "no authority that is trusted here vouches for it; a private one is named by `?ca=FILE`".to_owned();
    }
    let is_garbled = text.contains("InvalidContentType")
        || text.contains("corrupt message")
        || text.contains("invalid HTTP version")
        || text.contains("connection closed");
    if is_garbled && address.is_encrypted() {
        return "does this port speak TLS? without it the scheme is `elasticsearch+http`"
            .to_owned();
    }
    if is_garbled {
        return "does this port speak TLS? then the scheme is `elasticsearch+https`".to_owned();
    }
    if io == Some(io::ErrorKind::ConnectionRefused) {
        let base = address.base.as_str();
        return format!("is a server running on this port? try: curl {base}");
    }
    "is the server up, and the name and port in the URL right?".to_owned()
}

/// What lies beneath the driver's own sentence, innermost last; each text once.
fn causes(error: &elasticsearch::Error) -> Vec<String> {
    let mut texts: Vec<String> = Vec::new();
    // The first is the HTTP client's, which repeats the URL.
    let mut source = error.source().and_then(|it| it.source());
    while let Some(cause) = source {
        let text = cause.to_string();
        let is_known = texts.iter().any(|it| it.contains(&text));
        if !is_known && text != "client error (Connect)" && text != "client error (SendRequest)" {
            texts.push(text);
        }
        source = cause.source();
    }
    texts
}

fn io_kind(error: &elasticsearch::Error) -> Option<io::ErrorKind> {
    let mut source = error.source();
    let mut found = None;
    while let Some(cause) = source {
        if let Some(io) = cause.downcast_ref::<io::Error>() {
            found = Some(io.kind());
        }
        source = cause.source();
    }
    found
}

/// Whether the connection broke before or while the server answered, so that a read may be tried once more.
pub(super) fn broke(error: &elasticsearch::Error) -> bool {
    if error.is_timeout() {
        return false;
    }
    let kind = io_kind(error);
    let is_gone = matches!(
        kind,
        Some(
            io::ErrorKind::ConnectionReset
                | io::ErrorKind::BrokenPipe
                | io::ErrorKind::ConnectionAborted
                | io::ErrorKind::UnexpectedEof
        )
    );
    is_gone
        || causes(error)
            .iter()
            .any(|it| it.contains("connection closed"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(status: u16, body: &str) -> Error {
        let answer = Answer {
            status,
            body: body.as_bytes().to_vec(),
            warnings: Vec::new(),
            is_named: true,
        };
        answered(&answer, "run it")
    }

    #[track_caller]
    fn check(status: u16, body: &str, kind: ErrorKind, text: &str) {
        let error = error(status, body);
        assert_eq!((error.kind, error.to_string().as_str()), (kind, text));
    }

    #[test]
    fn the_position_in_the_body_is_told() {
        check(
            400,
            r#"{"error":{"root_cause":[{"type":"parsing_exception","reason":"unknown query [x]","line":3,"col":7}],"type":"parsing_exception","reason":"unknown query [x]","line":3,"col":7,"caused_by":{"type":"named_object_not_found_exception","reason":"[3:7] unknown field [x]"}},"status":400}"#,
            ErrorKind::InvalidInput,
            "could not run it: unknown query [x] (line 3, column 7 of the body): [3:7] unknown field [x]",
        );
    }

    #[test]
    fn the_root_cause_decides_and_is_told_once() {
        check(
            404,
            r#"{"error":{"root_cause":[{"type":"index_not_found_exception","reason":"no such index [a]"}],"type":"index_not_found_exception","reason":"no such index [a]"},"status":404}"#,
            ErrorKind::NotFound,
            "could not run it: no such index [a]",
        );
        check(
            400,
            r#"{"error":{"type":"search_phase_execution_exception","reason":"all shards failed","root_cause":[{"type":"task_cancelled_exception","reason":"task cancelled"}]}}"#,
            ErrorKind::Cancelled,
            "could not run it: all shards failed: task cancelled",
        );
    }

    #[test]
    fn errors_without_json_are_told_by_their_status() {
        check(
            400,
            r#"{"error":"no handler found for uri [/x] and method [POST]"}"#,
            ErrorKind::Unsupported,
            "could not run it: no handler found for uri [/x] and method [POST]",
        );
        check(
            401,
            "",
            ErrorKind::PermissionDenied,
            "could not run it: the server answered with the status 401",
        );
        check(
            502,
            "<html>",
            ErrorKind::Unreachable,
            "could not run it: the server answered with the status 502",
        );
        check(
            429,
            "slow down",
            ErrorKind::Busy,
            "could not run it: slow down",
        );
    }
}
