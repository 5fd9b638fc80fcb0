//! People, accounts, the audit trail and the store, for the operator.

use super::*;

const FEED: &str = "source_key,email,given_name,affiliation\n";

#[tokio::test]
async fn a_dry_run_applies_nothing_and_a_feed_with_a_fault_neither() {
    let house = House::new();
    let dry = house
        .import("&dry_run=true", format!("{FEED}1,a@mst.example,Ann,student\n"))
        .await;
    assert_eq!(
        (&dry["step"], &dry["status"], &dry["applied"]),
        (&json!("done"), &json!(200), &json!(false))
    );
    assert_eq!(
        (&dry["rows"], &dry["added"], &dry["error"]),
        (&json!(1), &json!(1), &Value::Null)
    );
    let faulty = house
        .import("", format!("{FEED}1,a@mst.example,Ann,student\n2,nowhere,=1,student\n"))
        .await;
    assert_eq!((&faulty["status"], &faulty["applied"]), (&json!(422), &json!(false)));
    assert_eq!(faulty["faults"].as_array().map(Vec::len), Some(2));
    assert_eq!(faulty["faults"][0]["line"], 3);
    assert_eq!(house.api.store.count_contacts().expect("reads"), 0);
    let (_, trail) = house.get("/audit", "").await;
    let acts: Vec<&Value> = trail
        .as_array()
        .into_iter()
        .flatten()
        .map(|event| &event["act"])
        .collect();
    assert_eq!(acts, ["feed-failed"], "a dry run leaves no trace: {trail}");
    let (_, listed) = house.get("/people/feeds", "").await;
    let [feed] = listed.as_array().expect("a list").as_slice() else {
        panic!("one feed: {listed}");
    };
    assert_eq!(
        (&feed["office"], &feed["source"], &feed["applied"]),
        (&json!("registrar"), &json!("csv"), &Value::Null)
    );
    assert_eq!(
        feed["failed"]["what"],
        "the feed has 2 faults, and is applied whole or not at all; nothing was changed"
    );
}

#[tokio::test]
async fn a_feed_is_listed_to_whom_it_concerns() {
    let house = House::staffed().await;
    house.import("", format!("{FEED}1,a@mst.example,Ann,student\n")).await;
    let listed = async |who: &str| {
        let (_, listed) = house.get("/people/feeds", who).await;
        listed.as_array().map(Vec::len)
    };
    for (who, count) in [("records", 1), ("emarcomm", 1), ("stranger", 0)] {
        assert_eq!(listed(&format!("{who}@mst.example")).await, Some(count), "{who}");
    }
    assert_eq!(listed("").await, Some(1), "the operator");
}

#[tokio::test]
async fn a_feed_that_is_fetched_nowhere_is_told_so() {
    let house = House::new();
    let (status, answer) = house.post("/people/pull?source=registrar", "", json!(null)).await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(
        answer["error"]
            .as_str()
            .is_some_and(|what| what.contains("people import")),
        "{answer}"
    );
}

#[tokio::test]
async fn a_feed_that_drops_more_than_one_in_ten_wants_to_be_confirmed() {
    let house = House::new();
    let rows = |n: usize| -> String { (0..n).map(|i| format!("{i},s{i}@mst.example,Ann,student\n")).collect() };
    let whole = house.import("", format!("{FEED}{}", rows(20))).await;
    assert_eq!((&whole["applied"], &whole["added"]), (&json!(true), &json!(20)));
    let half = house.import("", format!("{FEED}{}", rows(10))).await;
    assert_eq!(
        (&half["status"], &half["removed"], &half["had"]),
        (&json!(409), &json!(10), &json!(20))
    );
    let (_, count) = house.get("/people/count?audience=students", "").await;
    assert_eq!(count["contacts"], 20);
    let half = house
        .import("&confirm_removals=true", format!("{FEED}{}", rows(10)))
        .await;
    assert_eq!(half["applied"], true);
    let (_, count) = house.get("/people/count?audience=students", "").await;
    assert_eq!(count["contacts"], 10);
    assert_eq!(
        house.get("/people/count?audience=pupils", "").await.0,
        StatusCode::NOT_FOUND
    );
    let request = Request::post("/api/v1/people/import?source=nobody")
        .body(Body::empty())
        .expect("a request");
    assert_eq!(
        house.send(Door::Socket, request).await.0,
        StatusCode::UNPROCESSABLE_ENTITY
    );
}

