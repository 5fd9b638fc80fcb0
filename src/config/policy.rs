//! `policy.toml`: the policy office's file.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use serde::Deserialize;

use super::feed::{FeedSettings, RawRules, keys_come};
use super::values::{Short, Span};
use super::{Fault, Gateway, clauses, fault};
use crate::decide::policy::{AudienceRule, DRIFT_PERCENT_MAX, ListRule, Policy};
use crate::mail::{Address, Domain};
use crate::model::{
    About, Caps, Category, ConsentRule, Identity, Office, OfficeId, Offices, Selection, Topic, TopicId,
};

/// How long a held mailing waits before it lapses, unless the file says otherwise. Policy C14.
const LAPSE_AFTER: Duration = Duration::from_secs(14 * 24 * 60 * 60);

/// The policy, and what the offices may send.
pub(super) fn read(file: &Path, gateway: &Gateway) -> Result<(Policy, BTreeMap<OfficeId, FeedSettings>), Fault> {
    let raw: Raw = fault::toml(file)?;
    raw.check(gateway).map_err(|what| Fault::Sense {
        file: file.to_owned(),
        what,
    })
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Raw {
    lapse_after: Option<Span>,
    drift_percent_max: Option<u64>,
    office: BTreeMap<String, RawOffice>,
    audience: BTreeMap<String, RawAudience>,
    #[serde(default)]
    topic: BTreeMap<String, RawTopic>,
    list: BTreeMap<Short, RawList>,
    #[serde(default)]
    may_send_as: BTreeMap<Short, Vec<Short>>,
    #[serde(default)]
    hidden_mass_mailing: clauses::Hidden,
    #[serde(default)]
    conveyed: clauses::Conveyed,
    #[serde(default)]
    class_mail: clauses::ClassMail,
    #[serde(default)]
    contact_data: clauses::ContactData,
    #[serde(default)]
    survey: clauses::Surveys,
    #[serde(default)]
    frequency: clauses::Frequency,
    hours: Option<clauses::Hours>,
    #[serde(default)]
    emergency: clauses::Emergency,
    #[serde(default)]
    retention: clauses::Retention,
    #[serde(default)]
    feed: BTreeMap<String, RawRules>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawOffice {
    name: String,
    #[serde(default)]
    stewards: Vec<Short>,
    #[serde(default)]
    reviewers: Vec<Short>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawAudience {
    r#match: BTreeMap<String, Vec<String>>,
    #[serde(default)]
    except: BTreeMap<String, Vec<String>>,
    office: Option<String>,
    #[serde(default)]
    unless_from: Vec<String>,
    #[serde(default)]
    consent: ConsentRule,
    campus: RawCampus,
    #[serde(default)]
    caps: RawCaps,
    #[serde(default)]
    sensitive: bool,
    #[serde(default)]
    for_outsiders: bool,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields)]
struct RawCaps {
    week: Option<u32>,
    month: Option<u32>,
    survey_month: Option<u32>,
    topic_month: Option<u32>,
}

#[derive(Deserialize, Clone, Copy, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
enum RawCampus {
    On,
    Off,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawList {
    audience: String,
    may_request: Vec<String>,
    #[serde(default)]
    from: RawFrom,
    category: Category,
    topic: Option<String>,
    #[serde(default)]
    digest: bool,
    #[serde(default)]
    emergency: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawTopic {
    name: String,
    #[serde(default)]
    about: String,
}

#[derive(Deserialize, Default)]
#[serde(untagged, expecting = "`from` is \"keep\" or { name = \"…\", address = \"…\" }")]
enum RawFrom {
    #[default]
    Unsaid,
    Word(RawKeep),
    List(RawIdentity),
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum RawKeep {
    Keep,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawIdentity {
    name: String,
    address: Short,
}

impl Raw {
    fn check(mut self, gateway: &Gateway) -> Result<(Policy, BTreeMap<OfficeId, FeedSettings>), String> {
        let raw_feeds = std::mem::take(&mut self.feed);
        let campus = gateway.campus_domains.first().ok_or("campus_domains is empty")?;
        let offices: BTreeMap<OfficeId, Office> = self
            .office
            .into_iter()
            .map(|(id, raw)| (OfficeId(id), raw.check(campus)))
            .collect();
        if offices.values().all(|office| office.reviewers.is_empty()) {
            return Err("no office has reviewers, so nothing could ever be released".to_owned());
        }
        let audiences = self
            .audience
            .into_iter()
            .map(|(name, raw)| Ok((name.clone(), raw.check(&name, &offices)?)))
            .collect::<Result<BTreeMap<_, _>, String>>()?;
        let topics: BTreeMap<TopicId, Topic> = self
            .topic
            .into_iter()
            .map(|(id, RawTopic { name, about })| (TopicId(id), Topic { name, about }))
            .collect();
        let lists = self
            .list
            .into_iter()
            .map(|(address, raw)| {
                let address = address.within(&gateway.lists_domain);
                Ok((address.clone(), raw.check(&address, &audiences, &topics, gateway)?))
            })
            .collect::<Result<BTreeMap<_, _>, String>>()?;
        let completed =
            |addresses: Vec<Short>| -> Vec<Address> { addresses.iter().map(|short| short.within(campus)).collect() };
        let offices = Offices::new(offices);
        let feeds = feeds(raw_feeds, &offices, &gateway.lists_domain)?;
        let canaries = canaries(&feeds, &lists)?;
        for (name, audience) in &audiences {
            keys_come(name, &audience.selection, &feeds)?;
        }
        let policy = Policy {
            campus_domains: gateway.campus_domains.clone(),
            lists_domain: gateway.lists_domain.clone(),
            offices: Arc::new(offices),
            audiences,
            topics,
            lists,
            may_send_as: self
                .may_send_as
                .into_iter()
                .map(|(a, more)| (a.within(campus), completed(more)))
                .collect(),
            lapse_after: self.lapse_after.map_or(LAPSE_AFTER, |span| span.0),
            drift_percent_max: self.drift_percent_max.unwrap_or(DRIFT_PERCENT_MAX),
            hidden: self.hidden_mass_mailing.check()?,
            conveyed: self.conveyed.check(),
            class_grace: self.class_mail.grace(),
            alerts: completed(self.contact_data.alert.clone()),
            contact_data: self.contact_data.check(campus)?,
            surveys: self.survey.check(),
            frequency: self.frequency.check(self.hours)?,
            emergency: self.emergency.check(campus),
            retention: self.retention.check()?,
            canaries,
            zone: gateway.time_zone.clone(),
        };
        Ok((policy, feeds))
    }
}

/// What each office may send, and when it is fetched.
fn feeds(
    raw: BTreeMap<String, RawRules>,
    offices: &Offices,
    lists_domain: &Domain,
) -> Result<BTreeMap<OfficeId, FeedSettings>, String> {
    let mut feeds: BTreeMap<OfficeId, FeedSettings> = BTreeMap::new();
    for (office, raw) in raw {
        let id = OfficeId(office);
        if offices.find(&id).is_none() {
            return Err(format!("[feed.{id}] is of an office that there is not"));
        }
        let (rules, schedule) = raw.check(&id, lists_domain)?;
        let feed = FeedSettings {
            rules,
            schedule,
            source: None,
        };
        feeds.insert(id, feed);
    }
    Ok(feeds)
}

/// The contacts of ours among the offices', each of one office alone, and none of them a list.
fn canaries(
    feeds: &BTreeMap<OfficeId, FeedSettings>,
    lists: &BTreeMap<Address, ListRule>,
) -> Result<Vec<(Address, OfficeId)>, String> {
    let mut canaries: Vec<(Address, OfficeId)> = Vec::new();
    for (office, feed) in feeds {
        let Some(canary) = &feed.rules.canary else { continue };
        if lists.keys().any(|list| list.is_same_mailbox(canary)) {
            return Err(format!(
                "the canary {canary} of [feed.{office}] is a list; it must be nobody's"
            ));
        }
        if let Some((_, other)) = canaries.iter().find(|(known, _)| known.is_same_mailbox(canary)) {
            return Err(format!(
                "[feed.{other}] and [feed.{office}] have one canary, so that nobody could tell whose contacts were copied"
            ));
        }
        canaries.push((canary.clone(), office.clone()));
    }
    Ok(canaries)
}

impl RawOffice {
    fn check(self, campus: &Domain) -> Office {
        let completed = |accounts: Vec<Short>| accounts.iter().map(|short| short.within(campus)).collect();
        Office {
            name: self.name,
            stewards: completed(self.stewards),
            reviewers: completed(self.reviewers),
        }
    }
}

impl RawAudience {
    fn check(self, name: &str, offices: &BTreeMap<OfficeId, Office>) -> Result<AudienceRule, String> {
        if self.r#match.is_empty() {
            return Err(format!(
                "audience `{name}` matches nobody; give its `match` at least one key"
            ));
        }
        let known = |id: &String| {
            let id = OfficeId(id.clone());
            let fits = offices.contains_key(&id);
            fits.then_some(id.clone()).ok_or_else(|| {
                let meant = fault::meant(&id.0, offices.keys().map(|office| office.0.as_str()));
                format!("audience `{name}` names an office `{id}` that there is not{meant}")
            })
        };
        let office = self.office.as_ref().map(known).transpose()?;
        if let Some(office) = office
            .as_ref()
            .and_then(|id| offices.get(id).filter(|office| office.stewards.is_empty()))
        {
            return Err(format!(
                "audience `{name}` wants the approval of the {}, which has no stewards",
                office.name
            ));
        }
        Ok(AudienceRule {
            selection: Selection {
                matches: self.r#match,
                except: self.except,
            },
            office,
            unless_from: self.unless_from.iter().map(known).collect::<Result<_, _>>()?,
            consent: self.consent,
            caps: Caps {
                week: self.caps.week,
                month: self.caps.month,
                survey_month: self.caps.survey_month,
                topic_month: self.caps.topic_month,
            },
            on_campus: self.campus == RawCampus::On,
            sensitive: self.sensitive,
            for_outsiders: self.for_outsiders,
        })
    }
}

impl RawList {
    /// What its mailings are about.
    fn about(&self, list: &Address, topics: &BTreeMap<TopicId, Topic>) -> Result<Option<About>, String> {
        let topic = self.topic.clone().map(TopicId);
        match topic {
            Some(topic) if !topics.contains_key(&topic) => {
                Err(format!("list `{list}` names a topic `{topic}` that there is not"))
            }
            None if self.digest => Err(format!("list `{list}` is a digest; say of which `topic`")),
            topic => Ok(topic.map(|topic| About {
                topic,
                is_digest: self.digest,
            })),
        }
    }

    fn check(
        self,
        list: &Address,
        audiences: &BTreeMap<String, AudienceRule>,
        topics: &BTreeMap<TopicId, Topic>,
        gateway: &Gateway,
    ) -> Result<ListRule, String> {
        if *list.domain() != gateway.lists_domain {
            return Err(format!(
                "list `{list}` is not in the lists domain {}",
                gateway.lists_domain
            ));
        }
        if !audiences.contains_key(&self.audience) {
            return Err(format!(
                "list `{list}` names an audience `{}` that there is not{}",
                self.audience,
                fault::meant(&self.audience, audiences.keys().map(String::as_str))
            ));
        }
        let about = self.about(list, topics)?;
        let campus = gateway.campus_domains.first().ok_or("campus_domains is empty")?;
        let completed = |pattern: &String| {
            if pattern.contains('@') {
                pattern.clone()
            } else {
                format!("{pattern}@{campus}")
            }
        };
        let identity = match self.from {
            RawFrom::Unsaid | RawFrom::Word(RawKeep::Keep) => Identity::Keep,
            RawFrom::List(RawIdentity { name, address }) => Identity::List {
                name,
                address: address.within(&gateway.lists_domain),
            },
        };
        Ok(ListRule {
            audience: self.audience,
            may_request: self.may_request.iter().map(completed).collect(),
            identity,
            category: self.category,
            about,
            emergency: self.emergency,
        })
    }
}
