//! What a window and the workbench say to each other: the bytes of `wire` messages, both ways.
#![expect(
    clippy::let_underscore_must_use,
    reason = "Tauri's attribute writes one beside an asynchronous command"
)]

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use parallax_core::error::{Error, ErrorKind, Result};
use parallax_core::wire::{self, Event, Reply};
use parallax_workbench::{Events, Workbench};
use tauri::ipc::{Channel, InvokeBody, Request, Response};
use tauri::{State, WebviewWindow};

/// The workbench, and the way back to each open window.
#[derive(Debug)]
pub(crate) struct Bridge {
    pub(crate) workbench: Workbench,
    windows: Arc<Windows>,
}

impl Bridge {
    pub(crate) fn new(workbench: Workbench) -> Self {
        Self {
            workbench,
            windows: Arc::default(),
        }
    }

    /// Events for a window that is gone go nowhere.
    pub(crate) fn forget(&self, window: &str) {
        self.windows.close(window);
    }

    /// Whatever is wrong with the bytes is an answer too.
    async fn answer(&self, window: &str, body: &InvokeBody) -> Reply {
        match decode(body) {
            Ok(request) => {
                let windows = Arc::clone(&self.windows);
                let label = window.to_owned();
                let events = Events::new(move |event| windows.send(&label, &event));
                self.workbench.handle(request, &events).await
            }
            Err(error) => Reply::Failed(error),
        }
    }
}

/// Opens the window's channel; the front end does so once, before it asks anything.
#[tauri::command]
#[expect(
    clippy::needless_pass_by_value,
    reason = "Tauri hands its arguments over by value"
)]
pub(crate) fn events(window: WebviewWindow, bridge: State<'_, Bridge>, channel: Channel<Response>) {
    bridge.windows.open(window.label(), channel);
}

/// One request, as raw bytes, and its reply.
#[tauri::command]
pub(crate) async fn call(
    window: WebviewWindow,
    bridge: State<'_, Bridge>,
    request: Request<'_>,
) -> std::result::Result<Response, String> {
    let reply = bridge.answer(window.label(), request.body()).await;
    let bytes = wire::encode(&reply).or_else(|error| wire::encode(&Reply::Failed(error)));
    bytes.map(Response::new).map_err(|error| error.to_string())
}

fn decode(body: &InvokeBody) -> Result<wire::Request> {
    match body {
        InvokeBody::Raw(bytes) => wire::decode(bytes),
        InvokeBody::Json(_) => Err(Error::new(ErrorKind::InvalidInput, "decode a message")
            .because("it is JSON, not bytes")),
    }
}

/// The channel of each window, by the window's label.
#[derive(Default)]
struct Windows(Mutex<BTreeMap<String, Channel<Response>>>);

impl Windows {
    fn open(&self, window: &str, channel: Channel<Response>) {
        self.channels().insert(window.to_owned(), channel);
    }

    fn close(&self, window: &str) {
        self.channels().remove(window);
    }

    /// Drops the event if the window has gone: nobody is left to tell.
    fn send(&self, window: &str, event: &Event) {
        let channel = self.channels().get(window).cloned();
        if let (Some(channel), Ok(bytes)) = (channel, wire::encode(event)) {
            drop(channel.send(Response::new(bytes)));
        }
    }

    fn channels(&self) -> std::sync::MutexGuard<'_, BTreeMap<String, Channel<Response>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl std::fmt::Debug for Windows {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_set().entries(self.channels().keys()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_that_are_no_request_are_refused_with_a_reason() {
        let error = decode(&InvokeBody::Raw(vec![255])).expect_err("255 is no request");
        assert_eq!(error.kind, ErrorKind::InvalidInput);
    }

    #[test]
    fn a_request_arrives_as_it_was_sent() {
        let bytes = wire::encode(&wire::Request::Overview).expect("a request can be encoded");
        assert_eq!(decode(&InvokeBody::Raw(bytes)), Ok(wire::Request::Overview));
    }
}
