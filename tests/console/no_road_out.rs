//! No bulk road out: every page and every route, walked by each role while the store is full of contacts. Policy C8.
//!
//! What there is to walk comes of the routers themselves and of the API's own document. So a new page is walked on the day
//! it is there; one with a part in its path, or a body, that this walk does not know fails it, and so does one that nobody
//! could get an answer from.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::Request;
use bedel::console::api::{self, ApiState, Door, Reload};
use bedel::model::MailingId;
use bedel::stage::import::{self, Importer};
use http_body_util::BodyExt as _;
use serde_json::{Value, json};

use crate::site::{
    AUTHOR, OFFICER, POSTMASTER, PRIVACY, REVIEWER, STEWARD, STRANGER, Site, case, desk_settings, get, token,
};

/// Contacts of the store: more than any page shows, and more than a page of the store has.
const CONTACTS: usize = 64;
/// The one who is looked up; another is suppressed and erased.
const ASKED: &str = "walked07@students.example";
const OTHER: &str = "walked09@students.example";
const ROLES: [&str; 7] = [STEWARD, REVIEWER, AUTHOR, STRANGER, PRIVACY, POSTMASTER, OFFICER];
/// Whose account comes and goes.
const LEAVER: &str = "leaver@mst.example";
/// What wants something that there is not here: a provider, the code of a second factor, an office's source of a feed, a peer
/// of the machine's own network, a running gateway.
const WANTING: [&str; 7] = [
    "/metrics",
    "/api/v1/reload",
    "/login/provider",
    "/login/provider/back",
    "/emergency/{what}",
    "/api/v1/emergency/arm",
    "/api/v1/people/pull",
];

/// What was answered: the best status of each method and path.
type Walked = BTreeMap<(String, String), u16>;

#[tokio::test]
async fn no_page_and_no_route_is_a_bulk_road_out() {
    let site = Site::new().await;
    let names: Vec<String> = (0..CONTACTS).map(|at| format!("walked{at:02}")).collect();
    site.feed(&names.iter().map(String::as_str).collect::<Vec<_>>()).await;
    site.leaving().await;
    let held = site.held(AUTHOR).await;
    assert_ne!(held, case(1), "one is leaving, and one waits");
    let mut walked = Walked::new();
    for role in ROLES {
        walk_pages(&site, role, &mut walked).await;
    }
    walk_public(&site, &mut walked).await;
    // Last: it enrolls a second factor, with which alone its owner signs in from then on.
    walk_api(&site, &mut walked).await;
    let is_answered = |method: &str, path: &str| {
        let best = walked.get(&(method.to_owned(), path.to_owned()));
        best.is_some_and(|status| *status < 400)
    };
    let unanswered: Vec<String> = walked
        .iter()
        .filter(|((method, path), _)| !is_answered(method, path) && !WANTING.contains(&path.as_str()))
        // A page without a form says of one that there is no such page.
        .filter(|((method, path), status)| !(method == "POST" && **status == 404 && is_answered("GET", path)))
        .map(|((method, path), status)| format!("{method} {path} {status}"))
        .collect();
    assert!(unanswered.is_empty(), "nobody could get an answer from {unanswered:?}");
    let methods: BTreeSet<&str> = walked.keys().map(|(method, _)| method.as_str()).collect();
    assert_eq!(methods, BTreeSet::from(["DELETE", "GET", "POST"]));
    assert!(walked.len() > 70, "walked only {}", walked.len());
}

