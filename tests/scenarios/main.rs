//! The policy told as stories, a clause a file: the whole gateway, SMTP over real sockets, and a clock that the story
//! sets. Two days go by in a moment; nothing waits for the wall.
//!
//! | file | clause | stories |
//! |---|---|---|
//! | [`list_posting`] | C1, C5, C9, C14, C16 | held, numbered, told once; approved, released, one copy each; lapsed; refused |
//! | [`consent_before_marketing`] | C3, C4, C8 | left out without consent; unsubscribed under way; one person, one copy; FERPA |
//! | [`master_list`] | C3, C4, C8 | alumni without consent; consent that has ended; FERPA; one person, one copy; one list left |
//! | [`class_mail`] | C6 | a class at once; with others in it; before the term |
//! | [`hidden_mass_mailing`] | C7 | Bcc, slices over days, mail-merge, one flyer; what is ordinary goes |
//! | [`contact_data_leaving`] | C10 | addresses in a file, in a sheet in a zip in a zip, behind a password |
//! | [`review`] | C9, C11, C14, C15 | versions, void approvals, part of an audience, answers by mail, reminders |
//! | [`commands`] | C8 | no command is a bulk road out |
//! | [`reload`] | – | settings read anew while a host says nothing |
//! | [`drift`] | C15, law 3 | an audience that changes after it was approved |
//! | [`frequency_and_volume`] | C2, C11, C12 | caps, hours, pace; what is unfit |
//! | [`survey`] | C13 | a link that says who answers; whose survey it is |
//! | [`reputation`] | C4 | a slice first; bounces and doubts that pause; a provider who bears little |
//! | [`emergency`] | C17 | a second person; past a release under way |
//! | [`what_comes_back`] | C4 | bounces, complaints, who asks for no more; what is forged |

#![expect(clippy::panic, reason = "a test fails by panicking")]

mod campus;
mod class_mail;
mod commands;
mod consent_before_marketing;
mod contact_data_leaving;
mod drift;
mod emergency;
mod frequency_and_volume;
mod hidden_mass_mailing;
mod list_posting;
mod master_list;
mod reload;
mod reputation;
mod review;
mod survey;
mod what_comes_back;
