//! Files beside the message: none in mass mail, and some not at all.

use crate::decide::lint::letter::Part;
use crate::decide::lint::{Letter, Level, Rule, Spot};

const RUNS: [&str; 22] = [
    "exe", "com", "bat", "cmd", "scr", "pif", "msi", "js", "jse", "vbs", "vbe", "wsf", "ps1", "jar", "lnk", "hta",
    "dll", "iso", "img", "apk", "dmg", "reg",
];
const MACROS: [&str; 8] = ["docm", "dotm", "xlsm", "xltm", "xlam", "pptm", "potm", "xlsb"];
const ARCHIVES: [&str; 9] = ["zip", "rar", "7z", "tar", "gz", "tgz", "bz2", "xz", "cab"];

pub(in crate::decide::lint) const PRESENT: Rule = Rule {
    name: "attachment-present",
    level: Level::Block,
    judge: |letter, _, _| {
        let sentence = "Put the file on a web page and link to it: mass mail carries none.";
        found(letter, is_file, sentence)
    },
};

pub(in crate::decide::lint) const EXECUTABLE: Rule = Rule {
    name: "attachment-runs",
    level: Level::Block,
    judge: |letter, _, _| {
        let runs = |part: &Part| RUNS.contains(&part.extension().as_str());
        found(letter, runs, "Take the program out: every mail system refuses it.")
    },
};

pub(in crate::decide::lint) const MACRO: Rule = Rule {
    name: "attachment-macros",
    level: Level::Block,
    judge: |letter, _, _| {
        let has_macros = |part: &Part| MACROS.contains(&part.extension().as_str());
        found(
            letter,
            has_macros,
            "Take the file with macros out: they can do anything.",
        )
    },
};

pub(in crate::decide::lint) const ARCHIVE: Rule = Rule {
    name: "attachment-archive",
    level: Level::Block,
    judge: |letter, _, _| {
        let is_archive = |part: &Part| ARCHIVES.contains(&part.extension().as_str());
        found(
            letter,
            is_archive,
            "Take the archive out: nobody can see what is in it.",
        )
    },
};

pub(in crate::decide::lint) const GUESTS: Rule = Rule {
    name: "calendar-guests",
    level: Level::Block,
    judge: |letter, _, _| {
        let calendars = letter
            .parts
            .iter()
            .filter(|part| part.kind == "text/calendar" || part.extension() == "ics");
        let guest = |part: &Part| {
            let line = part
                .text
                .lines()
                .find(|line| line.to_ascii_uppercase().starts_with("ATTENDEE"))?;
            Some(Spot::new(
                line.trim(),
                "Take the guests out of the calendar entry: all readers would see them.",
            ))
        };
        calendars.filter_map(guest).collect()
    },
};

/// Neither a container of other parts nor a picture shown within.
fn is_file(part: &Part) -> bool {
    !part.is_inline && !part.kind.starts_with("multipart/")
}

fn found(letter: &Letter, is_wanted: impl Fn(&Part) -> bool, sentence: &str) -> Vec<Spot> {
    let files = letter.parts.iter().filter(|part| is_wanted(part));
    files.map(|part| Spot::new(part.place(), sentence)).collect()
}

#[cfg(test)]
mod tests {
    use crate::decide::lint::tests::{Draft, GOOD, NONE};

    fn file(rule: &str, head: &str, body: &str) -> Vec<String> {
        let more = format!("--x\r\n{head}\r\n\r\n{body}\r\n");
        Draft { more: &more, ..GOOD }.spots(rule)
    }

    fn named(rule: &str, name: &str) -> Vec<String> {
        let head =
            format!("Content-Type: application/octet-stream\r\nContent-Disposition: attachment; filename={name}");
        file(rule, &head, "abc")
    }

    #[test]
    fn mass_mail_carries_no_files() {
        assert_eq!(named("attachment-present", "plan.pdf"), ["plan.pdf"]);
        let inline = "Content-Type: image/png; name=a.png\r\nContent-ID: <a@b>\r\nContent-Disposition: inline";
        assert_eq!(file("attachment-present", inline, "abc"), NONE);
    }

    #[test]
    fn some_files_are_never_taken() {
        assert_eq!(named("attachment-runs", "invoice.pdf.EXE"), ["invoice.pdf.EXE"]);
        assert_eq!(named("attachment-runs", "exe.pdf"), NONE);
        assert_eq!(named("attachment-macros", "budget.xlsm"), ["budget.xlsm"]);
        assert_eq!(named("attachment-macros", "budget.xlsx"), NONE);
        assert_eq!(named("attachment-archive", "all.zip"), ["all.zip"]);
        assert_eq!(named("attachment-archive", "zip.txt"), NONE);
    }

    #[test]
    fn a_calendar_entry_names_no_guests() {
        let guests = "BEGIN:VCALENDAR\r\nATTENDEE:mailto:a@mst.example\r\nEND:VCALENDAR";
        assert_eq!(
            file("calendar-guests", "Content-Type: text/calendar", guests),
            ["ATTENDEE:mailto:a@mst.example"]
        );
        let none = "BEGIN:VCALENDAR\r\nSUMMARY:ATTENDEE\r\nEND:VCALENDAR";
        assert_eq!(file("calendar-guests", "Content-Type: text/calendar", none), NONE);
    }
}
