//! The kinds of notices, and the file of each.

/// What a notice tells. In the order of a mailing's life.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// To the author: it is held, and who decides.
    Held,
    /// To the stewards: their approval is wanted.
    Wanted,
    /// To the reviewers: every approval is given, or none is wanted.
    Ready,
    /// To the author: every steward has approved.
    Approved,
    /// To the author: sent back for changes.
    Returned,
    /// To the author: a no.
    Declined,
    /// To the author: it goes out.
    Released,
    /// To the author: nobody answered in time.
    Lapsed,
    /// To the author: taken back, as they asked.
    Withdrawn,
    /// To the author: what goes now is near to being mass mail.
    Nudge,
    /// To those who watch over contact data: some was about to leave.
    Alert,
    /// To the reviewers: an emergency went, to be read afterwards.
    Afterwards,
    /// To the stewards: what they had approved has changed.
    Changed,
    /// To the author: a reviewer has changed more than typing errors, and asks them to agree.
    Edited,
    /// To the author: a steward keeps their part of the audience out of it.
    Partly,
    /// To the author: it became a part of another mailing.
    Combined,
    /// To reviewers and postmasters: the brake has paused what was leaving. Policy C4.
    Braked,
    /// To reviewers and postmasters: what is leaving is near the limits of the brake.
    Warned,
    /// To whoever is wanted: it still waits.
    Reminder,
    /// To whoever answered a notice: what became of that.
    Answered,
    /// To stewards and reviewers, in the morning: what waits for them.
    Digest,
    /// To an office's stewards and the postmaster: its feed was not applied.
    Feed,
    /// To those who watch over contact data: somebody wrote to a contact that only a copy of our contacts has.
    Canary,
    /// To the stewards of an office, in the morning: records of theirs that lead nowhere.
    WrongRecords,
    /// To those who watch over contact data: a contact asks to be erased.
    Erasure,
}

impl Kind {
    /// Every kind, in order.
    pub const ALL: [Self; 25] = [
        Self::Held,
        Self::Wanted,
        Self::Ready,
        Self::Approved,
        Self::Returned,
        Self::Declined,
        Self::Released,
        Self::Lapsed,
        Self::Withdrawn,
        Self::Nudge,
        Self::Alert,
        Self::Afterwards,
        Self::Changed,
        Self::Edited,
        Self::Partly,
        Self::Combined,
        Self::Braked,
        Self::Warned,
        Self::Reminder,
        Self::Answered,
        Self::Digest,
        Self::Feed,
        Self::Canary,
        Self::WrongRecords,
        Self::Erasure,
    ];

    /// The name of its template's file, without `.txt`.
    pub fn file(self) -> &'static str {
        match self {
            Self::Held => "held",
            Self::Wanted => "wanted",
            Self::Ready => "ready",
            Self::Approved => "approved",
            Self::Returned => "returned",
            Self::Declined => "declined",
            Self::Released => "released",
            Self::Lapsed => "lapsed",
            Self::Withdrawn => "withdrawn",
            Self::Nudge => "nudge",
            Self::Alert => "alert",
            Self::Afterwards => "afterwards",
            Self::Changed => "changed",
            Self::Edited => "edited",
            Self::Partly => "partly",
            Self::Combined => "combined",
            Self::Braked => "braked",
            Self::Warned => "warned",
            Self::Reminder => "reminder",
            Self::Answered => "answered",
            Self::Digest => "digest",
            Self::Feed => "feed",
            Self::Canary => "canary",
            Self::WrongRecords => "wrong-records",
            Self::Erasure => "erasure",
        }
    }

    /// Whether it answers the author's own message (RFC 3834: `auto-replied`), or is sent unasked.
    pub(super) fn is_answer(self) -> bool {
        !matches!(
            self,
            Self::Wanted
                | Self::Ready
                | Self::Alert
                | Self::Afterwards
                | Self::Changed
                | Self::Braked
                | Self::Warned
                | Self::Reminder
                | Self::Answered
                | Self::Digest
                | Self::Feed
                | Self::Canary
                | Self::WrongRecords
                | Self::Erasure
        )
    }
}
