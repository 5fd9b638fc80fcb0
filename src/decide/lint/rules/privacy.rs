//! People's numbers: none of them belongs in a mailing. Quoted masked.

use crate::decide::lint::find::{self, Hit};
use crate::decide::lint::tokens::Tokens;
use crate::decide::lint::{Letter, Level, Rule, Spot};
use crate::model::number;

/// Where each run of digits in a text begins.
type Digits<'l> = Box<dyn Iterator<Item = usize> + 'l>;

/// Words of which a text has one that has dates of birth in it.
const OF_BIRTH: [&str; 2] = ["dob", "birth"];
/// Words of which a text has one that has grades in it.
const OF_GRADES: [&str; 3] = ["gpa", "grade", "score"];

pub(in crate::decide::lint) const SOCIAL: Rule = Rule {
    name: "social-security-number",
    level: Level::Block,
    judge: |letter, _, _| numbers(letter, is_social, "Take the social security number out."),
};

pub(in crate::decide::lint) const CARD: Rule = Rule {
    name: "card-number",
    level: Level::Block,
    judge: |letter, _, _| {
        let mut spots = Vec::new();
        for (text, digits) in texts(letter) {
            let runs = find::numbers(text, digits, |c| c.is_ascii_digit() || c == '-' || c == ' ');
            let runs = runs.map(|hit| hit.trimmed(&[' ', '-']));
            let cards = runs.filter(|hit| is_free(hit) && number::is_card(hit.word));
            spots.extend(cards.map(|hit| Spot::new(find::masked(hit.word), "Take the card number out.")));
        }
        spots
    },
};

pub(in crate::decide::lint) const BANK: Rule = Rule {
    name: "bank-routing-number",
    level: Level::Block,
    judge: |letter, _, _| {
        let is_bank = |hit: &Hit<'_>| number::is_routing(hit.word) && says(hit, &["routing", "aba ", "bank account"]);
        numbers(letter, is_bank, "Take the bank's number out.")
    },
};

pub(in crate::decide::lint) const STUDENT: Rule = Rule {
    name: "student-number",
    level: Level::Block,
    judge: |letter, _, _| {
        let is_student = |hit: &Hit<'_>| {
            let is_number = (7..=9).contains(&hit.word.len()) && hit.word.bytes().all(|byte| byte.is_ascii_digit());
            is_number && says(hit, &["student id", "student number", "student no", "emplid"])
        };
        numbers(letter, is_student, "Take the student's number out (FERPA).")
    },
};

pub(in crate::decide::lint) const BIRTH: Rule = Rule {
    name: "birth-date",
    level: Level::Block,
    judge: |letter, _, _| {
        let sentence = "Take dates of birth out.";
        let is_birth = |line: &&str| {
            let lower = line.to_lowercase();
            let words: Vec<Hit<'_>> = Tokens::of(&lower).collect();
            let is_named = lower.contains("date of birth") || words.iter().any(|hit| hit.word == "dob");
            let has_date = find::runs(line, |c| c.is_ascii_digit() || c == '/' || c == '-')
                .any(|hit| hit.word.len() >= 8 && hit.word.split(['/', '-']).count() == 3);
            let has_names = words.iter().any(|hit| hit.word == "name") && line.contains([',', '\t', '|', ';']);
            is_named && (has_date || has_names)
        };
        let found = texts_with(letter, &OF_BIRTH).flat_map(str::lines).filter(is_birth);
        found
            .map(|line| Spot::new(find::masked(line.trim()), sentence))
            .collect()
    },
};

pub(in crate::decide::lint) const GRADES: Rule = Rule {
    name: "grades",
    level: Level::Block,
    judge: |letter, _, _| {
        let sentence = "Take the grades out: they are each student's own (FERPA).";
        let judge = |text: &str| {
            let mut lines = text.lines();
            let head = lines.find(|line| is_grade_head(line))?;
            let graded = lines.filter(|line| is_graded(line)).count();
            (graded >= 2).then(|| Spot::new(head.trim(), sentence))
        };
        texts_with(letter, &OF_GRADES).filter_map(judge).collect()
    },
};

