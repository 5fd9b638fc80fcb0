//! Error → exit code: the one table.

use std::io;
use std::path::PathBuf;
use std::process::ExitCode;

use crate::config::Fault;

/// The table, as `--help` has it.
pub(super) const CODES: &str = "\
Exit codes:
  0  it is done
  1  it failed
  2  the command line or the settings are wrong
  3  there is no such thing
  4  refused: not entitled, or somebody's approval is wanting
  5  the gateway is not running";

/// The command line or the settings are wrong.
pub(super) const USAGE: u8 = 2;

/// Why a command was not done.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The command line is wrong in a way its parser cannot see.
    #[error("{0}")]
    Usage(String),
    /// The settings cannot be used.
    #[error(transparent)]
    Config(#[from] Fault),
    /// There is no such thing.
    #[error("{0}")]
    Missing(String),
    /// Not entitled, or not now.
    #[error("{0}")]
    Refused(String),
    /// Nobody listens at the control socket.
    #[error("the gateway is not running (no control socket at {}); start it with `bedel serve`", .0.display())]
    NotRunning(PathBuf),
    /// Whatever else went wrong.
    #[error("{0:#}")]
    Failed(#[from] anyhow::Error),
    /// The output cannot be written.
    #[error("writing the output: {0}")]
    Output(#[from] io::Error),
}

impl Error {
    /// What a status of the API comes to.
    pub(super) fn of(status: u16, sentence: String) -> Self {
        match status {
            400 => Self::Usage(sentence),
            404 => Self::Missing(sentence),
            401 | 403 | 409 => Self::Refused(sentence),
            _ => Self::Failed(anyhow::Error::msg(sentence)),
        }
    }

    fn code(&self) -> u8 {
        match self {
            Self::Failed(_) | Self::Output(_) => 1,
            Self::Usage(_) | Self::Config(_) => USAGE,
            Self::Missing(_) => 3,
            Self::Refused(_) => 4,
            Self::NotRunning(_) => 5,
        }
    }

    /// Says it on standard error, and gives its code. A reader of ours that has seen enough (`| head`) is no error.
    #[expect(clippy::print_stderr, reason = "the one place where the command line complains")]
    pub(super) fn report(&self) -> ExitCode {
        if matches!(self, Self::Output(error) if error.kind() == io::ErrorKind::BrokenPipe) {
            return ExitCode::SUCCESS;
        }
        eprintln!("bedel: {}", super::out::tame(&self.to_string()));
        ExitCode::from(self.code())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_status_has_its_code() {
        for (status, code) in [(400, 2), (403, 4), (404, 3), (409, 4), (422, 1), (503, 1), (500, 1)] {
            assert_eq!(Error::of(status, String::new()).code(), code, "{status}");
            assert!(CODES.contains(&format!("\n  {code}  ")));
        }
        assert_eq!(Error::NotRunning(PathBuf::new()).code(), 5);
    }
}
