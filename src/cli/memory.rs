//! Memory: what is given back goes back to the system.
//!
//! The C library keeps what a thread has given back for that thread, and takes ever larger pieces for worth keeping: after
//! twenty sign-ins, 19 MiB each for a moment, the gateway held 250 MB; told otherwise, 37. It is told by its environment,
//! which it reads when a program starts, and so the program starts itself once more, as the same process.

use std::os::unix::process::CommandExt as _;
use std::process::Command;

/// Two pools for all threads; pieces above 128 KiB are the system's again as soon as they are free, and the rest when there
/// are 2 MiB of it (mallopt(3)).
const THRIFTY: [(&str, &str); 3] = [
    ("MALLOC_ARENA_MAX", "2"),
    ("MALLOC_MMAP_THRESHOLD_", "131072"),
    ("MALLOC_TRIM_THRESHOLD_", "2097152"),
];

/// Starts the program anew with these settings, unless whoever started it has made one of them. Comes back when there is
/// nothing to do, or when that fails: it then needs more memory, and no more than that.
pub(super) fn be_thrifty() {
    if THRIFTY.iter().any(|(name, _)| std::env::var_os(name).is_some()) {
        return;
    }
    let mut words = std::env::args_os();
    let (Ok(program), Some(name)) = (std::env::current_exe(), words.next()) else {
        return;
    };
    let failed = Command::new(program).arg0(name).args(words).envs(THRIFTY).exec();
    drop(failed);
}
