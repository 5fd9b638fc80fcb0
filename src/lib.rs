//! Bedel.
pub mod clock;
pub mod mail;
pub mod model;
pub mod smtp;
