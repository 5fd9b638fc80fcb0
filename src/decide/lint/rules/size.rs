//! How long, how large.

use crate::decide::lint::{Level, Rule, Spot};

pub(in crate::decide::lint) const CLIPPED: Rule = Rule {
    name: "html-clipped",
    level: Level::Block,
    judge: |letter, _, profile| {
        let bytes = letter.html.as_ref().map_or(0, |html| html.source.len());
        let max = profile.limits.html_bytes;
        let sentence =
            format!("Shorten the HTML from {bytes} to {max} octets: what is beyond is cut off, footer and all.");
        spot_if(bytes > max, format!("{bytes} octets of HTML"), sentence)
    },
};

pub(in crate::decide::lint) const MESSAGE: Rule = Rule {
    name: "message-large",
    level: Level::Warn,
    judge: |letter, _, profile| {
        let max = profile.limits.message_bytes;
        let sentence = format!("Make it smaller than {max} octets: every reader gets all of it.");
        spot_if(letter.bytes > max, format!("{} octets", letter.bytes), sentence)
    },
};

pub(in crate::decide::lint) const PICTURES: Rule = Rule {
    name: "images-heavy",
    level: Level::Warn,
    judge: |letter, _, profile| {
        let bytes: usize = letter
            .parts
            .iter()
            .filter(|part| part.is_image())
            .map(|part| part.bytes)
            .sum();
        let max = profile.limits.inline_image_bytes;
        let sentence = format!("Make the pictures smaller than {max} octets together, or serve them from the web.");
        spot_if(bytes > max, format!("{bytes} octets of pictures"), sentence)
    },
};

pub(in crate::decide::lint) const MANY_PICTURES: Rule = Rule {
    name: "images-many",
    level: Level::Warn,
    judge: |letter, _, profile| {
        let images = letter.html.iter().flat_map(|html| html.named("img"));
        let outside: Vec<&str> = images
            .filter_map(|image| image.get("src"))
            .filter(|source| source.starts_with("http"))
            .collect();
        let max = profile.limits.external_images;
        let sentence = format!("Use {max} pictures at most; there are {}.", outside.len());
        outside
            .get(max)
            .map(|first| Spot::new(*first, sentence))
            .into_iter()
            .collect()
    },
};

pub(in crate::decide::lint) const WORDS: Rule = Rule {
    name: "words-many",
    level: Level::Warn,
    judge: |letter, about, _| {
        let words = letter.body().count();
        let max = about.words_max;
        let sentence = format!("Shorten it from {words} to {max} words, and link to the rest.");
        spot_if(words > max, format!("{words} words"), sentence)
    },
};

fn spot_if(is_so: bool, place: String, sentence: String) -> Vec<Spot> {
    match is_so {
        true => vec![Spot::new(place, sentence)],
        false => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use crate::decide::lint::tests::{Draft, GOOD, NONE, in_html, in_text};

    #[test]
    fn html_is_not_clipped() {
        assert_eq!(
            in_html("html-clipped", &"a\r\n".repeat(33_334)),
            ["100002 octets of HTML"]
        );
        assert_eq!(in_html("html-clipped", &"a\r\n".repeat(33_000)), NONE);
    }

    #[test]
    fn a_message_is_small() {
        assert_eq!(in_text("message-large", &"a\r\n".repeat(333_334)).len(), 1);
        assert_eq!(in_text("message-large", &"a\r\n".repeat(100_000)), NONE);
    }

    #[test]
    fn pictures_are_small_and_few() {
        let picture = |size: usize| {
            let more = format!(
                "--x\r\nContent-Type: image/png\r\nContent-ID: <a>\r\n\r\n{}\r\n",
                "a".repeat(size)
            );
            Draft { more: &more, ..GOOD }.spots("images-heavy")
        };
        assert_eq!(picture(500_001), ["500001 octets of pictures"]);
        assert_eq!(picture(500_000), NONE);
        let many = |count: usize| in_html("images-many", &"<img src='https://mst.example/a' alt=a>".repeat(count));
        assert_eq!(many(13), ["https://mst.example/a"]);
        assert_eq!(many(12), NONE);
    }

    #[test]
    fn words_are_counted() {
        assert_eq!(in_text("words-many", &"word ".repeat(501)), ["501 words"]);
        assert_eq!(in_text("words-many", &"word - ".repeat(500)), NONE);
    }
}
