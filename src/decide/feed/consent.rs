//! What a row says that a person agreed to, with whatever shows it. Policy C3.

use std::time::Duration;

use super::cell;
use super::column::Kind;
use super::row::{Cells, Flaws};
use crate::mail::Timestamp;
use crate::model::{Consent, Evidence};

/// A date without an hour, or an office's clock, may lie a little ahead of us.
const AHEAD_MAX: Duration = Duration::from_secs(24 * 60 * 60);

/// What they agreed to; `None` when the row says nothing of it, and when it is faulty, which is kept.
pub(super) fn consent(flaws: &mut Flaws, cells: &Cells<'_>, source: &str, now: Timestamp) -> Option<Consent> {
    if Kind::CONSENT.iter().all(|kind| cells.get(*kind).is_empty()) {
        return None;
    }
    let past = |text: &str| cell::moment(text).and_then(|at| past(at, now));
    let purpose = flaws.read(cells, Kind::ConsentPurpose, cell::needed);
    let basis = flaws.read(cells, Kind::ConsentBasis, |text| {
        cell::needed(text).and_then(|text| cell::basis(&text))
    });
    let at = flaws.read(cells, Kind::ConsentAt, |text| {
        cell::needed(text).and_then(|text| past(&text))
    });
    let expires_at = flaws.maybe(cells, Kind::ExpiresAt, |text| after(cell::moment(text)?, at));
    let evidence = evidence(flaws, cells, &past);
    let given_at = match cells.get(Kind::ConsentSource) {
        "" => format!("the feed of {source}"),
        text => text.to_owned(),
    };
    Some(Consent {
        purpose: purpose?,
        basis: basis?,
        at: at?,
        source: given_at,
        expires_at: expires_at?,
        evidence: evidence?,
    })
}

fn evidence(
    flaws: &mut Flaws,
    cells: &Cells<'_>,
    past: &dyn Fn(&str) -> Result<Timestamp, String>,
) -> Option<Evidence> {
    let text = |kind: Kind| Some(cells.get(kind)).filter(|text| !text.is_empty()).map(str::to_owned);
    let method = flaws.maybe(cells, Kind::ConsentMethod, cell::method);
    let wording = flaws.maybe(cells, Kind::ConsentWordingSha256, cell::sha256);
    let third_party = flaws.maybe(cells, Kind::ConsentThirdParty, cell::yes_or_no);
    let ip = flaws.maybe(cells, Kind::ConsentIp, cell::ip);
    let sent_at = flaws.maybe(cells, Kind::ConsentConfirmationSentAt, past);
    let confirmed_at = flaws.maybe(cells, Kind::ConsentConfirmedAt, past);
    let blob = flaws.maybe(cells, Kind::ConsentEvidenceSha256, cell::sha256);
    let relationship_at = flaws.maybe(cells, Kind::RelationshipAt, past);
    let withdrawn_at = flaws.maybe(cells, Kind::ConsentWithdrawnAt, past);
    let processed_at = flaws.maybe(cells, Kind::ConsentProcessedAt, past);
    let renews = flaws.maybe(cells, Kind::ConsentRenews, past);
    Some(Evidence {
        // The store alone knows how an address is marked.
        address: None,
        jurisdiction: text(Kind::ConsentJurisdiction),
        method: method?,
        wording_version: text(Kind::ConsentWording),
        wording_sha256: wording?,
        notice_version: text(Kind::ConsentNotice),
        third_party_notice: third_party?,
        ip: ip?,
        user_agent: text(Kind::ConsentUserAgent),
        confirmation_sent_at: sent_at?,
        confirmed_at: confirmed_at?,
        collected_by: text(Kind::ConsentCollectedBy),
        blob_sha256: blob?,
        relationship: text(Kind::Relationship),
        relationship_at: relationship_at?,
        withdrawn_at: withdrawn_at?,
        withdrawal_channel: text(Kind::ConsentWithdrawalChannel),
        processed_at: processed_at?,
        processed_by: text(Kind::ConsentProcessedBy),
        renews: renews?,
        note: text(Kind::ConsentNote),
    })
}

fn past(at: Timestamp, now: Timestamp) -> Result<Timestamp, String> {
    if at > now.plus(AHEAD_MAX) {
        Err("it lies in the future; a consent is recorded once it is given".to_owned())
    } else {
        Ok(at)
    }
}

fn after(ends: Timestamp, at: Option<Timestamp>) -> Result<Timestamp, String> {
    if at.is_some_and(|at| ends <= at) {
        Err("it is not after consent_at".to_owned())
    } else {
        Ok(ends)
    }
}
