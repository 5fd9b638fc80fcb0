//! A console over a real store in a temporary folder, and browsers that come to it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, Request, StatusCode, header};
use bedel::clock::Clock;
use bedel::console::{self, Operations, PublicState};
use bedel::decide::compose;
use bedel::decide::compose::dkim::{self, Signer, Signers};
use bedel::decide::lint;
use bedel::decide::notice::Notices;
use bedel::decide::policy::Policy;
use bedel::decide::shape::Shape;
use bedel::mail::{Address, Domain, Envelope, ForwardPath, Timestamp};
use bedel::model::lifecycle::{State, Submitted};
use bedel::model::{
    Act, Affiliation, Ask, Audience, Author, Capacity, Category, ConsentRule, Content, Event, FeedRow, Finding,
    Heralds, Identity, Lane, Listing, Mailing, MailingId, Office, OfficeId, Offices, PrivacyFlag, Proof, Seen, Segment,
    Selection, Series, Token, TokenKey, TokenKind, Topic, TopicId,
};
use bedel::password;
use bedel::stage::expand;
use bedel::stage::review::{self, Desk};
use bedel::store::{self, Account, Admission, Kind, News, Store, Traces};
use http_body_util::BodyExt;
use jiff::tz::TimeZone;
use tower::ServiceExt;

/// Everybody's password.
pub(crate) const PASSWORD: &str = "correct horse battery";
pub(crate) const OFFICER: &str = "police@mst.example";
pub(crate) const POSTMASTER: &str = "postmaster@mst.example";
pub(crate) const PRIVACY: &str = "privacy@mst.example";
pub(crate) const STEWARD: &str = "records@mst.example";
pub(crate) const REVIEWER: &str = "emarcomm@mst.example";
pub(crate) const AUTHOR: &str = "dean@mst.example";
pub(crate) const STRANGER: &str = "somebody@mst.example";
/// The one token that the public pages know.
/// The key of every token of the site.
fn tokens() -> TokenKey {
    TokenKey::new(&[1; 32])
}

/// The unsubscribe token of the first recipient of case 1.
pub(crate) fn token() -> String {
    tokens().write(&Token {
        kind: TokenKind::Unsubscribe,
        mailing: case(1),
        seq: 0,
    })
}

/// Reads a token of the site, or one that looks like it.
pub(crate) fn see(text: &str) -> Option<Seen> {
    tokens().see(text)
}

static HASH: LazyLock<String> = LazyLock::new(|| password::hash(PASSWORD));
static KEY: LazyLock<String> = LazyLock::new(|| dkim::new_key().expect("a key"));

/// A message with everything a page must be careful with.
pub(crate) const MESSAGE: &str = "From: The Dean <dean@mst.example>\r\nTo: students@lists.mst.example\r\n\
    Subject: Fees are due\r\nMIME-Version: 1.0\r\nContent-Type: multipart/alternative; boundary=b\r\n\r\n\
    --b\r\nContent-Type: text/plain; charset=utf-8\r\n\r\nPay <now>.\r\n\
    --b\r\nContent-Type: text/html; charset=utf-8\r\n\r\n\
    <p onclick=\"x()\">Pay <b>now</b>.</p><script>alert(1)</script><img src=\"https://track.example/p.gif\">\
    <a href=\"https://pay.example/fees\">Pay</a>\r\n--b--\r\n";

pub(crate) struct Site {
    pub(crate) app: Router,
    pub(crate) public: Router,
    pub(crate) store: Store,
    pub(crate) clock: Clock,
    pub(crate) desk: Desk,
    _dir: tempfile::TempDir,
}

impl Site {
    /// The link of somebody who decides on a case, as their notice has it.
    pub(crate) fn link(&self, id: MailingId, who: &str) -> String {
        let State::Held(held) = self.store.mailing(id).expect("reads").expect("there is one") else {
            panic!("{id} waits no more");
        };
        format!("/decide/{}", tokens().write_link(id, &address(who), held.binding()))
    }