/// The console, in somebody's browser.
async fn walk_pages(site: &Site, role: &str, walked: &mut Walked) {
    let browser = site.browser(role).await;
    let mut paths = paths(&site.app);
    // Whoever signs out sees no more.
    paths.sort_by_key(|path| path.starts_with("/logout"));
    let headers = [("cookie", browser.cookie.as_str())];
    for path in &paths {
        for (at, filled) in filled(site, path, role).await.into_iter().enumerate() {
            for query in ["", QUERY] {
                // What the first of its kind has no page for, the others have none for.
                if at > 1 && !walked.contains_key(&("GET".to_owned(), path.clone())) {
                    continue;
                }
                let (status, body) = visit(&site.app, "GET", &format!("{filled}{query}"), &headers, "").await;
                note(walked, "GET", path, status);
                holds_nobody(&body, None, &format!("GET {filled}{query} as {role}"));
            }
            let form = form(&browser.csrf, role);
            let kind = [headers[0], ("content-type", "application/x-www-form-urlencoded")];
            let (status, body) = visit(&site.app, "POST", &filled, &kind, &form).await;
            note(walked, "POST", path, status);
            let asked = (path == "/people").then_some(ASKED);
            holds_nobody(&body, asked, &format!("POST {filled} as {role}"));
            if at > 1 {
                continue;
            }
            let message = "From: The Dean <dean@mst.example>\r\nSubject: Fees\r\n\r\nPay.\r\n";
            let fields = [("from", AUTHOR), ("to", "students@lists.mst.example")];
            let answer = browser.upload(&filled, &fields, message).await;
            note(walked, "POST", path, answer.status.as_u16());
            holds_nobody(&answer.body, None, &format!("a file to {filled} as {role}"));
        }
    }
}

/// What somebody has without an account: the link of one copy shows the one who got it.
async fn walk_public(site: &Site, walked: &mut Walked) {
    let own = get(&site.public, &format!("/preferences/{}", token()), &[]).await.body;
    let shown = contacts(&own);
    assert_eq!(shown.len(), 1, "their own page shows whose it is: {shown:?}");
    let own = shown.first().map(|name| format!("{name}@students.example"));
    for path in paths(&site.public) {
        let filled = path.replace("{token}", &token());
        assert!(!filled.contains('{'), "the walk does not know how to fill in {path}");
        let asked = path.contains("{token}").then_some(own.as_deref()).flatten();
        for query in ["", QUERY] {
            let (status, body) = visit(&site.public, "GET", &format!("{filled}{query}"), &[], "").await;
            note(walked, "GET", &path, status);
            holds_nobody(&body, asked, &format!("GET {filled}{query}"));
        }
        let kind = [("content-type", "application/x-www-form-urlencoded")];
        for form in [
            "List-Unsubscribe=One-Click",
            "act=copy",
            "act=nothing",
            "act=everything",
            "act=erase",
        ] {
            let (status, body) = visit(&site.public, "POST", &filled, &kind, form).await;
            note(walked, "POST", &path, status);
            holds_nobody(&body, asked, &format!("POST {filled} {form}"));
        }
    }
}

/// The API by both of its doors: as the operator, in the name of each role, and with a token of each.
async fn walk_api(site: &Site, walked: &mut Walked) {
    let socket = api::routes(api_of(site, Door::Socket));
    let port = api::routes(api_of(site, Door::Port));
    for role in ROLES {
        let path = format!("/api/v1/accounts/{role}/token");
        let json = [("content-type", "application/json")];
        let (status, body) = visit(&socket, "POST", &path, &json, "{}").await;
        assert!(status < 300, "{body}");
        let answer: Value = serde_json::from_str(&body).expect("JSON");
        let token = answer.get("token").and_then(Value::as_str).expect("a token").to_owned();
        let bearer = format!("Bearer {token}");
        let cases = fresh(site).await;
        walk_document(&port, &[("authorization", &bearer)], (role, cases), walked).await;
        let cases = fresh(site).await;
        walk_document(&socket, &[("x-bedel-actor", role)], (role, cases), walked).await;
    }
    walk_document(&socket, &[], ("operator", fresh(site).await), walked).await;
}

/// Cases that wait: two to be combined, and one to be acted on.
async fn fresh(site: &Site) -> [MailingId; 3] {
    [
        site.held(AUTHOR).await,
        site.held(AUTHOR).await,
        site.held(AUTHOR).await,
    ]
}

