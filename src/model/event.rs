//! Event: one line of the audit trail. Complete, for people, kept; each is bound to the one before by the store.

use serde::{Deserialize, Serialize};

use super::MailingId;
use crate::mail::Timestamp;

/// What was done. In the order of a mailing's life; then what concerns no mailing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Act {
    /// The policy did not take a message.
    Refused,
    /// The policy kept a message.
    Held,
    /// The policy let a message go.
    Passed,
    /// A steward said yes.
    Approved,
    /// A reviewer let it go.
    Released,
    /// A reviewer sent it back for changes.
    Returned,
    /// A reviewer has taken it on, or let it go again.
    Claimed,
    /// A reviewer said when it is to leave.
    Scheduled,
    /// Its author sent another version.
    Renewed,
    /// A reviewer changed it.
    Edited,
    /// Its author agreed to that.
    Agreed,
    /// Somebody had a test copy.
    Tested,
    /// The audience has changed so far that approvals count no more.
    Voided,
    /// A steward keeps their part of the audience out of it.
    KeptOut,
    /// A reviewer made one mailing of several.
    Combined,
    /// Those who are wanted were reminded.
    Reminded,
    /// A steward or reviewer said no.
    Declined,
    /// Nobody answered in time.
    Lapsed,
    /// Its author took it back.
    Withdrawn,
    /// Its author gave their word for it.
    Attested,
    /// Its author made it a request to a list.
    Converted,
    /// Its author said whose survey it is.
    SurveyNamed,
    /// A named role showed a fresh second factor, so that an emergency may be sent.
    Armed,
    /// An emergency went, with nobody waited for.
    Emergency,
    /// A second person confirmed an emergency.
    Confirmed,
    /// A reviewer has read an emergency afterwards.
    Reviewed,
    /// Contact data was let out by an entry of the allow-list.
    LetOut,
    /// Rosters of a term were taken in.
    Rosters,
    /// The audience was made into recipients, and the plan sealed.
    Expanded,
    /// A mailing under way is near the limits of the brake. Policy C4.
    Warned,
    /// Sending was paused.
    Paused,
    /// Sending went on.
    Resumed,
    /// It was said what is done about copies whose end is uncertain.
    Doubted,
    /// Sending was stopped for good.
    Stopped,
    /// The last delivery was settled.
    Closed,
    /// An address will not be written to again.
    Suppressed,
    /// A feed was applied to the master list.
    Imported,
    /// A feed was not applied: its source failed, or it is faulty.
    FeedFailed,
    /// Somebody wrote to a contact that only a copy of our contacts has.
    Canary,
    /// A contact was looked up, by whom and why.
    LookedUp,
    /// A contact was erased.
    Forgotten,
    /// An account was added, changed or removed.
    Account,
    /// Every record was sealed anew, under a new data key.
    Rotated,
    /// The settings were read again.
    Reloaded,
    /// A recipient on campus complained of a copy; that is noted, and nothing follows.
    Complained,
    /// A contact chose what they get.
    Chose,
    /// Somebody who had left a list, or all of them, took that back.
    Returning,
    /// A contact's own record was given out, to themselves or for them.
    CopyGiven,
    /// A contact asked to be erased.
    ErasureAsked,
}

/// Who did what to which mailing, and when.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Event {
    /// When.
    pub at: Timestamp,
    /// The account that acted, or `gateway`.
    pub by: String,
    /// What was done.
    pub act: Act,
    /// To which mailing; `None` when it concerned none.
    pub mailing: Option<MailingId>,
    /// In words: findings, comments, counts. Never a contact's address.
    pub note: String,
}
