//! Saved connections: a list, a form that a pasted URL fills, and a test that shows each step.

use egui::{Event, Id, ScrollArea, Ui, UiBuilder};
use parallax_core::error::Error;
use parallax_core::profile::{Profile, TestStep};
use parallax_core::wire::Request;

use crate::action::Action;
use crate::loadable::Loadable;
use crate::theme;
use crate::widgets::{caption, card, failure, line_edit, name_text_edit, title};

mod fields;
mod form;
mod list;
mod steps;
mod url;

use form::Form;

/// The profiles, the one that is edited, and how its test went.
#[derive(Debug, Default)]
pub(crate) struct ConnectionsView {
    profiles: Loadable<Vec<Profile>>,
    pasted: String,
    form: Option<Form>,
    /// The name of the profile that is to be removed, once that is confirmed.
    removing: Option<String>,
    not_removed: Option<(String, Error)>,
    tests: u64,
    test: Option<Test>,
}

/// One test, of the form or of a saved profile.
#[derive(Debug)]
struct Test {
    ticket: u64,
    name: String,
    /// Whether it is the form's; else it is of the saved profile of that name.
    of_form: bool,
    steps: Loadable<Vec<TestStep>>,
}

/// What the list or the form wants done.
#[derive(Debug)]
enum Wish {
    New,
    Edit(Box<Profile>),
    Test(Box<Profile>),
    AskToRemove(String),
    Keep,
    Remove(String),
    TestForm,
    Save,
    Close,
}

impl ConnectionsView {
    pub(crate) fn begin(&mut self) {
        self.profiles.begin();
    }

    pub(crate) fn show(&mut self, profiles: Vec<Profile>) {
        self.not_removed = None;
        self.profiles.succeed(profiles);
    }

    pub(crate) fn failed(&mut self, error: Error) {
        self.profiles.fail(error);
    }

    /// The form has done its work; what was typed as a secret goes with it.
    pub(crate) fn saved(&mut self, profiles: Vec<Profile>) {
        self.profiles.succeed(profiles);
        self.form = None;
        self.test.take_if(|it| it.of_form);
    }

    pub(crate) fn not_saved(&mut self, error: Error) {
        if let Some(form) = &mut self.form {
            form.refused(error);
        }
    }

    pub(crate) fn not_removed(&mut self, name: &str, error: Error) {
        self.not_removed = Some((name.to_owned(), error));
    }

    pub(crate) fn tested(&mut self, ticket: u64, steps: Vec<TestStep>) {
        if let Some(test) = self.test.as_mut().filter(|it| it.ticket == ticket) {
            test.steps.succeed(steps);
        }
    }

    pub(crate) fn not_tested(&mut self, ticket: u64, error: Error) {
        if let Some(test) = self.test.as_mut().filter(|it| it.ticket == ticket) {
            test.steps.fail(error);
        }
    }

    /// Tests what the form says, where one is open.
    pub(crate) fn test(&mut self) -> Option<Action> {
        let form = self.form.as_mut()?;
        let (profile, secret) = form.checked()?;
        Some(self.begin_test(profile, secret, true))
    }

    fn begin_test(
        &mut self,
        profile: Profile,
        secret: Option<parallax_core::profile::SecretText>,
        of_form: bool,
    ) -> Action {
        self.tests += 1;
        let mut steps = Loadable::default();
        steps.begin();
        self.test = Some(Test {
            ticket: self.tests,
            name: profile.name.clone(),
            of_form,
            steps,
        });
        Action::Run {
            ticket: self.tests,
            request: Request::TestProfile { profile, secret },
        }
    }

    pub(crate) fn ui(&mut self, ui: &mut Ui) -> Vec<Action> {
        let mut actions = Vec::new();
        let is_new = self.profiles.value().is_none() && self.profiles.error().is_none();
        if is_new && !self.profiles.is_loading() {
            actions.push(Action::Ask(Request::Profiles));
        }
        let frame = egui::Frame::new().inner_margin(egui::Margin::symmetric(12, 8));
        let wishes = frame.show(ui, |ui| {
            let mut wishes = self.tools(ui, &mut actions);
            wishes.extend(self.page(ui));
            wishes
        });
        for wish in wishes.inner {
            actions.extend(self.grant(wish));
        }
        actions
    }

    fn tools(&mut self, ui: &mut Ui, actions: &mut Vec<Action>) -> Vec<Wish> {
        let mut wishes = Vec::new();
        ui.horizontal(|ui| {
            title(ui, "Connections");
            self.paste(ui);
            if ui.button("New").clicked() {
                wishes.push(Wish::New);
            }
            if self.profiles.error().is_some() && ui.button("Ask again").clicked() {
                actions.push(Action::Ask(Request::Profiles));
            }
        });
        if let Some(error) = self.profiles.error() {
            failure(ui, error);
        }
        wishes
    }