async fn walk_document(
    door: &Router,
    who: &[(&str, &str)],
    (name, fresh): (&str, [MailingId; 3]),
    walked: &mut Walked,
) {
    let (_, document) = visit(door, "GET", "/api/v1/openapi.json", who, "").await;
    let document: Value = serde_json::from_str(&document).expect("the document");
    let paths = document
        .pointer("/paths")
        .and_then(Value::as_object)
        .expect("its paths");
    assert!(paths.len() >= 11, "{}", paths.len());
    for (path, operations) in paths {
        for (method, operation) in operations.as_object().expect("its methods") {
            let method = method.to_uppercase();
            for filled in api_filled(path, &document, fresh) {
                let (kind, body) = body_of(operation, path, fresh);
                let queries = [
                    "",
                    "?source=registrar&dry_run=true",
                    QUERY,
                    "?audience=students",
                    "?days=7",
                ];
                // What is asked by a body wants no query, but for a feed.
                let most = if method == "GET" { queries.len() } else { 2 };
                for query in queries.iter().take(most) {
                    let headers: Vec<_> = who.iter().copied().chain([("content-type", kind)]).collect();
                    let uri = format!("/api/v1{filled}{query}");
                    let (status, answer) = visit(door, &method, &uri, &headers, &body).await;
                    note(walked, &method, &format!("/api/v1{path}"), status);
                    let is_look_up = ["/people/find", "/people/export"].contains(&path.as_str());
                    let may = [PRIVACY, STEWARD, "operator"].contains(&name);
                    let asked = (is_look_up && may).then_some(ASKED);
                    holds_nobody(&answer, asked, &format!("{method} {uri} as {name}"));
                }
            }
        }
    }
}

/// The parts of a path of the API, filled in.
fn api_filled(path: &str, document: &Value, [.., fresh]: [MailingId; 3]) -> Vec<String> {
    let whose = match path == "/accounts/{address}" {
        true => LEAVER,
        false => STRANGER,
    };
    let filled = path.replace("{domain}", "students.example").replace("{address}", whose);
    let ids: Vec<String> = match filled.contains("{id}") {
        true => [case(1), fresh]
            .map(|id| filled.replace("{id}", &id.to_string()))
            .into(),
        false => vec![filled],
    };
    // Acts change things; all that there are is walked on the page of the case, too.
    let all: Vec<String> = match path.contains("{act}") {
        true => acts(document)
            .iter()
            .flat_map(|act| ids.iter().map(|id| id.replace("{act}", act)))
            .collect(),
        false => ids,
    };
    assert!(
        all.iter().all(|path| !path.contains('{')),
        "the walk does not know how to fill in {path}"
    );
    all
}

/// Every act of review that the document names.
fn acts(document: &Value) -> Vec<String> {
    let parameters = document.pointer("/paths/~1mailings~1{id}~1{act}/post/parameters");
    let parameters = parameters.and_then(Value::as_array).expect("parameters");
    let act = parameters
        .iter()
        .find(|parameter| parameter["name"] == "act")
        .expect("the act");
    let named = act["description"].as_str().expect("what there is");
    let acts: Vec<String> = named.split(", ").map(str::to_owned).collect();
    assert!(acts.len() > 15 && acts.contains(&"release".to_owned()), "{acts:?}");
    // What ends a case comes last.
    let (ends, others): (Vec<_>, Vec<_>) = acts
        .into_iter()
        .partition(|act| ["decline", "withdraw", "release", "stop", "return"].contains(&act.as_str()));
    others.into_iter().chain(ends).collect()
}

