//! One request to the server, and what came back.

use elasticsearch::http::Method;
use serde::Deserialize;

use parallax_core::error::{Error, ErrorKind, Result};

use super::resource::Resource;

/// What is sent.
#[derive(Clone, Debug)]
pub(super) struct Request {
    pub(super) method: Method,
    pub(super) resource: Resource,
    pub(super) body: Option<Vec<u8>>,
    /// The body is several JSON values, each in its own line.
    pub(super) lines: bool,
}

impl Request {
    pub(super) fn new(method: Method, resource: Resource, body: Option<Vec<u8>>) -> Self {
        Self {
            method,
            resource,
            body,
            lines: false,
        }
    }

    /// A GET without a body.
    pub(super) fn get(resource: Resource) -> Self {
        Self::new(Method::Get, resource, None)
    }

    /// A POST with a JSON body.
    pub(super) fn post(resource: Resource, body: String) -> Self {
        Self::new(Method::Post, resource, Some(body.into_bytes()))
    }

    /// The request as one would type it.
    #[cfg(test)]
    pub(super) fn text(&self) -> String {
        let head = format!("{} /{}", method_name(self.method), self.resource.text());
        match &self.body {
            Some(body) => format!("{head}\n{}", String::from_utf8_lossy(body)),
            None => head,
        }
    }
}

/// The method of that name, in any case.
pub(super) fn method(name: &str) -> Option<Method> {
    Some(match name.to_ascii_uppercase().as_str() {
        "GET" => Method::Get,
        "POST" => Method::Post,
        "PUT" => Method::Put,
        "DELETE" => Method::Delete,
        "HEAD" => Method::Head,
        _ => return None,
    })
}

/// The method as it is typed.
pub(super) fn method_name(method: Method) -> &'static str {
    match method {
        Method::Get => "GET",
        Method::Post => "POST",
        Method::Put => "PUT",
        Method::Delete => "DELETE",
        Method::Head => "HEAD",
    }
}

/// What came back.
#[derive(Clone, Debug)]
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) body: Vec<u8>,
    /// Warnings that the server sent beside its answer.
    pub(super) warnings: Vec<String>,
    /// Whether the server says that it is the product for which the driver was made.
    pub(super) is_named: bool,
}

impl Answer {
    pub(super) fn is_error(&self) -> bool {
        self.status >= 400
    }

    /// Reads the body as JSON that borrows from it.
    pub(super) fn read<'a, T: Deserialize<'a>>(&'a self, operation: &'static str) -> Result<T> {
        serde_json::from_slice(&self.body).map_err(|it| {
            Error::new(ErrorKind::Unreadable, operation)
                .because("the answer is not what this server is known to give")
                .because(it)
        })
    }
}
