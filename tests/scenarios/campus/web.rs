//! The public pages, as a recipient's mail program asks for them.

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::Campus;

/// Where a copy says that one unsubscribes: the path of the link.
#[track_caller]
pub(crate) fn link(copy: &str) -> String {
    let copy = copy.replace("\r\n ", "").replace("\r\n\t", "");
    let link = copy
        .split(['<', '>'])
        .find(|part| part.contains("/u/"))
        .expect("a link");
    link.get(link.find("/u/").expect("its path")..)
        .expect("a path")
        .to_owned()
}

/// Unsubscribes with one click, as a copy offers it; what the page says.
pub(crate) async fn press(campus: &Campus, copy: &str) -> String {
    let answer = http(campus, &format!("POST {} HTTP/1.1", link(copy))).await;
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    answer
}

/// Sends a form of the recipient's own page, as the link in a copy leads to it; what the page says.
pub(crate) async fn ask_own(campus: &Campus, copy: &str, form: &str) -> String {
    let own = link(copy).replace("/u/", "/preferences/");
    assert!(
        copy.replace("\r\n\t", "").contains(&format!("{own}>")),
        "the copy has no link to {own}"
    );
    let answer = send(campus, &format!("POST {own} HTTP/1.1"), form).await;
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    answer
}

/// One request to the public pages, with the body of RFC 8058 §3.1.
pub(crate) async fn http(campus: &Campus, line: &str) -> String {
    send(campus, line, "List-Unsubscribe=One-Click").await
}

async fn send(campus: &Campus, line: &str, form: &str) -> String {
    let mut socket = TcpStream::connect(campus.public).await.expect("the public pages");
    let request = format!(
        "{line}\r\nHost: lists.mst.example\r\nConnection: close\r\nContent-Type: application/x-www-form-urlencoded\r\n\
         Content-Length: {}\r\n\r\n{form}",
        form.len()
    );
    socket.write_all(request.as_bytes()).await.expect("sent");
    let mut answer = Vec::new();
    socket.read_to_end(&mut answer).await.expect("answered");
    String::from_utf8_lossy(&answer).into_owned()
}
