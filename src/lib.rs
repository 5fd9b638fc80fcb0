//! Bedel: an SMTP submission gateway that enforces a university's policy on mass e-mail inline.
//!
//! Staff write to a list address from their own mail program. The gateway takes the message, holds it as a numbered
//! case, gets the approvals the policy wants, makes the audience into recipients from the master list, and relays one
//! signed copy each. What comes back, comes back here. This page is the map.
//!
//! # The line a message walks
//!
//! ```text
//!             [Held]               [Released]               [Expanded]                [Closed]
//!           ┌────────► review ──────┐
//!  intake ──┤                       ├──────► expand ──────────────► deliver ──────────────► next hop
//!           └─── passed by policy ──┘
//!  asks               asks                   asks                   asks
//!  decide::policy     decide::lint           decide::audience       decide::compose, decide::shape,
//!                                                                   decide::route
//!
//!             [Report]
//!  intake, deliver ────► feedback ─────► Suppression                asks decide::report
//! ```
//!
//! Beside it, [`stage::import`] brings what an office says of its people, judged row by row by [`decide::feed`], into the
//! master list: from a file, a directory or a database, whole or not at all; and [`stage::restored`] keeps back what was being
//! sent when the store comes out of an export.
//!
//! # The bands
//!
//! | band | rooms | what it does |
//! |---|---|---|
//! | words | [`mail`], [`smtp`], [`model`] | what everybody speaks in |
//! | thinks | [`decide`] | one pure question a room: no I/O, no clock, no store |
//! | remembers | [`store`], [`clock`], [`password`] | the only hand-over between stages; the only reader of the time; the only hash |
//! | acts | [`stage`] | take, ask, act, commit: thin and imperative |
//! | shows | [`console`] | pages for people, the API for programs |
//! | wires | [`config`], [`service`], [`sink`], [`cli`] | settings, the composition root, a receiver for trials, the command line |
//!
//! A room may import the rooms before it: **mail < smtp, model < decide, store < stage < console < config < service <
//! cli.** `tests/tidy` has the exact table and checks every edge.
//!
//! # What is absent
//!
//! - No stage calls another: the store is the only hand-over.
//! - No decision reads the clock, the store or a file; `now` is an argument.
//! - No 250 before the commit, and no commit is answered before `fdatasync` ([`store`]).
//! - No copy is made of what nobody released: only [`model::lifecycle::Released`] can be expanded, and only a reviewer
//!   (once no steward is wanting), the policy itself (for mail whose author named the recipients), an author's recorded
//!   word for few people, or an emergency role makes one.
//! - No page shows an address of a contact: [`model::Masked`] is all that reaches one.
//! - Nobody but [`store`] knows the engine; nobody but [`clock`] knows what time it is.
//!
//! # One message's walk
//!
//! 1. `stage::intake::connection` drives [`smtp::server`] over a socket: lines by [`smtp::line`], commands by
//!    [`smtp::command`], the login by `intake::gate`, the message by [`smtp::data`], which refuses a bare CR or LF.
//! 2. `intake::look` reads it once and makes [`decide::policy::Facts`] of it: who wrote it and how we know, whom it is for, which classes
//!    they teach, what is in it ([`decide::contents`]), and whom they have written to on the same subject
//!    ([`decide::likeness`] finds the [`model::Group`] it belongs to).
//! 3. [`decide::policy::decide`] runs every rule. Mail to a list is held, and so is a group written to on one subject,
//!    contact data and a survey; the findings say whose approval is wanted. More of what is held already joins its case;
//!    a class goes at once, and so does an emergency whose role has shown a second factor.
//! 4. `intake::gate` commits the mailing, its bytes, the audit line and that nobody has been told, and says `250 2.6.0 Held as
//!    MC-2026-0001`.
//! 5. [`stage::review::Desk`] tells its author and its stewards, and is where a steward approves and a reviewer releases:
//!    from the console, a notice's link, an answer by mail ([`model::Answer`]), the API or the command line. An approval is
//!    bound to bytes, audience, identity and schedule ([`model::Binding`]); another version keeps the number and voids it.
//!    What is unfit to send ([`decide::lint`]) wants a change or a reason.
//! 6. [`stage::expand`] asks [`decide::audience`] who gets it, seals the plan in packets, and seals what all copies share
//!    ([`decide::compose::seal`]): header, footer, body hash.
//! 7. [`stage::deliver`]: a worker writes the intent of copy *k* with the outcome of the one before, signs it meanwhile
//!    ([`decide::compose::Letter`]) and relays it. Which copy goes when is asked of [`decide::shape`], who knows what each
//!    mailbox provider bears; where it goes, when no smarthost takes it, [`decide::route`] reads out of DNS. A slice of a
//!    mailing goes first, and one that fares badly pauses itself.
//! 8. A bounce comes to `b+TOKEN@…`, a click to `/u/TOKEN`, a complaint to a letterbox with a token of ours in it; each
//!    becomes a [`model::Report`], as does a refusal by the next server. [`stage::feedback`] reads it
//!    ([`decide::report::read`]) and does what follows ([`decide::report::follow`]): who dropped out gets no further
//!    copy, even of a mailing under way; a forged token is answered as a right one, and comes to nothing.
//!
//! What other hosts report of all mail in our name comes to letterboxes as well: [`decide::aggregate`] reads it, and people
//! look at it ([`console`]: the report of a month, our domains). The door through which clicks come may be a process of its
//! own ([`console::porch()`]): it stays open, and keeps clicks on the disk, while the gateway restarts.

pub mod mail;

pub mod smtp;

pub mod model;

pub mod decide;

pub mod clock;

pub mod password;

pub mod store;

pub mod stage;

pub mod console;

pub mod config;

pub mod service;

pub mod sink;

pub mod cli;
