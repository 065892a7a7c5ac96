//! Whole files: good ones, broken ones and random ones.

use std::path::Path;

use super::*;

#[test]
fn the_sample_pocket_is_read() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../samples/pocket/deployment.toml");
    let text = std::fs::read_to_string(file).expect("the sample's file");
    let pocket = parse(&text, "deployment.toml").unwrap_or_else(|it| panic!("{it}"));
    assert_eq!(pocket.name, "pocket");
    assert_eq!(pocket.entities.len(), 3);
}
