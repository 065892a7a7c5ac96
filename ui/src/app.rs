//! The whole window: bars around a view, and the one place that sends requests and takes replies.

use std::fmt;
use std::rc::Rc;
use std::time::Duration;

use egui::{Context, Key, Modifiers, Ui};
use jiff::Timestamp;
use parallax_core::wire::Request;

use crate::action::Action;
use crate::backend::Backend;
use crate::theme;
use crate::views::{
    View, check::CheckView, connections::ConnectionsView, lag::LagView, map::MapView,
    query::QueryView, stores::StoresView, trace::TraceView,
};

mod answers;
mod bottom;
mod entity_box;
mod inbox;
mod model;
mod polling;
mod rail;
mod top;

use entity_box::EntityBox;
use inbox::{Inbox, Message, Origin};
pub(crate) use model::Model;
use polling::Polling;

/// Tells the time; the window has no clock of its own.
pub type Clock = fn() -> Timestamp;

/// The window's whole state, drawn by [`App::ui`] in the app and in tests alike.
pub struct App {
    backend: Rc<dyn Backend>,
    clock: Clock,
    inbox: Rc<Inbox>,
    model: Model,
    view: View,
    entity_box: EntityBox,
    polling: Polling,
    map: MapView,
    trace: TraceView,
    query: QueryView,
    lag: LagView,
    check: CheckView,
    stores: StoresView,
    connections: ConnectionsView,
}

impl fmt::Debug for App {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("App")
            .field("view", &self.view)
            .finish_non_exhaustive()
    }
}

impl App {
    /// A window over `backend`; it asks nothing before its first frame.
    pub fn new(backend: Rc<dyn Backend>, clock: Clock) -> Self {
        Self {
            backend,
            clock,
            inbox: Rc::default(),
            model: Model::new(clock()),
            view: View::Map,
            entity_box: EntityBox::default(),
            polling: Polling::default(),
            map: MapView::default(),
            trace: TraceView::default(),
            query: QueryView::default(),
            lag: LagView,
            check: CheckView::default(),
            stores: StoresView::default(),
            connections: ConnectionsView::default(),
        }
    }

    /// Draws one frame into the whole of `ui`.
    pub fn ui(&mut self, ui: &mut Ui) {
        self.start(ui);
        self.model.now = (self.clock)();
        self.drain();
        let mut actions = self.shortcuts(ui);
        actions.extend(self.bars(ui));
        actions.extend(self.central(ui));
        actions.extend(self.polling.due(ui.ctx(), self.view, &self.model));
        for action in actions {
            self.act(action);
        }
        self.inbox.settle(ui.ctx());
    }

    /// Whether the map has been drawn with data.
    pub fn is_map_painted(&self) -> bool {
        self.map.is_painted()
    }

    /// The first frame dresses the window, opens the events and asks what is open.
    fn start(&mut self, ui: &mut Ui) {
        if !self.inbox.wake(ui.ctx()) {
            return;
        }
        theme::install(ui.ctx());
        ui.set_style(ui.ctx().global_style());
        let inbox = Rc::clone(&self.inbox);
        self.backend
            .events(Box::new(move |event| inbox.push(Message::Event(event))));
        self.act(Action::Ask(Request::Overview));
        self.act(Action::Ask(Request::Stores));
        self.act(Action::Ask(Request::Lag));
        self.act(Action::Ask(Request::Machine));
    }

    fn shortcuts(&mut self, ui: &mut Ui) -> Vec<Action> {
        const DIGITS: [Key; 7] = [
            Key::Num1,
            Key::Num2,
            Key::Num3,
            Key::Num4,
            Key::Num5,
            Key::Num6,
            Key::Num7,
        ];
        let pressed = |key| ui.input_mut(|it| it.consume_key(Modifiers::COMMAND, key));
        let opened = DIGITS
            .into_iter()
            .zip(View::ALL)
            .filter(|(key, _)| pressed(*key));
        let mut actions: Vec<_> = opened.map(|(_, view)| Action::Open(view)).collect();
        if pressed(Key::K) {
            self.entity_box.focus(ui.ctx());
        }
        if pressed(Key::Enter) {
            actions.extend(self.go());
        }
        if pressed(Key::Period) && self.view == View::Query {
            actions.extend(self.query.cancel_all());
        }
        actions
    }

    /// The one thing that Ctrl-Enter does in each view.
    fn go(&mut self) -> Vec<Action> {
        match self.view {
            View::Query => self.query.run_all(),
            View::Check => self.check.start(&self.model).into_iter().collect(),
            View::Connections => self.connections.test().into_iter().collect(),
            View::Map | View::Trace | View::Lag | View::Stores => Vec::new(),
        }
    }

    fn bars(&mut self, ui: &mut Ui) -> Vec<Action> {
        let mut actions = self.top_bar(ui);
        actions.extend(self.bottom_bar(ui));
        actions.extend(self.rail(ui));
        actions
    }

    fn central(&mut self, ui: &mut Ui) -> Vec<Action> {
        let frame = egui::Frame::new().fill(theme::Palette::of(ui).background);
        let shown = egui::CentralPanel::default().frame(frame).show(ui, |ui| {
            let model = &self.model;
            match self.view {
                View::Map => self.map.ui(ui, model, self.polling.interval()),
                View::Trace => self.trace.ui(ui, model),
                View::Query => self.query.ui(ui, model),
                View::Lag => self.lag.ui(ui, model, self.polling.interval()),
                View::Check => self.check.ui(ui, model),
                View::Stores => self.stores.ui(ui, model),
                View::Connections => self.connections.ui(ui),
            }
        });
        shown.inner
    }

    fn act(&mut self, action: Action) {
        match action {
            Action::Ask(request) => self.ask(request, 0),
            Action::Run { ticket, request } => self.ask(request, ticket),
            Action::Open(view) => self.view = view,
            Action::Trace { entity, key } => self.trace_entity(entity, key),
            Action::Edit { store, text } => {
                self.query.open(store, text);
                self.view = View::Query;
            }
            Action::Compare { from, to } => {
                self.check.compare(&self.model, from, to);
                self.view = View::Check;
            }
            Action::Refresh(interval) => self.polling.set(interval),
        }
    }

    fn trace_entity(&mut self, entity: String, key: String) {
        self.view = View::Trace;
        let by = None;
        self.ask(Request::Trace { entity, key, by }, 0);
    }

    fn ask(&mut self, request: Request, ticket: u64) {
        self.begin(&request);
        let inbox = Rc::clone(&self.inbox);
        let origin = Origin::of(&request, ticket);
        let done = move |reply| inbox.push(Message::Reply(origin, reply));
        self.backend.call(request, Box::new(done));
    }
}

/// How long a reply that only refreshes numbers may wait, so that several share one frame.
const PATIENCE: Duration = Duration::from_millis(60);

/// Asks for a frame soon.
fn repaint_soon(ctx: &Context) {
    ctx.request_repaint_after(PATIENCE);
}
