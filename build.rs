//! Finds the languages of the console: each `src/console/pages/words.LANGUAGE.ftl` is one, and that is all one needs.
#![allow(clippy::print_stdout, reason = "this is how a build script speaks with cargo")]

use std::path::{Path, PathBuf};
use std::{env, fs, io};

fn main() -> io::Result<()> {
    let place = |name| env::var_os(name).map(PathBuf::from).ok_or(io::ErrorKind::NotFound);
    let folder = place("CARGO_MANIFEST_DIR")?.join("src/console/pages");
    println!("cargo::rerun-if-changed={}", folder.display());
    let mut languages = Vec::new();
    for entry in fs::read_dir(&folder)? {
        let path = entry?.path();
        if let Some(language) = language(&path) {
            languages.push(format!(
                "({language:?}, include_str!({:?})),\n",
                path.display().to_string()
            ));
        }
    }
    languages.sort();
    let list = format!("&[\n{}]\n", languages.concat());
    fs::write(place("OUT_DIR")?.join("languages.rs"), list)
}

/// `de` of `words.de.ftl`.
fn language(path: &Path) -> Option<&str> {
    let name = path.file_name()?.to_str()?;
    name.strip_prefix("words.")?.strip_suffix(".ftl")
}