/// A body as an operation wants it.
fn body_of(operation: &Value, path: &str, fresh: [MailingId; 3]) -> (&'static str, String) {
    let content = operation.pointer("/requestBody/content").unwrap_or(&Value::Null);
    if content.get("text/csv").is_some() {
        let csv = "source_key,email,given_name,family_name,affiliation\nnew,new@students.example,New,One,student\n";
        return ("text/csv", csv.to_owned());
    }
    let body = match path {
        "/people/find" | "/people/export" => {
            json!({ "address": ASKED, "reason": "asked by letter", "mailing": "MC-2026-0001" })
        }
        "/people/suppress" | "/people/forget" => json!({ "address": OTHER, "reason": "asked by letter" }),
        "/accounts" => json!({ "address": LEAVER }),
        "/accounts/{address}/password" => json!({ "password": "correct horse battery" }),
        "/accounts/{address}/token" => json!({ "scope": "read" }),
        "/holds/combine" => json!({ "mailings": [fresh[0].to_string(), fresh[1].to_string()], "subject": "Both" }),
        "/mailings/{id}/{act}" => json!({ "comment": "because", "now": "because", "despite": "because" }),
        "/away" => json!({ "until": "" }),
        "/policy/explain" => json!({
            "from": AUTHOR, "to": ["students@lists.mst.example"],
            "message": "From: The Dean <dean@mst.example>\r\nSubject: Fees\r\n\r\nPay.\r\n",
        }),
        "/rosters" => json!({
            "term": "2026FS", "begins": "2026-08-24", "ends": "2026-12-18",
            "csv": "section,email,role\ncs1500,dean@mst.example,instructor\n",
        }),
        "/emergency/arm" => json!({ "code": "000000" }),
        _ => {
            assert!(
                operation.get("requestBody").is_none(),
                "the walk knows no body for {path}"
            );
            Value::Null
        }
    };
    ("application/json", body.to_string())
}

/// The paths a router has, as it tells them itself.
fn paths(router: &Router) -> Vec<String> {
    let told = format!("{router:?}");
    let named = told.split("RouteId(").filter_map(|rest| {
        let (number, rest) = rest.split_once("): \"")?;
        let is_number = number.bytes().all(|octet| octet.is_ascii_digit());
        is_number.then(|| rest.split('"').next().unwrap_or_default().to_owned())
    });
    // What is nowhere is answered by a route of its own.
    let is_ours = |path: &String| path.starts_with('/') && !path.contains("axum_fallback");
    let paths: BTreeSet<String> = named.filter(is_ours).collect();
    assert!(paths.len() >= 6, "the router tells its paths otherwise: {told}");
    paths.into_iter().collect()
}

/// The parts of a page's path, filled in.
async fn filled(site: &Site, path: &str, role: &str) -> Vec<String> {
    let cases = [case(1), case(2)];
    let document = visit(
        &api::routes(api_of(site, Door::Port)),
        "GET",
        "/api/v1/openapi.json",
        &[],
        "",
    )
    .await
    .1;
    let document: Value = serde_json::from_str(&document).expect("the document");
    let mut all = vec![path.to_owned()];
    if path.contains("{link}") {
        let newest = site.held(AUTHOR).await;
        let who = if role == REVIEWER { REVIEWER } else { STEWARD };
        let link = site.link(newest, who);
        all = vec![path.replace("/decide/{link}", &link)];
    }
    if path.contains("{id}") {
        all = cases.iter().map(|id| path.replace("{id}", &id.to_string())).collect();
    }
    if path.contains("{act}") {
        let acts = acts(&document);
        all = all
            .iter()
            .flat_map(|path| acts.iter().map(|act| path.replace("{act}", act)))
            .collect();
    }
    if path.contains("{what}") {
        all = ["arm", "enroll", "drill"]
            .map(|what| path.replace("{what}", what))
            .into();
    }
    assert!(
        all.iter().all(|path| !path.contains('{')),
        "the walk does not know how to fill in {path}"
    );
    all
}

/// What pages are asked with: all of it, to each.
const QUERY: &str = "?affiliation=student&audience=students&q=walked&state=held&month=2026-11&limit=500&since=1\
                     &look=phone&whom=walked07@students.example&beside=MC-2026-0001&pictures=on";

