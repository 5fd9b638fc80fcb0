//! What programs may do and hear, over a real store in a temporary folder.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use axum::body::Body;
use axum::http::{Method, Request, StatusCode};
use http_body_util::BodyExt as _;
use jiff::tz::TimeZone;
use serde_json::{Value, json};
use tower::ServiceExt as _;

use super::*;
use crate::decide::compose;
use crate::decide::compose::dkim::{self, Signer, Signers};
use crate::decide::lint;
use crate::decide::notice::{Kind, Notices, Template};
use crate::decide::policy::Policy;
use crate::decide::shape::Shape;
use crate::mail::{Address, Domain, Envelope, ForwardPath, Timestamp};
use crate::model::lifecycle::{State, Submitted};
use crate::model::{
    Ask, Audience, Author, Capacity, Category, ConsentRule, Content, Finding, Identity, Lane, Mailing, Office,
    OfficeId, Offices, Proof, Segment, Series, TokenKey,
};
use crate::stage::import;
use crate::stage::review::Settings;
use crate::store::{self, Admission, Traces};

mod operation;
mod review;

struct House {
    api: ApiState,
    _dir: tempfile::TempDir,
}

fn address(text: &str) -> Address {
    text.parse().expect("a valid address")
}

fn students() -> Selection {
    Selection {
        matches: [("affiliation".to_owned(), vec!["student".to_owned()])].into(),
        ..Selection::default()
    }
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

/// How copies look; the key is made once, since making one takes a while.
fn compose() -> compose::Settings {
    static PEM: LazyLock<String> = LazyLock::new(|| dkim::new_key().expect("a key"));
    let lists_domain: Domain = "lists.mst.example".parse().expect("a domain");
    compose::Settings {
        hostname: "bedel.mst.example".parse().expect("a domain"),
        bounce_domain: "bounce.lists.mst.example".parse().expect("a domain"),
        complaints: "fbl@bounce.lists.mst.example".parse().expect("valid"),
        public_url: "https://lists.mst.example".into(),
        organization: "The university".into(),
        postal_address: "Rolla, MO".into(),
        offices: Arc::new(offices()),
        signers: Arc::new(Signers::new(
            Signer::from_pem(&PEM, "s1", lists_domain.clone()).expect("our own key"),
            vec![],
        )),
        tokens: TokenKey::new(&[3; 32]),
        zone: TimeZone::UTC,
        lists_domain,
    }
}

fn settings() -> Settings {
    let template = Template::parse("Subject: A case\n\nSomething happened to it.\n").expect("a template");
    let notices = Notices {
        templates: Kind::ALL.map(|kind| (kind, template.clone())).into(),
        from: address("bedel@mst.example"),
        organization: "The university".into(),
        hostname: "bedel.mst.example".into(),
        console_url: "https://bedel.mst.example".into(),
        tokens: TokenKey::new(&[1; 32]),
        lists_domain: "lists.mst.example".parse().expect("valid"),
        zone: TimeZone::UTC,
    };
    let policy = Policy::new(
        vec!["mst.example".parse().expect("a domain")],
        "lists.mst.example".parse().expect("a domain"),
        Arc::new(offices()),
        TimeZone::UTC,
    );
    Settings {
        policy: Arc::new(policy),
        lint: Arc::new(checks()),
        postmasters: Vec::new(),
        shape: Shape::new(Arc::default()),
        offices: Arc::new(offices()),
        notices: Arc::new(notices),
        compose: Arc::new(compose()),
        zone: TimeZone::UTC,
    }
}

/// The house style that ships.
fn checks() -> lint::Settings {
    lint::Settings {
        profile: toml::from_str(include_str!("../../../../config/profile.toml")).expect("a profile"),
        campus_domains: vec!["mst.example".parse().expect("a domain")],
        off_campus: BTreeSet::new(),
        words_on_campus: 400,
        words_off_campus: 1_000,
        zone: TimeZone::UTC,
    }
}

impl House {
    fn new() -> Self {
        let dir = tempfile::tempdir().expect("a temporary folder");
        let store = Store::open(&store::Settings {
            data_dir: dir.path().to_owned(),
            free_bytes_min: 0,
            master: store::MasterKey::new(&[9; 32]),
        })
        .expect("the store opens");
        let clock = Clock::standing_at(Timestamp::from_micros(1_795_489_514_000_000));
        let desk = Desk::new(store.clone(), clock.clone(), settings());
        let audiences = Arc::new([("students".to_owned(), students())].into());
        let Settings {
            offices, notices, zone, ..
        } = settings();
        let importer = Importer::new(
            store.clone(),
            clock.clone(),
            import::Settings {
                offices,
                feeds: BTreeMap::new(),
                notices,
                postmasters: Vec::new(),
                zone,
            },
        );
        Self {
            api: ApiState::new(store, clock, desk, audiences, importer, Reload::pair().0, Door::Socket),
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
            selection: students(),
            office: Some(OfficeId("registrar".into())),
            consent: ConsentRule::NotNeeded,
            caps: Default::default(),
            about: None,
            is_on_campus: false,
            is_sensitive: false,
            is_for_outsiders: false,
        };
        let mailing = Mailing {
            id,
            author: Author {
                address: author.clone(),
                proof: Proof::Login,
            },
            envelope: Envelope::new(Some(author), vec![ForwardPath::to(list)]).expect("one recipient"),
            submitted_at: self.api.clock.now(),
            version: 1,
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
            message: b"From: The Dean <dean@mst.example>\r\nSubject: Welcome\r\n\r\nHello\r\n".to_vec(),
            fingerprint: None,
            event: Some(self.api.event(&Actor::Operator, Act::Held, Some(id), String::new())),
            traces: Traces::default(),
            is_unread: false,
            untold: None,
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