    pub(crate) fn word(&self, id: MailingId) -> &'static str {
        self.store.mailing(id).expect("reads").expect("there is one").word()
    }

    pub(crate) async fn new() -> Self {
        Self::at("https://bedel.mst.example").await
    }

    pub(crate) async fn at(url: &str) -> Self {
        let dir = tempfile::tempdir().expect("a temporary folder");
        let settings = store::Settings {
            data_dir: dir.path().to_owned(),
            free_bytes_min: 0,
            master: store::MasterKey::new(&[9; 32]),
        };
        let store = Store::open(&settings).expect("opens");
        let clock = Clock::standing_at(Timestamp::from_micros(1_795_489_514_000_000));
        let desk = Desk::new(store.clone(), clock.clone(), desk_settings());
        for account in [STEWARD, REVIEWER, AUTHOR, STRANGER, PRIVACY, POSTMASTER, OFFICER] {
            add_account(&store, account, &HASH).await;
        }
        feed(&store).await;
        let state = console::State {
            desk: desk.clone(),
            store: store.clone(),
            clock: clock.clone(),
            url: url.to_owned(),
            organization: "Missouri S&T".to_owned(),
            hostname: "bedel.mst.example".to_owned(),
            zone: TimeZone::UTC,
            oidc: None,
            operations: operations(&store),
            guests: console::Guests::default(),
        };
        let public = PublicState {
            store: store.clone(),
            desk: desk.clone(),
            clock: clock.clone(),
            organization: "Missouri S&T".to_owned(),
            operations: operations(&store),
            read_token: Arc::new(see),
        };
        Self {
            app: console::app(state),
            public: console::public(public),
            store,
            clock,
            desk,
            _dir: dir,
        }
    }

    /// Students by name, and no others.
    pub(crate) async fn feed(&self, names: &[&str]) {
        let people: Vec<_> = names.iter().map(|name| (*name, None)).collect();
        take_in(&self.store, "registrar", &people).await;
    }

    /// One person whom another office lists.
    pub(crate) async fn take_in(&self, source: &str, name: &str) {
        take_in(&self.store, source, &[(name, None)]).await;
    }

    /// A message to all students, held for the registrar.
    pub(crate) async fn held(&self, author: &str) -> MailingId {
        self.held_with(author, MESSAGE).await
    }

    /// The same, with other bytes.
    pub(crate) async fn held_with(&self, author: &str, message: &str) -> MailingId {
        let id = self.store.next_id(Series::Case, 2026);
        self.hold(mailing(id, author, self.clock.now()), message, None).await
    }

    /// A case of which nobody has been told, and whose message is lost.
    pub(crate) async fn lost(&self, author: &str) -> MailingId {
        let id = self.store.next_id(Series::Case, 2026);
        let lost = Mailing {
            version: 2,
            ..mailing(id, author, self.clock.now())
        };
        self.hold(lost, MESSAGE, Some(News::Held)).await
    }

    async fn hold(&self, mailing: Mailing, message: &str, untold: Option<News>) -> MailingId {
        let (id, now) = (mailing.id, self.clock.now());
        let until = now.plus(Duration::from_secs(14 * 86_400));
        let event = Event {
            at: now,
            by: mailing.author.address.to_string(),
            act: Act::Held,
            mailing: Some(id),
            note: "steward-routing".to_owned(),
        };
        let admission = Admission {
            state: State::Held(Submitted::new(mailing).hold(vec![finding()], until)),
            message: message.into(),
            fingerprint: None,
            event: Some(event),
            traces: Traces::default(),
            is_unread: false,
            untold,
        };
        self.store.admit(admission, vec![]).await.expect("admits")
    }

    /// The subjects of the gateway's mail to somebody; without templates they are the kinds of notices.
    pub(crate) fn told(&self, who: &str) -> Vec<String> {
        let sent = self.store.in_state(Kind::Released).expect("reads");
        let conveyed = sent.iter().filter(|id| id.series == Series::Conveyed);
        let states = conveyed.filter_map(|id| self.store.mailing(*id).expect("reads"));
        let theirs = states.filter(|state| state.mailing().envelope.recipients().any(|to| *to == address(who)));
        theirs.map(|state| state.mailing().subject.clone()).collect()
    }

    /// A case whose copies leave: what [`TOKEN`] stands for is the first of them.
    pub(crate) async fn leaving(&self) {
        let text = "From: The Dean <dean@mst.example>\r\nSubject: Fees\r\n\r\nPay.\r\n";
        let page = format!("/mailing/{}", self.held_with(AUTHOR, text).await);
        let (steward, reviewer) = (self.browser(STEWARD).await, self.browser(REVIEWER).await);
        steward.post(&format!("{page}/approve"), &[]).await;
        reviewer.post(&format!("{page}/release"), &[]).await;
        self.expand().await;
    }

    /// Makes what is released into copies.
    pub(crate) async fn expand(&self) {
        let settings = expand::Settings {
            compose: desk_settings().compose,
            campus_domains: vec![],
            drift_percent_max: 10,
            lapse_after: Duration::from_secs(60),
        };
        expand::expand_due(&self.store, &self.clock, &settings)
            .await
            .expect("expands");
    }

    /// The code that an authenticator with this secret shows now.
    pub(crate) fn code(&self, secret: &str) -> String {
        let step = self.clock.now().as_micros() / 30_000_000;
        (0..1_000_000)
            .map(|code| format!("{code:06}"))
            .find(|code| password::second_factor_step(secret, code, step * 30) == Some(step))
            .expect("there is one")
    }

    /// A browser in which somebody has signed in.
    pub(crate) async fn browser(&self, account: &str) -> Browser {
        let form = [("account", account), ("password", PASSWORD)];
        let answer = post(&self.app, "/login", &[], &form).await;
        assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.body);
        let cookie = answer
            .header("set-cookie")
            .split(';')
            .next()
            .expect("a cookie")
            .to_owned();
        let mut browser = Browser {
            app: self.app.clone(),
            cookie,
            csrf: String::new(),
        };
        let page = browser.get("/").await;
        let (_, rest) = page.body.split_once("name=\"csrf\" value=\"").expect("a form");
        browser.csrf = rest.split('"').next().expect("a token").to_owned();
        browser
    }
}

