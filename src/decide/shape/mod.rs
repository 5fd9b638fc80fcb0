//! When does it go? After which outcome a recipient is tried again, and which mailing's turn is next.

mod limits;
mod provider;
mod reply;
mod retry;
mod settings;
mod turn;

pub use limits::{Limits, Range, Rate};
pub use provider::Provider;
pub use reply::{Meaning, Pattern, Remedy, Rule};
pub use retry::{hidden_end, next_try};
pub use settings::{Brake, Canary, Hours, Known, Settings, WarmUp, Window};
pub use turn::{Turn, Waiting};
