//! The rules, one clause a file, in the policy's words.

pub(super) mod authenticated_anywhere;
pub(super) mod list_posting;
pub(super) mod own_identity;
pub(super) mod steward_routing;
