//! A database in each server for one folder, so that many loaded samples can live side by side.
//!
//! Each database carries the folder's path. What a folder that is gone held is removed at the next load.

use std::path::Path;

/// How many forgotten databases one load removes at most.
pub(crate) const SWEEP: usize = 4;

/// The name of a folder's database, the same for the same folder.
pub(crate) fn database_name(sample: &str, folder: &Path) -> String {
    format!("{sample}_{:016x}", hash(&folder.display().to_string()))
}

/// Whether nothing needs the database of a folder any more.
pub(crate) fn is_gone(folder: &str) -> bool {
    !Path::new(folder).exists()
}

/// FNV-1a.
fn hash(text: &str) -> u64 {
    let step = |hash: u64, byte: u8| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    text.bytes().fold(0xcbf2_9ce4_8422_2325, step)
}
