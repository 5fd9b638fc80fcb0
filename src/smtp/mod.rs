//! The protocol, without a socket: bytes in, decisions and bytes out.

pub mod client;
