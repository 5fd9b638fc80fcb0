//! The pictures a message carries itself, for whoever looks at it: of a kind every browser draws, and no more of them
//! than a page bears. What is not among these stays a name in its place.
//!
//! # Standards
//! RFC 2392 (`cid:` names a part by its Content-ID).

use imagesize::ImageType;
use mail_parser::{Message, MessagePart, MimeHeaders};

/// Largest picture that is shown.
const BYTES_MAX: usize = 2 * 1024 * 1024;
/// What all of them may have together.
const SUM_BYTES_MAX: usize = 6 * 1024 * 1024;
/// Pictures of one message that are shown.
const PICTURES_MAX: usize = 20;
/// Points of the largest: a file of a few bytes can unfold into gigabytes.
const POINTS_MAX: usize = 16_000_000;

/// One picture, of a kind that does nothing but show: what is drawn from a program (SVG) is none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Picture {
    /// Its Content-ID, as `cid:` names it.
    pub cid: String,
    /// Its media type, by its bytes.
    pub kind: &'static str,
    /// The file.
    pub bytes: Vec<u8>,
}

/// The pictures among the parts of a message.
pub(super) fn carried(message: &Message<'_>) -> Vec<Picture> {
    let (mut pictures, mut sum) = (Vec::<Picture>::new(), 0);
    for picture in message.parts.iter().filter_map(picture) {
        let is_known = pictures.iter().any(|known| known.cid == picture.cid);
        if pictures.len() < PICTURES_MAX && !is_known && sum + picture.bytes.len() <= SUM_BYTES_MAX {
            sum += picture.bytes.len();
            pictures.push(picture);
        }
    }
    pictures
}

/// A part that says it is such a picture, and is one.
fn picture(part: &MessagePart<'_>) -> Option<Picture> {
    let cid = part.content_id()?.trim_matches(['<', '>']);
    let says = part.content_type()?;
    let bytes = part.contents();
    if !says.c_type.eq_ignore_ascii_case("image") || bytes.len() > BYTES_MAX {
        return None;
    }
    let kind = kind(bytes)?;
    let size = imagesize::blob_size(bytes).ok()?;
    let points = size.width.checked_mul(size.height)?;
    (points <= POINTS_MAX).then(|| Picture {
        cid: cid.to_owned(),
        kind,
        bytes: bytes.to_vec(),
    })
}

fn kind(bytes: &[u8]) -> Option<&'static str> {
    match imagesize::image_type(bytes).ok()? {
        ImageType::Gif => Some("image/gif"),
        ImageType::Jpeg => Some("image/jpeg"),
        ImageType::Png => Some("image/png"),
        ImageType::Webp => Some("image/webp"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;
    use mail_parser::MessageParser;

    use super::*;

    /// The head of a PNG of one point, or more.
    fn png(width: u32, height: u32, length: usize) -> Vec<u8> {
        let mut bytes = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR".to_vec();
        bytes.extend(width.to_be_bytes());
        bytes.extend(height.to_be_bytes());
        bytes.resize(length.max(bytes.len()), 0);
        bytes
    }

    fn part(cid: &str, kind: &str, bytes: &[u8]) -> String {
        let lines: Vec<String> = STANDARD
            .encode(bytes)
            .as_bytes()
            .chunks(76)
            .map(|line| String::from_utf8_lossy(line).into_owned())
            .collect();
        let body = lines.join("\r\n");
        format!(
            "--b\r\nContent-Type: {kind}\r\nContent-ID: <{cid}>\r\nContent-Transfer-Encoding: base64\r\n\r\n{body}\r\n"
        )
    }

    fn shown(parts: &[String]) -> Vec<String> {
        let message = format!(
            "MIME-Version: 1.0\r\nContent-Type: multipart/related; boundary=b\r\n\r\n{}--b--\r\n",
            parts.concat()
        );
        let parsed = MessageParser::default().parse(&message).expect("a message");
        carried(&parsed).into_iter().map(|picture| picture.cid).collect()
    }

    #[test]
    fn a_picture_is_what_says_so_and_is_one() {
        let point = png(1, 1, 40);
        let parts = [
            part("good@m.example", "image/png", &point),
            part("jpeg-that-is-png", "image/jpeg", &point),
            part("page", "text/html", b"<script>1</script>"),
            part(
                "page-that-says-picture",
                "image/png",
                b"<html><script>1</script></html>",
            ),
            part("picture-that-says-page", "text/html", &point),
            part(
                "svg",
                "image/svg+xml",
                b"<svg xmlns='http://www.w3.org/2000/svg' onload='1'/>",
            ),
            part("good@m.example", "image/png", &png(2, 2, 40)),
        ];
        assert_eq!(shown(&parts), ["good@m.example", "jpeg-that-is-png"]);
    }

    #[test]
    fn pictures_that_are_too_large_to_show_are_left_out() {
        let parts = [
            part("long", "image/png", &png(10, 10, 5_000_000)),
            part("wide", "image/png", &png(4_000_000_000, 4_000_000_000, 40)),
            part("many-points", "image/png", &png(5_000, 5_000, 40)),
            part("fits", "image/png", &png(3_000, 3_000, BYTES_MAX)),
        ];
        assert_eq!(shown(&parts), ["fits"]);
    }

    #[test]
    fn there_are_no_more_than_a_page_bears() {
        let many: Vec<String> = (0..50)
            .map(|at| part(&format!("n{at}"), "image/png", &png(1, 1, 40)))
            .collect();
        assert_eq!(shown(&many).len(), PICTURES_MAX);
        let heavy: Vec<String> = (0..5)
            .map(|at| part(&format!("n{at}"), "image/png", &png(1, 1, BYTES_MAX)))
            .collect();
        assert_eq!(shown(&heavy).len(), 3);
    }
}
