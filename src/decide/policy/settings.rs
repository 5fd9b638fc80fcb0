//! Policy: the numbers and names of policy.toml.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use jiff::tz::TimeZone;

use super::numbers::{ContactData, Conveyed, Emergency, Frequency, Hidden, Retention, Surveys};
use crate::mail::{Address, Domain};
use crate::model::{About, Caps, Category, ConsentRule, Identity, OfficeId, Offices, Selection, Topic, TopicId};

/// How far an audience may change before an approval of it counts no more, unless the file says otherwise.
pub const DRIFT_PERCENT_MAX: u64 = 10;

/// Everything the rules measure by.
#[derive(Debug, Clone)]
pub struct Policy {
    /// Domains whose addresses are campus identities.
    pub campus_domains: Vec<Domain>,
    /// The domain of the lists.
    pub lists_domain: Domain,
    /// Who answers for what.
    pub offices: Arc<Offices>,
    /// Whom lists stand for, by name.
    pub audiences: BTreeMap<String, AudienceRule>,
    /// What mail is about, by name: contacts choose among these.
    pub topics: BTreeMap<TopicId, Topic>,
    /// The addresses staff write to.
    pub lists: BTreeMap<Address, ListRule>,
    /// The addresses an account may use besides its own.
    pub may_send_as: BTreeMap<Address, Vec<Address>>,
    /// How long a held mailing waits before it lapses. Policy C14.
    pub lapse_after: Duration,
    /// How far an audience may change, in percent, before an approval of it counts no more. Law 3.
    pub drift_percent_max: u64,
    /// When mail that its author addressed is mass mail all the same. Policy C7.
    pub hidden: Hidden,
    /// What an ordinary account may convey. Policy C2.
    pub conveyed: Conveyed,
    /// Days before and after a term in which a class is one. Policy C6.
    pub class_grace: Duration,
    /// What is contact data. Policy C10.
    pub contact_data: ContactData,
    /// Which links are surveys. Policy C13.
    pub surveys: Surveys,
    /// Length, repetition and hours. Policy C11.
    pub frequency: Frequency,
    /// Who may send an emergency. Policy C17.
    pub emergency: Emergency,
    /// How long what is known of people is kept. Policy C8.
    pub retention: Retention,
    /// Who hears of contact data that was about to leave. Policy C10.
    pub alerts: Vec<Address>,
    /// Contacts of ours, each among those of one office: who writes to one has a copy of them. Policy C10.
    pub canaries: Vec<(Address, OfficeId)>,
    /// The zone of hours and dates.
    pub zone: TimeZone,
}

/// One audience.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AudienceRule {
    /// Which contacts.
    pub selection: Selection,
    /// Whose steward approves its use.
    pub office: Option<OfficeId>,
    /// Accounts of these offices need no approval of `office`. Policy C15, "when necessary".
    pub unless_from: Vec<OfficeId>,
    /// What a contact must have agreed to.
    pub consent: ConsentRule,
    /// How much of our mail one contact may get at most.
    pub caps: Caps,
    /// Whether its contacts are on campus.
    pub on_campus: bool,
    /// To be in it is nobody's business: no samples, and no copy names it.
    pub sensitive: bool,
    /// Somebody outside the university asked for it.
    pub for_outsiders: bool,
}

/// One list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListRule {
    /// The name of its audience.
    pub audience: String,
    /// Patterns of accounts that may ask to write to it: `*@mst.example`.
    pub may_request: Vec<String>,
    /// Which From its copies bear.
    pub identity: Identity,
    /// What its mailings are for.
    pub category: Category,
    /// What they are about; `None` where nobody chooses.
    pub about: Option<About>,
    /// Whether emergencies may go to it at once. Policy C17.
    pub emergency: bool,
}

impl Policy {
    /// A policy with the numbers that ship, and no audience or list yet.
    pub fn new(campus_domains: Vec<Domain>, lists_domain: Domain, offices: Arc<Offices>, zone: TimeZone) -> Self {
        Self {
            campus_domains,
            lists_domain,
            offices,
            audiences: BTreeMap::new(),
            topics: BTreeMap::new(),
            lists: BTreeMap::new(),
            may_send_as: BTreeMap::new(),
            lapse_after: Duration::from_secs(14 * 24 * 60 * 60),
            drift_percent_max: DRIFT_PERCENT_MAX,
            hidden: Hidden::default(),
            conveyed: Conveyed::default(),
            class_grace: Duration::from_secs(14 * 24 * 60 * 60),
            contact_data: ContactData::default(),
            surveys: Surveys::default(),
            frequency: Frequency::default(),
            emergency: Emergency::default(),
            retention: Retention::default(),
            alerts: Vec::new(),
            canaries: Vec::new(),
            zone,
        }
    }

