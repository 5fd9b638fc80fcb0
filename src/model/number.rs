//! Numbers that are a person's own, known by their form and their check digits.
//!
//! Two rooms ask: what is to be sent may not bear one, and a feed may not bring one.

/// A social security number as it is written, `219-09-9999`.
pub fn is_social_security(word: &str) -> bool {
    let lengths: Vec<usize> = word.split('-').map(str::len).collect();
    lengths == [3, 2, 4] && is_issued(&word.replace('-', ""))
}

/// Nine digits with an area, a group and a serial that are given out. So are most numbers of nine digits: only what
/// stands beside it says that it is one.
pub fn is_issued(digits: &str) -> bool {
    let (Some(area), Some(group), Some(serial)) = (digits.get(..3), digits.get(3..5), digits.get(5..)) else {
        return false;
    };
    let is_given = area != "000" && area != "666" && !area.starts_with('9') && group != "00" && serial != "0000";
    digits.len() == 9 && digits.bytes().all(|byte| byte.is_ascii_digit()) && is_given
}

/// A payment card's number: its lengths and groups, and Luhn's sum.
pub fn is_card(text: &str) -> bool {
    let lengths: Vec<usize> = text.split([' ', '-']).map(str::len).collect();
    let is_grouped = [&[4, 4, 4, 4][..], &[4, 6, 5], &[16], &[15]].contains(&lengths.as_slice());
    let digits = digits(text);
    let is_network = digits.first().is_some_and(|first| (3..=6).contains(first));
    let doubled = |(at, digit): (usize, &u32)| match at % 2 {
        0 => *digit,
        _ => digit * 2 / 10 + digit * 2 % 10,
    };
    let sum: u32 = digits.iter().rev().enumerate().map(doubled).sum();
    is_grouped && is_network && sum.is_multiple_of(10)
}

/// An American bank's routing number: the checksum of the American Bankers Association. One number of nine digits in
/// ten has it: only what stands beside it says that it is one.
pub fn is_routing(word: &str) -> bool {
    let digits = digits(word);
    let sum: u32 = digits
        .iter()
        .zip([3, 7, 1].iter().cycle())
        .map(|(digit, times)| digit * times)
        .sum();
    digits.len() == 9 && word.len() == 9 && sum > 0 && sum.is_multiple_of(10)
}

/// An international bank account number, spaces or not: two letters, and a remainder of 1 by 97.
pub fn is_bank_account(text: &str) -> bool {
    let packed: Vec<u8> = text.bytes().filter(|byte| *byte != b' ').collect();
    let is_formed = (15..=34).contains(&packed.len())
        && packed.iter().take(2).all(u8::is_ascii_uppercase)
        && packed.iter().skip(2).take(2).all(u8::is_ascii_digit)
        && packed.iter().all(u8::is_ascii_alphanumeric);
    let turned = packed.iter().skip(4).chain(packed.iter().take(4));
    let rest = turned.fold(0, |rest: u32, byte| match char::from(*byte).to_digit(36) {
        Some(value @ 0..=9) => (rest * 10 + value) % 97,
        Some(value) => (rest * 100 + value) % 97,
        None => 0,
    });
    is_formed && rest == 1
}

fn digits(text: &str) -> Vec<u32> {
    text.chars().filter_map(|c| c.to_digit(10)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_social_security_number_has_parts_that_are_given_out() {
        assert!(is_social_security("219-09-9999"));
        for other in [
            "000-12-3456",
            "666-12-3456",
            "900-12-3456",
            "219-00-9999",
            "219-09-0000",
            "573-341-4111",
            "219099999",
        ] {
            assert!(!is_social_security(other), "{other}");
        }
        assert!(is_issued("219099999") && !is_issued("21909999é"));
    }

    #[test]
    fn numbers_of_accounts_have_their_check_digits() {
        assert!(is_card("4111 1111 1111 1111") && is_card("378282246310005"));
        assert!(!is_card("4111 1111 1111 1112") && !is_card("41 111111 1111 1111"));
        assert!(is_routing("021000021") && !is_routing("021000022") && !is_routing("000000000"));
        assert!(is_bank_account("DE89 3704 0044 0532 0130 00") && is_bank_account("GB82WEST12345698765432"));
        assert!(!is_bank_account("DE88 3704 0044 0532 0130 00") && !is_bank_account("COLLEGEOFARTS97"));
    }
}
