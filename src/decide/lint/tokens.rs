//! Tokens: the runs of letters and digits of a text, which is looked at 64 octets at a time.

use super::find::Hit;

/// Octets that are looked at together.
const BLOCK: usize = u64::BITS as usize;

/// The runs of letters and digits of a text, in order, each with its place.
#[derive(Debug, Clone)]
pub(super) struct Tokens<'t> {
    text: &'t str,
    /// Where the block begins, and where the next one does.
    at: usize,
    next: usize,
    /// What is still to be looked at: a bit for each octet that is in a run when the one before is not, or the other way about.
    edges: u64,
    /// The octet before the next block is in a run.
    is_inside: bool,
    /// Octets of the next block that end a letter begun in this one.
    carried: u64,
}

impl<'t> Tokens<'t> {
    pub(super) fn of(text: &'t str) -> Self {
        Self {
            text,
            at: 0,
            next: 0,
            edges: 0,
            is_inside: false,
            carried: 0,
        }
    }

    /// Where the next run begins, or ends.
    fn edge(&mut self) -> Option<usize> {
        while self.edges == 0 {
            self.look()?;
        }
        let bit = self.edges.trailing_zeros() as usize;
        self.edges &= self.edges - 1;
        Some(self.at + bit)
    }

    /// Looks at the next block; past the end nothing is in a run.
    fn look(&mut self) -> Option<()> {
        let rest = self.text.as_bytes().get(self.next..).filter(|rest| !rest.is_empty())?;
        let block = first(rest);
        self.at = self.next;
        self.next += BLOCK;
        let mut inside = u128::from(which(&block, u8::is_ascii_alphanumeric)) | u128::from(self.carried);
        if !block.is_ascii() {
            inside |= self.letters(which(&block, |octet| *octet >= 0xC0));
        }
        self.carried = (inside >> BLOCK) as u64;
        let inside = inside as u64;
        self.edges = inside ^ (inside << 1 | u64::from(self.is_inside));
        self.is_inside = inside >> (BLOCK - 1) == 1;
        Some(())
    }

    /// The octets of letters and digits that are not ASCII, by the first octets of their characters.
    fn letters(&self, mut leads: u64) -> u128 {
        let mut found = 0;
        while leads != 0 {
            let bit = leads.trailing_zeros();
            leads &= leads - 1;
            let rest = self.text.get(self.at + bit as usize..);
            if let Some(letter) = rest
                .and_then(|rest| rest.chars().next())
                .filter(|c| c.is_alphanumeric())
            {
                found |= ((1 << letter.len_utf8()) - 1) << bit;
            }
        }
        found
    }
}

impl<'t> Iterator for Tokens<'t> {
    type Item = Hit<'t>;

    fn next(&mut self) -> Option<Hit<'t>> {
        let start = self.edge()?;
        let end = self.edge().unwrap_or(self.text.len());
        let word = self.text.get(start..end)?;
        Some(Hit {
            text: self.text,
            start,
            word,
        })
    }
}

/// The first so many octets; where there are fewer, noughts after them.
pub(super) fn first<const MANY: usize>(octets: &[u8]) -> [u8; MANY] {
    octets.first_chunk().copied().unwrap_or_else(|| {
        let mut padded = [0; MANY];
        padded.iter_mut().zip(octets).for_each(|(to, octet)| *to = *octet);
        padded
    })
}

/// Which octets are such ones: a bit each, that of the first the lowest. The processor looks at many at once.
fn which(block: &[u8; BLOCK], is: impl Fn(&u8) -> bool) -> u64 {
    let mut ones = [0; BLOCK];
    for (one, octet) in ones.iter_mut().zip(block) {
        *one = u8::from(is(octet));
    }
    // Each octet's bit is moved to where the highest octet of the product has it.
    let eight = |octets: &[u8; 8]| u64::from_le_bytes(*octets).wrapping_mul(0x0102_0408_1020_4080) >> 56;
    let eights = ones.as_chunks::<8>().0;
    eights.iter().rev().fold(0, |all, octets| all << 8 | eight(octets))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::decide::lint::find::runs;

    fn places<'t>(hits: impl Iterator<Item = Hit<'t>>) -> Vec<(usize, &'t str)> {
        hits.map(|hit| (hit.start, hit.word)).collect()
    }

    #[test]
    fn tokens_are_the_runs_of_letters_and_digits() {
        for text in ["", " ", "a", "one two", "é1-ä x,", "«naïve» 3½ – 𝔸b", "a\u{301}b"] {
            for before in 0..140 {
                let text = format!("{}{text}", ".".repeat(before));
                assert_eq!(
                    places(Tokens::of(&text)),
                    places(runs(&text, char::is_alphanumeric)),
                    "{text:?}"
                );
                let text = text.replace('.', "x");
                assert_eq!(
                    places(Tokens::of(&text)),
                    places(runs(&text, char::is_alphanumeric)),
                    "{text:?}"
                );
            }
        }
    }

    proptest! {
        #[test]
        fn they_are_so_in_any_text(text in "[aZ9é½𝔸€ .@'\\n-]{0,300}") {
            prop_assert_eq!(places(Tokens::of(&text)), places(runs(&text, char::is_alphanumeric)));
        }
    }
}
