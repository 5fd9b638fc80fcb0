//! Dropped: who gets no copy after all, since they have dropped out after the plan was sealed.

use super::super::run::Job;
use super::Courier;
use crate::decide::audience::{Purpose, dropped_out};
use crate::mail::Mailbox;
use crate::model::{Capacity, Exclusion, Glance, Mailing, Recipient};
use crate::store::Error;

impl Courier {
    /// Why this recipient gets no copy after all: consent and suppression are read again for each. Law 5.
    pub(in crate::stage::deliver) fn dropped_out(
        &self,
        job: &Job,
        recipient: &Recipient,
    ) -> Result<Option<Exclusion>, Error> {
        let mailing = &job.source.mailing;
        if mailing.capacity == Capacity::Conveyed {
            return Ok(None);
        }
        match recipient.contact {
            Some(id) => {
                let out = self
                    .store
                    .glance_at(id, |contact| self.is_out(mailing, recipient, Some(contact)))?;
                // They were erased meanwhile.
                out.unwrap_or(Ok(Some(Exclusion::DoNotContact)))
            }
            None => self.is_out(mailing, recipient, None),
        }
    }

    fn is_out(
        &self,
        mailing: &Mailing,
        recipient: &Recipient,
        contact: Option<&Glance<'_>>,
    ) -> Result<Option<Exclusion>, Error> {
        let to = recipient.address.mailbox();
        let addresses = contact
            .into_iter()
            .flat_map(Glance::addresses)
            .filter(|own| *own != to)
            .chain([to]);
        let known = addresses.map(|address| Ok((address, self.store.suppressions_at(address)?)));
        let known = known.collect::<Result<Vec<_>, Error>>()?;
        let of = |address: Mailbox<'_>| known.iter().find(|(known, _)| *known == address);
        let purpose = Purpose::of(mailing.category, mailing.lane);
        Ok(dropped_out(
            &mailing.audience,
            purpose,
            (to, contact),
            &|address| of(address).map(|(_, known)| known.as_slice()).unwrap_or_default(),
            self.clock.now(),
        ))
    }
}
