//! Makes Tauri's configuration, icon and capabilities part of the program.

fn main() {
    tauri_build::build();
}
