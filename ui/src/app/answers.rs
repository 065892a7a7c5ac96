//! Replies and events, put where the views look.

use parallax_core::error::{Error, ErrorKind};
use parallax_core::wire::{Event, Reply, Request};

use super::{App, Message, Origin};
use crate::action::Action;

impl App {
    /// What is asked for is shown as loading.
    pub(super) fn begin(&mut self, request: &Request) {
        match request {
            Request::Overview => self.model.overview.begin(),
            Request::Stores => self.model.stores.begin(),
            Request::Lag => self.model.lag.begin(),
            Request::Machine => self.model.machine.begin(),
            Request::Trace { entity, key, .. } => self.trace.begin(entity, key),
            Request::Datasets { store } => self.stores.begin_datasets(store),
            Request::Describe { dataset } => self.stores.begin_shape(dataset),
            Request::Profiles => self.connections.begin(),
            Request::Find { .. }
            | Request::Query { .. }
            | Request::Page { .. }
            | Request::CompareResults { .. }
            | Request::Cancel { .. }
            | Request::Close { .. }
            | Request::Watch { .. }
            | Request::Check(_)
            | Request::CancelCheck { .. }
            | Request::CheckReport { .. }
            | Request::ExportReport { .. }
            | Request::SaveProfile { .. }
            | Request::RemoveProfile { .. }
            | Request::TestProfile { .. }
            | Request::Trust => {}
        }
    }

    pub(super) fn drain(&mut self) {
        for message in self.inbox.take() {
            match message {
                Message::Reply(origin, Reply::Failed(error)) => self.refused(origin, error),
                Message::Reply(origin, reply) => self.answered(origin, reply),
                Message::Event(event) => self.happened(event),
            }
        }
    }

    fn answered(&mut self, origin: Origin, reply: Reply) {
        match (origin, reply) {
            (_, Reply::Overview(it)) => self.opened(*it),
            (_, Reply::Stores(it)) => self.model.stores.succeed(it),
            (_, Reply::Lag(it)) => self.model.lag.succeed(it),
            (_, Reply::Machine(it)) => self.model.machine.succeed(it),
            (Origin::Trace { entity, key }, Reply::Trace(it)) => {
                self.trace.show(&entity, &key, *it);
            }
            (Origin::Find { text }, Reply::Found(it)) => self.entity_box.found(&text, it),
            (Origin::Run { ticket }, Reply::Running(run)) => self.query.running(ticket, run),
            (_, Reply::Page(it)) => self.query.page(it),
            (Origin::Compared { ticket }, Reply::Compared(it)) => {
                self.query.compared(ticket, Ok(*it));
            }
            (Origin::Datasets(store), Reply::Datasets(it)) => {
                self.check.learn(&it);
                self.stores.show_datasets(store, it);
            }
            (Origin::Shape(dataset), Reply::Shape(it)) => self.stores.show_shape(dataset, *it),
            (Origin::Nobody, _) => {}
            (origin, reply) => self.answered_about(origin, reply),
        }
    }

    /// Replies about checks and profiles.
    fn answered_about(&mut self, origin: Origin, reply: Reply) {
        match (origin, reply) {
            (Origin::Check, Reply::Checking(check)) => {
                let next = self.check.begun(check);
                self.act_on(next);
            }
            (Origin::CancelCheck(_), Reply::Done) => {}
            (Origin::Report(check), Reply::Report(it)) => self.check.show(check, *it),
            (Origin::Export(check), Reply::Written { path }) => self.check.written(check, path),
            (Origin::Profiles | Origin::RemovedProfile { .. }, Reply::Profiles(it)) => {
                self.connections.show(it);
            }
            (Origin::SavedProfile, Reply::Profiles(it)) => self.connections.saved(it),
            (Origin::Tested { ticket }, Reply::Tested(it)) => self.connections.tested(ticket, it),
            (origin, _) => self.refused(origin, wrong_reply()),
        }
    }

    fn act_on(&mut self, action: Option<Action>) {
        if let Some(action) = action {
            self.act(action);
        }
    }

    fn opened(&mut self, overview: parallax_core::wire::Overview) {
        if let (Some(lag), None) = (&overview.lag, self.model.lag.value()) {
            self.model.lag.succeed(lag.clone());
        }
        self.model.overview.succeed(overview);
    }

    /// A refused request says so where its answer would stand.
    fn refused(&mut self, origin: Origin, error: Error) {
        match origin {
            Origin::Overview => self.model.overview.fail(error),
            Origin::Stores | Origin::Trust => self.model.stores.fail(error),
            Origin::Lag => self.model.lag.fail(error),
            Origin::Machine => self.model.machine.fail(error),
            Origin::Trace { entity, key } => self.trace.fail(&entity, &key, error),
            Origin::Find { text } => self.entity_box.failed(&text, error),
            Origin::Run { ticket } => self.query.refused(ticket, &error),
            Origin::Compared { ticket } => self.query.compared(ticket, Err(error)),
            Origin::Page { result, first } => self.query.page_failed(result, first, error),
            Origin::Datasets(store) => self.stores.fail_datasets(&store, error),
            Origin::Shape(dataset) => self.stores.fail_shape(&dataset, error),
            Origin::Check => self.check.refused(error),
            Origin::CancelCheck(check) => self.check.not_stopped(check, error),
            Origin::Report(check) => self.check.lost(check, error),
            Origin::Export(check) => self.check.not_written(check, error),
            Origin::Profiles => self.connections.failed(error),
            Origin::SavedProfile => self.connections.not_saved(error),
            Origin::RemovedProfile { name } => self.connections.not_removed(&name, error),
            Origin::Tested { ticket } => self.connections.not_tested(ticket, error),
            Origin::Nobody => {}
        }
    }

    fn happened(&mut self, event: Event) {
        match event {
            Event::Pane {
                run,
                pane,
                progress,
            } => self.query.progress(run, pane, progress),
            Event::Lag(report) => self.model.lag.succeed(report),
            Event::Stores(stores) => self.model.stores.succeed(stores),
            Event::Machine(machine) => self.model.machine.succeed(machine),
            Event::Check { check, progress } => {
                let next = self.check.progress(check, progress);
                self.act_on(next);
            }
        }
    }
}

fn wrong_reply() -> Error {
    Error::new(ErrorKind::Other, "use the workbench's reply")
        .because("it answers something else than was asked")
}