    /// The office whose contacts this contact of ours is among. Policy C10.
    pub fn canary(&self, address: &Address) -> Option<&OfficeId> {
        let found = self.canaries.iter().find(|(canary, _)| canary.is_same_mailbox(address));
        found.map(|(_, office)| office)
    }

    /// The list of this address, in whatever case it was written.
    pub fn list(&self, address: &Address) -> Option<&ListRule> {
        self.lists
            .iter()
            .find(|(list, _)| list.is_same_mailbox(address))
            .map(|(_, rule)| rule)
    }

    /// The list of this name: its whole address, or what stands before the `@` where no other list has it.
    ///
    /// # Errors
    ///
    /// A sentence that names the lists there are.
    pub fn list_called(&self, name: &str) -> Result<&Address, String> {
        let is_it =
            |list: &&Address| list.to_string().eq_ignore_ascii_case(name) || list.local().eq_ignore_ascii_case(name);
        let joined = |lists: Vec<&Address>| lists.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
        let found: Vec<&Address> = self.lists.keys().filter(is_it).collect();
        match found.as_slice() {
            [one] => Ok(one),
            [] if self.lists.is_empty() => Err(format!("there is no list `{name}`, nor any other")),
            [] => Err(format!(
                "there is no list `{name}`; there are {}",
                joined(self.lists.keys().collect())
            )),
            _ => Err(format!("`{name}` is more than one list; say which: {}", joined(found))),
        }
    }

    /// The list and the audience it stands for.
    pub fn list_and_audience(&self, address: &Address) -> Option<(&ListRule, &AudienceRule)> {
        let list = self.list(address)?;
        Some((list, self.audiences.get(&list.audience)?))
    }

    /// The office whose approval the use of this audience wants, when this account asks. Policy C15.
    pub fn wanted_office(&self, audience: &AudienceRule, author: &Address) -> Option<OfficeId> {
        let office = audience.office.clone()?;
        let stewardships = self.offices.stewardships(author);
        let is_excused = stewardships
            .iter()
            .any(|steward| audience.unless_from.contains(steward.office()));
        (!is_excused).then_some(office)
    }
}

impl ListRule {
    /// Whether this account may ask to write to it.
    pub fn may_request(&self, author: &Address) -> bool {
        self.may_request.iter().any(|pattern| matches(pattern, author))
    }
}

/// `*@domain` is anybody there; anything else is one address.
fn matches(pattern: &str, author: &Address) -> bool {
    match pattern.strip_prefix("*@") {
        Some(domain) => author.domain().as_str().eq_ignore_ascii_case(domain),
        None => author.key() == pattern.to_lowercase(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_is_called_by_what_no_other_list_has() {
        let rule = ListRule {
            audience: "students".to_owned(),
            may_request: Vec::new(),
            identity: Identity::Keep,
            category: Category::Informational,
            about: None,
            emergency: false,
        };
        let domain = |text: &str| text.parse::<Domain>().expect("a domain");
        let offices = Arc::new(Offices::default());
        let mut policy = Policy::new(Vec::new(), domain("lists.mst.example"), offices, TimeZone::UTC);
        for list in [
            "students@lists.mst.example",
            "staff@lists.mst.example",
            "staff@umr.example",
        ] {
            policy.lists.insert(list.parse().expect("an address"), rule.clone());
        }
        let called = |name: &str| policy.list_called(name).map(ToString::to_string);
        for name in ["students", "Students", "students@lists.mst.example"] {
            assert_eq!(called(name).as_deref(), Ok("students@lists.mst.example"), "{name}");
        }
        assert!(
            called("staff").is_err_and(|said| said.ends_with("say which: staff@lists.mst.example, staff@umr.example"))
        );
        assert_eq!(called("staff@umr.example").as_deref(), Ok("staff@umr.example"));
        assert!(called("nobody").is_err_and(|said| said.contains("there are staff@lists.mst.example, ")));
    }
}
