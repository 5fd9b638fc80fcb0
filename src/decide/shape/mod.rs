//! When does it go? After which outcome a recipient is tried again, and which mailing's turn is next.

mod retry;
mod turn;

pub use retry::{hidden_end, next_try};
pub use turn::{Turn, Waiting};
