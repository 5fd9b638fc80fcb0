//! Words of a text, side by side.

/// Words in lower case, in order, a space between two.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Words {
    text: String,
    /// Where each ends.
    ends: Vec<usize>,
}

impl Words {
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
        if !self.is_empty() {
            self.text.push(' ');
        }
        let start = self.text.len();
        if word.is_ascii() {
            self.text.push_str(word);
            if let Some(added) = self.text.get_mut(start..) {
                added.make_ascii_lowercase();
            }
        } else {
            self.text.push_str(&word.to_lowercase());
        }
        self.ends.push(self.text.len());
    }

    /// The last one.
    pub(super) fn last(&self) -> &str {
        self.run(self.len().saturating_sub(1), self.len())
    }

    /// Takes the last one off.
    pub(super) fn pop(&mut self) {
        self.ends.pop();
        self.text.truncate(self.ends.last().copied().unwrap_or_default());
    }

    /// Each word.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.runs(1)
    }

    /// Every run of so many words, each begun by the next word.
    pub(super) fn runs(&self, length: usize) -> impl Iterator<Item = &str> {
        let last = (self.len() + 1).saturating_sub(length);
        (0..last).map(move |first| self.run(first, first + length))
    }

    fn run(&self, first: usize, end: usize) -> &str {
        let end_of = |number: usize| number.checked_sub(1).and_then(|before| self.ends.get(before)).copied();
        let start = end_of(first).map_or(0, |before| before + 1);
        end_of(end)
            .and_then(|end| self.text.get(start..end))
            .unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_are_read_where_they_stand() {
        let mut words = Words::default();
        assert_eq!((words.runs(3).count(), words.last()), (0, ""));
        for word in ["Ann", "ÄPFEL", "x", "isn't"] {
            words.push(word);
        }
        assert_eq!(words.text(), "ann äpfel x isn't");
        assert_eq!(words.runs(3).collect::<Vec<_>>(), ["ann äpfel x", "äpfel x isn't"]);
        words.pop();
        assert_eq!((words.last(), words.len()), ("x", 3));
        words.push("y");
        assert_eq!(words.iter().collect::<Vec<_>>(), ["ann", "äpfel", "x", "y"]);
        (0..4).for_each(|_| words.pop());
        words.push("z");
        assert_eq!(words.text(), "z");
    }
}
