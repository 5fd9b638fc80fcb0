//! What programs may do and hear, over a real store in a temporary folder.

use axum::body::Body;
use axum::http::{Method, Request, StatusCode};
use http_body_util::BodyExt as _;
use jiff::tz::TimeZone;
use serde_json::{Value, json};
use tower::ServiceExt as _;

use super::*;
use crate::decide::notice::{Kind, Notices, Template};
use crate::mail::{Address, Envelope, ForwardPath, Timestamp};
use crate::model::lifecycle::{State, Submitted};
use crate::model::{
    Ask, Audience, Author, Capacity, Category, ConsentRule, Content, Finding, Identity, Lane, Mailing, Office,
    OfficeId, Offices, Proof, Segment, Series,
};
use crate::stage::review;
use crate::store::{self, Admission};

const FEED: &str = "source_key,email,given_name,affiliation\n";

struct House {
    api: ApiState,
    _dir: tempfile::TempDir,
}

fn address(text: &str) -> Address {
    text.parse().expect("a valid address")
}

fn offices() -> Offices {
    let registrar = Office {
        name: "Office of the Registrar".into(),
        stewards: vec![address("records@mst.example")],
        reviewers: vec![],
    };
    let emarcomm = Office {
        name: "EMarComm".into(),
        stewards: vec![],
        reviewers: vec![address("emarcomm@mst.example"), address("author@mst.example")],
    };
    Offices::new(
        [("registrar", registrar), ("emarcomm", emarcomm)]
            .map(|(id, o)| (OfficeId(id.into()), o))
            .into(),
    )
}

fn settings() -> review::Settings {
    let template = Template::parse("Subject: A case\n\nSomething happened to it.\n").expect("a template");
    let notices = Notices {
        templates: Kind::ALL.map(|kind| (kind, template.clone())).into(),
        from: address("bedel@mst.example"),
        organization: "The university".into(),
        hostname: "bedel.mst.example".into(),
        console_url: "https://bedel.mst.example".into(),
        zone: TimeZone::UTC,
    };
    review::Settings {
        offices: Arc::new(offices()),
        notices: Arc::new(notices),
        zone: TimeZone::UTC,
    }
}

impl House {
    fn new() -> Self {
        let dir = tempfile::tempdir().expect("a temporary folder");
        let store = Store::open(&store::Settings {
            data_dir: dir.path().to_owned(),
            free_bytes_min: 0,
        })
        .expect("the store opens");
        let clock = Clock::standing_at(Timestamp::from_micros(1_795_489_514_000_000));
        let desk = Desk::new(store.clone(), clock.clone(), settings());
        let students = Selection {
            matches: [("affiliation".to_owned(), vec!["student".to_owned()])].into(),
            ..Selection::default()
        };
        let audiences = Arc::new([("students".to_owned(), students)].into());
        Self {
            api: ApiState::new(store, clock, desk, audiences, Door::Socket),
            _dir: dir,
        }
    }

    /// A house with the accounts of the sample offices.
    async fn staffed() -> Self {
        let house = Self::new();
        for name in ["records", "emarcomm", "author", "stranger"] {
            let body = json!({ "address": format!("{name}@mst.example") });
            let (status, answer) = house.post("/accounts", "", body).await;
            assert_eq!(status, StatusCode::CREATED, "{answer}");
        }
        house
    }

    /// One case to all students, held for the registrar.
    async fn hold(&self) -> String {
        let id = self.api.store.next_id(Series::Case, 2026);
        let author = address("author@mst.example");
        let list = address("students@lists.mst.example");
        let segment = Segment {
            list: list.clone(),
            audience: "students".into(),
            selection: Selection::default(),
            office: Some(OfficeId("registrar".into())),
            consent: ConsentRule::NotNeeded,
        };
        let mailing = Mailing {
            id,
            author: Author {
                address: author.clone(),
                proof: Proof::Login,
            },
            envelope: Envelope::new(Some(author), vec![ForwardPath::to(list)]).expect("one recipient"),
            submitted_at: self.api.clock.now(),
            content: Content {
                sha256: [1; 32],
                bytes: 20,
            },
            subject: "Welcome".into(),
            message_id: None,
            audience: Audience::Lists {
                segments: vec![segment],
                people: vec![],
            },
            capacity: Capacity::Initiated,
            category: Category::Informational,
            lane: Lane::Bulk,
            identity: Identity::Keep,
        };
        let finding = Finding {
            rule: "list-posting".into(),
            clause: "C9".into(),
            ask: Ask::Hold {
                wants: vec![OfficeId("registrar".into())],
            },
            sentence: "Mail to a list waits.".into(),
        };
        let until = Timestamp::from_micros(i64::MAX);
        let admission = Admission {
            state: State::Held(Submitted::new(mailing).hold(vec![finding], until)),
            message: b"Subject: Welcome\r\n\r\nHello\r\n".to_vec(),
            fingerprint: None,
            event: self.api.event(&Actor::Operator, Act::Held, Some(id), String::new()),
        };
        self.api
            .store
            .admit(admission, vec![])
            .await
            .expect("admits")
            .to_string()
    }

