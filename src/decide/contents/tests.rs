//! What is attached is opened, whatever its form, and nothing opened is too much.

use std::io::Write;

use aws_lc_rs::digest::{SHA256, digest};
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use super::*;

fn mark(address: &str) -> Mark {
    let mut mark = [0; 16];
    mark.iter_mut()
        .zip(digest(&SHA256, address.as_bytes()).as_ref())
        .for_each(|(to, from)| *to = *from);
    mark
}

fn message(name: &str, bytes: &[u8]) -> Vec<u8> {
    let encoded = data_encoding::BASE64_MIME.encode(bytes);
    format!(
        "MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: text/plain\r\n\r\n\
         Hello.\r\n--b\r\nContent-Type: application/octet-stream; name=\"{name}\"\r\nContent-Disposition: attachment; \
         filename=\"{name}\"\r\nContent-Transfer-Encoding: base64\r\n\r\n{encoded}\r\n--b--\r\n"
    )
    .into_bytes()
}

fn found(name: &str, bytes: &[u8]) -> Contents {
    scanned(&message(name, bytes))
}

fn scanned(message: &[u8]) -> Contents {
    let parsed = mail_parser::MessageParser::default().parse(message).expect("a message");
    scan(&parsed, &Limits::default(), &mark, &|| false)
}

fn zip(entries: &[(&str, &[u8])]) -> Vec<u8> {
    let mut out = ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for (name, bytes) in entries {
        out.start_file(*name, SimpleFileOptions::default()).expect("starts");
        out.write_all(bytes).expect("writes");
    }
    out.finish().expect("finishes").into_inner()
}

fn people(count: usize) -> String {
    (0..count)
        .map(|n| format!("<c><is><t>person{n}@mail.example</t></is></c>"))
        .collect()
}

fn xlsx(count: usize) -> Vec<u8> {
    zip(&[(
        "xl/worksheets/sheet1.xml",
        format!("<sheetData>{}</sheetData>", people(count)).as_bytes(),
    )])
}

#[test]
fn every_form_is_looked_into() {
    let csv = (0..30)
        .map(|n| format!("{n};Person;person{n}@mail.example\n"))
        .collect::<String>();
    let utf16: Vec<u8> = [0xfeff]
        .into_iter()
        .chain(csv.encode_utf16())
        .flat_map(u16::to_le_bytes)
        .collect();
    let json = (0..30)
        .map(|n| format!("{{\"mail\":\"person{n}@mail.example\"}}"))
        .collect::<String>();
    let vcf = (0..30)
        .map(|n| format!("BEGIN:VCARD\nEMAIL;TYPE=work:person{n}@mail.example\nEND:VCARD\n"))
        .collect::<String>();
    let html = (0..30)
        .map(|n| format!("<a href='mailto:person{n}@mail.example'>x</a>"))
        .collect::<String>();
    let mut gz = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    gz.write_all(csv.as_bytes()).expect("writes");
    let eml = format!("Subject: x\r\n\r\n{csv}");
    let forms: Vec<(&str, Vec<u8>)> = vec![
        ("a.csv", csv.clone().into_bytes()),
        ("a.txt", utf16),
        ("a.json", json.into_bytes()),
        ("a.vcf", vcf.into_bytes()),
        ("a.html", html.into_bytes()),
        ("a.csv.gz", gz.finish().expect("finishes")),
        ("a.eml", eml.into_bytes()),
        ("a.xlsx", xlsx(30)),
        ("a.ods", zip(&[("content.xml", people(30).as_bytes())])),
        ("a.zip", zip(&[("deep/b.zip", &zip(&[("a.xlsx", &xlsx(30))]))])),
    ];
    for (name, bytes) in forms {
        assert_eq!(found(name, &bytes).attached.len(), 30, "{name}");
    }
}

#[test]
fn an_address_that_runs_part_is_one() {
    let xml = "<w:p><w:r><w:t>ann</w:t></w:r><w:r><w:rPr/><w:t>@mail.example</w:t></w:r></w:p>";
    assert_eq!(
        found("a.docx", &zip(&[("word/document.xml", xml.as_bytes())]))
            .attached
            .len(),
        1
    );
}

