//! Mail, on paper: what an envelope, a message and a reply are.
//!
//! Three floors, bottom to top: bytes ([`Header`], [`Message`]), addresses ([`Address`], [`Domain`]), and what a mail
//! system says about them ([`Envelope`], [`Status`]). Nothing here reads a socket, a file or the clock.
//!
//! # Standards
//! RFC 5321 (envelope, addresses, replies), RFC 5322 (header and body), RFC 3463 (enhanced codes), RFC 6531.

mod address;
mod date;
mod envelope;
mod header;
mod message;
mod spelling;
mod status;

pub use address::{Address, Domain, Invalid, Mailbox};
pub use date::Timestamp;
pub use envelope::{DsnRet, Envelope, ForwardPath, Notify, ReversePath};
pub use header::{Field, Header};
pub use message::{Malformed, Message};
pub use status::{Severity, Status};
