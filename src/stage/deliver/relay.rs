//! Drives one connection to the next hop: greeting, TLS, and one copy after another.
//!
//! # Standards
//! RFC 5321 §4.5.3.2 (timeouts), RFC 2920 (pipelining), RFC 3207 (STARTTLS).

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use mail_send::SmtpClient;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::WebPkiSupportedAlgorithms;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme};
use smtp_proto::{
    EXT_8BIT_MIME, EXT_DSN, EXT_PIPELINING, EXT_SIZE, EXT_SMTP_UTF8, EXT_START_TLS, EhloResponse, Response,
};
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use crate::decide::compose::Copy;
use crate::mail::{Address, ForwardPath, Severity, Status};
use crate::smtp::client::{END_OF_DATA, MailParameters, Offers, mail_command, rcpt_command, stuff};

/// Timeouts of the phases, from RFC 5321 §4.5.3.2.
const CONNECT: Duration = Duration::from_secs(30);
const GREETING: Duration = Duration::from_secs(300);
const COMMAND: Duration = Duration::from_secs(300);
const BLOCK: Duration = Duration::from_secs(180);
const FINAL_DOT: Duration = Duration::from_secs(600);
/// Asks to send the message.
const DATA: &str = "DATA\r\n";
/// Octets of a server's words that are read; what a rule looks for may stand at their end.
const SAID_OCTETS_MAX: usize = 600;

/// Whether the way to the smarthost is encrypted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RelayTls {
    /// Never.
    Off,
    /// When it offers STARTTLS, whatever its certificate.
    #[default]
    Opportunistic,
    /// Always, whatever its certificate.
    Required,
    /// Always, with a certificate that proves its name.
    Verified,
}

/// Where mail leaves.
#[derive(Clone)]
pub struct RelaySettings {
    /// Name or address of the smarthost.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// Whether the way to it is encrypted.
    pub tls: RelayTls,
    /// What its certificate is checked against: see [`trust`].
    pub trust: Arc<ClientConfig>,
    /// What we call ourselves.
    pub hostname: String,
}

impl RelaySettings {
    /// What it is called: `127.0.0.1:2526`.
    pub fn name(&self) -> String {
        format!("{}:{}", self.host, self.port)
    }
}

impl std::fmt::Debug for RelaySettings {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "RelaySettings({}:{}, {:?})", self.host, self.port, self.tls)
    }
}

/// The authorities cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum TrustFault {
    /// The PEM file.
    #[error("cannot read the authorities in {path}: {reason}")]
    File {
        /// Which.
        path: String,
        /// Why.
        reason: String,
    },
    /// There is none to trust.
    #[error("tls = \"verified\" has no authority to check against; set relay.ca_file")]
    Nobody,
    /// The TLS library.
    #[error("TLS cannot be set up: {0}")]
    Tls(#[from] rustls::Error),
}

/// What a smarthost's certificate is checked against.
///
/// For `verified` the authorities of the file, or of the system; otherwise nothing, since an encrypted way to whoever answers is still better than a plain one.
pub fn trust(tls: RelayTls, ca_file: Option<&Path>) -> Result<Arc<ClientConfig>, TrustFault> {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let builder = ClientConfig::builder_with_provider(Arc::clone(&provider)).with_safe_default_protocol_versions()?;
    let config = if tls == RelayTls::Verified {
        builder.with_root_certificates(roots(ca_file)?).with_no_client_auth()
    } else {
        let anybody = Arc::new(Anybody(provider.signature_verification_algorithms));
        builder
            .dangerous()
            .with_custom_certificate_verifier(anybody)
            .with_no_client_auth()
    };
    Ok(Arc::new(config))
}

fn roots(ca_file: Option<&Path>) -> Result<RootCertStore, TrustFault> {
    let mut roots = RootCertStore::empty();
    match ca_file {
        Some(path) => {
            let fault = |reason: String| TrustFault::File {
                path: path.display().to_string(),
                reason,
            };
            for certificate in CertificateDer::pem_file_iter(path).map_err(|e| fault(e.to_string()))? {
                roots
                    .add(certificate.map_err(|e| fault(e.to_string()))?)
                    .map_err(|e| fault(e.to_string()))?;
            }
        }
        None => {
            let system = rustls_native_certs::load_native_certs();
            roots.add_parsable_certificates(system.certs);
        }
    }
    if roots.is_empty() {
        Err(TrustFault::Nobody)
    } else {
        Ok(roots)
    }
}

/// Takes any certificate, and still checks that the peer holds its key.
#[derive(Debug)]
struct Anybody(WebPkiSupportedAlgorithms);

