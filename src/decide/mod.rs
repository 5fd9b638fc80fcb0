//! The questions of the house, one room each: a question in, an answer out. No I/O, no clock, no store, no async.
//!
//! | room | asks |
//! |---|---|
//! | [`compose`] | what do they get? |
//! | [`feed`] | what does an office say of its people? |
//! | [`notice`] | what do we say, and to whom? |

pub mod compose;
pub mod feed;
pub mod notice;