#[test]
fn ten_spellings_are_one_address_and_pictures_are_none() {
    let text = "Ann@Mail.example <ann@mail.example> mailto:ann@mail.example ann%40mail.example (ann@mail.example), \
        \"ann@mail.example\"; x=ann@mail.example&y ann@mail.example. ANN@MAIL.EXAMPLE 'ann@mail.example' \
        image001.png@01D9A1B2.4C5D6E70 cid:image001.png@mail.example npm@1.2.3 @nobody a@b";
    assert_eq!(found("a.txt", text.as_bytes()).attached.len(), 1);
}

#[test]
fn a_text_in_the_message_is_told_from_what_is_attached() {
    let contents = scanned(b"Subject: x\r\n\r\nann@mail.example\r\n");
    assert_eq!((contents.written.len(), contents.attached.len()), (1, 0));
}

#[test]
fn a_bomb_is_named_before_it_is_unpacked() {
    let zeros = vec![0; 24 * 1024 * 1024];
    let inner = zip(&[("a.txt", &zeros)]);
    let outer = zip(&[("1.zip", &inner), ("2.zip", &inner)]);
    assert_eq!(found("b.zip", &outer).bomb.as_deref(), Some("1.zip"));
}

#[test]
fn too_many_entries_and_too_deep_nests_are_bombs() {
    let many: Vec<(String, Vec<u8>)> = (0..2_100).map(|n| (format!("{n}.txt"), Vec::new())).collect();
    let many: Vec<(&str, &[u8])> = many
        .iter()
        .map(|(name, bytes)| (name.as_str(), bytes.as_slice()))
        .collect();
    assert!(found("m.zip", &zip(&many)).bomb.is_some());
    let deep = (0..8).fold(zip(&[("a.txt", b"x")]), |inner, _| zip(&[("n.zip", &inner)]));
    assert!(found("d.zip", &deep).bomb.is_some());
}

#[test]
fn what_is_locked_is_named() {
    assert_eq!(found("a.7z", b"7z\xbc\xaf\x27\x1cxxxx").unreadable, ["a.7z"]);
    assert_eq!(found("a.zip", b"PK\x03\x04garbage").unreadable, ["a.zip"]);
    assert_eq!(found("a.pdf", b"%PDF-1.7 garbage").unreadable, ["a.pdf"]);
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig::with_cases(64))]
    #[test]
    fn nothing_that_is_attached_makes_us_panic(kind in 0usize..4, bytes: Vec<u8>) {
        let magic: [&[u8]; 4] = [b"", b"PK\x03\x04", b"%PDF-1.4\n", b"\x1f\x8b\x08"];
        found("x", &[magic[kind], &bytes].concat());
    }
}

/// A PDF of one page with these lines.
fn pdf(lines: &[String]) -> Vec<u8> {
    use lopdf::content::{Content, Operation};
    use lopdf::{Document, Object, Stream, dictionary};
    let mut document = Document::with_version("1.5");
    let pages = document.new_object_id();
    let font = document.add_object(dictionary! { "Type" => "Font", "Subtype" => "Type1", "BaseFont" => "Courier" });
    let resources = document.add_object(dictionary! { "Font" => dictionary! { "F1" => font } });
    let mut operations = vec![
        Operation::new("BT", vec![]),
        Operation::new("Tf", vec!["F1".into(), 10.into()]),
        Operation::new("TL", vec![12.into()]),
    ];
    for line in lines {
        operations.push(Operation::new("Tj", vec![Object::string_literal(line.as_str())]));
        operations.push(Operation::new("T*", vec![]));
    }
    operations.push(Operation::new("ET", vec![]));
    let content = Content { operations }.encode().expect("encodes");
    let content = document.add_object(Stream::new(dictionary! {}, content));
    let page = document.add_object(dictionary! {
        "Type" => "Page", "Parent" => pages, "Contents" => content, "Resources" => resources,
        "MediaBox" => vec![0.into(), 0.into(), 600.into(), 800.into()],
    });
    let kids = dictionary! { "Type" => "Pages", "Kids" => vec![page.into()], "Count" => 1 };
    document.objects.insert(pages, Object::Dictionary(kids));
    let catalog = document.add_object(dictionary! { "Type" => "Catalog", "Pages" => pages });
    document.trailer.set("Root", catalog);
    let mut bytes = Vec::new();
    document.save_to(&mut bytes).expect("saves");
    bytes
}

#[test]
fn the_text_of_a_pdf_is_read() {
    let lines: Vec<String> = (0..30)
        .map(|n| format!("Person {n} <person{n}@mail.example>"))
        .collect();
    assert_eq!(found("a.pdf", &pdf(&lines)).attached.len(), 30);
}
