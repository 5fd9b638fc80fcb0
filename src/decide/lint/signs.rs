//! Signs: which characters of ASCII stand between the words of a text.

/// Which characters of ASCII, letters and digits aside, a text has.
#[derive(Debug, Clone, Copy)]
pub(super) struct Signs(u128);

impl Signs {
    /// Of an empty text.
    pub(super) const NONE: Self = Self(0);

    /// Adds those of what stands between two words; whether it parts them: there is white space in it.
    pub(super) fn see(&mut self, gap: &str) -> bool {
        // The one space of nearly every gap.
        if gap == " " {
            self.0 |= 1 << b' ';
            return true;
        }
        for octet in gap.bytes().filter(u8::is_ascii) {
            self.0 |= 1 << octet;
        }
        gap.contains(char::is_whitespace)
    }

    /// Whether a text with these may have `needle` in it.
    pub(super) fn has_those_of(self, needle: &str) -> bool {
        let mut signs = needle
            .bytes()
            .filter(|octet| octet.is_ascii() && !octet.is_ascii_alphanumeric());
        signs.all(|sign| self.0 & (1 << sign) != 0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_without_a_sign_has_no_needle_with_it() {
        let mut signs = Signs::NONE;
        let parts: Vec<bool> = ["", " ", "-", "… ", "\u{a0}", "{"]
            .iter()
            .map(|gap| signs.see(gap))
            .collect();
        assert_eq!(parts, [false, true, false, true, true, false]);
        let has: Vec<bool> = ["{{", "a-b c", "…", "", "[x", "<"]
            .iter()
            .map(|needle| signs.has_those_of(needle))
            .collect();
        assert_eq!(has, [true, true, true, true, false, false]);
        assert!(Signs::NONE.has_those_of("word") && !Signs::NONE.has_those_of("two words"));
    }
}
