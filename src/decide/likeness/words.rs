//! Words of a text, side by side.

/// Words in lower case, in order, a space between two.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Words {
    text: String,
    /// Where each ends.
    ends: Vec<usize>,
}

/// Octets of a word and the space before it, as a guess.
const WORD_OCTETS: usize = 8;

impl Words {
    /// None yet, with room for so many.
    pub(super) fn with_room(words: usize) -> Self {
        Self {
            text: String::with_capacity(words * WORD_OCTETS),
            ends: Vec::with_capacity(words),
        }
    }

    /// How many.
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// All of them.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// One more, at the end; put into lower case.
    pub(super) fn push(&mut self, word: &str) {
        let start = self.text.len();
        if !word.is_ascii() {
            return self.push_small(&word.to_lowercase());
        }
        self.push_small(word);
        if let Some(added) = self.text.get_mut(start..) {
            added.make_ascii_lowercase();
        }
    }

    /// One more that is in lower case already.
    pub(super) fn push_small(&mut self, word: &str) {
        if !self.is_empty() {
            self.text.push(' ');
        }
        self.text.push_str(word);
        self.ends.push(self.text.len());
    }

    /// The last one.
    pub(super) fn last(&self) -> &str {
        let before = self.ends.iter().rev().nth(1).map_or(0, |before| before + 1);
        self.text.get(before..).unwrap_or_default()
    }

    /// Takes the last one off.
    pub(super) fn pop(&mut self) {
        self.ends.pop();
        self.text.truncate(self.ends.last().copied().unwrap_or_default());
    }

    /// Each word.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        let mut start = 0;
        self.ends.iter().map(move |end| {
            let word = self.text.get(start..*end).unwrap_or_default();
            start = *end + 1;
            word
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_read_where_they_stand() {
        let mut words = Words::default();
        assert_eq!((words.iter().count(), words.last()), (0, ""));
        for word in ["Ann", "ÄPFEL", "x", "isn't"] {
            words.push(word);
        }
        assert_eq!(words.text(), "ann äpfel x isn't");
        words.pop();
        assert_eq!((words.last(), words.len()), ("x", 3));
        words.push("y");
        assert_eq!(words.iter().collect::<Vec<_>>(), ["ann", "äpfel", "x", "y"]);
        (0..4).for_each(|_| words.pop());
        words.push("z");
        assert_eq!(words.text(), "z");
    }
}
