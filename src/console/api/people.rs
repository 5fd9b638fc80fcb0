//! People: how many an audience has, and the few acts on one person. Policy C8: each is in the audit trail, by whom.

use axum::Json;
use axum::extract::State as From;
use serde::{Deserialize, Serialize};
use tokio::task::spawn_blocking;
use utoipa::ToSchema;

use super::ApiState;
use super::actor::{Actor, Asked, Told};
use super::error::Fault;
use crate::mail::{Address, Timestamp};
use crate::model::{Act, Contact, ContactId, Scope, Selection, Suppression, SuppressionReason};
use crate::stage::review::{Found, Looker, Lookup, Whom};
use crate::store::{self, Store};

/// Which audience to count.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct Which {
    /// Its name in policy.toml.
    #[param(example = "students")]
    audience: String,
}

/// How many an audience has now.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Counted {
    audience: String,
    /// Contacts that are in it.
    contacts: u64,
    /// Of them, those some of whose mail is suppressed.
    suppressed: u64,
}

/// One person, and why they are asked for.
#[derive(Debug, Deserialize, ToSchema)]
pub(super) struct Person {
    address: String,
    #[serde(default)]
    reason: String,
}

/// One person, why they are asked for, and what else is asked of them.
#[derive(Debug, Deserialize, ToSchema)]
pub(super) struct Asking {
    /// Their address, or the number of the contact.
    address: String,
    #[serde(default)]
    reason: String,
    /// Why does this audience of policy.toml have them, or not?
    #[serde(default)]
    audience: Option<String>,
    /// Did they get this mailing?
    #[serde(default)]
    mailing: Option<String>,
}

impl Asking {
    fn lookup(&self) -> Result<Lookup, Fault> {
        let invalid = |invalid: crate::mail::Invalid| Fault::Unacceptable(invalid.to_string());
        let no_number = |text: &String| Fault::Unacceptable(format!("{text} is no mailing's number"));
        let mailing = self.mailing.as_ref();
        let mailing = mailing.map(|text| text.parse().map_err(|_no_number| no_number(text)));
        Ok(Lookup {
            whom: self.address.parse().map_err(invalid)?,
            reason: self.reason.clone(),
            audience: self.audience.clone(),
            mailing: mailing.transpose()?,
        })
    }
}

/// What was done.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Done)]
pub(super) struct Did {
    pub(super) done: String,
}

/// `GET /people/count?audience=`.
#[utoipa::path(
    get,
    path = "/people/count",
    tag = "people",
    params(Which),
    responses((status = 200, description = "how many an audience has now", body = Counted), Fault)
)]
pub(super) async fn count(
    From(api): From<ApiState>,
    _who: Actor,
    Asked(which): Asked<Which>,
) -> Result<Json<Counted>, Fault> {
    let Some(selection) = api.audiences.get(&which.audience).cloned() else {
        let names: Vec<&str> = api.audiences.keys().map(String::as_str).collect();
        let names = names.join(", ");
        return Err(Fault::Missing(format!(
            "there is no audience {}; there are: {names}",
            which.audience
        )));
    };
    let (store, now) = (api.store.clone(), api.clock.now());
    let (contacts, suppressed) = spawn_blocking(move || counted(&store, &selection, now))
        .await
        .map_err(crashed)??;
    Ok(Json(Counted {
        audience: which.audience,
        contacts,
        suppressed,
    }))
}

fn counted(store: &Store, selection: &Selection, now: Timestamp) -> Result<(u64, u64), store::Error> {
    let (suppressions, marker) = (store.suppressions()?, store.marker());
    let (mut contacts, mut suppressed) = (0, 0);
    store.glance_at_all(|contact| {
        if selection.holds(contact, now) {
            contacts += 1;
            let is_kept = |address| suppressions.contains_key(&marker.mark_of(address));
            suppressed += u64::from(contact.addresses().into_iter().any(is_kept));
        }
    })?;
    Ok((contacts, suppressed))
}

/// `POST /people/find`: one contact, for a reason that is kept; why an audience has them, whether they got a mailing.
#[utoipa::path(
    post,
    path = "/people/find",
    tag = "people",
    request_body = Asking,
    responses((status = 200, description = "all that is held about them", body = Object), Fault)
)]
pub(super) async fn find(
    From(api): From<ApiState>,
    who: Actor,
    Told(asking): Told<Asking>,
) -> Result<Json<Found>, Fault> {
    let found = api.desk.look_up(looker(&who), &asking.lookup()?).await?;
    let missing = || Fault::Missing("nothing is known of this address, or nothing that you may see".to_owned());
    found.map(Json).ok_or_else(missing)
}