impl ServerCertVerifier for Anybody {
    fn verify_server_cert(
        &self,
        _end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        rustls::crypto::verify_tls12_signature(message, cert, dss, &self.0)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        rustls::crypto::verify_tls13_signature(message, cert, dss, &self.0)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.supported_schemes()
    }
}

/// A socket, plain or under TLS.
trait Stream: AsyncRead + AsyncWrite + Unpin + Send {}
impl<T: AsyncRead + AsyncWrite + Unpin + Send> Stream for T {}

/// An open connection that has said EHLO.
pub(super) struct Connection {
    client: SmtpClient<Box<dyn Stream>>,
    offers: Offers,
    pipelining: bool,
    /// Copies it has carried.
    pub(super) carried: u32,
}

/// Why there is no connection; in words, for the log.
#[derive(Debug, thiserror::Error)]
pub(super) enum Unreachable {
    /// It is not there, or not as the settings want it.
    #[error("the next hop cannot be used: {0}")]
    Not(String),
    /// It says so itself.
    #[error("the next hop takes no connection: {0}")]
    Said(Status),
}

impl From<mail_send::Error> for Unreachable {
    fn from(error: mail_send::Error) -> Self {
        Self::Not(error.to_string())
    }
}

/// How one copy fared.
#[derive(Debug)]
pub(super) enum Carried {
    /// The server said so.
    Said(Status),
    /// We broke it off before the final dot: it may not leave any more.
    Withheld,
    /// The connection broke before the final dot: the copy cannot have arrived.
    Broken(String),
    /// It broke after the final dot: the copy may have arrived.
    Hidden(String),
}

impl Connection {
    /// Connects, says EHLO, and starts TLS as the settings want.
    pub(super) async fn open(settings: &RelaySettings) -> Result<Self, Unreachable> {
        let socket = tokio::time::timeout(CONNECT, TcpStream::connect((settings.host.as_str(), settings.port)))
            .await
            .map_err(|_elapsed| Unreachable::Not("connecting took too long".to_owned()))?
            .map_err(|error| Unreachable::Not(error.to_string()))?;
        socket
            .set_nodelay(true)
            .map_err(|error| Unreachable::Not(error.to_string()))?;
        let mut client = SmtpClient {
            stream: socket,
            timeout: GREETING,
        };
        let greeting = tokio::time::timeout(GREETING, client.read()).await;
        let greeting = greeting.map_err(|_elapsed| Unreachable::Not("no greeting came".to_owned()))??;
        if greeting.code != 220 {
            return Err(Unreachable::Said(status(&greeting)));
        }
        client.timeout = COMMAND;
        let hello = client.ehlo(&settings.hostname).await?;
        let offers_tls = hello.has_capability(EXT_START_TLS);
        match settings.tls {
            RelayTls::Opportunistic if !offers_tls => Ok(Self::new(client.stream, &hello)),
            RelayTls::Off => Ok(Self::new(client.stream, &hello)),
            RelayTls::Opportunistic | RelayTls::Required | RelayTls::Verified if offers_tls => {
                let connector = TlsConnector::from(Arc::clone(&settings.trust));
                let mut client = client.start_tls(&connector, &settings.host).await?;
                let hello = client.ehlo(&settings.hostname).await?;
                Ok(Self::new(client.stream, &hello))
            }
            RelayTls::Opportunistic | RelayTls::Required | RelayTls::Verified => Err(Unreachable::Not(
                "it offers no STARTTLS, and the settings want TLS".to_owned(),
            )),
        }
    }

    fn new(stream: impl Stream + 'static, hello: &EhloResponse<String>) -> Self {
        let offers = Offers {
            size: hello.has_capability(EXT_SIZE),
            eight_bit_mime: hello.has_capability(EXT_8BIT_MIME),
            smtputf8: hello.has_capability(EXT_SMTP_UTF8),
            dsn: hello.has_capability(EXT_DSN),
        };
        let pipelining = hello.has_capability(EXT_PIPELINING);
        let stream: Box<dyn Stream> = Box::new(stream);
        Self {
            client: SmtpClient {
                stream,
                timeout: COMMAND,
            },
            offers,
            pipelining,
            carried: 0,
        }
    }

    /// Carries one copy to its one recipient. `may_leave` is asked last before the final dot.
    pub(super) async fn carry(
        &mut self,
        copy: &Copy,
        to: &ForwardPath,
        is_internationalised: bool,
        may_leave: impl Fn() -> bool + Send,
    ) -> Carried {
        self.carried += 1;
        if is_internationalised && !self.offers.smtputf8 {
            return Carried::Said(Status::new(
                550,
                6,
                7,
                "the next server takes no internationalised mail",
            ));
        }
        match self
            .envelope(copy.return_path.as_ref(), to, copy, is_internationalised)
            .await
        {
            Ok(None) => self.content(copy, may_leave).await,
            Ok(Some(refusal)) => Carried::Said(refusal),
            Err(error) => Carried::Broken(error.to_string()),
        }
    }

