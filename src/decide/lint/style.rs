//! Inline style: declarations, colours, and how well a colour is read on another.
//!
//! # Standards
//! WCAG 2.2, relative luminance and contrast ratio.

/// A colour of the screen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Colour(pub(super) [u8; 3]);

pub(super) const BLACK: Colour = Colour([0; 3]);
pub(super) const WHITE: Colour = Colour([255; 3]);

/// The names people use in mail; others cannot be judged.
const NAMED: [(&str, [u8; 3]); 18] = [
    ("black", [0, 0, 0]),
    ("white", [255, 255, 255]),
    ("red", [255, 0, 0]),
    ("green", [0, 128, 0]),
    ("blue", [0, 0, 255]),
    ("navy", [0, 0, 128]),
    ("gray", [128, 128, 128]),
    ("grey", [128, 128, 128]),
    ("silver", [192, 192, 192]),
    ("lightgray", [211, 211, 211]),
    ("lightgrey", [211, 211, 211]),
    ("yellow", [255, 255, 0]),
    ("orange", [255, 165, 0]),
    ("maroon", [128, 0, 0]),
    ("purple", [128, 0, 128]),
    ("teal", [0, 128, 128]),
    ("gold", [255, 215, 0]),
    ("whitesmoke", [245, 245, 245]),
];

impl Colour {
    /// `#rgb`, `#rrggbb`, `rgb(r, g, b)` or a common name.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let text = text.trim().to_ascii_lowercase();
        if let Some(hex) = text.strip_prefix('#') {
            return Self::from_hex(hex);
        }
        if let Some(inner) = text.strip_prefix("rgb(").and_then(|rest| rest.strip_suffix(')')) {
            let parts: Vec<u8> = inner.split(',').filter_map(|part| part.trim().parse().ok()).collect();
            return parts.try_into().ok().map(Self);
        }
        NAMED.iter().find(|(name, _)| *name == text).map(|(_, rgb)| Self(*rgb))
    }

    fn from_hex(hex: &str) -> Option<Self> {
        let digits: Vec<u8> = hex
            .chars()
            .map(|c| c.to_digit(16).and_then(|digit| u8::try_from(digit).ok()))
            .collect::<Option<_>>()?;
        match *digits.as_slice() {
            [r, g, b] => Some(Self([r * 17, g * 17, b * 17])),
            [r, s, g, h, b, c] => Some(Self([r * 16 + s, g * 16 + h, b * 16 + c])),
            _ => None,
        }
    }

    fn luminance(self) -> f64 {
        let [r, g, b] = self.0.map(|part| {
            let part = f64::from(part) / 255.0;
            if part <= 0.040_45 {
                part / 12.92
            } else {
                ((part + 0.055) / 1.055).powf(2.4)
            }
        });
        0.2126 * r + 0.7152 * g + 0.0722 * b
    }

    /// From 1 (the same) to 21 (black on white).
    pub(super) fn contrast(self, other: Self) -> f64 {
        let (a, b) = (self.luminance(), other.luminance());
        (a.max(b) + 0.05) / (a.min(b) + 0.05)
    }
}

/// The declarations of a `style` attribute.
pub(super) fn declarations(style: &str) -> impl Iterator<Item = (String, &str)> {
    style.split(';').filter_map(|one| {
        let (name, value) = one.split_once(':')?;
        let value = value.trim();
        let value = value.strip_suffix("!important").unwrap_or(value).trim();
        Some((name.trim().to_ascii_lowercase(), value))
    })
}

/// How text looks: what an element has from those around it and says itself.
#[derive(Debug, Clone, Copy, PartialEq)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "four things a look can be, each on its own"
)]
pub(super) struct Look {
    /// `None` when it cannot be resolved.
    pub(super) text: Option<Colour>,
    /// `None` when it cannot be resolved, such as a picture.
    pub(super) ground: Option<Colour>,
    /// Pixels.
    pub(super) size: f64,
    pub(super) is_bold: bool,
    pub(super) is_hidden: bool,
    /// It says itself what colour it is.
    pub(super) is_coloured: bool,
    /// It says itself what size it is.
    pub(super) is_sized: bool,
}