/// Figures for whoever is on this machine.
fn operations(store: &Store) -> Operations {
    Operations {
        store: store.clone(),
        figures: Arc::new(|| "bedel_ready 1\n".to_owned()),
        networks: vec!["127.0.0.0/8".parse().expect("a network")],
    }
}

pub(crate) struct Browser {
    app: Router,
    pub(crate) cookie: String,
    pub(crate) csrf: String,
}

impl Browser {
    pub(crate) async fn get(&self, path: &str) -> Answer {
        get(&self.app, path, &[("cookie", &self.cookie)]).await
    }

    /// Sends one of our forms.
    pub(crate) async fn post(&self, path: &str, fields: &[(&str, &str)]) -> Answer {
        let csrf = [("csrf", self.csrf.as_str())];
        let form: Vec<_> = csrf.iter().chain(fields).copied().collect();
        post(&self.app, path, &[("cookie", &self.cookie)], &form).await
    }

    /// Sends a form with a file, as browsers do.
    pub(crate) async fn upload(&self, path: &str, fields: &[(&str, &str)], message: &str) -> Answer {
        let ours = [("csrf", self.csrf.as_str())];
        let form = ours.iter().chain(fields);
        let mut body: String = form
            .map(|(name, value)| format!("--x\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n"))
            .collect();
        body += &format!(
            "--x\r\nContent-Disposition: form-data; name=\"message\"; filename=\"a.eml\"\r\n\
             Content-Type: message/rfc822\r\n\r\n{message}\r\n--x--\r\n"
        );
        let headers = [
            ("cookie", self.cookie.as_str()),
            ("content-type", "multipart/form-data; boundary=x"),
        ];
        send(&self.app, "POST", path, &headers, Body::from(body)).await
    }
}

#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
}

impl Answer {
    /// The value of a header; empty without it.
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .map_or("", |value| value.to_str().expect("ASCII"))
    }
}

pub(crate) async fn get(app: &Router, path: &str, headers: &[(&str, &str)]) -> Answer {
    send(app, "GET", path, headers, Body::empty()).await
}

