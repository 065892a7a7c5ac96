//! The JavaScript around the wasm, by wasm-bindgen as a library: nothing to install, and no version to match.

use crate::failure::{Failure, Result};

/// `bundle WASM FOLDER`, for [`crate::ui`] alone.
#[cfg(feature = "bundle")]
pub(crate) fn run(options: &[String]) -> Result<()> {
    let [wasm, folder] = options else {
        return Err(Failure::usage(
            "bundle takes the wasm file and the folder to write to",
        ));
    };
    let mut bindings = wasm_bindgen_cli_support::Bindgen::new();
    bindings.input_path(wasm).out_name("ui").typescript(false);
    bindings
        .remove_name_section(true)
        .remove_producers_section(true);
    let written = bindings
        .web(true)
        .and_then(|bindings| bindings.generate(folder));
    written.map_err(|error| Failure::new(format!("could not write the bindings: {error:#}")))
}

#[cfg(not(feature = "bundle"))]
pub(crate) fn run(_options: &[String]) -> Result<()> {
    Err(Failure::usage("`bundle` is a part of `cargo xtask ui`"))
}
