//! HTML as a mail program would see it: elements in their order, what is inside them, how they look.
//!
//! Tokens are html5ever's; the tree is what the checks need of one, and no more. Style sheets are not applied: most
//! mail programs drop them, and what they leave is what is judged.

use std::cell::RefCell;
use std::ops::Range;

use html5ever::tendril::StrTendril;
use html5ever::tokenizer::states::{Rawtext, Rcdata, ScriptData};
use html5ever::tokenizer::{BufferQueue, Tag, TagKind, Token, TokenSink, TokenSinkResult, Tokenizer, TokenizerOpts};

use super::style::Look;

/// An element.
#[derive(Debug, Clone)]
pub(super) struct Element {
    pub(super) name: String,
    attributes: Vec<(String, String)>,
    /// Its start tag, as it stands in the source.
    pub(super) source: String,
    pub(super) look: Look,
    pub(super) parent: Option<usize>,
    /// The elements inside it, by number.
    inside: Range<usize>,
    texts: Range<usize>,
    /// There are words of its own in it, not of those inside it alone.
    pub(super) has_words: bool,
}

/// A run of text in one element.
#[derive(Debug, Clone)]
struct Run {
    content: String,
    element: Option<usize>,
}

/// A page.
#[derive(Debug, Clone, Default)]
pub(super) struct Html {
    pub(super) source: String,
    elements: Vec<Element>,
    runs: Vec<Run>,
}

const VOID: [&str; 12] = [
    "area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "wbr",
];
const BLOCK: [&str; 20] = [
    "p",
    "div",
    "table",
    "tr",
    "ul",
    "ol",
    "li",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "blockquote",
    "center",
    "section",
    "header",
    "footer",
    "pre",
    "hr",
];
/// So much of a page is read. Long before that it is too long to be sent.
const READ_BYTES_MAX: usize = 512 * 1024;
/// Deeper elements hold nothing: what is nested so deep is no letter.
const DEPTH_MAX: usize = 256;
/// What is inside is not read by people.
const UNREAD: [&str; 4] = ["script", "style", "title", "head"];

impl Element {
    /// An attribute's value.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        let found = self.attributes.iter().find(|(own, _)| own == name);
        found.map(|(_, value)| value.as_str())
    }

    /// The names of its attributes.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.attributes.iter().map(|(name, _)| name.as_str())
    }

    /// A length in pixels, from the attribute or the style.
    pub(super) fn length(&self, name: &str) -> Option<f64> {
        let style = self.get("style").unwrap_or_default();
        let styled = super::style::declarations(style)
            .filter(|(own, _)| own == name)
            .find_map(|(_, value)| super::style::pixels(value, 16.0));
        styled.or_else(|| self.get(name)?.trim().trim_end_matches("px").parse().ok())
    }
}

impl Html {
    pub(super) fn parse(source: &str) -> Self {
        let sink = Sink(RefCell::new(Building {
            html: Self {
                source: source.to_owned(),
                ..Self::default()
            },
            open: Vec::new(),
            since: 0,
            until: 0,
        }));
        let tokenizer = Tokenizer::new(sink, TokenizerOpts::default());
        let queue = BufferQueue::default();
        // A tag ends with `>`: piece by piece, each is known as it stands in the source.
        for piece in begun(source).split_inclusive('>') {
            tokenizer.sink.0.borrow_mut().until += piece.len();
            queue.push_back(StrTendril::from(piece));
            // It stops early for scripts and encodings alone, and our sink asks for neither.
            let _done = tokenizer.feed(&queue);
        }
        tokenizer.end();
        let mut building = tokenizer.sink.0.into_inner();
        building.close_to(0);
        building.html
    }

    /// All elements, each with its number.
    pub(super) fn elements(&self) -> impl Iterator<Item = (usize, &Element)> {
        self.elements.iter().enumerate()
    }

    /// All elements of a name.
    pub(super) fn named(&self, name: &str) -> impl Iterator<Item = &Element> {
        self.elements.iter().filter(move |element| element.name == name)
    }

    /// The elements inside one.
    pub(super) fn inside(&self, element: &Element) -> &[Element] {
        self.elements.get(element.inside.clone()).unwrap_or_default()
    }

