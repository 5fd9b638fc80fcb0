//! `/preferences/TOKEN`: what whoever got a mailing chooses, sees and may ask for.
//!
//! The token is that of their copy's unsubscribe link. A GET changes nothing. A POST is in force when it is answered: a copy
//! under way is asked again before it leaves. Law 5. A token that is forged, cut short, or of a plan no longer kept has one
//! and the same answer.

use askama::Template;
use axum::Form;
use axum::extract::{self, rejection::FormRejection};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};

use super::asset;
use super::public::{PublicState, refused, render, unknown};
use super::record::{self, Reading, Record};
use super::words::{Key, Words};
use crate::model::{Preference, Scope, Seen, SuppressionReason, TopicId};
use crate::stage::review::Own;
use crate::store::Error;

#[derive(Template)]
#[template(path = "own.html", config = ".askama.toml")]
struct OwnPage<'a> {
    words: Words,
    organization: &'a str,
    token: &'a str,
    said: Option<String>,
    address: String,
    /// A contact has the address, so that there is who may choose.
    is_contact: bool,
    /// They get no mailing at all.
    is_off: bool,
    /// What they have left, and may come back to.
    left: Vec<(String, String)>,
    topics: Vec<Choice>,
    record: Record,
    style: &'static str,
    icon: &'static str,
}

/// One topic, and what they chose of it.
#[derive(Debug)]
struct Choice {
    id: String,
    name: String,
    about: String,
    /// Value, word, whether it is chosen.
    ways: Vec<(&'static str, String, bool)>,
}

/// `GET /preferences/TOKEN`.
pub(super) async fn show(
    words: Words,
    extract::State(state): extract::State<PublicState>,
    extract::Path(token): extract::Path<String>,
) -> Response {
    match own(&state, words, &token) {
        Ok(own) => page(&state, words, &token, &own, None),
        Err(refusal) => *refusal,
    }
}

/// `POST /preferences/TOKEN`.
pub(super) async fn act(
    words: Words,
    extract::State(state): extract::State<PublicState>,
    extract::Path(token): extract::Path<String>,
    form: Result<Form<Vec<(String, String)>>, FormRejection>,
) -> Response {
    let before = match own(&state, words, &token) {
        Ok(own) => own,
        Err(refusal) => return *refusal,
    };
    let Ok(Form(fields)) = form else {
        return refused(words, StatusCode::UNPROCESSABLE_ENTITY, Key("own-unclear"));
    };
    let done = match field(&fields, "act") {
        Some("copy") => return copy(&state, words, &before).await,
        Some(act) => done(&state, act, &fields, &before).await,
        None => Ok(None),
    };
    match done {
        // What is shown is what is kept now.
        Ok(Some(key)) => match own(&state, words, &token) {
            Ok(own) => page(&state, words, &token, &own, Some(words.say(key).into())),
            Err(refusal) => *refusal,
        },
        Ok(None) => refused(words, StatusCode::UNPROCESSABLE_ENTITY, Key("own-unclear")),
        Err(error) => not_kept(words, &error),
    }
}

/// Does what a button says, and what is then said; nothing when no button says so.
async fn done(state: &PublicState, act: &str, fields: &[(String, String)], own: &Own) -> Result<Option<Key>, Error> {
    let desk = &state.desk;
    Ok(match act {
        "choose" => match chosen(state, fields) {
            Some(chosen) => {
                let is_kept = desk.choose(own, chosen).await?;
                Some(if is_kept {
                    Key("own-chosen")
                } else {
                    Key("own-no-contact")
                })
            }
            None => None,
        },
        "nothing" => {
            desk.want_nothing(own).await?;
            Some(Key("own-off"))
        }
        "again" => match field(fields, "scope").and_then(scope) {
            Some(scope) => {
                desk.want_again(own, &scope).await?;
                Some(Key("own-again"))
            }
            None => None,
        },
        "erase" => {
            desk.ask_erasure(own).await?;
            Some(Key("own-erasure-asked"))
        }
        _ => None,
    })
}

/// Who comes with this token: an answer of refusal unless it is ours. One that is forged is looked up all the same, so that
/// it takes as long.
fn own(state: &PublicState, words: Words, token: &str) -> Result<Own, Box<Response>> {
    let Some(seen) = (state.read_token)(token) else {
        return Err(Box::new(unknown(words)));
    };
    let reached = state.reached_by(words, seen)?;
    match (seen, reached) {
        (Seen::Ours(_), Some(reached)) => state
            .desk
            .own(reached)
            .map_err(|error| Box::new(not_kept(words, &error))),
        (Seen::Ours(_), None) | (Seen::Forged(_), _) => Err(Box::new(unknown(words))),
    }
}

fn page(state: &PublicState, words: Words, token: &str, own: &Own, said: Option<String>) -> Response {
    let left: Vec<&Scope> = own
        .person
        .suppressions
        .iter()
        .filter(|known| known.reason == SuppressionReason::Unsubscribed)
        .map(|known| &known.scope)
        .collect();
    let reading = Reading {
        words,
        offices: state.desk.offices(),
        zone: state.desk.zone(),
    };
    let page = OwnPage {
        words,
        organization: &state.organization,
        token,
        said,
        address: own.address.to_string(),
        is_contact: own.person.contact.is_some(),
        is_off: left.contains(&&Scope::Everything),
        left: left
            .into_iter()
            .map(|scope| (value(scope), record::scope(words, scope)))
            .collect(),
        topics: topics(state, words, own),
        record: reading.record(&own.person),
        style: asset::STYLE.path(),
        icon: asset::ICON.path(),
    };
    render(words, &page)
}

fn topics(state: &PublicState, words: Words, own: &Own) -> Vec<Choice> {
    let policy = state.desk.policy();
    let has_digest = |topic: &TopicId| {
        let mut abouts = policy.lists.values().filter_map(|list| list.about.as_ref());
        abouts.any(|about| about.is_digest && about.topic == *topic)
    };
    let contact = own.person.contact.as_ref();
    let choices = policy.topics.iter().map(|(id, topic)| {
        let chosen = contact.and_then(|contact| contact.preferences.get(id).copied());
        let chosen = chosen.unwrap_or(Preference::Yes);
        let ways = [
            (Preference::Yes, Key("own-yes")),
            (Preference::Digest, Key("own-digest")),
            (Preference::No, Key("own-no")),
        ];
        let ways = ways
            .into_iter()
            .filter(|(way, _)| *way != Preference::Digest || has_digest(id));
        Choice {
            id: id.0.clone(),
            name: topic.name.clone(),
            about: topic.about.clone(),
            ways: ways
                .map(|(way, key)| (name(way), words.say(key).into(), way == chosen))
                .collect(),
        }
    });
    choices.collect()
}

/// What the form says of each topic; nothing when it says what nobody can choose.
fn chosen(state: &PublicState, fields: &[(String, String)]) -> Option<Vec<(TopicId, Preference)>> {
    let said = state.desk.policy().topics.keys().filter_map(|topic| {
        let said = field(fields, &format!("topic-{topic}"))?;
        let ways = [Preference::Yes, Preference::Digest, Preference::No];
        let way = ways.into_iter().find(|way| name(*way) == said);
        Some(way.map(|way| (topic.clone(), way)))
    });
    said.collect()
}

fn name(preference: Preference) -> &'static str {
    match preference {
        Preference::Yes => "yes",
        Preference::No => "no",
        Preference::Digest => "digest",
    }
}

