//! The lines every mailing carries: why you get this, who approved it, how to stop it, where we are.
//!
//! They are the same for every recipient, so that the body is hashed and signed over once a mailing. What is a
//! recipient's own, the unsubscribe link, stands in the header, where mail programs make a button of it.

use super::Settings;
use crate::model::{Lane, Mailing, Release};

/// The footer, for both kinds of part.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Footer {
    /// Below a text part; lines end in LF.
    pub(super) text: String,
    /// Below an HTML part.
    pub(super) html: String,
}

pub(super) fn footer(mailing: &Mailing, release: &Release, settings: &Settings) -> Footer {
    let lines = lines(mailing, release, settings);
    let text = format!("\n-- \n{}\n", lines.join("\n"));
    let paragraphs: Vec<String> = lines.iter().map(|line| linked(&escaped(line))).collect();
    let html = format!(
        "<hr><div style=\"font-size:12px;color:#555;background:#fff\"><p>{}</p></div>",
        paragraphs.join("<br>\r\n")
    );
    Footer { text, html }
}

fn lines(mailing: &Mailing, release: &Release, settings: &Settings) -> Vec<String> {
    let is_sensitive = mailing.audience.is_sensitive();
    let lists: Vec<&str> = mailing
        .audience
        .segments()
        .iter()
        .map(|segment| segment.audience.as_str())
        .collect();
    let approved: Vec<String> = release
        .approved_by
        .iter()
        .map(|office| settings.offices.name(office))
        .collect();
    let organization = &settings.organization;
    let mut lines = vec![match lists.as_slice() {
        _ if is_sensitive => format!("This was sent to you by {organization}."),
        // The one name of an audience that no article stands before.
        ["everybody"] => format!("You get this as everybody at {organization} does."),
        lists => format!("You get this as one of the {} of {organization}.", lists.join(", ")),
    }];
    if !approved.is_empty() {
        lines.push(format!("Use of the list approved by: {}.", approved.join(", ")));
    }
    lines.push(format!("Case {}.", mailing.id));
    if mailing.lane != Lane::Emergency {
        lines.push(format!(
            "To stop such mail, or to see what we hold about you: {}/preferences",
            settings.public_url
        ));
    }
    lines.push(settings.postal_address.clone());
    lines
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}

/// Makes a link of the web address in a line.
fn linked(line: &str) -> String {
    match line.split_once("http") {
        Some((before, rest)) => {
            let url = format!("http{rest}");
            format!("{before}<a href=\"{url}\">{url}</a>")
        }
        None => line.to_owned(),
    }
}
