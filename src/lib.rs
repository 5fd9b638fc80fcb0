//! Bedel.
pub mod clock;
pub mod config;
pub mod decide;
pub mod mail;
pub mod model;
pub mod smtp;
pub mod sink;
pub mod password;
pub mod stage;
pub mod store;