fn form(csrf: &str, role: &str) -> String {
    format!(
        "csrf={csrf}&whom=walked07%40students.example&reason=asked+by+letter&mailing=MC-2026-0001\
         &act=approve&comment=because&now=because&despite=because&until=&case=MC-2026-0001&case=MC-2026-0002\
         &account={role}&password=correct+horse+battery&code=000000&when=&before=Pay&after=Pay+now"
    )
}

/// Sends it; what comes within a moment, for pages that are kept fresh have no end.
async fn visit(app: &Router, method: &str, uri: &str, headers: &[(&str, &str)], body: &str) -> (u16, String) {
    use tower::ServiceExt as _;
    let mut request = Request::builder()
        .method(method)
        .uri(uri.replace('@', "%40").replace(' ', "%20"))
        .header("host", "bedel.mst.example");
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let request = request.body(Body::from(body.to_owned())).expect("a request");
    let answer = app.clone().oneshot(request).await.expect("an answer");
    let status = answer.status().as_u16();
    let (mut stream, mut text) = (answer.into_body(), Vec::new());
    let is_kept_fresh = uri.contains("/live");
    let patience = Duration::from_millis(if is_kept_fresh { 150 } else { 30_000 });
    while let Ok(Some(Ok(frame))) = tokio::time::timeout(patience, stream.frame()).await {
        if let Ok(data) = frame.into_data() {
            text.extend(data);
        }
    }
    (status, String::from_utf8_lossy(&text).into_owned())
}

/// What a path answers at best; a method it does not have is none.
fn note(walked: &mut Walked, method: &str, path: &str, status: u16) {
    assert!(status < 500, "{method} {path}: {status}");
    if status != 405 {
        let best = walked.entry((method.to_owned(), path.to_owned())).or_insert(status);
        *best = status.min(*best);
    }
}

/// Nobody is in it but whoever was asked for.
#[track_caller]
fn holds_nobody(text: &str, asked: Option<&str>, what: &str) {
    let mut found = contacts(text);
    if let Some((name, _)) = asked.and_then(|asked| asked.split_once('@')) {
        found.remove(name);
    }
    // What a form was filled in with, it shows again.
    if what.contains("whom=") || what.starts_with("POST /people as") {
        found.remove("walked07");
    }
    assert!(found.is_empty(), "{what} bears {found:?}: {text}");
}

/// The contacts in a text, by their names, keys or addresses, plain, escaped, in base64 or in hexadecimal.
fn contacts(text: &str) -> BTreeSet<String> {
    use base64::Engine as _;
    let hex = |name: &str| name.bytes().map(|octet| format!("{octet:02x}")).collect::<String>();
    let names = (0..CONTACTS).map(|at| format!("walked{at:02}"));
    let base64 = base64::engine::general_purpose::STANDARD_NO_PAD;
    names
        .filter(|name| {
            let coded = (0..3).any(|shift| {
                let padded = format!("{}{name}@students", "x".repeat(shift));
                let coded = base64.encode(padded);
                coded.get(4..16).is_some_and(|middle| text.contains(middle))
            });
            text.contains(name.as_str()) || text.contains(&hex(name)) || coded
        })
        .collect()
}

fn api_of(site: &Site, door: Door) -> ApiState {
    let settings = desk_settings();
    let importer = Importer::new(
        site.store.clone(),
        site.clock.clone(),
        import::Settings {
            offices: Arc::clone(&settings.offices),
            feeds: BTreeMap::new(),
            notices: Arc::clone(&settings.notices),
            postmasters: Vec::new(),
            zone: settings.zone.clone(),
        },
    );
    let students = bedel::model::Selection {
        matches: [("affiliation".to_owned(), vec!["student".to_owned()])].into(),
        ..Default::default()
    };
    let audiences = Arc::new(BTreeMap::from([("students".to_owned(), students)]));
    ApiState::new(
        site.store.clone(),
        site.clock.clone(),
        site.desk.clone(),
        audiences,
        importer,
        Reload::pair().0,
        door,
    )
}
