//! What the rosters say of an author and their recipients. Policy C6.

use crate::decide::policy::facts::CLASS_PREFIX;
use crate::decide::policy::{Classes, Place, Policy};
use crate::mail::{Address, Envelope, ForwardPath, Timestamp};
use crate::model::Section;
use crate::store::{Error, Store};

/// The author's classes, which recipients are in them, and the envelope with the people of each `class-…` in its place.
pub(super) fn look(
    store: &Store,
    policy: &Policy,
    author: &Address,
    envelope: &Envelope,
    now: Timestamp,
) -> Result<(Classes, Envelope), Error> {
    let grace = policy.class_grace;
    let is_now = |section: &Section| section.begins <= now.plus(grace) && now <= section.ends.plus(grace);
    let sections: Vec<Section> = store.taught_by(author)?.into_iter().filter(is_now).collect();
    let mut classes = Classes {
        teaches: sections.iter().map(|section| section.name.clone()).collect(),
        ..Classes::default()
    };
    let mut paths: Vec<ForwardPath> = Vec::new();
    for path in envelope.forward_paths() {
        let to = &path.address;
        if policy.place(to) == Place::Class {
            expand(store, &sections, path, &mut classes, &mut paths)?;
            continue;
        }
        let mut is_member = !sections.is_empty() && to.is_same_mailbox(author);
        for section in &sections {
            is_member = is_member || store.is_member(section, to)?;
        }
        if is_member {
            classes.members.push(to.clone());
        }
        add(&mut paths, path.clone());
    }
    let expanded = envelope.with(paths);
    // A class of nobody leaves nobody: then it stands as it was named, and the rule says so.
    Ok((classes, expanded.unwrap_or_else(|| envelope.clone())))
}

/// The people of one class address.
fn expand(
    store: &Store,
    sections: &[Section],
    path: &ForwardPath,
    classes: &mut Classes,
    paths: &mut Vec<ForwardPath>,
) -> Result<(), Error> {
    let wanted = path
        .address
        .local()
        .get(CLASS_PREFIX.len()..)
        .unwrap_or_default()
        .to_lowercase();
    // With its term or without.
    let is_wanted = |section: &&Section| {
        section.name == wanted || section.name.rsplit('/').next().is_some_and(|name| name == wanted)
    };
    let Some(section) = sections.iter().find(is_wanted) else {
        classes.closed.get_or_insert_with(|| path.address.clone());
        return Ok(());
    };
    for (_, member) in store.members(section)? {
        classes.by_list = classes.by_list.saturating_add(1);
        add(
            paths,
            ForwardPath {
                address: member,
                ..path.clone()
            },
        );
    }
    Ok(())
}

fn add(paths: &mut Vec<ForwardPath>, path: ForwardPath) {
    if !paths.iter().any(|known| known.address.is_same_mailbox(&path.address)) {
        paths.push(path);
    }
}
