//! What a duty officer does before an emergency: shows a second factor, so that their next message goes at once.
//! Policy C17.

use super::{Desk, Done, Refusal};
use crate::mail::{Address, Timestamp};
use crate::model::{Act, Arming, Event};
use crate::{password, store};

impl Desk {
    /// Whether this account may send an emergency: it is a duty officer's.
    pub fn may_arm(&self, who: &Address) -> bool {
        self.emergency_fresh(who).is_some()
    }

    /// Until when this account's next message to an emergency list goes at once, and for what; `None` when it waits.
    pub fn armed(&self, who: &Address) -> Result<Option<(Timestamp, Arming)>, store::Error> {
        let now = self.clock.now();
        Ok(self.store.armed_until(who)?.filter(|(until, _)| *until > now))
    }

    /// A fresh second factor: for a while, what this account sends to an emergency list goes at once.
    pub async fn arm(&self, by: &Address, code: &str, arming: Arming) -> Result<Done, Refusal> {
        let Some(fresh) = self.emergency_fresh(by) else {
            return Err(Refusal::NotEntitled(format!(
                "{by} has no emergency role: [emergency] of policy.toml names them"
            )));
        };
        if arming == Arming::Drill && self.policy().emergency.drill.is_empty() {
            return Err(Refusal::Malformed(
                "nobody practises: name them in `drill` of [emergency] in policy.toml".to_owned(),
            ));
        }
        let now = self.clock.now();
        let Some((secret, used)) = self.store.second_factor(by)? else {
            return Err(Refusal::Malformed(format!(
                "{by} has no second factor yet: bedel emergency enroll --as {by}"
            )));
        };
        let Some(step) = password::second_factor_step(&secret, code.trim(), now.as_micros() / 1_000_000) else {
            return Err(Refusal::Malformed("that is not the code of now".to_owned()));
        };
        // A code counts once.
        if step <= used {
            return Err(Refusal::Malformed(
                "that code has been used: wait for the next one".to_owned(),
            ));
        }
        let until = now.plus(fresh);
        let (what, next) = match arming {
            Arming::Emergency => ("", "goes at once"),
            Arming::Drill => (", for a drill", "goes at once to those who practise, as a drill"),
        };
        let event = Event {
            at: now,
            by: by.to_string(),
            act: Act::Armed,
            mailing: None,
            note: format!("until {until}{what}"),
        };
        self.store.arm(by, (until, arming), (secret, step), event).await?;
        Ok(Done {
            sentence: format!(
                "Armed for {} minutes: what you send to an emergency list {next}.",
                fresh.as_secs() / 60
            ),
        })
    }
}