    async fn send(&self, door: Door, request: Request<Body>) -> (StatusCode, String) {
        let api = ApiState {
            door,
            ..self.api.clone()
        };
        let response = routes(api).oneshot(request).await.expect("a router always answers");
        let status = response.status();
        let body = response.into_body().collect().await.expect("the whole body").to_bytes();
        (status, String::from_utf8(body.to_vec()).expect("text"))
    }

    async fn ask(&self, method: Method, path: &str, actor: &str, body: Body) -> (StatusCode, Value) {
        let mut request = Request::builder().method(method).uri(format!("/api/v1{path}"));
        if !actor.is_empty() {
            request = request.header("X-Bedel-Actor", actor);
        }
        let request = request
            .header("Content-Type", "application/json")
            .body(body)
            .expect("a request");
        let (status, text) = self.send(Door::Socket, request).await;
        (status, serde_json::from_str(&text).expect("JSON"))
    }

    async fn get(&self, path: &str, actor: &str) -> (StatusCode, Value) {
        self.ask(Method::GET, path, actor, Body::empty()).await
    }

    async fn post(&self, path: &str, actor: &str, body: Value) -> (StatusCode, Value) {
        self.ask(Method::POST, path, actor, body.to_string().into()).await
    }

    async fn act(&self, id: &str, act: &str, actor: &str) -> (StatusCode, Value) {
        self.ask(Method::POST, &format!("/mailings/{id}/{act}"), actor, Body::empty())
            .await
    }

    /// Imports a feed of the registrar; the last line of the stream.
    async fn import(&self, query: &str, csv: String) -> Value {
        let uri = format!("/api/v1/people/import?source=registrar{query}");
        let request = Request::post(uri).body(csv.into()).expect("a request");
        let (status, text) = self.send(Door::Socket, request).await;
        assert_eq!(status, StatusCode::OK, "{text}");
        serde_json::from_str(text.lines().last().expect("a line")).expect("JSON")
    }
}

#[tokio::test]
async fn nothing_is_released_before_the_steward_and_then_by_another_than_its_author() {
    let house = House::staffed().await;
    let id = house.hold().await;
    let (status, answer) = house.act(&id, "release", "emarcomm@mst.example").await;
    assert_eq!(status, StatusCode::CONFLICT);
    assert_eq!(
        answer["error"],
        "still wanting the approval of: Office of the Registrar"
    );
    let (status, answer) = house.act(&id, "approve", "records@mst.example").await;
    assert_eq!(status, StatusCode::OK, "{answer}");
    assert_eq!(answer["mailing"]["wanting"], json!([]));
    let (status, answer) = house.act(&id, "approve", "records@mst.example").await;
    assert_eq!(status, StatusCode::CONFLICT);
    assert!(
        answer["error"]
            .as_str()
            .expect("text")
            .starts_with("already approved by records@mst.example")
    );
    let (status, answer) = house.act(&id, "release", "author@mst.example").await;
    assert_eq!(status, StatusCode::FORBIDDEN);
    assert!(
        answer["error"]
            .as_str()
            .expect("text")
            .contains("another reviewer must release it")
    );
    let (_, still) = house.get(&format!("/mailings/{id}"), "author@mst.example").await;
    assert_eq!(
        (&still["state"], &still["may"]),
        (&json!("held"), &json!(["return", "decline", "withdraw"]))
    );
    let (status, answer) = house.act(&id, "release", "emarcomm@mst.example").await;
    assert_eq!(
        (status, &answer["mailing"]["state"]),
        (StatusCode::OK, &json!("released"))
    );
}

