//! Finds the languages of the console: each `src/console/pages/words.LANGUAGE.ftl` is one, and that is all one needs. And has
//! the linker write short what is read whole at every start: where the program names places of its own.
#![allow(clippy::print_stdout, reason = "this is how a build script speaks with cargo")]

use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs, io};

fn main() -> io::Result<()> {
    let place = |name| env::var_os(name).map(PathBuf::from).ok_or(io::ErrorKind::NotFound);
    if reads_packed_places() {
        // 1.4 MB less of memory for a program at rest.
        println!("cargo::rustc-link-arg-bins=-Wl,-z,pack-relative-relocs");
    }
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

/// Whether the program is for this machine, and its C library is a glibc that reads the short form: it does since 2.36.
fn reads_packed_places() -> bool {
    if env::var_os("HOST") != env::var_os("TARGET") {
        return false;
    }
    let Ok(said) = Command::new("getconf").arg("GNU_LIBC_VERSION").output() else {
        return false;
    };
    let said = String::from_utf8_lossy(&said.stdout);
    let version = said.trim().strip_prefix("glibc 2.").map(str::parse::<u32>);
    version.is_some_and(|minor| minor.is_ok_and(|minor| minor >= 36))
}

/// `de` of `words.de.ftl`.
fn language(path: &Path) -> Option<&str> {
    let name = path.file_name()?.to_str()?;
    name.strip_prefix("words.")?.strip_suffix(".ftl")
}
