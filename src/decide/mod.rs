//! The questions of the house, one room each: a question in, an answer out. No I/O, no clock, no store, no async.
//!
//! | room | asks |
//! |---|---|
//! | [`compose`] | what do they get? |
//! | [`notice`] | what do we say, and to whom? |

<<<<<<< HEAD
pub mod feed;
=======
pub mod compose;
>>>>>>> main
pub mod notice;
