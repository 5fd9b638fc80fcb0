//! When does it go? Which limits a copy waits for, what replies mean to them, whose turn is next, and after which
//! outcome a recipient is tried again.
//!
//! [`Shaper`] is asked about each copy. A copy belongs to a [`Claim`] (who sends it, for what) and to a [`Stream`] (where
//! it goes); both have [`Scope`]s, and each scope has its limits in the [`Settings`] and its [`Flow`]: a bucket (the
//! rate), days (warming up), a throttle (the pace that they bear) and a breaker. How a mailing fares is its [`Watch`].

mod binding;
mod brake;
mod breaker;
mod bucket;
mod counts;
mod days;
mod explain;
mod flow;
mod forecast;
mod limits;
mod provider;
mod pulse;
mod reply;
mod retry;
mod scope;
mod settings;
mod shaper;
mod throttle;
mod turn;

pub use binding::{Binding, Limit};
pub use brake::{Judgement, Slice, Watch};
pub use breaker::Gate;
pub use counts::{Counts, nameless};
pub use days::Allowance;
pub use explain::{Explanation, InForce, Passage, Standing};
pub use flow::Flow;
pub use forecast::{Forecast, Leg, Outlook};
pub use limits::{Limits, Range, Rate};
pub use provider::Provider;
pub use pulse::{Beat, Pulse};
pub use reply::{Meaning, Pattern, Remedy, Rule};
pub use retry::{give_up_at, hidden_end, next_try};
pub use scope::{Claim, Pool, Scope, Stream};
pub use settings::{Brake, Canary, Direct, Hours, Known, Onward, Settings, WarmUp, Window};
pub use shaper::{Heard, Kept, OTHER_DOMAINS, Shape, Shaper, Trip};
pub use turn::{Turn, Turns, Waiting};

#[cfg(test)]
mod tests;
