//! The laws of the lifecycle, for every order of moves.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;
use crate::mail::{Address, Envelope, ForwardPath, Timestamp};
use crate::model::{
    Ask, Audience, Author, Capacity, Category, Content, Finding, Identity, Lane, Office, OfficeId, Offices, Prints,
    Proof, Reviewer, Segment, Selection, Series, Steward, Wanting,
};

const OFFICES: [&str; 3] = ["registrar", "advancement", "hr"];

fn address(text: &str) -> Address {
    text.parse().expect("valid address")
}

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_micros(seconds * 1_000_000)
}

fn offices() -> Offices {
    let mut table = BTreeMap::new();
    for office in OFFICES {
        let stewards = vec![address(&format!("{office}@mst.example"))];
        table.insert(
            OfficeId(office.into()),
            Office {
                name: office.into(),
                stewards,
                reviewers: vec![],
            },
        );
    }
    let reviewers = vec![address("emarcomm@mst.example"), address("deputy@mst.example")];
    table.insert(
        OfficeId("emarcomm".into()),
        Office {
            name: "EMarComm".into(),
            stewards: vec![],
            reviewers,
        },
    );
    Offices::new(table)
}

fn mailing(author: &str) -> Mailing {
    let list = address("students@lists.mst.example");
    let segment = Segment {
        list: list.clone(),
        audience: "students".into(),
        selection: Selection::default(),
        office: Some(OfficeId("registrar".into())),
        consent: Default::default(),
        caps: Default::default(),
        about: None,
        is_on_campus: false,
        is_sensitive: false,
        is_for_outsiders: false,
    };
    Mailing {
        id: MailingId {
            series: Series::Case,
            year: 2026,
            number: 1,
        },
        author: Author {
            address: address(author),
            proof: Proof::Login,
        },
        envelope: Envelope::new(Some(address(author)), vec![ForwardPath::to(list)]).expect("one recipient"),
        submitted_at: at(0),
        version: 1,
        content: Content {
            sha256: [7; 32],
            bytes: 100,
        },
        subject: "Commencement".into(),
        message_id: None,
        audience: Audience::Lists {
            segments: vec![segment],
            people: vec![],
        },
        capacity: Capacity::Initiated,
        category: Category::Informational,
        lane: Lane::Bulk,
        identity: Identity::Keep,
    }
}

fn held(author: &str, wants: &[&str]) -> Held {
    let wants = wants.iter().map(|office| OfficeId((*office).into())).collect();
    let finding = Finding {
        rule: "steward-routing".into(),
        clause: "C15".into(),
        ask: Ask::Hold { wants },
        sentence: String::new(),
    };
    Submitted::new(mailing(author)).hold(vec![finding], at(1_000))
}

fn steward(office: &str) -> Steward {
    offices()
        .stewardships(&address(&format!("{office}@mst.example")))
        .remove(0)
}

fn reviewer(account: &str) -> Reviewer {
    offices().reviewer(&address(account)).expect("a reviewer of the table")
}

#[test]
fn no_release_while_a_steward_is_wanting() {
    let refused = held("author@mst.example", &["registrar"])
        .release(&reviewer("emarcomm@mst.example"), at(1), at(1))
        .expect_err("the registrar is wanting");
    assert_eq!(refused, Wanting::Approvals(vec![OfficeId("registrar".into())]));
}

#[test]
fn nobody_releases_their_own_message() {
    let refused = held("EMarComm@mst.example", &[])
        .release(&reviewer("emarcomm@mst.example"), at(1), at(1))
        .expect_err("their own");
    assert_eq!(refused, Wanting::OwnMailing);
}

#[test]
fn a_second_approval_is_told_of_the_first() {
    let held = held("author@mst.example", &["registrar"])
        .approve(&steward("registrar"), &Prints::default(), at(5))
        .expect("wanted");
    let refused = held
        .approve(&steward("registrar"), &Prints::default(), at(6))
        .expect_err("given already");
    assert_eq!(
        refused,
        Wanting::AlreadyApproved {
            by: address("registrar@mst.example"),
            at: at(5)
        }
    );
}

#[test]
fn an_office_nobody_asked_cannot_approve() {
    let refused = held("author@mst.example", &["registrar"])
        .approve(&steward("hr"), &Prints::default(), at(5))
        .expect_err("not asked");
    assert_eq!(refused, Wanting::NotYours(OfficeId("hr".into())));
}

#[test]
fn an_approval_of_other_bytes_does_not_count() {
    for change in [
        |mailing: &mut Mailing| mailing.content.sha256 = [8; 32],
        |mailing: &mut Mailing| mailing.audience = Audience::Named,
        |mailing: &mut Mailing| {
            mailing.identity = Identity::List {
                name: "News".into(),
                address: address("n@mst.example"),
            };
        },
    ] {
        let mut held = held("author@mst.example", &["registrar"])
            .approve(&steward("registrar"), &Prints::default(), at(5))
            .expect("wanted");
        assert_eq!(held.wanting(), vec![]);
        change(&mut held.mailing);
        assert_eq!(held.wanting(), vec![OfficeId("registrar".into())]);
    }
}

#[test]
fn what_the_institution_sends_is_never_passed() {
    assert!(
        Submitted::new(mailing("author@mst.example"))
            .pass(at(1), at(1))
            .is_err()
    );
    let conveyed = Mailing {
        capacity: Capacity::Conveyed,
        ..mailing("author@mst.example")
    };
    assert!(Submitted::new(conveyed).pass(at(1), at(1)).is_ok());
}

#[test]
fn only_the_author_withdraws() {
    let refused = held("author@mst.example", &[])
        .withdraw(&address("other@mst.example"), at(1))
        .expect_err("a stranger");
    assert_eq!(refused, Wanting::NotTheAuthor);
    let ended = held("author@mst.example", &[])
        .withdraw(&address("AUTHOR@mst.example"), at(1))
        .expect("the author");
    assert_eq!(State::Ended(ended).word(), "withdrawn");
}

#[test]
fn a_state_survives_the_disk() {
    let state = State::Held(held("author@mst.example", &["registrar"]));
    let record = postcard::to_allocvec(&state).expect("plain data");
    assert_eq!(restore(&record).expect("what we wrote"), state);
}

proptest! {
    /// Laws 1 and 2: whatever the order of approvals and attempts to release, a release means that every wanted
    /// office had approved and that the reviewer is not the author.
    #[test]
    fn no_order_of_moves_releases_while_anyone_is_wanting(
        wants in proptest::sample::subsequence(OFFICES.to_vec(), 0..=3),
        acts in proptest::collection::vec(0usize..5, 0..12),
        by_reviewer: bool,
    ) {
        let author = if by_reviewer { "emarcomm@mst.example" } else { "author@mst.example" };
        let mut held = held(author, &wants);
        let mut approved: Vec<&str> = Vec::new();
        for act in acts {
            if let Some(office) = OFFICES.get(act) {
                if let Ok(next) = held.clone().approve(&steward(office), &Prints::default(), at(1)) {
                    approved.push(office);
                    held = next;
                }
                continue;
            }
            let account = if act == 3 { "emarcomm@mst.example" } else { "deputy@mst.example" };
            if held.clone().release(&reviewer(account), at(2), at(2)).is_ok() {
                prop_assert!(wants.iter().all(|office| approved.contains(office)));
                prop_assert!(account != author);
            }
        }
    }
}
