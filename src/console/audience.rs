//! How many would that be? An audience counted while it is chosen: counts, and at most five masked samples. Policy C8.

use std::collections::BTreeMap;
use std::sync::Arc;

use askama::Template;
use axum::extract::{self, Query};
use axum::response::{Html, IntoResponse, Response};
use serde::Deserialize;

use super::Room;
use super::error::Error;
use super::page::Frame;
use super::session::SignedIn;
use super::words::{Key, Words};
use crate::model::{Masked, Selection};
use crate::stage::review::{FEW, Refusal};

#[derive(Template)]
#[template(path = "audience.html", config = ".askama.toml")]
struct AudiencePage {
    words: Words,
    frame: Frame,
    choice: Choice,
    audiences: Vec<String>,
    counted: Option<Counted>,
}

/// What it comes to, as a part of the page.
#[derive(Debug, Template)]
#[template(path = "counted.html", config = ".askama.toml")]
struct Counted {
    words: Words,
    whom: String,
    people: String,
    left_out: Vec<(String, String)>,
    samples: Vec<Masked>,
    /// Why nobody is shown, when nobody is.
    no_samples: Option<String>,
}

/// What is chosen; each may have several values, with commas.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Choice {
    audience: String,
    affiliation: String,
    unit: String,
    class: String,
    year: String,
}

impl Choice {
    fn selection(&self) -> Selection {
        let keys = [
            ("affiliation", &self.affiliation),
            ("unit", &self.unit),
            ("class", &self.class),
            ("year", &self.year),
        ];
        let mut matches = BTreeMap::new();
        for (key, text) in keys {
            let values: Vec<String> = text.split(',').map(|value| value.trim().to_owned()).collect();
            let values: Vec<String> = values.into_iter().filter(|value| !value.is_empty()).collect();
            if !values.is_empty() {
                matches.insert(key.to_owned(), values);
            }
        }
        Selection {
            matches,
            except: BTreeMap::new(),
        }
    }

    fn audience(&self) -> Option<&str> {
        Some(self.audience.trim()).filter(|name| !name.is_empty())
    }
}

/// `GET /audience`: the page, with the count when something is chosen.
pub(super) async fn show(
    extract::State(room): extract::State<Arc<Room>>,
    who: SignedIn,
    Query(choice): Query<Choice>,
) -> Result<Response, Error> {
    entitled(&room, &who)?;
    tokio::task::spawn_blocking(move || {
        let page = AudiencePage {
            words: who.words,
            frame: Frame::of(&room, &who, who.words.say("title-audience"), "/audience", None),
            audiences: room.state.desk.policy().audiences.keys().cloned().collect(),
            counted: counted(&room, who.words, &choice)?,
            choice,
        };
        Ok(Html(page.render()?).into_response())
    })
    .await?
}

/// `GET /audience/count`: the count alone, for the script.
pub(super) async fn count(
    extract::State(room): extract::State<Arc<Room>>,
    who: SignedIn,
    Query(choice): Query<Choice>,
) -> Result<Response, Error> {
    entitled(&room, &who)?;
    tokio::task::spawn_blocking(move || {
        let part = counted(&room, who.words, &choice)?
            .map(|counted| counted.render())
            .transpose()?;
        Ok(Html(part.unwrap_or_default()).into_response())
    })
    .await?
}

fn entitled(room: &Room, who: &SignedIn) -> Result<(), Error> {
    if room.state.desk.may_reckon(&who.account) {
        return Ok(());
    }
    let why = who.words.say(Key("audience-not-yours")).to_string();
    Err(Refusal::NotEntitled(why).into())
}

/// Nothing when nothing is chosen.
fn counted(room: &Room, words: Words, choice: &Choice) -> Result<Option<Counted>, Error> {
    let desk = &room.state.desk;
    let (audience, selection) = (choice.audience(), choice.selection());
    let known = audience.is_none_or(|name| desk.policy().audiences.contains_key(name));
    if (audience.is_none() && selection.matches.is_empty()) || !known {
        return Ok(None);
    }
    // One count after the other: each reads the whole master list.
    let count = room.counts.alone(|| desk.reckon(audience, &selection))?;
    let whom = match (audience, words.selection(&selection)) {
        (Some(name), chosen) if chosen.is_empty() => name.to_owned(),
        (Some(name), chosen) => format!("{name}: {chosen}"),
        (None, chosen) => chosen,
    };
    let few = |count: u64| match count {
        1..FEW => words.say("audience-few").with("few", FEW).to_string(),
        count => words.people(count),
    };
    let no_samples = count
        .samples
        .is_empty()
        .then(|| words.say("audience-no-samples").with("few", FEW).to_string());
    let left_out = count.exclusions.iter();
    Ok(Some(Counted {
        words,
        whom,
        people: few(count.recipients),
        left_out: left_out
            .map(|(reason, people)| (words.exclusion(*reason), few(*people)))
            .collect(),
        samples: count.samples,
        no_samples,
    }))
}
