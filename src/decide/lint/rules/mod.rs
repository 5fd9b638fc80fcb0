//! The checks, one topic a file.

pub(super) mod addresses;
pub(super) mod attachments;
pub(super) mod audience;
pub(super) mod dates;
pub(super) mod encoding;
pub(super) mod html;
pub(super) mod images;
pub(super) mod leftovers;
pub(super) mod links;
pub(super) mod looks;
pub(super) mod privacy;
pub(super) mod secrets;
pub(super) mod sender;
pub(super) mod size;
pub(super) mod structure;
pub(super) mod subject;
pub(super) mod tables;
pub(super) mod urls;
pub(super) mod wording;
