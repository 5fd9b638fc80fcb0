//! What has no place in a contact system, whatever a feed's `fields` say. Policy C10.
//!
//! A column is refused by its name and a cell by its form: a name can be chosen to hide what the cells hold. No fault
//! ever quotes the value.

use crate::model::number;

/// Words of a column's name, and what they give away.
const WORDS: &[(&str, &[&str])] = &[
    (SOCIAL, &["ssn", "sin", "tin", "itin", "taxpayer", "taxid"]),
    (GRADES, &["gpa", "grade", "grades", "transcript", "marks"]),
    (
        MONEY,
        &[
            "amount",
            "amt",
            "gift",
            "gifts",
            "giving",
            "donation",
            "donations",
            "pledge",
            "pledges",
            "salary",
            "wage",
            "wages",
            "pay",
            "income",
            "balance",
            "wealth",
            "fafsa",
            "efc",
            "pell",
        ],
    ),
    (
        ACCOUNTS,
        &["iban", "bank", "routing", "aba", "acct", "cvv", "cvc", "ccnum"],
    ),
    (BIRTH, &["dob", "birth", "birthday", "birthdate", "birthdt", "age"]),
    (
        CONDUCT,
        &[
            "conduct",
            "discipline",
            "disciplinary",
            "judicial",
            "sanction",
            "sanctions",
            "probation",
            "misconduct",
            "titleix",
        ],
    ),
    (
        HEALTH,
        &[
            "health",
            "medical",
            "diagnosis",
            "disability",
            "disabilities",
            "accommodation",
            "accommodations",
            "immunization",
        ],
    ),
    (
        PAPERS,
        &[
            "passport",
            "visa",
            "citizenship",
            "immigration",
            "license",
            "licence",
            "race",
            "ethnicity",
            "religion",
        ],
    ),
    (SECRETS, &["password", "passwd", "pwd", "pin", "secret"]),
];

/// The same where a name is written without gaps: long enough to be in no other word.
const RUNS: &[(&str, &[&str])] = &[
    (SOCIAL, &["socialsec"]),
    (MONEY, &["giftam", "lifetimegiv", "lastgift", "networth", "netpay"]),
    (
        ACCOUNTS,
        &[
            "creditcard",
            "debitcard",
            "cardnum",
            "cardno",
            "accountnum",
            "accountno",
            "accountid",
        ],
    ),
    (BIRTH, &["birthd", "dateofbirth", "yearofbirth", "birthyear"]),
    (CONDUCT, &["disciplin"]),
    (PAPERS, &["driverslic", "driverlic"]),
];

/// Short words that names are often glued to, at either end: `cumgpa`, `ssn_last4`.
const GLUED: &[(&str, &str)] = &[(SOCIAL, "ssn"), (GRADES, "gpa"), (BIRTH, "dob")];

const SOCIAL: &str = "social security numbers";
const GRADES: &str = "grades";
const MONEY: &str = "gifts, pay and other amounts of money";
const ACCOUNTS: &str = "numbers of bank accounts and cards";
const BIRTH: &str = "dates of birth";
const CONDUCT: &str = "matters of student conduct";
const HEALTH: &str = "matters of health";
const PAPERS: &str = "people's papers, origin and belief";
const SECRETS: &str = "passwords";

