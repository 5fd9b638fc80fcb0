//! The word somebody writes back to a notice: the first line that is theirs.

use crate::model::Word;

/// Longest answer that is looked at.
const CHARS_MAX: usize = 10_000;

/// Reads an answer; `None` when its first line is no word we know. What is quoted is not theirs.
pub fn read_word(text: &str) -> Option<Word> {
    let text: String = text.chars().take(CHARS_MAX).collect();
    let own: Vec<&str> = text
        .lines()
        .map(str::trim)
        .take_while(|line| !is_attribution(line))
        .filter(|line| !line.starts_with('>'))
        .collect();
    let first = own.iter().find(|line| !line.is_empty())?;
    let (word, rest) = first.split_once(':').unwrap_or((first, ""));
    let word = word.trim().trim_end_matches(['.', '!', ',']).to_lowercase();
    let after = own.iter().skip_while(|line| *line != first).skip(1);
    let comment = || {
        let more: Vec<&str> = after.clone().copied().take_while(|line| *line != "--").collect();
        format!("{}\n{}", rest.trim(), more.join("\n")).trim().to_owned()
    };
    match word.as_str() {
        "approve" | "approved" => Some(Word::Approve),
        "release" => Some(Word::Release),
        "return" => Some(Word::Return(comment())),
        "decline" | "reject" => Some(Word::Decline(comment())),
        "withdraw" => Some(Word::Withdraw),
        "agree" | "agreed" => Some(Word::Agree),
        "owner" | "id" | "irb" | "opens" | "closes" => Some(Word::Survey(own.join("\n"))),
        _ => None,
    }
}

/// First words of who wants no more mail.
const WISHES: [&str; 14] = [
    "unsubscribe",
    "remove",
    "remove me",
    "stop",
    "opt out",
    "opt-out",
    "please unsubscribe",
    "please remove me",
    "unsubscribe me",
    "abmelden",
    "abbestellen",
    "désabonner",
    "désinscription",
    "darme de baja",
];

/// Whether somebody asks for no more mail: in the subject, or in the first line that is theirs.
pub fn is_wish(subject: &str, text: &str) -> bool {
    let text: String = text.chars().take(CHARS_MAX).collect();
    let own = text.lines().map(str::trim).take_while(|line| !is_attribution(line));
    let first = own.filter(|line| !line.starts_with('>')).find(|line| !line.is_empty());
    let is_word = |said: &str| {
        let said = said.trim_matches(|c: char| !c.is_alphanumeric()).to_lowercase();
        WISHES.contains(&said.as_str())
    };
    is_word(subject) || first.is_some_and(is_word)
}

/// Where mail programs begin to quote what is answered.
fn is_attribution(line: &str) -> bool {
    let lower = line.to_lowercase();
    (lower.starts_with("on ") && lower.ends_with("wrote:"))
        || lower.starts_with("-----original message")
        || line.starts_with("________")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_on_the_first_line_is_enough() {
        assert_eq!(read_word("\n  Approve.\n\nThe Registrar\n"), Some(Word::Approve));
        assert_eq!(read_word("approved!"), Some(Word::Approve));
        assert_eq!(read_word("withdraw\r\n> approve\r\n"), Some(Word::Withdraw));
        assert_eq!(
            read_word("Return: name the room,\nand the hour.\n-- \nEMarComm"),
            Some(Word::Return("name the room,\nand the hour.".into()))
        );
        assert_eq!(read_word("decline"), Some(Word::Decline(String::new())));
    }

    #[test]
    fn what_is_quoted_is_nobodys_word() {
        assert_eq!(read_word("> approve\n"), None);
        assert_eq!(read_word("On Monday records@mst.example wrote:\napprove\n"), None);
        assert_eq!(read_word("Thank you!\napprove\n"), None, "only the first line counts");
        assert_eq!(read_word(""), None);
    }

    #[test]
    fn who_asks_for_no_more_mail_says_so_first() {
        assert!(is_wish("unsubscribe", ""));
        assert!(is_wish(
            "Re: News",
            "Unsubscribe!\n\nOn Monday news@lists.example wrote:\n> Come"
        ));
        assert!(is_wish("Re: News", "\n STOP \n"));
        assert!(!is_wish("Re: News", "> unsubscribe\n"));
        assert!(!is_wish("How to unsubscribe", "I shall come. Do not remove me!"));
        assert!(!is_wish("", ""));
    }

    #[test]
    fn a_survey_is_named_in_lines() {
        let text = "owner: Dean\nid: S-12\n\nOn Monday somebody wrote:\n> irb: x";
        assert_eq!(read_word(text), Some(Word::Survey("owner: Dean\nid: S-12\n".into())));
    }
}
