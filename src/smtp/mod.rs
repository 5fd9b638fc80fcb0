//! The protocol, without a socket: bytes in, decisions and bytes out.
//!
//! A server's session, from the outside in: [`mod@line`] cuts bytes into lines, [`command`] reads one, [`server`] says what
//! to do about it, [`auth`] conducts a login, [`data`] takes the message, and a [`Reply`] goes back. The [`client`] side is
//! what a delivery says. Nothing here waits, reads a clock or knows what the mail is for.
//!
//! # Standards
//! RFC 5321, RFC 6409, and the extensions EHLO names: RFC 1870, 2034, 2920, 3030, 3207, 3461, 4954, 6152, 6531, 9422.

pub mod auth;
pub mod client;
pub mod command;
pub mod data;
pub mod line;
mod reply;
pub mod server;

pub use data::{BareLf, DataReader, DataRules};
pub use reply::Reply;