impl Look {
    /// The page before anything is said.
    pub(super) const PAGE: Self = Self {
        text: Some(BLACK),
        ground: Some(WHITE),
        size: 16.0,
        is_bold: false,
        is_hidden: false,
        is_coloured: false,
        is_sized: false,
    };

    /// The look of an element inside this one.
    pub(super) fn inside(mut self, name: &str, attribute: impl Fn(&str) -> Option<String>) -> Self {
        self.is_coloured = false;
        self.is_sized = false;
        self.is_bold |= ["b", "strong", "th", "h1", "h2", "h3"].contains(&name);
        self.is_hidden |= attribute("hidden").is_some();
        self.size = match name {
            "h1" => 32.0,
            "h2" => 24.0,
            _ => self.size,
        };
        if let Some(ground) = attribute("bgcolor") {
            self.ground = Colour::parse(&ground);
            self.is_coloured = true;
        }
        if attribute("background").is_some() {
            self.ground = None;
        }
        if let Some(text) = attribute("color") {
            self.text = Colour::parse(&text);
            self.is_coloured = true;
        }
        let style = attribute("style").unwrap_or_default();
        declarations(&style).for_each(|(name, value)| self.declare(&name, value));
        self
    }

    fn declare(&mut self, name: &str, value: &str) {
        let lower = value.to_ascii_lowercase();
        match name {
            "color" if lower != "inherit" => {
                self.text = Colour::parse(value);
                self.is_coloured = true;
            }
            "background-color" | "background" if lower != "transparent" && lower != "none" => {
                self.ground = Colour::parse(value);
                self.is_coloured = true;
            }
            "background-image" if lower != "none" => self.ground = None,
            "font-size" => {
                if let Some(size) = pixels(&lower, self.size) {
                    self.size = size;
                    self.is_sized = true;
                }
                self.is_hidden |= pixels(&lower, self.size).is_some_and(|size| size < 2.0);
            }
            "font-weight" => self.is_bold = lower == "bold" || lower.parse().is_ok_and(|weight: u32| weight >= 600),
            "display" => self.is_hidden |= lower == "none",
            "visibility" => self.is_hidden |= lower == "hidden",
            "opacity" => self.is_hidden |= lower.parse().is_ok_and(|part: f64| part < 0.05),
            _ => {}
        }
    }
}

/// A length in pixels; `None` when it depends on what we do not know.
pub(super) fn pixels(text: &str, parent: f64) -> Option<f64> {
    let text = text.trim();
    let with = |unit: &str, times: f64| Some(text.strip_suffix(unit)?.trim().parse::<f64>().ok()? * times);
    with("px", 1.0)
        .or_else(|| with("pt", 4.0 / 3.0))
        .or_else(|| with("rem", 16.0))
        .or_else(|| with("em", parent))
        .or_else(|| with("%", parent / 100.0))
        .or_else(|| text.parse::<f64>().ok().filter(|&size| size < 1.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn contrast_is_that_of_wcag() {
        assert!((BLACK.contrast(WHITE) - 21.0).abs() < 0.01);
        let grey = Colour::parse("#777").expect("a colour");
        assert!((grey.contrast(WHITE) - 4.48).abs() < 0.01);
    }

    #[test]
    fn colours_have_four_spellings() {
        let green = Some(Colour([0, 128, 0]));
        assert_eq!(Colour::parse("#008000"), green);
        assert_eq!(Colour::parse("rgb(0, 128, 0)"), green);
        assert_eq!(Colour::parse(" Green "), green);
        assert_eq!(Colour::parse("#0f0"), Some(Colour([0, 255, 0])));
        assert_eq!(Colour::parse("#00"), None);
    }

    #[test]
    fn a_look_is_inherited() {
        let attribute = |name: &str| (name == "style").then(|| "color:#fff; font-size: 12pt;display:none".to_owned());
        let look = Look::PAGE.inside("div", attribute);
        assert_eq!((look.text, look.size, look.is_hidden), (Some(WHITE), 16.0, true));
        let inner = look.inside("b", |_| None);
        assert!(inner.is_bold && inner.is_hidden && !inner.is_coloured);
    }
}