    /// MAIL, RCPT and DATA, in one flight where the server pipelines; the refusal, when one of them is refused.
    async fn envelope(
        &mut self,
        from: Option<&Address>,
        to: &ForwardPath,
        copy: &Copy,
        is_internationalised: bool,
    ) -> mail_send::Result<Option<Status>> {
        let parameters = MailParameters {
            size_bytes: u64::try_from(copy.bytes()).unwrap_or(u64::MAX),
            is_eight_bit: copy.is_eight_bit(),
            is_internationalised,
            ..MailParameters::default()
        };
        let commands = [
            mail_command(from, parameters, self.offers),
            rcpt_command(to, self.offers),
            DATA.to_owned(),
        ];
        self.client.timeout = COMMAND;
        if !self.pipelining {
            return self.one_by_one(&commands).await;
        }
        self.write(commands.concat().as_bytes(), COMMAND).await?;
        let replies = tokio::time::timeout(COMMAND, self.client.read_many(commands.len())).await;
        let replies = replies.map_err(|_elapsed| mail_send::Error::Timeout)??;
        let mut said = commands.iter().zip(replies.iter().map(status));
        let refused = said
            .find(|(command, said)| is_refusal(said, command))
            .map(|(_, said)| said);
        if refused.is_some() && replies.last().is_some_and(|data| data.code == 354) {
            // It refused the recipient and still waits for a message: an empty one, which goes to nobody.
            self.write(END_OF_DATA, BLOCK).await?;
            drop(self.client.read().await?);
        }
        if refused.is_some() {
            drop(self.client.cmd(b"RSET\r\n").await?);
        }
        Ok(refused)
    }

    async fn one_by_one(&mut self, commands: &[String]) -> mail_send::Result<Option<Status>> {
        for command in commands {
            let said = status(&self.client.cmd(command.as_bytes()).await?);
            if is_refusal(&said, command) {
                drop(self.client.cmd(b"RSET\r\n").await?);
                return Ok(Some(said));
            }
        }
        Ok(None)
    }

    /// Header, body and the final dot, and what the server says to it.
    async fn content(&mut self, copy: &Copy, may_leave: impl Fn() -> bool + Send) -> Carried {
        let header = stuff(&copy.header);
        let body = stuff(&copy.body);
        for block in [header.as_ref(), body.as_ref()] {
            if let Err(error) = self.write(block, BLOCK).await {
                return Carried::Broken(error.to_string());
            }
        }
        if !may_leave() {
            return Carried::Withheld;
        }
        // From here on the end may be hidden from us.
        if let Err(error) = self.write(END_OF_DATA, BLOCK).await {
            return Carried::Hidden(error.to_string());
        }
        match tokio::time::timeout(FINAL_DOT, self.client.read()).await {
            Ok(Ok(reply)) => Carried::Said(status(&reply)),
            Ok(Err(error)) => Carried::Hidden(error.to_string()),
            Err(_elapsed) => Carried::Hidden("no reply to the final dot in ten minutes".to_owned()),
        }
    }

    async fn write(&mut self, bytes: &[u8], within: Duration) -> mail_send::Result<()> {
        let written = async {
            self.client.stream.write_all(bytes).await?;
            self.client.stream.flush().await
        };
        Ok(tokio::time::timeout(within, written)
            .await
            .map_err(|_elapsed| mail_send::Error::Timeout)??)
    }

    /// Says QUIT; nobody waits long for the answer.
    pub(super) async fn quit(mut self) {
        self.client.timeout = Duration::from_secs(5);
        drop(self.client.cmd(b"QUIT\r\n").await);
    }
}

/// DATA wants a 354, everything else a 2yz.
fn is_refusal(said: &Status, command: &str) -> bool {
    if command == DATA {
        said.code != 354
    } else {
        said.severity() != Severity::Positive
    }
}

fn status(reply: &Response<String>) -> Status {
    let [class, subject, detail] = reply.esc;
    let enhanced = (class != 0).then_some((class, u16::from(subject), u16::from(detail)));
    let line: String = reply
        .message
        .chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect();
    let text: String = line.trim().chars().take(SAID_OCTETS_MAX).collect();
    Status {
        code: reply.code,
        enhanced,
        text,
    }
}
