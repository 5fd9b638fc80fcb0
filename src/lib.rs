//! Bedel.
pub mod cli;
pub mod clock;
pub mod config;
pub mod console;
pub mod decide;
pub mod mail;
pub mod model;
pub mod password;
pub mod service;
pub mod sink;
pub mod smtp;
pub mod stage;
pub mod store;