#[tokio::test]
async fn who_looks_a_person_up_says_why_and_is_remembered() {
    let house = House::new();
    house.import("", format!("{FEED}1,a@mst.example,Ann,student\n")).await;
    let silent = json!({ "address": "a@mst.example" });
    assert_eq!(
        house.post("/people/find", "", silent).await.0,
        StatusCode::UNPROCESSABLE_ENTITY
    );
    let ask = json!({ "address": "A@mst.example", "reason": "asked by phone" });
    let (status, known) = house.post("/people/find", "", ask).await;
    assert_eq!(
        (status, &known["contact"]["listings"][0]["given_name"]),
        (StatusCode::OK, &json!("Ann"))
    );
    let (_, answer) = house
        .post(
            "/people/suppress",
            "",
            json!({ "address": "a@mst.example", "reason": "letter" }),
        )
        .await;
    assert!(
        answer["done"].as_str().expect("text").starts_with("Suppressed"),
        "{answer}"
    );
    assert_eq!(
        house
            .post("/people/forget", "", json!({ "address": "a@mst.example" }))
            .await
            .0,
        StatusCode::OK
    );
    assert_eq!(
        house
            .post("/people/forget", "", json!({ "address": "a@mst.example" }))
            .await
            .0,
        StatusCode::NOT_FOUND
    );
    let (_, trail) = house.get("/audit", "").await;
    let acts: Vec<&str> = trail
        .as_array()
        .expect("lines")
        .iter()
        .filter_map(|line| line["act"].as_str())
        .collect();
    assert_eq!(acts, ["forgotten", "suppressed", "looked-up", "imported"]);
    assert_eq!(trail[2]["note"], "contact 1: asked by phone");
    assert!(
        !trail.to_string().contains("a@mst.example"),
        "no contact's address is in the trail"
    );
    let (_, verified) = house.get("/audit/verify", "").await;
    assert_eq!((&verified["whole"], &verified["lines"]), (&json!(true), &json!(4)));
}

#[tokio::test]
async fn an_account_is_added_once_with_a_password_worth_the_name() {
    let house = House::new();
    let new = |password: &str| json!({ "address": "new@mst.example", "password": password });
    assert_eq!(
        house.post("/accounts", "", new("short")).await.0,
        StatusCode::UNPROCESSABLE_ENTITY
    );
    assert_eq!(
        house.post("/accounts", "", new("long enough")).await.0,
        StatusCode::CREATED
    );
    assert_eq!(
        house.post("/accounts", "", new("long enough")).await.0,
        StatusCode::CONFLICT
    );
    let account = house
        .api
        .store
        .account(&address("new@mst.example"))
        .expect("reads")
        .expect("is there");
    assert!(crate::password::verify(account.password_hash.as_deref(), "long enough"));
    let change = json!({ "password": "another one" });
    assert_eq!(
        house.post("/accounts/new@mst.example/password", "", change).await.0,
        StatusCode::OK
    );
    let (_, accounts) = house.get("/accounts", "").await;
    assert_eq!(accounts[0]["has_password"], true);
    assert!(!accounts.to_string().contains("argon2"), "no hash leaves the store");
    assert_eq!(
        house.post("/accounts", "", json!("x")).await.0,
        StatusCode::UNPROCESSABLE_ENTITY
    );
}

#[tokio::test]
async fn an_export_streams_the_whole_store() {
    let house = House::staffed().await;
    let id = house.hold().await;
    let request = Request::get("/api/v1/store/export")
        .body(Body::empty())
        .expect("a request");
    let (status, file) = house.send(Door::Socket, request).await;
    assert_eq!(status, StatusCode::OK);
    let fresh = House::new();
    fresh.api.store.restore(file.as_bytes()).await.expect("restores");
    let id = id.parse().expect("a number");
    assert!(fresh.api.store.mailing(id).expect("reads").is_some());
}

#[tokio::test]
async fn a_rotation_seals_everything_anew_and_is_remembered() {
    let house = House::staffed().await;
    let id = house.hold().await;
    let (status, said) = house.post("/store/rotate", "", json!(null)).await;
    assert_eq!(status, StatusCode::OK, "{said}");
    assert!(
        said["done"]
            .as_str()
            .is_some_and(|done| done.contains("under data key 2")),
        "{said}"
    );
    let id = id.parse().expect("a number");
    assert!(house.api.store.mailing(id).expect("reads").is_some());
    let (_, trail) = house.get("/audit", "").await;
    assert!(trail.to_string().contains("rotated"), "{trail}");
}
