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

/// One request to the public pages, with the body of RFC 8058 §3.1.
pub(crate) async fn http(campus: &Campus, line: &str) -> String {
    let mut socket = TcpStream::connect(campus.public).await.expect("the public pages");
    let request = format!(
        "{line}\r\nHost: lists.mst.example\r\nConnection: close\r\nContent-Type: application/x-www-form-urlencoded\r\n\
         Content-Length: 26\r\n\r\nList-Unsubscribe=One-Click"
    );
    socket.write_all(request.as_bytes()).await.expect("sent");
    let mut answer = Vec::new();
    socket.read_to_end(&mut answer).await.expect("answered");
    String::from_utf8_lossy(&answer).into_owned()
}
