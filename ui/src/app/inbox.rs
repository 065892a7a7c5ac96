//! Replies and events, kept until the next frame takes them.

use std::cell::{OnceCell, RefCell};
use std::collections::VecDeque;

use egui::Context;
use parallax_core::name::{DatasetId, StoreId};
use parallax_core::wire::{CheckId, Event, Reply, Request, ResultId};

/// What a reply answers.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Origin {
    Overview,
    Stores,
    Lag,
    Machine,
    Trace {
        entity: String,
        key: String,
    },
    Find {
        text: String,
    },
    Run {
        ticket: u64,
    },
    Page {
        result: ResultId,
        first: u64,
    },
    Compared {
        ticket: u64,
    },
    Datasets(StoreId),
    Shape(DatasetId),
    Check,
    CancelCheck(CheckId),
    Report(CheckId),
    Export(CheckId),
    Trust,
    Profiles,
    SavedProfile,
    RemovedProfile {
        name: String,
    },
    Tested {
        ticket: u64,
    },
    /// Nobody waits for it.
    Nobody,
}

impl Origin {
    pub(crate) fn of(request: &Request, ticket: u64) -> Self {
        match request {
            Request::Overview => Self::Overview,
            Request::Stores => Self::Stores,
            Request::Lag => Self::Lag,
            Request::Machine => Self::Machine,
            Request::Trace { entity, key, .. } => Self::Trace {
                entity: entity.clone(),
                key: key.clone(),
            },
            Request::Find { text, .. } => Self::Find { text: text.clone() },
            Request::Query { .. } => Self::Run { ticket },
            Request::Page { result, first, .. } => Self::Page {
                result: *result,
                first: *first,
            },
            Request::CompareResults { .. } => Self::Compared { ticket },
            Request::Datasets { store } => Self::Datasets(store.clone()),
            Request::Describe { dataset } => Self::Shape(dataset.clone()),
            Request::Check(_) => Self::Check,
            Request::CancelCheck { check } => Self::CancelCheck(*check),
            Request::CheckReport { check } => Self::Report(*check),
            Request::ExportReport { check, .. } => Self::Export(*check),
            Request::Profiles => Self::Profiles,
            Request::SaveProfile { .. } => Self::SavedProfile,
            Request::RemoveProfile { name } => Self::RemovedProfile { name: name.clone() },
            Request::TestProfile { .. } => Self::Tested { ticket },
            Request::Cancel { .. } | Request::Close { .. } | Request::Watch { .. } => Self::Nobody,
            Request::Trust => Self::Trust,
        }
    }

    /// Whether it only refreshes numbers, so that nobody minds a few frames.
    fn can_wait(&self) -> bool {
        matches!(self, Self::Stores | Self::Lag | Self::Machine)
    }
}

/// One thing that came in.
#[derive(Debug)]
pub(crate) enum Message {
    Reply(Origin, Reply),
    Event(Event),
}

impl Message {
    fn can_wait(&self) -> bool {
        match self {
            Self::Reply(origin, _) => origin.can_wait(),
            Self::Event(event) => !matches!(event, Event::Pane { .. } | Event::Check { .. }),
        }
    }
}

/// The queue, and the window to wake.
#[derive(Debug, Default)]
pub(crate) struct Inbox {
    queue: RefCell<VecDeque<Message>>,
    window: OnceCell<Context>,
}

impl Inbox {
    /// Learns which window to wake; true the first time.
    pub(crate) fn wake(&self, ctx: &Context) -> bool {
        self.window.set(ctx.clone()).is_ok()
    }

    pub(crate) fn push(&self, message: Message) {
        let can_wait = message.can_wait();
        self.queue.borrow_mut().push_back(message);
        if let Some(ctx) = self.window.get() {
            if can_wait {
                super::repaint_soon(ctx);
            } else {
                ctx.request_repaint();
            }
        }
    }

    pub(crate) fn take(&self) -> VecDeque<Message> {
        self.queue.take()
    }

    /// What came in while the frame was drawn wants another one.
    pub(crate) fn settle(&self, ctx: &Context) {
        if !self.queue.borrow().is_empty() {
            ctx.request_repaint();
        }
    }
}
