//! Pictures: said in words too, and no spies.

use crate::decide::lint::html::{Element, Html};
use crate::decide::lint::url::Target;
use crate::decide::lint::{Letter, Level, Rule, Spot};

/// So many pictures are looked at, and no more.
const IMAGES_MAX: usize = 1000;

pub(in crate::decide::lint) const ONLY: Rule = Rule {
    name: "image-only",
    level: Level::Block,
    judge: |letter, _, profile| {
        let images: Vec<&Element> = letter.html.iter().flat_map(|html| html.named("img")).collect();
        let is_wordless = letter.body().count() < profile.limits.image_words_min;
        let sentence = "Say it in words: with pictures off, and to many readers, nothing is left.";
        let first = images.first().filter(|_| is_wordless);
        first
            .map(|image| Spot::new(image.source.as_str(), sentence))
            .into_iter()
            .collect()
    },
};

pub(in crate::decide::lint) const NO_ALT: Rule = Rule {
    name: "image-alt-missing",
    level: Level::Block,
    judge: |letter, _, _| {
        let sentence = "Give the picture an `alt` that says what it shows; an empty one if it only adorns.";
        of_images(
            letter,
            |_, image| image.get("alt").is_none() && !is_tiny(image),
            sentence,
        )
    },
};

pub(in crate::decide::lint) const ALT_FILE: Rule = Rule {
    name: "image-alt-file-name",
    level: Level::Block,
    judge: |letter, _, _| {
        let is_file = |_: &Html, image: &Element| {
            let alt = image.get("alt").unwrap_or_default().trim().to_lowercase();
            let ends = [".png", ".jpg", ".jpeg", ".gif", ".webp", ".svg"];
            ends.iter().any(|end| alt.ends_with(end))
        };
        of_images(
            letter,
            is_file,
            "Let the `alt` say what the picture shows, not what the file is called.",
        )
    },
};

pub(in crate::decide::lint) const LINK_UNNAMED: Rule = Rule {
    name: "image-link-unnamed",
    level: Level::Block,
    judge: |letter, _, _| {
        let is_unnamed = |html: &Html, image: &Element| {
            let link = html.around(image).find(|element| element.name == "a");
            let is_silent = image.get("alt").is_some_and(|alt| alt.trim().is_empty());
            is_silent && link.is_some_and(|link| html.text_of(link).is_empty() && !has_spoken_image(html, link))
        };
        of_images(
            letter,
            is_unnamed,
            "Let the `alt` of a linked picture say where the link goes.",
        )
    },
};

pub(in crate::decide::lint) const PIXEL: Rule = Rule {
    name: "tracking-pixel",
    level: Level::Block,
    judge: |letter, about, profile| {
        let is_spy = |_: &Html, image: &Element| {
            let target = Target::parse(image.get("src").unwrap_or_default());
            let is_outside = |target: &Target| !about.is_ours(&target.host, profile);
            let tells = |target: &Target| target.query.iter().any(|(name, value)| is_personal(name, value));
            let is_fetched = target.is_some();
            let is_told = target.is_some_and(|target| is_outside(&target) && tells(&target));
            is_fetched && (is_tiny(image) || image.look.is_hidden || is_told)
        };
        of_images(
            letter,
            is_spy,
            "Take the tracking picture out: we do not watch who reads.",
        )
    },
};

pub(in crate::decide::lint) const LOGO: Rule = Rule {
    name: "logo-foreign",
    level: Level::Warn,
    judge: |letter, about, profile| {
        let is_foreign = |_: &Html, image: &Element| {
            let source = image.get("src").unwrap_or_default();
            let file = source.rsplit('/').next().unwrap_or_default().to_lowercase();
            let target = Target::parse(source);
            let is_elsewhere = |target: Target| {
                !target.is_of(&profile.hosts.logo)
                    && !about.campus_domains.iter().any(|own| own.as_str() == target.host)
            };
            file.contains("logo") && target.is_some_and(is_elsewhere)
        };
        of_images(letter, is_foreign, "Use the logo from the university's own site.")
    },
};

/// A name or value that is one reader's own.
pub(super) fn is_personal(name: &str, value: &str) -> bool {
    const NAMES: [&str; 14] = [
        "email",
        "e-mail",
        "mail",
        "uid",
        "userid",
        "user_id",
        "recipient",
        "rid",
        "cid",
        "subscriber",
        "contact",
        "contactid",
        "mc_eid",
        "token",
    ];
    let is_long_code = value.len() >= 20
        && value
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
        && value.bytes().any(|byte| byte.is_ascii_digit());
    NAMES.contains(&name.to_ascii_lowercase().as_str()) || value.contains('@') || is_long_code
}

fn is_tiny(image: &Element) -> bool {
    let small = |name: &str| image.length(name).is_some_and(|length| length <= 2.0);
    small("width") && small("height")
}

fn has_spoken_image(html: &Html, link: &Element) -> bool {
    let spoken = |element: &Element| element.get("alt").is_some_and(|alt| !alt.trim().is_empty());
    html.inside(link).iter().any(spoken)
}

fn of_images(letter: &Letter, is_wanted: impl Fn(&Html, &Element) -> bool, sentence: &str) -> Vec<Spot> {
    let Some(html) = &letter.html else {
        return Vec::new();
    };
    let images = html
        .named("img")
        .take(IMAGES_MAX)
        .filter(|image| is_wanted(html, image));
    images.map(|image| Spot::new(image.source.as_str(), sentence)).collect()
}

#[cfg(test)]
mod tests {
    use crate::decide::lint::tests::{NONE, in_html};

    #[track_caller]
    fn check(rule: &str, hit: &str, miss: &str) {
        let start = hit.find("<img").expect("an image");
        let image = hit.get(start..).and_then(|image| image.split_inclusive('>').next());
        assert_eq!(in_html(rule, hit), [image.expect("a tag")]);
        assert_eq!(in_html(rule, miss), NONE);
    }

    #[test]
    fn pictures_are_said_in_words() {
        let words = format!("<img src='a' alt='a'>{}", "word ".repeat(20));
        check("image-only", "<img src='a' alt='a'> few words", &words);
        check("image-alt-missing", "<img src='a'>", "<img src='a' alt=''>");
        check(
            "image-alt-file-name",
            "<img src='a' alt='IMG_1.JPG'>",
            "<img src='a' alt='A jpg of stars'>",
        );
        check(
            "image-link-unnamed",
            "<a href='b'><img alt=''></a>",
            "<a href='b'><img alt=''>Guide</a>",
        );
    }

    #[test]
    fn pictures_do_not_watch() {
        let sized = |size: u32| format!("<img src='https://mst.example/p' width={size} height={size} alt=''>");
        check("tracking-pixel", &sized(1), &sized(16));
        check(
            "tracking-pixel",
            "<img src='https://pics.example/p?uid=7' alt=''>",
            "<img src='https://pics.example/p?w=7' alt=''>",
        );
        check(
            "tracking-pixel",
            "<div style='display:none'><img src='https://mst.example/p' alt=''>",
            "<div><img src='https://mst.example/p' alt=''>",
        );
    }

    #[test]
    fn the_logo_is_the_official_one() {
        check(
            "logo-foreign",
            "<img src='https://pics.example/Logo.png' alt=a>",
            "<img src='https://www.mst.edu/logo.png' alt=a>",
        );
    }
}