    /// A URL that is pasted, or typed and entered, fills a form at once; its password never stands in the field.
    fn paste(&mut self, ui: &mut Ui) {
        let id = Id::new("connections-paste");
        let focused = ui.memory(|it| it.has_focus(id));
        let pasted = focused.then(|| take_paste(ui)).flatten();
        let enter = focused && ui.input(|it| it.key_pressed(egui::Key::Enter));
        let edit = line_edit(&mut self.pasted)
            .id(id)
            .hint_text("paste a URL, for example postgres://ann@db.example/shop")
            .desired_width(420.0);
        ui.add(edit);
        name_text_edit(ui, id, "Paste a URL");
        let typed = (enter && !self.pasted.trim().is_empty()).then(|| self.pasted.clone());
        if let Some(url) = pasted.or(typed) {
            self.pasted.clear();
            url::forget(ui, id);
            self.form = Some(Form::of_url(&url, self.names()));
            self.test = None;
            ui.memory_mut(|it| it.request_focus(fields::name_id()));
        }
    }

    fn names(&self) -> Vec<String> {
        let profiles = self.profiles.value().map_or(&[][..], Vec::as_slice);
        profiles.iter().map(|it| it.name.clone()).collect()
    }

    /// The list, and beside it the form where one is open.
    fn page(&mut self, ui: &mut Ui) -> Vec<Wish> {
        let room = ui.available_rect_before_wrap();
        let middle = room.left() + (room.width() - theme::GAP) / 2.0;
        let mut list = room;
        let mut wishes = Vec::new();
        if self.form.is_some() {
            list.set_right(middle);
            let right = room.with_min_x(middle + theme::GAP);
            let builder = UiBuilder::new().max_rect(right).id_salt("form");
            wishes = ui.scope_builder(builder, |ui| self.form_ui(ui)).inner;
        }
        let builder = UiBuilder::new().max_rect(list).id_salt("list");
        wishes.extend(ui.scope_builder(builder, |ui| self.profiles_ui(ui)).inner);
        wishes
    }

    fn profiles_ui(&mut self, ui: &mut Ui) -> Vec<Wish> {
        let Some(profiles) = self.profiles.value() else {
            if self.profiles.is_loading() {
                caption(ui, "reading the saved connections…");
            }
            return Vec::new();
        };
        if profiles.is_empty() {
            list::nothing(ui);
            return Vec::new();
        }
        let mut wishes = Vec::new();
        let area = ScrollArea::vertical()
            .id_salt("connections")
            .auto_shrink(false);
        area.show(ui, |ui| {
            for profile in profiles {
                let state = list::State {
                    is_edited: self.form.as_ref().is_some_and(|it| it.edits(&profile.name)),
                    is_removing: self.removing.as_ref() == Some(&profile.name),
                    not_removed: self.not_removed.as_ref().filter(|it| it.0 == profile.name),
                    test: self
                        .test
                        .as_ref()
                        .filter(|it| !it.of_form && it.name == profile.name),
                };
                wishes.extend(list::ui(ui, profile, &state));
            }
        });
        wishes
    }

    fn form_ui(&mut self, ui: &mut Ui) -> Vec<Wish> {
        let mut wishes = Vec::new();
        let Some(form) = &mut self.form else {
            return wishes;
        };
        let test = self.test.as_ref().filter(|it| it.of_form);
        card(ui).show(ui, |ui| {
            ui.set_min_size(ui.available_size());
            let area = ScrollArea::vertical()
                .id_salt("connection-form")
                .auto_shrink(false);
            area.show(ui, |ui| {
                wishes = fields::ui(ui, form);
                if let Some(test) = test {
                    ui.add_space(theme::GAP);
                    steps::ui(ui, &test.steps);
                }
            });
        });
        wishes
    }

    fn grant(&mut self, wish: Wish) -> Option<Action> {
        match wish {
            Wish::New => self.edit(Form::new(self.names())),
            Wish::Edit(profile) => self.edit(Form::edit(&profile)),
            Wish::Test(profile) => return Some(self.begin_test(*profile, None, false)),
            Wish::AskToRemove(name) => self.removing = Some(name),
            Wish::Keep => self.removing = None,
            Wish::Remove(name) => {
                self.removing = None;
                self.form.take_if(|it| it.edits(&name));
                return Some(Action::Ask(Request::RemoveProfile { name }));
            }
            Wish::TestForm => return self.test(),
            Wish::Save => return self.save(),
            Wish::Close => {
                self.form = None;
                self.test.take_if(|it| it.of_form);
            }
        }
        None
    }

    fn edit(&mut self, form: Form) {
        self.form = Some(form);
        self.test.take_if(|it| it.of_form);
    }

    fn save(&mut self) -> Option<Action> {
        let form = self.form.as_mut()?;
        let (profile, secret) = form.checked()?;
        form.saving();
        Some(Action::Ask(Request::SaveProfile { profile, secret }))
    }
}

/// Takes what is pasted before a text field sees it: it may hold a password, which must not be drawn.
fn take_paste(ui: &Ui) -> Option<String> {
    ui.input_mut(|input| {
        let at = input
            .events
            .iter()
            .position(|it| matches!(it, Event::Paste(_)))?;
        match input.events.remove(at) {
            Event::Paste(text) => Some(text.trim().to_owned()).filter(|it| !it.is_empty()),
            _ => None,
        }
    })
}
