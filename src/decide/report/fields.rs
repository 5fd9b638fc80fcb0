//! Fields, read leniently: a line that is none belongs to the one above, and never spoils the others.
//!
//! The header of a message that is sent is read by `mail::Header`, which refuses what is malformed. What comes back was
//! written by whoever wrote it; half of what can be read is worth more than nothing.

/// Fields that are looked at.
const FIELDS_MAX: usize = 2_000;
/// Octets of a value that are kept.
const VALUE_BYTES_MAX: usize = 2_000;

/// Names and values, in their order; an empty line is a mark between two blocks.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(super) struct Fields(Vec<Line>);

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Line {
    /// A field: its name in lower case, its value unfolded.
    Field(String, String),
    /// An empty line.
    Gap,
}

impl Fields {
    /// All fields of a text.
    pub(super) fn read(text: &str) -> Self {
        let mut lines: Vec<Line> = Vec::new();
        for line in text.lines().take(FIELDS_MAX) {
            if line.trim().is_empty() {
                lines.push(Line::Gap);
                continue;
            }
            let is_folded = line.starts_with([' ', '\t']);
            match (field(line), lines.last_mut()) {
                (Some((name, value)), _) if !is_folded => lines.push(Line::Field(name, value)),
                (_, Some(Line::Field(_, value))) if value.len() < VALUE_BYTES_MAX => {
                    value.push(' ');
                    value.push_str(line.trim());
                }
                // Some indent every line of a block.
                (Some((name, value)), _) => lines.push(Line::Field(name, value)),
                (None, _) => {}
            }
        }
        Self(lines)
    }

    /// The fields of the header: those before the first empty line.
    pub(super) fn of_header(text: &str) -> Self {
        let mut fields = Self::read(text.trim_start_matches(['\r', '\n']));
        let end = fields.0.iter().position(|line| *line == Line::Gap);
        fields.0.truncate(end.unwrap_or(fields.0.len()));
        fields
    }

    pub(super) fn lines(&self) -> &[Line] {
        &self.0
    }

    /// The values of all fields of this name, which is in lower case.
    pub(super) fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.0.iter().filter_map(move |line| match line {
            Line::Field(is, value) if is == name => Some(value.as_str()),
            Line::Field(..) | Line::Gap => None,
        })
    }

    /// The value of the first field of this name.
    pub(super) fn value<'a>(&'a self, name: &'a str) -> Option<&'a str> {
        self.all(name).next()
    }
}

fn field(line: &str) -> Option<(String, String)> {
    let (name, value) = line.split_once(':')?;
    let name = name.trim();
    let fits =
        !name.is_empty() && name.len() <= 60 && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b));
    fits.then(|| (name.to_ascii_lowercase(), value.trim().to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_malformed_line_spoils_nothing() {
        let fields = Fields::read("Action: failed\nwhat is this\nStatus: 5.1.1\n\nX: y\r\n z\r\n");
        assert_eq!(fields.value("status"), Some("5.1.1"));
        assert_eq!(fields.value("action"), Some("failed what is this"));
        assert_eq!(fields.value("x"), Some("y z"));
        assert_eq!(fields.lines().iter().filter(|line| **line == Line::Gap).count(), 1);
    }

    #[test]
    fn a_header_ends_at_its_first_empty_line() {
        let fields = Fields::of_header("\r\nSubject: a\r\n\r\nFrom: b\r\n");
        assert_eq!((fields.value("subject"), fields.value("from")), (Some("a"), None));
    }
}
