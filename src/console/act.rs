//! The acts: one form a button, one redirect an answer.

use std::sync::Arc;

use axum::extract;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};

use super::Room;
use super::error::{self, Error};
use super::mailing::{self, Seen};
use super::page::Said;
use super::session::Posted;
use crate::stage::review::{Edit, Refusal, Words};

/// Longest comment.
pub(super) const COMMENT_CHARS_MAX: usize = 4_000;

/// `POST /mailing/{id}/{act}`: does it, and shows the mailing as it then is. A refusal shows it too, says why, and keeps
/// what was written.
pub(super) async fn act(
    extract::State(room): extract::State<Arc<Room>>,
    extract::Path((id, act)): extract::Path<(String, String)>,
    posted: Posted,
) -> Result<Response, Error> {
    let id = mailing::case(&id)?;
    let Posted {
        who,
        comment,
        now,
        despite,
        before,
        after,
        seen,
    } = posted;
    if [&comment, &now, &despite, &before, &after]
        .iter()
        .any(|said| said.chars().count() > COMMENT_CHARS_MAX)
    {
        let said = Said::Refused(who.words.say("comment-too-long").with("most", COMMENT_CHARS_MAX).into());
        return mailing::respond(
            room,
            who,
            id,
            StatusCode::UNPROCESSABLE_ENTITY,
            Some(said),
            (comment, Seen::default()),
        )
        .await;
    }
    let (desk, by) = (&room.state.desk, &who.account);
    let words = Words {
        now: &now,
        despite: &despite,
    };
    let done = match act.as_str() {
        "approve" => match desk.is_as_seen(id, by, &seen) {
            Ok(()) => desk.approve(id, by).await,
            Err(changed) => Err(changed),
        },
        "release" => match desk.is_as_seen(id, by, &seen) {
            Ok(()) => desk.release(id, by, words).await,
            Err(changed) => Err(changed),
        },
        "attest" => desk.attest(id, by, &comment).await,
        "convert" => desk.convert(id, by, &comment).await,
        "survey" => desk.name_survey(id, by, &comment).await,
        "confirm" => desk.confirm(id, by).await,
        "claim" => desk.claim(id, by).await,
        "unclaim" => desk.unclaim(id, by).await,
        "schedule" => desk.schedule(id, by, &comment).await,
        "test" => desk.test(id, by).await,
        "agree" => desk.agree(id, by).await,
        "edit" => {
            let (before, after) = (before.as_str(), after.as_str());
            desk.edit(id, by, Edit { before, after }).await
        }
        "reviewed" => desk.reviewed(id, by, &comment).await,
        "return" => desk.give_back(id, by, &comment).await,
        "decline" => desk.decline(id, by, &comment).await,
        "withdraw" => desk.withdraw(id, by).await,
        "pause" => desk.pause(id, by).await,
        "resume" => desk.resume(id, by).await,
        "uncertain" => desk.when_uncertain(id, by, &comment).await,
        "stop" => desk.stop(id, by).await,
        _ => return Err(Error::NoSuchPage),
    };
    match done {
        Ok(done) => {
            room.sessions.say(&who, Said::Done(done.sentence));
            Ok(Redirect::to(&format!("/mailing/{id}")).into_response())
        }
        Err(refusal @ (Refusal::NoSuchMailing(_) | Refusal::Store(_))) => Err(Error::Refused(refusal)),
        Err(refusal) => {
            let said = Said::Refused(error::sentence(who.words, &refusal));
            mailing::respond(
                room,
                who,
                id,
                error::status(&refusal),
                Some(said),
                (comment, Seen::default()),
            )
            .await
        }
    }
}
