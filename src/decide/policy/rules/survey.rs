//! Surveys take the same road as mass mail, and contacts never go into the survey tool. Policy C13.

use super::super::facts::Link;
use super::super::{Facts, Policy, Rule, Surveys};
use crate::model::{Ask, Finding};

pub(in super::super) const RULE: Rule = Rule {
    name: "survey",
    clause: "C13",
    judge,
};

fn judge(facts: &Facts, policy: &Policy) -> Option<Finding> {
    facts.author.as_ref()?;
    // One person who passes a link to another asks nobody to answer anything.
    if !facts.is_for_many(policy) && facts.group.burst < policy.hidden.burst {
        return None;
    }
    let surveys = &policy.surveys;
    let mut links = facts
        .letter
        .links
        .iter()
        .filter(|link| surveys.is_survey(link))
        .peekable();
    links.peek()?;
    let links: Vec<&Link> = links.collect();
    let refused = |sentence| Some(RULE.finds(Ask::Refuse { subject: 7, detail: 1 }, sentence));
    if let Some((link, name)) = links.iter().find_map(|link| Some((link, surveys.identifier(link)?))) {
        return refused(format!(
            "The survey link to {} says by `{name}` who its reader is, so contacts were put into the survey tool: use \
             the anonymous link",
            link.host
        ));
    }
    if let Some(link) = links.iter().find(|link| !surveys.is_licensed(link)) {
        return refused(format!(
            "The university asks its surveys with {}, not with {}: make it there, or ask EMarComm to",
            surveys.licensed, link.host
        ));
    }
    let sentence =
        "It asks people to answer a survey: say on its page, or by answering the notice, whose it is (owner), \
                    its registered id, its IRB number or `not research`, and the days it opens and closes"
            .to_owned();
    Some(RULE.finds(Ask::Hold { wants: Vec::new() }, sentence))
}

impl Surveys {
    /// Whether a link asks for answers.
    pub fn is_survey(&self, link: &Link) -> bool {
        self.is_licensed(link) || self.other_hosts.iter().any(|host| leads_to(link, host))
    }

    fn is_licensed(&self, link: &Link) -> bool {
        self.licensed_hosts.iter().any(|host| leads_to(link, host))
    }

    /// The parameter that says who the reader is.
    fn identifier<'a>(&self, link: &'a Link) -> Option<&'a str> {
        let names = |name: &str| self.identifiers.iter().any(|known| known.eq_ignore_ascii_case(name));
        link.parameters
            .iter()
            .find(|(name, value)| names(name) || value.contains('@') || value.to_lowercase().contains("%40"))
            .map(|(name, _)| name.as_str())
    }
}

/// `host`, or `host/beginning-of-path`; a host stands for what is below it too.
fn leads_to(link: &Link, place: &str) -> bool {
    let (host, path) = place.split_once('/').unwrap_or((place, ""));
    let below = link
        .host
        .strip_suffix(host)
        .is_some_and(|rest| rest.is_empty() || rest.ends_with('.'));
    below && link.path.trim_start_matches('/').starts_with(path)
}