/// `POST /people/export`: a person's own record, to be handed to them; that it was is kept.
#[utoipa::path(
    post,
    path = "/people/export",
    tag = "people",
    request_body = Asking,
    responses((status = 200, description = "all that is held about them", body = Object), Fault)
)]
pub(super) async fn hand_out(
    From(api): From<ApiState>,
    who: Actor,
    Told(asking): Told<Asking>,
) -> Result<Json<Found>, Fault> {
    let found = api.desk.look_up(looker(&who), &asking.lookup()?).await?;
    let found = found.ok_or_else(|| Fault::Missing("nothing is known of this address".to_owned()))?;
    let note = whom(found.person.contact.as_ref(), &asking.reason);
    api.store.log(api.event(&who, Act::CopyGiven, None, note)).await?;
    Ok(Json(found))
}

fn looker(who: &Actor) -> Looker<'_> {
    match who {
        Actor::Operator => Looker::Operator,
        Actor::Account(account) | Actor::Reader(account) => Looker::Account(account),
    }
}

/// `POST /people/suppress`: never write to this address again.
#[utoipa::path(
    post,
    path = "/people/suppress",
    tag = "people",
    request_body = Person,
    responses((status = 200, description = "what was done", body = Did), Fault)
)]
pub(super) async fn suppress(
    From(api): From<ApiState>,
    who: Actor,
    Told(person): Told<Person>,
) -> Result<Json<Did>, Fault> {
    let address = address(&person.address)?;
    let contact = api.store.contact_by_address(&address)?;
    let note = whom(contact.as_ref(), &person.reason);
    let suppression = Suppression {
        scope: Scope::Everything,
        reason: SuppressionReason::Manual,
        at: api.clock.now(),
        contact: contact.map(|contact| contact.id),
        mailing: None,
        note: person.reason.trim().to_owned(),
    };
    let event = api.event(&who, Act::Suppressed, None, note);
    let is_new = api.store.suppress(&address, &[suppression], event).await?;
    let done = if is_new {
        "Suppressed. No mailing goes to this address any more, not even one under way."
    } else {
        "It was suppressed already; the first reason stays."
    };
    Ok(Json(Did { done: done.to_owned() }))
}

/// `POST /people/forget`: erase a contact; a suppression stays.
#[utoipa::path(
    post,
    path = "/people/forget",
    tag = "people",
    request_body = Person,
    responses((status = 200, description = "what was done", body = Did), Fault)
)]
pub(super) async fn forget(
    From(api): From<ApiState>,
    who: Actor,
    Told(person): Told<Person>,
) -> Result<Json<Did>, Fault> {
    let missing = || Fault::Missing("no contact has this address".to_owned());
    // An import under way would write the person anew.
    let _only_hand = api.importer.hand().await;
    let address = api.address_of(&person.address)?.ok_or_else(missing)?;
    let contact = api.store.contact_by_address(&address)?.ok_or_else(missing)?;
    let note = whom(Some(&contact), &person.reason);
    let event = api.event(&who, Act::Forgotten, None, note);
    if !api.store.forget(&address, event).await? {
        return Err(missing());
    }
    let known = api.store.suppressions_of(&address)?;
    let kept = known.iter().any(|known| known.scope == Scope::Everything);
    let done = if kept {
        "Erased. That the address is never written to is kept."
    } else {
        "Erased. The office's next feed brings the person back unless the office erases them too; \
         `bedel people suppress` keeps mail away in any case."
    };
    Ok(Json(Did { done: done.to_owned() }))
}

impl ApiState {
    /// The address that somebody names, or that of the contact whose number they name.
    fn address_of(&self, text: &str) -> Result<Option<Address>, Fault> {
        let invalid = |invalid: crate::mail::Invalid| Fault::Unacceptable(invalid.to_string());
        Ok(match text.parse().map_err(invalid)? {
            Whom::Address(address) => Some(address),
            Whom::Number(id) => self.store.contact(id)?.and_then(|contact| contact.email().cloned()),
        })
    }
}

fn address(text: &str) -> Result<Address, Fault> {
    text.parse()
        .map_err(|invalid: crate::mail::Invalid| Fault::Unacceptable(invalid.to_string()))
}

/// A person as the audit trail names them, never by address; and why.
fn whom(contact: Option<&Contact>, reason: &str) -> String {
    let whom = match contact {
        Some(Contact { id: ContactId(id), .. }) => format!("contact {id}"),
        None => "an address that no contact has".to_owned(),
    };
    match reason.trim() {
        "" => whom,
        reason => format!("{whom}: {reason}"),
    }
}

/// A task of ours that panicked; its own words are in the log already.
pub(super) fn crashed(_panic: tokio::task::JoinError) -> Fault {
    Fault::Store(store::Error::Disk("a task of the gateway stopped".to_owned()))
}
