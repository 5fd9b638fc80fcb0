//! What the demo's people send: mail to the gateway, and a click of the unsubscribe button.

use std::time::Duration;

use anyhow::{Context as _, bail};
use http_body_util::Full;
use hyper::body::Bytes;
use hyper::{Request, StatusCode};
use hyper_util::rt::TokioIo;
use mail_send::{Credentials, SmtpClient, SmtpClientBuilder};
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::smtp::client::{END_OF_DATA, stuff};

/// How long a reply may take.
const PATIENCE: Duration = Duration::from_secs(60);

/// Submits as a mail program does, STARTTLS and AUTH; returns the reply to the message.
pub(super) async fn submit(port: u16, login: (&str, &str), to: &str, message: &str) -> anyhow::Result<String> {
    let (account, password) = login;
    let credentials = Credentials::Plain {
        username: account,
        secret: password,
    };
    let client = SmtpClientBuilder::new("127.0.0.1", port)
        .map_err(|error| anyhow::anyhow!("setting up TLS: {error}"))?
        .implicit_tls(false)
        .allow_invalid_certs()
        .credentials(credentials)
        .timeout(PATIENCE)
        .connect()
        .await
        .context("connecting to the gateway")?;
    transact(client, account, to, message).await
}

/// Hands over as a server does that has a bounce to give back: with a null return path.
pub(super) async fn bounce(port: u16, to: &str, message: &str) -> anyhow::Result<String> {
    let mut client = SmtpClient::connect(([127, 0, 0, 1], port).into(), PATIENCE)
        .await
        .context("connecting")?;
    client.read().await.context("the greeting")?;
    client.ehlo("mx.mail.example").await.context("EHLO")?;
    transact(client, "", to, message).await
}

async fn transact<T: AsyncRead + AsyncWrite + Unpin>(
    mut client: SmtpClient<T>,
    from: &str,
    to: &str,
    message: &str,
) -> anyhow::Result<String> {
    for command in [
        format!("MAIL FROM:<{from}>\r\n"),
        format!("RCPT TO:<{to}>\r\n"),
        "DATA\r\n".to_owned(),
    ] {
        let reply = client.cmd(&command).await?;
        if reply.code >= 400 {
            bail!("{} was answered {} {}", command.trim_end(), reply.code, reply.message);
        }
    }
    let message = message.replace('\n', "\r\n");
    client.stream.write_all(&stuff(message.as_bytes())).await?;
    let reply = client.cmd(END_OF_DATA).await?;
    client.cmd("QUIT\r\n").await?;
    let [class, subject, detail] = reply.esc;
    Ok(format!(
        "{} {class}.{subject}.{detail} {}",
        reply.code,
        reply.message.trim_end()
    ))
}

/// Posts to a one-click link, as a mailbox provider does (RFC 8058 §3.2).
pub(super) async fn click(url: &str) -> anyhow::Result<StatusCode> {
    let (host, path) = url
        .strip_prefix("http://")
        .and_then(|rest| rest.split_once('/'))
        .context("the link's address")?;
    let socket = TcpStream::connect(host).await.context("the public pages")?;
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(socket)).await?;
    let running = tokio::spawn(connection);
    let request = Request::post(format!("/{path}"))
        .header("Host", host)
        .header("Content-Type", "application/x-www-form-urlencoded")
        .body(Full::new(Bytes::from_static(b"List-Unsubscribe=One-Click")))?;
    let status = sender.send_request(request).await?.status();
    running.abort();
    Ok(status)
}
