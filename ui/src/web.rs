//! The window on a page: eframe on the canvas, and what tests ask of it.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use eframe::{CreationContext, Frame, WebOptions, WebRunner};
use egui::{Context, Ui};
use jiff::Timestamp;
use wasm_bindgen::{JsCast as _, JsValue, prelude::wasm_bindgen};
use web_sys::HtmlCanvasElement;

use crate::backend::tauri::Tauri;
use crate::tree::Tree;
use crate::{App, widgets};

const CANVAS: &str = "parallax";

thread_local! {
    static WINDOW: RefCell<Option<Context>> = const { RefCell::new(None) };
    static PAINTED_AT: Cell<Option<f64>> = const { Cell::new(None) };
}

/// Starts the window on the canvas `parallax`; what goes wrong is an error on the page's console.
pub fn start() {
    wasm_bindgen_futures::spawn_local(async {
        if let Err(error) = run().await {
            wasm_bindgen::throw_val(error);
        }
    });
}

async fn run() -> Result<(), JsValue> {
    let document = web_sys::window().and_then(|it| it.document());
    let canvas = document.and_then(|it| it.get_element_by_id(CANVAS));
    let canvas = canvas.ok_or_else(|| JsValue::from_str("the page has no canvas `parallax`"))?;
    let canvas: HtmlCanvasElement = canvas.dyn_into()?;
    let open = |cc: &CreationContext<'_>| Ok(open(cc));
    WebRunner::new()
        .start(canvas, WebOptions::default(), Box::new(open))
        .await
}

fn open(cc: &CreationContext<'_>) -> Box<dyn eframe::App> {
    Tree::install(&cc.egui_ctx);
    WINDOW.set(Some(cc.egui_ctx.clone()));
    let app = Tauri::connect().map(|it| App::new(Rc::new(it), now));
    Box::new(Page { app })
}

#[expect(
    clippy::disallowed_methods,
    reason = "the window's one clock, handed to the app"
)]
fn now() -> Timestamp {
    Timestamp::now()
}

/// The app, or why there is none.
struct Page {
    app: Option<App>,
}

impl eframe::App for Page {
    fn ui(&mut self, ui: &mut Ui, _: &mut Frame) {
        let Some(app) = &mut self.app else {
            let next = "open it with the Parallax desktop program; a plain browser has no way to the stores";
            widgets::empty(ui, "This page needs the Parallax shell", next);
            return;
        };
        app.ui(ui);
        if app.is_map_painted() && PAINTED_AT.get().is_none() {
            PAINTED_AT.set(performance_now());
        }
    }
}

fn performance_now() -> Option<f64> {
    web_sys::window()?.performance().map(|it| it.now())
}

/// The widgets on the screen as JSON: `[{id, role, label, value, rect, disabled, toggled}]`.
#[wasm_bindgen]
pub fn ui_tree() -> String {
    WINDOW.with_borrow(|it| it.as_ref().map_or_else(|| "[]".to_owned(), Tree::json))
}

/// `performance.now()` of the first frame that showed the map with data.
#[wasm_bindgen]
pub fn painted_at() -> Option<f64> {
    PAINTED_AT.get()
}

/// How many frames were drawn; a quiet window draws none.
#[wasm_bindgen]
pub fn frames() -> f64 {
    let frames = WINDOW.with_borrow(|it| it.as_ref().map_or(0, Tree::frames));
    crate::format::as_f64(frames)
}
