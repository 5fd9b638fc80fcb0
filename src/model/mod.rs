//! The university's nouns, with their invariants and moves.
//!
//! | word | means |
//! |---|---|
//! | [`Mailing`] | one submission and its number (MC-2026-0412): what is held, released, expanded |
//! | [`Capacity`] | conveyed (its author named the recipients) or initiated (we expanded an audience) |
//! | [`Audience`] | whom it is meant for; not yet people |
//! | [`Contact`], [`Listing`], [`Affiliation`] | a person the university can write to; as one office lists them; what they are to it |
//! | [`Glance`] | a contact as expansion looks at half a million of them |
//! | [`Privacy`] | what a person or the law asks to be kept in mind of them |
//! | [`FeedRow`] | one row of an office's feed of its people |
//! | [`number`] | numbers that are a person's own, known by their form |
//! | [`Mark`] | a keyed hash that finds an address without naming it |
//! | [`Consent`], [`Standing`] | a piece of evidence of what a contact agreed to; the newest word on a purpose |
//! | [`Topic`], [`Preference`] | what mail is about; what a contact chose of it |
//! | [`Suppression`], [`Scope`] | an address not to write to, and why; how far |
//! | [`Finding`] | what one rule of the policy found, and what it asks for |
//! | [`Hold`], [`Approval`], [`Release`] | kept until let go; one steward's yes; the act that lets it go |
//! | [`Version`], [`Returned`], [`Claim`] | what a case was before; its author's turn; the reviewer who has it |
//! | [`Answer`], [`Token`] | a word written back to a notice; what an address of ours stands for |
//! | [`Steward`], [`Reviewer`] | who answers for an audience; who answers for content and timing |
//! | [`Expansion`], [`Exclusion`] | the audience made into recipients; why a person was left out |
//! | [`Recipients`], [`Recipient`], [`Outcome`] | who gets a copy; one person's turn in the plan, and how it ended |
//! | [`Report`], [`Came`], [`CameBack`], [`BounceClass`] | what came back, before and after it is read, and counted; why it was not delivered |
//! | [`Letterbox`], [`Posted`] | an address of ours for what others report of us; what lies in it |
//! | [`Aggregate`] | what a host reports of all mail in our name |
//! | [`Soft`], [`WrongRecord`] | what may pass, counted; a record of the master list that is wrong |
//! | [`Event`] | who did what to which mailing, and when |
//!
//! The states of a mailing and the moves between them are [`lifecycle`]'s.

mod aggregate;
mod answer;
mod audience;
mod consent;
mod contact;
mod delivery;
mod event;
mod feed;
mod finding;
mod glance;
mod group;
mod hold;
mod id;
pub mod lifecycle;
mod mailing;
mod mark;
pub mod number;
mod office;
mod print;
mod privacy;
mod recipients;
mod report;
mod roster;
mod suppression;
mod survey;
mod token;
mod topic;

pub use aggregate::{Aggregate, Saw, Sender, Sessions};
pub use answer::{Answer, Word};
pub use audience::{Audience, Caps, ConsentRule, Exclusion, Expansion, Segment, Selection};
pub use consent::{Agreement, Basis, Consent, Evidence, Method, Standing, agreement, stand};
pub use contact::{Affiliation, Contact, Listing, Masked, relist};
pub use delivery::{Before, Entry, Got, Outcome, Recipient, Tally, Uncertain, WhenUncertain};
pub use event::{Act, Event};
pub use feed::FeedRow;
pub use finding::{Ask, Decision, Finding};
pub use glance::{Glance, Listed, Said};
pub use group::{Group, PEOPLE_MAX, Pace, Person, Sketch};
pub use hold::{Approval, Binding, Claim, Hold, Release, Returned, VERSIONS_MAX, Version, Wanting};
pub use id::{ContactId, MailingId, NotAMailingId, Series};
pub use mailing::{Author, Capacity, Category, Content, Identity, Lane, Mailing, Proof};
pub use mark::{Mark, Marker};
pub use office::{Arming, Herald, Heralds, Office, OfficeId, Offices, Reviewer, Steward};
pub use print::{Drift, Print, Prints};
pub use privacy::{Privacy, PrivacyFlag};
pub use recipients::Recipients;
pub use report::{BounceClass, Came, CameBack, Letterbox, Posted, Report, ReportKind, Soft, WrongRecord};
pub use roster::{Role, RosterRow, Section};
pub use suppression::{Scope, Suppression, SuppressionReason};
pub use survey::Survey;
pub use token::{Seen, Token, TokenKey, TokenKind};
pub use topic::{About, Preference, Topic, TopicId};
