//! What is wrong with a file of settings, and where.

use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;

use crate::decide::notice::Faulty;

/// Settings that cannot be used; the sentence says which file, where, what, and what would be right.
#[derive(Debug, thiserror::Error)]
pub enum Fault {
    /// The file cannot be read.
    #[error("{}: {source}", file.display())]
    Unreadable {
        /// Which.
        file: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// There is no folder of settings.
    #[error("{}: there is no such folder of settings; say where they are with --config", file.display())]
    NoFolder {
        /// Where it was looked for.
        file: PathBuf,
    },
    /// It is no TOML, or a key or value in it is wrong.
    #[error("{}:{line}: {what}", file.display())]
    Toml {
        /// Which.
        file: PathBuf,
        /// Counts from 1.
        line: usize,
        /// What is wrong, and what would be right.
        what: String,
    },
    /// Each value is well formed, and together they make no sense.
    #[error("{}: {what}", file.display())]
    Sense {
        /// Which.
        file: PathBuf,
        /// What does not fit, and what would.
        what: String,
    },
    /// A notice's template.
    #[error("{}: {faulty}", file.display())]
    Notice {
        /// Which.
        file: PathBuf,
        /// What is wrong.
        faulty: Faulty,
    },
}

/// All that is wrong with a folder of settings: at least one fault.
#[derive(Debug)]
pub struct Faults {
    /// The first.
    pub first: Fault,
    /// The others.
    pub others: Vec<Fault>,
}

impl Faults {
    /// A sentence each.
    pub fn sentences(&self) -> Vec<String> {
        let all = std::iter::once(&self.first).chain(&self.others);
        all.map(ToString::to_string).collect()
    }
}

impl From<Fault> for Faults {
    fn from(first: Fault) -> Self {
        Self {
            first,
            others: Vec::new(),
        }
    }
}

/// Faults as they are found.
#[derive(Debug, Default)]
pub(super) struct Found {
    pub(super) first: Option<Fault>,
    others: Vec<Fault>,
}

impl Found {
    /// What was read, when it could be.
    pub(super) fn note<T>(&mut self, read: Result<T, Fault>) -> Option<T> {
        match read {
            Ok(read) => Some(read),
            Err(fault) => {
                match self.first {
                    None => self.first = Some(fault),
                    Some(_) => self.others.push(fault),
                }
                None
            }
        }
    }

    /// All of them; there is one.
    pub(super) fn faults(self) -> Faults {
        Faults {
            first: self.first.expect("what is missing has its fault"),
            others: self.others,
        }
    }
}

/// A file's text.
pub(super) fn text(file: &Path) -> Result<String, Fault> {
    std::fs::read_to_string(file).map_err(|source| Fault::Unreadable {
        file: file.to_owned(),
        source,
    })
}

/// A TOML file as `T`; an unknown key is answered with the nearest right one.
pub(super) fn toml<T: DeserializeOwned>(file: &Path) -> Result<T, Fault> {
    parse(file, &text(file)?)
}

/// The same, of a text that was read already.
pub(super) fn parse<T: DeserializeOwned>(file: &Path, text: &str) -> Result<T, Fault> {
    toml::from_str(text).map_err(|error| {
        let place = error.span().map_or(0, |span| span.start);
        at(file, text, place, what(error.message()))
    })
}

/// What is wrong at that octet of the text.
pub(super) fn at(file: &Path, text: &str, place: usize, what: String) -> Fault {
    let line = text.bytes().take(place).filter(|&byte| byte == b'\n').count() + 1;
    Fault::Toml {
        file: file.to_owned(),
        line,
        what,
    }
}

/// The parser's sentence, with a guess at what was meant.
fn what(message: &str) -> String {
    let message = message.trim();
    let mut quoted = message.split('`').skip(1).step_by(2);
    let is_unknown = message.starts_with("unknown field") || message.starts_with("unknown variant");
    let Some(found) = quoted.next().filter(|_| is_unknown) else {
        return plain(message);
    };
    let kind = if message.starts_with("unknown field") {
        "key"
    } else {
        "value"
    };
    let known: Vec<&str> = quoted.collect();
    match guess(found, &known) {
        Some(nearest) => format!("there is no {kind} `{found}`; did you mean `{nearest}`?"),
        None => format!("there is no {kind} `{found}` here; there are: {}", known.join(", ")),
    }
}

/// Which of these was meant, when one of them is near.
pub(super) fn guess<'a>(found: &str, known: &[&'a str]) -> Option<&'a str> {
    let nearest = known.iter().copied();
    let nearest = nearest.min_by_key(|name| strsim::damerau_levenshtein(name, found))?;
    (strsim::jaro_winkler(nearest, found) > 0.7).then_some(nearest)
}

/// A word at the end of a sentence on what was not found: what was meant, when it is near; else nothing.
pub(super) fn meant<'a>(found: &str, known: impl Iterator<Item = &'a str>) -> String {
    let nearest = guess(found, &known.collect::<Vec<_>>());
    nearest.map_or_else(String::new, |nearest| format!("; did you mean `{nearest}`?"))
}

/// The parser's sentence of a value of the wrong kind, without its names of kinds.
fn plain(message: &str) -> String {
    if message.contains("invalid socket address") {
        return "this is no address with a port; write one such as `\"127.0.0.1:8080\"`".to_owned();
    }
    let wanted = |kind| match kind {
        "u16" => Some("write a whole number from 0 to 65535"),
        "u32" | "u64" | "usize" => Some("write a whole number, not below 0"),
        "a string" => Some("write it in quotation marks"),
        _ => None,
    };
    let parts = message.rsplit_once(", expected ");
    let plain = parts.and_then(|(said, kind)| Some(format!("{said}; {}", wanted(kind)?)));
    plain.unwrap_or_else(|| message.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_right_name_is_offered() {
        assert_eq!(
            what("unknown field `hostnam`, expected one of `hostname`, `data_dir`"),
            "there is no key `hostnam`; did you mean `hostname`?"
        );
        assert_eq!(
            what("unknown field `zzz`, expected `hostname` or `data_dir`"),
            "there is no key `zzz` here; there are: hostname, data_dir"
        );
        assert_eq!(what("invalid type: integer"), "invalid type: integer");
    }

    #[test]
    fn a_value_of_the_wrong_kind_is_said_without_names_of_kinds() {
        assert_eq!(
            what("invalid value: integer `360000`, expected u16"),
            "invalid value: integer `360000`; write a whole number from 0 to 65535"
        );
        assert_eq!(
            what("invalid type: integer `14`, expected a string"),
            "invalid type: integer `14`; write it in quotation marks"
        );
        assert_eq!(
            what("invalid socket address syntax"),
            "this is no address with a port; write one such as `\"127.0.0.1:8080\"`"
        );
    }
}