    /// The elements around one, from the nearest.
    pub(super) fn around<'a>(&'a self, element: &'a Element) -> impl Iterator<Item = &'a Element> {
        std::iter::successors(Some(element), |inner| self.elements.get(inner.parent?)).skip(1)
    }

    /// The text in an element, whether it is seen or not.
    pub(super) fn text_of(&self, element: &Element) -> String {
        tidy(self.runs.get(element.texts.clone()).unwrap_or_default().iter())
    }

    /// The text people see, a block a line.
    pub(super) fn visible(&self) -> String {
        tidy(self.runs.iter().filter(|run| self.is_seen(run)))
    }

    /// The text of the page, seen or hidden: what a list of messages begins to show.
    pub(super) fn listed(&self) -> String {
        tidy(self.runs.iter().filter(|run| self.is_read(run)))
    }

    fn is_seen(&self, run: &Run) -> bool {
        let element = run.element.and_then(|number| self.elements.get(number));
        self.is_read(run) && element.is_none_or(|element| !element.look.is_hidden)
    }

    fn is_read(&self, run: &Run) -> bool {
        let Some(element) = run.element.and_then(|number| self.elements.get(number)) else {
            return true;
        };
        let is_unread = |element: &Element| UNREAD.contains(&element.name.as_str());
        !is_unread(element) && !self.around(element).any(is_unread)
    }
}

/// Spaces as a browser shows them.
fn tidy<'a>(runs: impl Iterator<Item = &'a Run>) -> String {
    let joined: String = runs.map(|run| run.content.as_str()).collect();
    let lines = joined
        .lines()
        .map(|line| line.split_whitespace().collect::<Vec<_>>().join(" "));
    lines.filter(|line| !line.is_empty()).collect::<Vec<_>>().join("\n")
}

/// The tokenizer hands tokens to a shared reference, so the page is built behind a cell.
struct Sink(RefCell<Building>);

struct Building {
    html: Html,
    /// The numbers of the open elements.
    open: Vec<usize>,
    /// Where in the source the last tag or comment ended.
    since: usize,
    /// How far the source was fed.
    until: usize,
}

impl TokenSink for Sink {
    type Handle = ();

    fn process_token(&self, token: Token, _line: u64) -> TokenSinkResult<()> {
        let mut building = self.0.borrow_mut();
        match token {
            Token::TagToken(tag) if tag.kind == TagKind::StartTag => return building.start(&tag),
            Token::TagToken(tag) => building.end(&tag.name),
            Token::CharacterTokens(text) => building.text(&text.replace(['\r', '\n', '\t'], " ")),
            Token::CommentToken(_) | Token::DoctypeToken(_) => building.since = building.until,
            Token::NullCharacterToken | Token::EOFToken | Token::ParseError(_) => {}
        }
        TokenSinkResult::Continue
    }
}

impl Building {
    fn start(&mut self, tag: &Tag) -> TokenSinkResult<()> {
        let name = tag.name.to_string();
        self.close_implied(&name);
        let attributes: Vec<(String, String)> = tag
            .attrs
            .iter()
            .map(|attribute| (attribute.name.local.to_string(), attribute.value.to_string()))
            .collect();
        if BLOCK.contains(&name.as_str()) || name == "br" {
            self.text("\n");
        }
        if name == "td" || name == "th" {
            self.text(" ");
        }
        let parent = self.open.last().copied();
        let around = parent.and_then(|number| self.html.elements.get(number));
        let attribute = |wanted: &str| {
            let found = attributes.iter().find(|(own, _)| own == wanted);
            found.map(|(_, value)| value.clone())
        };
        let look = around
            .map_or(Look::PAGE, |element| element.look)
            .inside(&name, attribute);
        let number = self.html.elements.len();
        let (inside, texts) = (number + 1..number + 1, self.html.runs.len()..self.html.runs.len());
        let source = start_of_tag(self.html.source.get(self.since..self.until).unwrap_or_default()).to_owned();
        self.since = self.until;
        let is_void = VOID.contains(&name.as_str());
        self.html.elements.push(Element {
            name: name.clone(),
            attributes,
            source,
            look,
            parent,
            inside,
            texts,
            has_words: false,
        });
        if !is_void && self.open.len() < DEPTH_MAX {
            self.open.push(number);
        }
        match name.as_str() {
            "script" => TokenSinkResult::RawData(ScriptData),
            "style" | "xmp" | "noembed" | "noframes" => TokenSinkResult::RawData(Rawtext),
            "title" | "textarea" => TokenSinkResult::RawData(Rcdata),
            _ => TokenSinkResult::Continue,
        }
    }

