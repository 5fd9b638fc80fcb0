//! The questions of the house, one room each: a question in, an answer out. No I/O, no clock, no store, no async.
//!
//! | room | asks |
//! |---|---|
//! | [`audience`] | who gets it? |
//! | [`compose`] | what do they get? |
//! | [`notice`] | what do we say, and to whom? |
//! | [`policy`] | may it go, and who must let it? |

pub mod audience;
pub mod compose;
pub mod notice;
pub mod policy;
