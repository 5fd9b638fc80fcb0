//! What the command line prints: lines, aligned tables, JSON.

use std::io::{self, Write as _};

use serde_json::Value;

use super::Error;

/// Space between two columns.
const GAP: &str = "  ";

/// Prints text and a line end.
pub(super) fn line(text: &str) -> Result<(), Error> {
    let mut out = io::stdout().lock();
    writeln!(out, "{}", tame(text))?;
    Ok(out.flush()?)
}

/// Prints what the API answered.
pub(super) fn json(value: &Value) -> Result<(), Error> {
    let mut out = io::stdout().lock();
    serde_json::to_writer_pretty(&mut out, value).map_err(io::Error::from)?;
    writeln!(out)?;
    Ok(out.flush()?)
}

/// Prints a table; without rows, the sentence that says so.
pub(super) fn table<const N: usize>(head: [&str; N], rows: &[[String; N]], none: &str) -> Result<(), Error> {
    if rows.is_empty() {
        return line(none);
    }
    let head = head.map(str::to_owned);
    let all: Vec<[String; N]> = std::iter::once(&head)
        .chain(rows)
        .map(|row| row.each_ref().map(|cell| flat(cell)))
        .collect();
    let mut widths = [0; N];
    for row in &all {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = cell.chars().count().max(*width);
        }
    }
    for row in &all {
        let cells: Vec<String> = row
            .iter()
            .zip(widths)
            .map(|(cell, width)| format!("{cell:width$}"))
            .collect();
        line(cells.join(GAP).trim_end())?;
    }
    Ok(())
}

/// Prints names and values, aligned; those without a value are left out.
pub(super) fn card(rows: &[(&str, String)]) -> Result<(), Error> {
    let width = rows.iter().map(|(name, _)| name.chars().count()).max().unwrap_or(0);
    for (name, value) in rows.iter().filter(|(_, value)| !value.is_empty()) {
        line(&format!("{name:width$}{GAP}{}", flat(value)))?;
    }
    Ok(())
}

/// The text without control characters other than line ends: what others wrote shall not steer a terminal.
pub(super) fn tame(text: &str) -> String {
    text.replace("\r\n", "\n")
        .chars()
        .map(|c| if c.is_control() && c != '\n' { '\u{fffd}' } else { c })
        .collect()
}

/// A number as people read it: `12,345`.
pub(super) fn count(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// On one line.
fn flat(text: &str) -> String {
    text.split(['\n', '\r', '\t']).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_has_its_thousands_parted() {
        let texts = [0, 999, 1_000, 12_345_678].map(count);
        assert_eq!(texts, ["0", "999", "1,000", "12,345,678"]);
    }

    #[test]
    fn what_others_wrote_does_not_steer_the_terminal() {
        assert_eq!(tame("a\u{1b}[2Jb\r\nc\r"), "a\u{fffd}[2Jb\nc\u{fffd}");
    }
}
