//! The front end as wasm: starts the window on the page's canvas. Elsewhere there is nothing to start.

fn main() {
    #[cfg(target_arch = "wasm32")]
    parallax_ui::web::start();
}
