//! One's own page: what whoever got a mailing chooses, sees and may ask for. It is reached by the token of their copy alone.

use axum::http::StatusCode;
use bedel::model::{Act, Preference, Scope, Suppression, SuppressionReason, TopicId};
use serde_json::Value;

use crate::site::{Answer, PRIVACY, Site, address, event, get, post, token};

fn page() -> String {
    format!("/preferences/{}", token())
}

async fn press(site: &Site, fields: &[(&str, &str)]) -> Answer {
    post(&site.public, &page(), &[], fields).await
}

fn acts(site: &Site) -> Vec<Act> {
    let events = site.store.events();
    events.map(|logged| logged.expect("reads").event.act).collect()
}

fn suppressions(site: &Site) -> Vec<(Scope, SuppressionReason)> {
    let known = site
        .store
        .suppressions_of(&address("ann@students.example"))
        .expect("reads");
    known.into_iter().map(|known| (known.scope, known.reason)).collect()
}

fn preferences(site: &Site) -> Vec<(TopicId, Preference)> {
    let ann = site
        .store
        .contact_by_address(&address("ann@students.example"))
        .expect("reads");
    ann.expect("is there").preferences.into_iter().collect()
}

#[tokio::test]
async fn a_look_at_ones_own_record_shows_it_and_changes_nothing() {
    let site = Site::new().await;
    site.leaving().await;
    let before = (acts(&site).len(), site.store.syncs());
    let shown = get(&site.public, &page(), &[]).await;
    assert_eq!(shown.status, StatusCode::OK, "{}", shown.body);
    for said in [
        "ann@students.example",
        "ann Sample",
        "student: says Office of the Registrar, key ann",
        "Events on campus",
    ] {
        assert!(shown.body.contains(said), "{said}: {}", shown.body);
    }
    for other in ["ben", "zoe"] {
        assert!(!shown.body.contains(other), "{other}: {}", shown.body);
    }
    assert_eq!(shown.header("set-cookie"), "");
    assert_eq!(shown.header("cache-control"), "no-store");
    assert_eq!((acts(&site).len(), site.store.syncs()), before);
    let link = get(&site.public, &format!("/u/{}", token()), &[]).await;
    assert!(link.body.contains(&page()), "{}", link.body);
}

#[tokio::test]
async fn a_choice_is_kept_when_it_is_answered() {
    let site = Site::new().await;
    site.leaving().await;
    let answer = press(&site, &[("act", "choose"), ("topic-events", "no")]).await;
    assert!(answer.body.contains("Your choices are kept"), "{}", answer.body);
    assert!(answer.body.contains("value=\"no\" checked"), "{}", answer.body);
    let events = TopicId("events".to_owned());
    assert_eq!(preferences(&site), [(events.clone(), Preference::No)]);
    assert_eq!(acts(&site).first(), Some(&Act::Chose));
    for nonsense in [
        vec![("act", "choose"), ("topic-events", "perhaps")],
        vec![("act", "dance")],
        vec![("act", "again"), ("scope", "no address")],
        vec![],
    ] {
        assert_eq!(press(&site, &nonsense).await.status, StatusCode::UNPROCESSABLE_ENTITY);
    }
    assert_eq!(preferences(&site), [(events, Preference::No)]);
}

#[tokio::test]
async fn who_wants_nothing_gets_nothing_and_may_come_back() {
    let site = Site::new().await;
    site.leaving().await;
    let complaint = Suppression {
        scope: Scope::Marketing,
        reason: SuppressionReason::Complaint,
        at: site.clock.now(),
        contact: None,
        mailing: None,
        note: String::new(),
    };
    let ann = address("ann@students.example");
    site.store
        .suppress(&ann, &[complaint], event(Act::Suppressed))
        .await
        .expect("commits");
    let answer = press(&site, &[("act", "nothing")]).await;
    assert!(answer.body.contains("You get no further mailings"), "{}", answer.body);
    let everything = (Scope::Everything, SuppressionReason::Unsubscribed);
    assert!(suppressions(&site).contains(&everything));
    press(&site, &[("act", "again"), ("scope", "everything")]).await;
    press(&site, &[("act", "again"), ("scope", "marketing")]).await;
    // What a provider said of them is not theirs to take back.
    assert_eq!(suppressions(&site), [(Scope::Marketing, SuppressionReason::Complaint)]);
    assert_eq!(acts(&site).first(), Some(&Act::Returning));
}

