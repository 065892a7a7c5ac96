//! Which requests only read, by method and path, before they are sent.
//!
//! The path that is judged is the one that is sent: it was decoded and taken apart once, and is put together from those
//! parts. What is not known to read, is refused.

use elasticsearch::http::Method;
use parallax_core::error::{Error, ErrorKind, Result};

use super::request::{Request, method_name};

/// Requests with POST that read: `*` is an index or a list of them, `+` any name.
const READS: &[&str] = &[
    "_search",
    "*/_search",
    "_msearch",
    "*/_msearch",
    "_count",
    "*/_count",
    "_mget",
    "*/_mget",
    "_search/scroll",
    "_field_caps",
    "*/_field_caps",
    "_analyze",
    "*/_analyze",
    "_validate/query",
    "*/_validate/query",
    "*/_termvectors",
    "_mtermvectors",
    "*/_mtermvectors",
    "_search_shards",
    "*/_search_shards",
    "_cluster/allocation/explain",
    "_ingest/pipeline/_simulate",
    "_ingest/pipeline/+/_simulate",
    "_index_template/_simulate",
    "_index_template/_simulate/+",
    "_index_template/_simulate_index/+",
    "_render/template",
    "_render/template/+",
    "_search/template",
    "_msearch/template",
    "_rank_eval",
    "_sql",
    "_sql/translate",
    "_xpack/sql",
    "_xpack/sql/translate",
    "_query",
    "_plugins/_sql",
    "_plugins/_sql/_explain",
    "_opendistro/_sql",
    "_plugins/_ppl",
    "_plugins/_ppl/_explain",
    "_opendistro/_ppl",
];

/// The same, but only where types are gone: an older server without the module would take the last parts for a type and
/// an id, and store a document.
const READS_WITHOUT_TYPES: &[&str] = &[
    "*/_explain/+",
    "*/_termvectors/+",
    "*/_pit",
    "*/_search/point_in_time",
    "*/_search/template",
    "*/_msearch/template",
    "*/_rank_eval",
    "*/_eql/search",
    "*/_graph/explore",
    "*/_terms_enum",
    "*/_knn_search",
];

/// What changes something though it is asked for with GET, in some version.
const CHANGES_BY_GET: &[&str] = &[
    "_refresh",
    "_flush",
    "_forcemerge",
    "_optimize",
    "_upgrade",
    "_bulk",
    "_cancel",
    "_verify",
    "_start",
    "_stop",
];

/// Behind these stands an id, which may be called anything.
const BEFORE_AN_ID: &[&str] = &["_doc", "_source", "_explain", "_termvectors", "_create"];

/// Parameters that change something, or hide what does.
const BAD_PARAMETERS: &[(&str, &str)] = &[
    ("refresh", "`refresh` changes what searches find"),
    ("source", "`source` hides the body"),
    (
        "keep_on_completion",
        "`keep_on_completion` stores the result",
    ),
];

/// Refuses a request that may write, with [`ErrorKind::PermissionDenied`] and what to do instead.
///
/// `has_types`: the server may be one that still knows mapping types, or its version is not known.
pub(super) fn check(request: &Request, has_types: bool) -> Result<()> {
    let bad = BAD_PARAMETERS
        .iter()
        .find(|(name, _)| request.resource.has(name));
    if let Some((_, why)) = bad {
        return Err(refused(request, why, None));
    }
    match request.method {
        Method::Get | Method::Head => check_get(request),
        Method::Post => check_post(request, has_types),
        Method::Put => Err(refused(request, "PUT writes", None)),
        Method::Delete => Err(refused(request, "DELETE removes", None)),
    }
}

fn check_get(request: &Request) -> Result<()> {
    let segments = &request.resource.segments;
    let changes = segments.iter().enumerate().any(|(at, it)| {
        let before = at.checked_sub(1).and_then(|it| segments.get(it));
        let is_id = before.is_some_and(|it| BEFORE_AN_ID.contains(&it.as_str()));
        CHANGES_BY_GET.contains(&it.as_str()) && !is_id
    });
    let clears = segments.ends_with(&["_cache".to_owned(), "clear".to_owned()]);
    if changes || clears {
        return Err(refused(
            request,
            "this changes the index, whatever the method",
            None,
        ));
    }
    Ok(())
}

