//! The line a message walks: take, ask, act, commit.
//!
//! ```text
//!             [Held]               [Released]               [Expanded]                [Closed]
//!           ┌────────► review ──────┐
//!  intake ──┤                       ├──────► expand ──────────────► deliver ──────────────► smarthost
//!           └─── passed by policy ──┘
//!  asks               asks                   asks                   asks            asks
//!  decide::policy     decide::lint           decide::audience       decide::compose decide::shape
//!
//!             [Report]
//!  intake, deliver ────► feedback ─────► Suppression      asks decide::report
//! ```
//! Beside the line: [`import`] brings the offices' feeds into the master list, [`tend`] does what is due by the clock alone,
//! [`restored`] keeps back what came out of an export.
//!
//! No stage calls another: the store is the only hand-over. A stage that died in the middle finds its work where the
//! last commit left it.

pub mod broke;
pub mod deliver;
pub mod docket;
pub mod expand;
pub mod feedback;
pub mod import;
pub mod intake;
pub mod restored;
pub mod review;
pub mod tend;
pub mod worker;