#[tokio::test]
async fn no_answer_tells_a_forged_token_from_one_that_leads_nowhere() {
    let site = Site::new().await;
    site.leaving().await;
    let ours = page();
    let last = if ours.ends_with('a') { "i" } else { "a" };
    let forged = format!("{}{last}", ours.get(..ours.len() - 1).expect("longer"));
    let nowhere = "/preferences/nothing-of-ours";
    let (one, other) = (
        get(&site.public, &forged, &[]).await,
        get(&site.public, nowhere, &[]).await,
    );
    assert_eq!((one.status, &one.body), (StatusCode::NOT_FOUND, &other.body));
    let before = (acts(&site).len(), site.store.syncs());
    for act in ["nothing", "choose", "copy", "erase"] {
        let (one, other) = (
            post(&site.public, &forged, &[], &[("act", act)]).await,
            post(&site.public, nowhere, &[], &[("act", act)]).await,
        );
        assert_eq!((one.status, &one.body), (StatusCode::NOT_FOUND, &other.body));
    }
    assert_eq!((acts(&site).len(), site.store.syncs()), before);
}

#[tokio::test]
async fn a_copy_holds_ones_own_record_alone_and_is_kept_in_the_trail() {
    let site = Site::new().await;
    site.leaving().await;
    let copy = press(&site, &[("act", "copy")]).await;
    assert_eq!(copy.header("content-type"), "application/json");
    assert_eq!(
        copy.header("content-disposition"),
        "attachment; filename=\"my-record.json\""
    );
    let record: Value = serde_json::from_str(&copy.body).expect("JSON");
    assert_eq!(record["contact"]["listings"][0]["email"], "ann@students.example");
    assert_eq!(copy.body.matches('@').count(), 1, "{}", copy.body);
    assert_eq!(acts(&site).first(), Some(&Act::CopyGiven));
}

#[tokio::test]
async fn who_asks_to_be_erased_is_heard_once_and_a_person_decides() {
    let site = Site::new().await;
    site.leaving().await;
    for _ in 0..2 {
        let answer = press(&site, &[("act", "erase")]).await;
        assert!(
            answer.body.contains("The privacy officer has been told"),
            "{}",
            answer.body
        );
    }
    let asked = acts(&site).into_iter().filter(|act| *act == Act::ErasureAsked);
    assert_eq!(asked.count(), 1);
    let told = site
        .store
        .in_state(bedel::store::Kind::Released)
        .expect("reads")
        .into_iter()
        .filter(|id| {
            let state = site.store.mailing(*id).expect("reads").expect("is there");
            let mailing = state.mailing();
            let to = mailing.envelope.recipients().any(|to| to.to_string() == PRIVACY);
            to && mailing.subject == "erasure"
        });
    assert_eq!(told.count(), 1);
    assert!(
        site.store
            .contact_by_address(&address("ann@students.example"))
            .expect("reads")
            .is_some()
    );
}

#[tokio::test]
async fn whoever_has_the_mailbox_now_sees_nothing_of_who_had_it() {
    let site = Site::new().await;
    site.leaving().await;
    let ann = address("ann@students.example");
    assert!(site.store.forget(&ann, event(Act::Forgotten)).await.expect("commits"));
    let shown = get(&site.public, &page(), &[]).await;
    assert_eq!(shown.status, StatusCode::OK);
    assert!(!shown.body.contains("Sample"), "{}", shown.body);
    assert!(
        shown.body.contains("No contact has this address any more"),
        "{}",
        shown.body
    );
    let answer = press(&site, &[("act", "nothing")]).await;
    assert!(answer.body.contains("You get no further mailings"), "{}", answer.body);
}
