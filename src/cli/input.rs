//! What a command reads: a file, or standard input.

use std::io::Read as _;
use std::path::Path;

use anyhow::Context as _;

/// The whole of a file; `-` is standard input.
pub(super) fn whole(file: &Path) -> anyhow::Result<Vec<u8>> {
    if file != Path::new("-") {
        return std::fs::read(file).with_context(|| format!("reading {}", file.display()));
    }
    let mut bytes = Vec::new();
    std::io::stdin()
        .read_to_end(&mut bytes)
        .context("reading standard input")?;
    Ok(bytes)
}