pub(crate) async fn post(app: &Router, path: &str, headers: &[(&str, &str)], form: &[(&str, &str)]) -> Answer {
    let body = form
        .iter()
        .map(|(name, value)| format!("{name}={}", encoded(value)))
        .collect::<Vec<_>>()
        .join("&");
    let kind = ("content-type", "application/x-www-form-urlencoded");
    let headers: Vec<_> = headers.iter().copied().chain([kind]).collect();
    send(app, "POST", path, &headers, Body::from(body)).await
}

pub(crate) async fn send(app: &Router, method: &str, path: &str, headers: &[(&str, &str)], body: Body) -> Answer {
    let mut request = Request::builder()
        .method(method)
        .uri(path)
        .header(header::HOST, "bedel.mst.example");
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let request = request.body(body).expect("a request");
    let response = app.clone().oneshot(request).await.expect("an answer");
    let (parts, body) = response.into_parts();
    let bytes = body.collect().await.expect("a body").to_bytes();
    Answer {
        status: parts.status,
        headers: parts.headers,
        body: String::from_utf8(bytes.to_vec()).expect("UTF-8"),
    }
}

fn encoded(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02X}")).collect()
}

pub(crate) fn case(number: u32) -> MailingId {
    MailingId {
        series: Series::Case,
        year: 2026,
        number,
    }
}

pub(crate) fn address(text: &str) -> Address {
    text.parse().expect("valid")
}

pub(crate) async fn add_account(store: &Store, account: &str, hash: &str) {
    let account = Account {
        address: address(account),
        password_hash: Some(hash.to_owned()),
        created_at: Timestamp::from_micros(0),
        away_until: None,
    };
    store.put_account(&account, event(Act::Account)).await.expect("commits");
}

pub(crate) fn event(act: Act) -> Event {
    Event {
        at: Timestamp::from_micros(0),
        by: "gateway".to_owned(),
        act,
        mailing: None,
        note: String::new(),
    }
}

/// What keeps a mailing to students.
pub(crate) fn finding() -> Finding {
    Finding {
        rule: "steward-routing".into(),
        clause: "C15".into(),
        ask: Ask::Hold {
            wants: vec![OfficeId("registrar".into())],
        },
        sentence: "Mail to students waits for the Office of the Registrar.".into(),
    }
}

