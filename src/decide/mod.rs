//! The questions of the house, one room each: a question in, an answer out. No I/O, no clock, no store, no async.
//!
//! | room | asks |
//! |---|---|
//! | [`aggregate`] | what do other hosts report of us? |
//! | [`audience`] | who gets it? |
//! | [`compose`] | what do they get? |
//! | [`contents`] | what is inside? |
//! | [`feed`] | what does an office say of its people? |
//! | [`likeness`] | are two messages on one subject? |
//! | [`lint`] | is it fit to send? |
//! | [`notice`] | what do we say, and to whom? |
//! | [`policy`] | may it go, and who must let it? |
//! | [`report`] | what came back? |
//! | [`route`] | where does it go? |
//! | [`shape`] | when does it go? |

pub mod aggregate;
pub mod audience;
pub mod compose;
pub mod contents;
pub mod feed;
pub mod likeness;
pub mod lint;
pub mod notice;
pub mod policy;
pub mod report;
pub mod route;
pub mod shape;