/// All that is read, and what files say; each with where its digits are.
fn texts<'l>(letter: &'l Letter) -> impl Iterator<Item = (&'l str, Digits<'l>)> {
    let passages = letter
        .passages()
        .map(|text| (&**text, Box::new(text.digits()) as Digits<'l>));
    passages.chain(in_files(letter).map(|text| (text, Box::new(find::digits(text)) as Digits<'l>)))
}

/// Those of them that have one of these words.
fn texts_with<'l>(letter: &'l Letter, words: &'l [&str]) -> impl Iterator<Item = &'l str> {
    let passages = letter.passages().filter(|text| words.iter().any(|word| text.has(word)));
    let is_one = |hit: Hit<'_>| words.iter().any(|word| hit.word.eq_ignore_ascii_case(word));
    let files = in_files(letter).filter(move |text| Tokens::of(text).any(is_one));
    passages.map(|text| &**text).chain(files)
}

fn in_files(letter: &Letter) -> impl Iterator<Item = &str> {
    letter.parts.iter().map(|part| part.text.as_str())
}

fn numbers(letter: &Letter, is_wanted: impl Fn(&Hit<'_>) -> bool, sentence: &str) -> Vec<Spot> {
    let mut spots = Vec::new();
    for (text, digits) in texts(letter) {
        let runs = find::numbers(text, digits, |c| c.is_alphanumeric() || c == '-');
        let found = runs.filter(|hit| is_free(hit) && is_wanted(hit));
        spots.extend(found.map(|hit| Spot::new(find::masked(hit.word), sentence)));
    }
    spots
}

/// Not a piece of a link or an address.
fn is_free(hit: &Hit<'_>) -> bool {
    let before = hit.before().chars().next_back();
    let after = hit.after().chars().next();
    let is_joint = |c: Option<char>| c.is_some_and(|c| c.is_alphanumeric() || "/=?&@_%".contains(c));
    !is_joint(before) && !is_joint(after)
}

fn says(hit: &Hit<'_>, words: &[&str]) -> bool {
    let line = hit.line().to_lowercase();
    words.iter().any(|word| line.contains(word))
}

/// As it is written; without hyphens only where the line says what it is.
fn is_social(hit: &Hit<'_>) -> bool {
    let is_named = || says(hit, &["ssn", "social security"]);
    number::is_social_security(hit.word) || (number::is_issued(hit.word) && is_named())
}

fn is_grade_head(line: &str) -> bool {
    let lower = line.to_lowercase();
    let words: Vec<Hit<'_>> = Tokens::of(&lower).collect();
    let has = |wanted: &[&str]| words.iter().any(|hit| wanted.contains(&hit.word));
    words.len() <= 12 && has(&["name", "student", "id"]) && has(&["gpa", "grade", "score"])
}

/// A row that ends with a grade: `B+`, `3.42`, `87`.
fn is_graded(line: &str) -> bool {
    let cells: Vec<&str> = line.split_whitespace().collect();
    let last = cells.last().map_or("", |cell| cell.trim_matches([',', ';', '|']));
    let last = last.rsplit([',', ';', '|']).next().unwrap_or_default();
    let is_letter = ["A", "A-", "B+", "B", "B-", "C+", "C", "C-", "D", "F"].contains(&last);
    let is_number = last.parse::<f64>().is_ok_and(|number| (0.0..=100.0).contains(&number));
    (cells.len() > 1 || line.contains([',', ';', '|'])) && (is_letter || is_number)
}

#[cfg(test)]
mod tests {
    use crate::decide::lint::tests::{Draft, GOOD, NONE, in_text};

    #[test]
    fn numbers_of_people_stay_out() {
        let social = "social-security-number";
        assert_eq!(in_text(social, "It is 219-09-9999."), ["•••-••-9999"]);
        assert_eq!(in_text(social, "SSN 219099999"), ["•••••9999"]);
        assert_eq!(
            in_text(social, "000-12-3456, 219-00-9999, 573-341-4111, 219099999, 65409-1234"),
            NONE
        );
        assert_eq!(in_text("student-number", "Student ID: 12345678"), ["••••5678"]);
        assert_eq!(in_text("student-number", "Order 12345678"), NONE);
    }

    #[test]
    fn numbers_of_accounts_stay_out() {
        assert_eq!(
            in_text("card-number", "Pay 4111 1111 1111 1111 ."),
            ["•••• •••• •••• 1111"]
        );
        assert_eq!(
            in_text(
                "card-number",
                "Pay 4111 1111 1111 1112, https://a.example/4111111111111111"
            ),
            NONE
        );
        assert_eq!(in_text("bank-routing-number", "Routing 021000021"), ["•••••0021"]);
        assert_eq!(
            in_text("bank-routing-number", "Routing 021000022\r\nticket 021000021"),
            NONE
        );
    }

    #[test]
    fn records_of_students_stay_out() {
        assert_eq!(in_text("birth-date", "A, DOB 01/02/2003"), ["A, DOB ••/••/2003"]);
        assert_eq!(in_text("birth-date", "Have your date of birth ready."), NONE);
        let table = "Name, GPA\r\nA, 3.42\r\nB, 2.9\r\n";
        assert_eq!(in_text("grades", table), ["Name, GPA"]);
        assert_eq!(in_text("grades", "Students need a GPA of 3.0.\r\nSee grades."), NONE);
    }

    #[test]
    fn files_are_looked_at_too() {
        let more = "--x\r\nContent-Type: text/csv; name=a.csv\r\n\r\nname,ssn\r\na,219-09-9999\r\n";
        assert_eq!(Draft { more, ..GOOD }.spots("social-security-number"), ["•••-••-9999"]);
    }
}
