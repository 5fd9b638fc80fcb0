//! The rules, one clause a file, in the policy's words.

pub(super) mod authenticated_anywhere;
pub(super) mod class_mail;
pub(super) mod consent_before_marketing;
pub(super) mod contact_data_leaving;
pub(super) mod emergency;
pub(super) mod frequency_and_volume;
pub(super) mod hidden_mass_mailing;
pub(super) mod list_posting;
pub(super) mod own_identity;
pub(super) mod steward_routing;
pub(super) mod survey;