#[tokio::test]
async fn an_act_of_review_needs_an_account_that_exists() {
    let house = House::staffed().await;
    let id = house.hold().await;
    assert_eq!(house.act(&id, "release", "").await.0, StatusCode::BAD_REQUEST);
    assert_eq!(
        house.act(&id, "release", "nobody@mst.example").await.0,
        StatusCode::FORBIDDEN
    );
    assert_eq!(
        house.act(&id, "approve", "stranger@mst.example").await.0,
        StatusCode::NOT_FOUND
    );
    assert_eq!(
        house.act(&id, "launch", "emarcomm@mst.example").await.0,
        StatusCode::NOT_FOUND
    );
    assert_eq!(
        house.act("MC-2026-9999", "release", "emarcomm@mst.example").await.0,
        StatusCode::NOT_FOUND
    );
    assert_eq!(
        house.act(&id, "decline", "emarcomm@mst.example").await.0,
        StatusCode::UNPROCESSABLE_ENTITY
    );
    let comment = json!({ "comment": "Too long." });
    let (status, answer) = house
        .post(&format!("/mailings/{id}/return"), "emarcomm@mst.example", comment)
        .await;
    assert_eq!(
        (status, &answer["mailing"]["state"]),
        (StatusCode::OK, &json!("returned"))
    );
}

#[tokio::test]
async fn holds_are_seen_by_those_they_concern() {
    let house = House::staffed().await;
    let id = house.hold().await;
    for (actor, seen) in [
        ("", 1),
        ("records@mst.example", 1),
        ("author@mst.example", 1),
        ("stranger@mst.example", 0),
    ] {
        let (_, holds) = house.get("/holds", actor).await;
        assert_eq!(holds.as_array().map(Vec::len), Some(seen), "{actor}");
    }
    let (_, whole) = house.get(&format!("/mailings/{id}"), "").await;
    assert_eq!(whole["findings"][0]["rule"], "list-posting");
    assert_eq!(whole["preview"]["text"], "Hello\r\n");
    assert_eq!(
        house.get(&format!("/mailings/{id}"), "stranger@mst.example").await.0,
        StatusCode::NOT_FOUND
    );
    let (_, progress) = house.get(&format!("/mailings/{id}/progress"), "").await;
    assert_eq!(
        (&progress["state"], &progress["tally"]["planned"]),
        (&json!("held"), &json!(0))
    );
}

#[tokio::test]
async fn through_the_port_comes_who_has_a_token_and_finds_review_alone() {
    let house = House::staffed().await;
    house.hold().await;
    let (_, answer) = house.post("/accounts/emarcomm@mst.example/token", "", json!({})).await;
    let token = answer["token"].as_str().expect("a token").to_owned();
    assert!(token.starts_with("bedel_") && token.len() == 49, "{token}");
    let ask = async |path: &str, header: String| {
        let request = Request::get(format!("/api/v1{path}")).header("Authorization", header);
        house
            .send(Door::Port, request.body(Body::empty()).expect("a request"))
            .await
            .0
    };
    assert_eq!(ask("/holds", format!("Bearer {token}")).await, StatusCode::OK);
    assert_eq!(
        ask("/people/count?audience=students", format!("Bearer {token}")).await,
        StatusCode::OK
    );
    assert_eq!(
        ask("/holds", format!("Bearer {token}x")).await,
        StatusCode::UNAUTHORIZED
    );
    assert_eq!(ask("/holds", format!("Basic {token}")).await, StatusCode::UNAUTHORIZED);
    for path in ["/accounts", "/audit", "/store/export"] {
        assert_eq!(
            ask(path, format!("Bearer {token}")).await,
            StatusCode::NOT_FOUND,
            "{path}"
        );
    }
    // The header that names an actor means nothing here.
    let request = Request::get("/api/v1/holds").header("X-Bedel-Actor", "emarcomm@mst.example");
    let (status, _) = house
        .send(Door::Port, request.body(Body::empty()).expect("a request"))
        .await;
    assert_eq!(status, StatusCode::UNAUTHORIZED);
    house
        .ask(Method::DELETE, "/accounts/emarcomm@mst.example", "", Body::empty())
        .await;
    assert_eq!(ask("/holds", format!("Bearer {token}")).await, StatusCode::UNAUTHORIZED);
}

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
    assert_eq!(house.api.store.contacts().count(), 0);
    assert_eq!(house.api.store.events().count(), 0);
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
        (status, &known["contact"]["given_name"]),
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