pub(crate) fn mailing(id: MailingId, author: &str, now: Timestamp) -> Mailing {
    let list = address("students@lists.mst.example");
    let segment = Segment {
        list: list.clone(),
        audience: "students".to_owned(),
        selection: Selection {
            matches: BTreeMap::from([("affiliation".to_owned(), vec!["student".to_owned()])]),
            except: BTreeMap::new(),
        },
        office: Some(OfficeId("registrar".to_owned())),
        consent: ConsentRule::NotNeeded,
        caps: Default::default(),
        about: None,
        is_on_campus: false,
        is_sensitive: false,
        is_for_outsiders: false,
    };
    Mailing {
        id,
        author: Author {
            address: address(author),
            proof: Proof::Login,
        },
        envelope: Envelope::new(Some(address(author)), vec![ForwardPath::to(list)]).expect("one recipient"),
        submitted_at: now,
        version: 1,
        content: Content {
            sha256: [1; 32],
            bytes: 3,
        },
        subject: "Fees <are> due".to_owned(),
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

/// Three students, one of whom asked not to be disclosed.
async fn feed(store: &Store) {
    take_in(
        store,
        "registrar",
        &[("ann", None), ("ben", None), ("zoe", Some(PrivacyFlag::Ferpa))],
    )
    .await;
}

/// An office's whole feed.
async fn take_in(store: &Store, source: &str, people: &[(&str, Option<PrivacyFlag>)]) {
    let row = |(name, flag): &(&str, Option<PrivacyFlag>)| FeedRow {
        listing: Listing {
            source: source.to_owned(),
            source_key: (*name).to_owned(),
            email: address(&format!("{name}@students.example")),
            personal_email: None,
            given_name: (*name).to_owned(),
            family_name: "Sample".to_owned(),
            country: "US".to_owned(),
            privacy: flag.iter().copied().collect(),
            affiliation: Affiliation {
                kind: "student".to_owned(),
                unit: String::new(),
                attributes: BTreeMap::new(),
                from: None,
                until: None,
            },
            gone_at: None,
        },
        consents: vec![],
    };
    let mut draft = store.draft_feed(source, Timestamp::from_micros(0)).expect("begins");
    people.iter().map(row).for_each(|row| draft.push(row).expect("is kept"));
    let plan = draft.plan(|_compared| {}).expect("plans");
    store
        .apply_feed(plan, event(Act::Imported), |_written| {})
        .await
        .expect("commits");
}

pub(crate) fn desk_settings() -> review::Settings {
    let office = |name: &str, stewards: &[&str], reviewers: &[&str]| Office {
        name: name.to_owned(),
        stewards: stewards.iter().map(|text| address(text)).collect(),
        reviewers: reviewers.iter().map(|text| address(text)).collect(),
    };
    let offices = BTreeMap::from([
        (
            OfficeId("registrar".to_owned()),
            office("Office of the Registrar", &[STEWARD], &[]),
        ),
        (
            OfficeId("emarcomm".to_owned()),
            office("Electronic Marketing Communications", &[], &[REVIEWER]),
        ),
    ]);
    let offices = Arc::new(Offices::new(offices));
    let mut policy = Policy::new(
        vec!["mst.example".parse().expect("valid")],
        "lists.mst.example".parse().expect("valid"),
        Arc::clone(&offices),
        TimeZone::UTC,
    );
    let events = Topic {
        name: "Events on campus".to_owned(),
        about: "Talks, concerts and games; once a week.".to_owned(),
    };
    policy.topics.insert(TopicId("events".to_owned()), events);
    policy.alerts = vec![address(PRIVACY)];
    policy.emergency.heralds = Heralds::new(vec![address(OFFICER)]);
    policy.emergency.fresh = Duration::from_secs(15 * 60);
    review::Settings {
        policy: Arc::new(policy),
        lint: Arc::new(checks()),
        postmasters: vec![address(POSTMASTER)],
        shape: Shape::new(Arc::default()),
        offices: Arc::clone(&offices),
        notices: Arc::new(Notices {
            templates: BTreeMap::new(),
            from: address(REVIEWER),
            organization: "Missouri S&T".to_owned(),
            hostname: "bedel.mst.example".to_owned(),
            console_url: "https://bedel.mst.example".to_owned(),
            tokens: TokenKey::new(&[1; 32]),
            lists_domain: "lists.mst.example".parse().expect("valid"),
            zone: TimeZone::UTC,
        }),
        compose: Arc::new(compose_settings(&offices)),
        zone: TimeZone::UTC,
    }
}

/// The house style that ships.
fn checks() -> lint::Settings {
    lint::Settings {
        profile: toml::from_str(include_str!("../../config/profile.toml")).expect("a profile"),
        campus_domains: vec!["mst.example".parse().expect("a domain")],
        off_campus: BTreeSet::new(),
        words_on_campus: 400,
        words_off_campus: 1_000,
        zone: TimeZone::UTC,
    }
}

fn compose_settings(offices: &Arc<Offices>) -> compose::Settings {
    let domain: Domain = "lists.mst.example".parse().expect("valid");
    compose::Settings {
        hostname: "bedel.mst.example".parse().expect("valid"),
        lists_domain: domain.clone(),
        bounce_domain: "bounce.lists.mst.example".parse().expect("valid"),
        complaints: "fbl@bounce.lists.mst.example".parse().expect("valid"),
        public_url: "https://lists.mst.example".to_owned(),
        organization: "Missouri S&T".to_owned(),
        postal_address: "Rolla, MO".to_owned(),
        offices: Arc::clone(offices),
        signers: Arc::new(Signers::new(
            Signer::from_pem(&KEY, "s1", domain).expect("our own key"),
            vec![],
        )),
        tokens: TokenKey::new(&[3; 32]),
        zone: TimeZone::UTC,
    }
}
