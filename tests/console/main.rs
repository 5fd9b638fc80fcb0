//! The console and the public pages, asked as browsers and mail programs ask.

#![expect(clippy::panic, reason = "a test fails by panicking")]

mod acts;
mod around;
mod audience;
mod author;
mod door;
mod monitor;
mod month;
mod no_road_out;
mod own;
mod pages;
mod people;
mod porch;
mod roles;
mod silence;
mod site;
mod told;
mod unsubscribe;