/// What a column of this name would bring that must not come; `None` when its name is harmless.
pub fn forbidden(name: &str) -> Option<&'static str> {
    let lower = name.to_lowercase();
    let words: Vec<&str> = lower.split(|c: char| !c.is_ascii_alphabetic()).collect();
    let run: String = words.concat();
    let says = |(what, named): &(&'static str, &[&str])| words.iter().any(|word| named.contains(word)).then_some(*what);
    let holds = |(what, named): &(&'static str, &[&str])| named.iter().any(|word| run.contains(word)).then_some(*what);
    let glues =
        |(what, short): &(&'static str, &str)| (run.starts_with(short) || run.ends_with(short)).then_some(*what);
    let found = WORDS.iter().find_map(says).or_else(|| RUNS.iter().find_map(holds));
    found.or_else(|| GLUED.iter().find_map(glues))
}

/// What a text holds that must not come, in whatever column.
pub(super) fn secret(text: &str) -> Option<&'static str> {
    // No number among them has fewer digits; most texts have none.
    if text.bytes().filter(u8::is_ascii_digit).count() < 9 {
        return None;
    }
    let mut words = text.split(|c: char| !(c.is_alphanumeric() || c == '-'));
    let is_spaced = || number::is_social_security(&text.replace(' ', "-"));
    if words.any(number::is_social_security) || is_spaced() {
        return Some("it holds a social security number");
    }
    let mut runs = text.split(|c: char| !(c.is_ascii_digit() || c == '-' || c == ' '));
    if runs.any(|run| number::is_card(run.trim_matches([' ', '-']))) {
        return Some("it holds a payment card's number");
    }
    number::is_bank_account(text).then_some("it holds a bank account's number")
}

/// What an attribute's value is when it is a number with a fraction or a currency: an amount, or a grade.
pub(super) fn measure(text: &str) -> Option<&'static str> {
    let (number, is_money) = without_currency(text);
    let is_grouped = |whole: &str| {
        let mut groups = whole.split(',');
        let first = groups.next().unwrap_or_default();
        (1..=3).contains(&first.len()) && groups.all(|group| group.len() == 3)
    };
    let (whole, fraction) = number
        .split_once('.')
        .map_or((number, None), |(whole, rest)| (whole, Some(rest)));
    let is_digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let is_number = is_digits(&whole.replace(',', "")) && fraction.is_none_or(is_digits);
    let is_amount = is_money || (whole.contains(',') && is_grouped(whole));
    match (is_number, is_amount, fraction) {
        (true, true, _) => Some("it is an amount of money"),
        (true, false, Some(_)) => Some("it is a number with a fraction, as grades and amounts are"),
        (true, false, None) | (false, _, _) => None,
    }
}

/// The number without the sign of its currency, and whether it had one.
fn without_currency(text: &str) -> (&str, bool) {
    const SIGNS: [&str; 10] = ["US$", "USD", "EUR", "GBP", "CAD", "$", "€", "£", "¥", "₹"];
    let bare = text.trim_start_matches(['-', '+', '(']).trim_end_matches(')').trim();
    let stripped = SIGNS
        .iter()
        .find_map(|sign| bare.strip_prefix(sign).or_else(|| bare.strip_suffix(sign)));
    stripped.map_or((bare, false), |number| (number.trim(), true))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_column_is_known_by_its_name_however_it_is_written() {
        for name in [
            "ssn",
            "SSN4",
            "last4_ssn",
            "ssnlast4",
            "Social-Security-No",
            "GPA",
            "cum_gpa",
            "cumgpa",
            "final grade",
            "gift_amt",
            "lifetimegiving",
            "LastGift",
            "salary",
            "bank account",
            "AccountNumber",
            "credit_card",
            "iban",
            "dob",
            "birth_date",
            "DateOfBirth",
            "birthday",
            "conduct_status",
            "disciplinary",
            "passport_no",
            "password",
        ] {
            assert!(forbidden(name).is_some(), "{name}");
        }
        for name in [
            "class",
            "class_name",
            "classname",
            "college",
            "campus",
            "major",
            "year",
            "title",
            "donor",
            "upgraded",
            "language",
            "stage",
            "spin_off",
            "business",
            "page",
            "image",
            "manager",
            "department",
            "degree",
            "paymaster",
            "visiting",
        ] {
            assert_eq!(forbidden(name), None, "{name}");
        }
    }

    #[test]
    fn a_number_is_known_in_whatever_column_it_is() {
        for text in [
            "219-09-9999",
            "no. 219-09-9999",
            "219 09 9999",
            "4111 1111 1111 1111",
            "Visa 4111-1111-1111-1111",
            "DE89 3704 0044 0532 0130 00",
        ] {
            assert!(secret(text).is_some(), "{text}");
        }
        for text in [
            "900123456",
            "573-341-4111",
            "65409-1234",
            "2026-01-31T08:00:00-06:00",
            "12345678",
            "4111 1111 1111 1112",
        ] {
            assert_eq!(secret(text), None, "{text}");
        }
    }

    #[test]
    fn an_amount_and_a_grade_are_numbers_of_a_form() {
        for text in [
            "$1,250", "1,250", "1250.00", "USD 500", "500 USD", "€12", "($3.00)", "3.42", "-0.5",
        ] {
            assert!(measure(text).is_some(), "{text}");
        }
        for text in ["2027", "12", "1,2", "freshman", "v1.2.3", "A, B", "", "1.", "12.a", "$"] {
            assert_eq!(measure(text), None, "{text}");
        }
    }
}
