//! The questions of the house, one room each: a question in, an answer out. No I/O, no clock, no store, no async.

pub mod feed;
pub mod notice;