fn check_post(request: &Request, has_types: bool) -> Result<()> {
    let segments = &request.resource.segments;
    let among = |patterns: &[&str]| patterns.iter().any(|it| matches(it, segments));
    if among(READS_WITHOUT_TYPES) && has_types {
        let hint = "use GET, which this server also takes with a body";
        let why = "a server of this version may take this POST for a document to store";
        return Err(refused(request, why, Some(hint)));
    }
    if !among(READS) && !among(READS_WITHOUT_TYPES) {
        return Err(refused(request, "it is not known to read only", None));
    }
    let is_sql = segments
        .iter()
        .any(|it| it == "_plugins" || it == "_opendistro")
        && segments.iter().any(|it| it == "_sql");
    if is_sql && !only_selects(request.body.as_deref().unwrap_or_default()) {
        return Err(refused(request, "its SQL may write", None));
    }
    Ok(())
}

/// Whether the statement in the body begins like one that reads. The plugin can also delete.
fn only_selects(body: &[u8]) -> bool {
    #[derive(serde::Deserialize)]
    struct Body {
        query: Option<String>,
        cursor: Option<serde::de::IgnoredAny>,
    }
    let Ok(body) = serde_json::from_slice::<Body>(body) else {
        return false;
    };
    let Some(query) = body.query else {
        return body.cursor.is_some();
    };
    let word = query
        .trim_start()
        .split(|it: char| !it.is_ascii_alphabetic());
    let word = word
        .into_iter()
        .next()
        .unwrap_or_default()
        .to_ascii_uppercase();
    ["SELECT", "SHOW", "DESCRIBE", "DESC", "EXPLAIN"].contains(&word.as_str())
        && !query.contains(';')
}

fn matches(pattern: &str, segments: &[String]) -> bool {
    let parts: Vec<&str> = pattern.split('/').collect();
    let one = |(part, segment): (&&str, &String)| match *part {
        "*" => is_index(segment),
        "+" => !segment.starts_with('_'),
        word => word == segment,
    };
    parts.len() == segments.len() && parts.iter().zip(segments).all(one)
}

/// An index, or a list of them; what the server itself offers begins with an underscore.
fn is_index(segment: &str) -> bool {
    segment == "_all" || !segment.starts_with('_')
}

fn refused(request: &Request, why: &str, hint: Option<&str>) -> Error {
    let path = request.resource.text();
    let operation = format!("run {} /{path}", method_name(request.method));
    Error::new(ErrorKind::PermissionDenied, operation)
        .because(format!("this store is read-only, and {why}"))
        .hint(hint.unwrap_or("set `access = \"read-write\"` for this store, if you mean to write"))
}

#[cfg(test)]
mod tests {
    use super::super::resource::Resource;
    use super::*;

    fn judged(line: &str, body: &str, has_types: bool) -> Result<()> {
        let (method, path) = line.split_once(' ').expect("a method and a path");
        let method = super::super::request::method(method).expect("a method");
        let body = (!body.is_empty()).then(|| body.as_bytes().to_vec());
        let request = Request::new(method, Resource::parse(path)?, body);
        check(&request, has_types)
    }

    #[track_caller]
    fn reads(line: &str) {
        judged(line, "", false).expect(line);
    }

    #[track_caller]
    fn writes(line: &str) {
        let error = judged(line, "", false).expect_err(line);
        assert_eq!(error.kind, ErrorKind::PermissionDenied, "{line}");
        assert!(error.hint.is_some(), "{line}");
    }