    fn end(&mut self, name: &str) {
        self.since = self.until;
        if let Some(depth) = self.depth(&[name], &[]) {
            self.close_to(depth);
        }
        if BLOCK.contains(&name) {
            self.text("\n");
        }
    }

    fn text(&mut self, content: &str) {
        let element = self.open.last().copied();
        if let Some(around) = element.and_then(|number| self.html.elements.get_mut(number)) {
            around.has_words = around.has_words || content.contains(char::is_alphanumeric);
        }
        self.html.runs.push(Run {
            content: content.to_owned(),
            element,
        });
    }

    /// What a start tag ends without saying so.
    fn close_implied(&mut self, name: &str) {
        let depth = match name {
            "li" => self.depth(&["li"], &["ul", "ol"]),
            "td" | "th" => self.depth(&["td", "th"], &["table", "tr"]),
            "tr" => self.depth(&["tr"], &["table"]),
            "body" => self.depth(&["head"], &[]),
            _ if BLOCK.contains(&name) => self.depth(&["p"], &["div", "td", "th", "table", "li"]),
            _ => None,
        };
        if let Some(depth) = depth {
            self.close_to(depth);
        }
    }

    /// How deep the innermost open element of these names is, if it is not outside one of the others.
    fn depth(&self, names: &[&str], not_beyond: &[&str]) -> Option<usize> {
        let name = |number: &usize| {
            self.html
                .elements
                .get(*number)
                .map_or("", |element| element.name.as_str())
        };
        let depth = self
            .open
            .iter()
            .rposition(|number| names.contains(&name(number)) || not_beyond.contains(&name(number)))?;
        let found = self.open.get(depth).map_or("", name);
        names.contains(&found).then_some(depth)
    }

    fn close_to(&mut self, depth: usize) {
        let (elements, runs) = (self.html.elements.len(), self.html.runs.len());
        for number in self.open.drain(depth.min(self.open.len())..) {
            if let Some(element) = self.html.elements.get_mut(number) {
                element.inside.end = elements;
                element.texts.end = runs;
            }
        }
    }
}

/// The beginning of a page, as far as it is read.
pub(super) fn begun(text: &str) -> &str {
    text.get(..text.floor_char_boundary(READ_BYTES_MAX)).unwrap_or(text)
}

/// The tag at the end of a piece of source that begins where the last one ended.
fn start_of_tag(since: &str) -> &str {
    let mut pairs = since.char_indices().zip(since.chars().skip(1));
    let begin = pairs.find(|((_, c), next)| *c == '<' && next.is_ascii_alphabetic());
    let at = begin.map_or(0, |((at, _), _)| at);
    since.get(at..).unwrap_or(since)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_element_is_quoted_as_it_stands() {
        let html = Html::parse("<P>a < b <!-- <i> --> <IMG alt='x > y'\n src=logo.png><b>&amp;</b>");
        let image = html.named("img").next().expect("an image");
        assert_eq!(image.source, "<IMG alt='x > y'\n src=logo.png>");
        assert_eq!(image.get("alt"), Some("x > y"));
        assert_eq!(html.visible(), "a < b &");
        assert_eq!(html.named("b").next().expect("bold").source, "<b>");
    }

    #[test]
    fn what_is_hidden_is_not_visible() {
        let html = Html::parse("<title>t</title><style>p{}</style><p>a<p style='display:none'>b</p><p>c<br>d");
        assert_eq!(html.visible(), "a\nc\nd");
    }

    #[test]
    fn an_element_knows_what_is_inside_it() {
        let html = Html::parse("<table><tr><td>a<td><a href='#'>b<img></a></table><p>c</p>");
        let table = html.named("table").next().expect("a table");
        assert_eq!(html.text_of(table), "a b");
        assert_eq!(html.inside(table).len(), 5);
        let image = html.named("img").next().expect("an image");
        let around: Vec<&str> = html.around(image).map(|element| element.name.as_str()).collect();
        assert_eq!(around, ["a", "td", "tr", "table"]);
    }
}