/// A scope as a form has it.
fn value(scope: &Scope) -> String {
    match scope {
        Scope::Everything => "everything".to_owned(),
        Scope::Marketing => "marketing".to_owned(),
        Scope::List(list) => list.to_string(),
    }
}

fn scope(value: &str) -> Option<Scope> {
    match value {
        "everything" => Some(Scope::Everything),
        "marketing" => Some(Scope::Marketing),
        list => list.parse().ok().map(Scope::List),
    }
}

fn field<'a>(fields: &'a [(String, String)], name: &str) -> Option<&'a str> {
    let mut fields = fields.iter();
    fields.find_map(|(known, value)| (known == name).then_some(value.as_str()))
}

/// Their own record as a file; that it was given is kept before it is.
async fn copy(state: &PublicState, words: Words, own: &Own) -> Response {
    if let Err(error) = state.desk.give_copy(own).await {
        return not_kept(words, &error);
    }
    match serde_json::to_string_pretty(&own.person) {
        Ok(json) => {
            let headers = [
                (header::CONTENT_TYPE, "application/json"),
                (header::CONTENT_DISPOSITION, "attachment; filename=\"my-record.json\""),
            ];
            (headers, json).into_response()
        }
        Err(error) => {
            tracing::error!(%error, "a contact's own record could not be written");
            refused(words, StatusCode::INTERNAL_SERVER_ERROR, Key("public-broken"))
        }
    }
}

fn not_kept(words: Words, error: &Error) -> Response {
    tracing::error!(%error, "what a contact asked for on their own page could not be done");
    refused(words, StatusCode::SERVICE_UNAVAILABLE, Key("unsubscribe-not-kept"))
}