    #[test]
    fn what_reads_may_be_sent() {
        for line in [
            "GET /",
            "GET /_cat/indices?v",
            "HEAD /users",
            "GET /users/_doc/_refresh",
            "get /users/_search",
            "POST /users/_search?scroll=1m",
            "POST /users,orders-*/_msearch",
            "POST /_all/_count",
            "POST /users/_explain/1",
            "POST /users/_termvectors",
            "POST /_search/scroll",
            "POST /users/_pit?keep_alive=1m",
            "POST /users/_search/point_in_time?keep_alive=1m",
            "POST /_sql?format=json",
            "POST /_query",
            "POST /users/_eql/search",
            "POST /_analyze",
            "POST /users/_validate/query",
            "POST /_ingest/pipeline/p/_simulate",
            "POST /_plugins/_ppl",
            "GET /_tasks?detailed",
        ] {
            reads(line);
        }
    }

    #[test]
    fn what_writes_is_refused() {
        for line in [
            "POST /_bulk",
            "POST /users/_bulk",
            "PUT /users",
            "PUT /users/_doc/1",
            "POST /users/_doc",
            "POST /users/_doc/1",
            "POST /users/_create/1",
            "POST /users/_update/1",
            "POST /users/_update_by_query",
            "POST /users/_delete_by_query",
            "POST /_reindex",
            "PUT /_cluster/settings",
            "POST /users/_refresh",
            "GET /users/_refresh",
            "GET /_flush",
            "POST /users/_forcemerge",
            "POST /users/_close",
            "POST /users/_cache/clear",
            "GET /users/_cache/clear",
            "POST /_tasks/a:1/_cancel",
            "PUT /_snapshot/s",
            "DELETE /users/_doc/1",
            "DELETE /_search/scroll",
            "DELETE /users/_pit",
            "POST /_aliases",
            "POST /_scripts/painless/_execute",
            "POST /_async_search",
            "POST /users/_async_search",
            "POST /_query/async",
            "POST /users",
            "POST /users/_search/x",
            "POST /users/type/1",
            "GET /users/_doc/1?refresh",
            "POST /_search?source=x&source_content_type=application/json",
            "POST /users/_eql/search?keep_on_completion=true",
            "POST /_license/start_trial",
            "POST /_security/user/x",
        ] {
            writes(line);
        }
    }

    #[test]
    fn no_spelling_gets_around_it() {
        for line in [
            "POST /%5Fbulk",
            "POST /users/%5fbulk",
            "POST /users/_bulk/",
            "POST /users/_bulk?",
            "POST /users/_bulk?filter_path=_search",
            "POST /users/_search%2F_bulk",
            "POST /users/_search;/_bulk",
            "POST /users/_search;x",
            "POST /users/_SEARCH",
            "POST /_search/_bulk",
            "POST /_users/_search",
        ] {
            writes(line);
        }
        for line in [
            "POST /users/_search/../_bulk",
            "POST /users/_search/%2e%2e/_bulk",
            "POST //users/_search",
            "POST /users/_search\\..\\_bulk",
        ] {
            let error = judged(line, "", false).expect_err(line);
            assert_eq!(error.kind, ErrorKind::InvalidInput, "{line}");
        }
    }

    #[test]
    fn a_server_that_may_know_types_gets_no_post_that_it_could_store() {
        assert!(judged("POST /users/_pit?keep_alive=1m", "", true).is_err());
        assert!(judged("POST /users/_search", "", true).is_ok());
        assert!(judged("GET /users/_search/template", "{}", true).is_ok());
    }

    #[test]
    fn sql_that_can_delete_is_read_first() {
        let sql = |text: &str| {
            judged(
                "POST /_plugins/_sql",
                &format!(r#"{{"query":{text:?}}}"#),
                false,
            )
        };
        assert!(sql("SELECT * FROM users").is_ok());
        assert!(sql(" show tables like %").is_ok());
        assert!(sql("DELETE FROM users").is_err());
        assert!(sql("select 1; delete from users").is_err());
        assert!(judged("POST /_plugins/_sql", "not json", false).is_err());
    }
}
