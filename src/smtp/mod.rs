//! The protocol, without a socket: bytes in, decisions and bytes out.

pub mod auth;
pub mod client;
pub mod command;
pub mod data;
pub mod line;
mod reply;

pub use reply::Reply;
