//! What is downloaded or built once and kept outside the repository, each thing in a folder whose name holds its version.

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use crate::failure::{During, Result};
use crate::tree::tool_cache;

/// Where the thing called `name` is kept, whether it is there yet or not.
pub(crate) fn folder(name: &str) -> Result<PathBuf> {
    Ok(tool_cache()?.join(name))
}

/// Makes the folder `name` whole, unless it is there: `fill` gets an empty one, which takes that name once it is filled.
/// Others who want the same meanwhile wait. `name` may begin with folders above it.
pub(crate) fn once(name: &str, fill: impl FnOnce(&Path) -> Result<()>) -> Result<PathBuf> {
    let whole = folder(name)?;
    if whole.is_dir() {
        return Ok(whole);
    }
    let beside = folder(&format!("{name}.new"))?;
    let above = beside.parent().unwrap_or(&beside);
    fs::create_dir_all(above).during(format_args!("make {}", above.display()))?;
    let _lock = lock(&folder(&format!("{name}.lock"))?)?;
    if whole.is_dir() {
        return Ok(whole);
    }
    if beside.is_dir() {
        fs::remove_dir_all(&beside).during("remove what a broken attempt left")?;
    }
    fs::create_dir(&beside).during(format_args!("make {}", beside.display()))?;
    fill(&beside)?;
    fs::rename(&beside, &whole).during(format_args!("keep {}", whole.display()))?;
    Ok(whole)
}

/// Ours until the file that it answers is dropped.
pub(crate) fn lock(path: &Path) -> Result<File> {
    let lock = || {
        let file = File::create(path)?;
        file.lock()?;
        Ok::<_, std::io::Error>(file)
    };
    lock().during(format_args!("lock {}", path.display()))
}

/// A second name for a kept file, or for each file of a kept folder, where a server's account can reach it: that account is
/// seldom let into the folder of the person who runs this. A copy where the file system has no second names.
pub(crate) fn twin(kept: &Path, twin: &Path) -> Result<()> {
    let link = || {
        if kept.is_dir() {
            return link_folder(kept, twin);
        }
        link_file(kept, twin)
    };
    link().during(format_args!("bring {} to a server", kept.display()))
}

fn link_folder(kept: &Path, twin: &Path) -> std::io::Result<()> {
    fs::create_dir(twin)?;
    fs::set_permissions(twin, fs::metadata(kept)?.permissions())?;
    for entry in fs::read_dir(kept)? {
        let entry = entry?;
        let beside = twin.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            link_folder(&entry.path(), &beside)?;
        } else {
            link_file(&entry.path(), &beside)?;
        }
    }
    Ok(())
}

fn link_file(kept: &Path, twin: &Path) -> std::io::Result<()> {
    if fs::hard_link(kept, twin).is_err() {
        fs::copy(kept, twin)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_twin_holds_every_file_of_a_folder() {
        let above = std::env::temp_dir().join(format!("parallax-twin-{}", std::process::id()));
        fs::create_dir_all(above.join("kept/inner")).unwrap();
        fs::write(above.join("kept/inner/file"), "content").unwrap();
        twin(&above.join("kept"), &above.join("twin")).unwrap();
        let read = fs::read_to_string(above.join("twin/inner/file")).unwrap();
        assert_eq!(read, "content");
        fs::remove_dir_all(above).unwrap();
    }
}
