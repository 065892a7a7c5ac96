//! The workbench behind the Tauri shell: two commands, raw bytes both ways.

use std::cell::RefCell;
use std::fmt;
use std::rc::Rc;

use js_sys::{Array, Object, Reflect, Uint8Array};
use parallax_core::error::{Error, ErrorKind, Result};
use parallax_core::wire::{self, Event, Reply, Request};
use wasm_bindgen::{
    JsCast as _, JsValue,
    prelude::{Closure, wasm_bindgen},
};

use super::{Backend, Done, OnEvent};

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(catch, js_namespace = ["window", "__TAURI__", "core"])]
    async fn invoke(command: &str, arguments: &JsValue) -> std::result::Result<JsValue, JsValue>;

    #[wasm_bindgen(js_namespace = ["window", "__TAURI__", "core"])]
    type Channel;

    #[wasm_bindgen(constructor, js_namespace = ["window", "__TAURI__", "core"], js_class = "Channel")]
    fn new() -> Channel;

    #[wasm_bindgen(method, setter)]
    fn set_onmessage(this: &Channel, handler: &JsValue);
}

type Handler = Closure<dyn Fn(JsValue)>;

/// The shell that this page is shown in.
pub struct Tauri {
    /// Kept while the window lives: the channel calls it.
    handler: RefCell<Option<Handler>>,
}

impl fmt::Debug for Tauri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tauri").finish_non_exhaustive()
    }
}

impl Tauri {
    /// The shell, if the page is shown in it.
    pub fn connect() -> Option<Self> {
        let tauri = Reflect::get(&js_sys::global(), &JsValue::from_str("__TAURI__")).ok()?;
        let core = Reflect::get(&tauri, &JsValue::from_str("core")).ok()?;
        core.is_object().then(|| Self {
            handler: RefCell::default(),
        })
    }
}

impl Backend for Tauri {
    fn call(&self, request: Request, done: Done) {
        wasm_bindgen_futures::spawn_local(async move {
            done(ask(&request).await.unwrap_or_else(Reply::Failed));
        });
    }

    fn events(&self, on: OnEvent) {
        let on = Rc::new(on);
        let handler = Handler::new(move |message: JsValue| {
            // What cannot be read is dropped: the state it would have told comes with the next event or reply.
            if let Ok(event) = wire::decode::<Event>(&bytes(&message)) {
                on(event);
            }
        });
        let channel = Channel::new();
        channel.set_onmessage(handler.as_ref().unchecked_ref());
        self.handler.replace(Some(handler));
        wasm_bindgen_futures::spawn_local(async move {
            let arguments = Object::new();
            let set = Reflect::set(&arguments, &JsValue::from_str("channel"), &channel);
            if set.is_ok() {
                drop(invoke("events", &arguments).await);
            }
        });
    }
}

async fn ask(request: &Request) -> Result<Reply> {
    let body = Uint8Array::from(wire::encode(request)?.as_slice());
    let reply = invoke("call", &body).await.map_err(|it| refused(&it))?;
    wire::decode(&bytes(&reply))
}

/// The bytes of a message: the shell sends small ones as a list of numbers, and larger ones as a buffer.
fn bytes(message: &JsValue) -> Vec<u8> {
    if Array::is_array(message) || message.is_object() {
        Uint8Array::new(message).to_vec()
    } else {
        Vec::new()
    }
}

fn refused(error: &JsValue) -> Error {
    let why = error.as_string().unwrap_or_else(|| format!("{error:?}"));
    Error::new(ErrorKind::Other, "ask the workbench")
        .because(why)
        .hint("start Parallax again; if it happens again, look at the terminal it was started from")
}
