//! The public door while the gateway behind it is away.

use std::path::Path;
use std::sync::Arc;

use axum::http::StatusCode;
use axum::{Router, body::Body};
use bedel::console::{self, PorchState};
use bedel::store::Clicks;

use crate::site::{Site, get, post, see, send, token};

const ONE_CLICK: (&str, &str) = ("List-Unsubscribe", "One-Click");

/// A porch before a gateway that may come and go.
struct Porch {
    home: tempfile::TempDir,
    state: PorchState,
    app: Router,
}

impl Porch {
    fn new() -> Self {
        let home = tempfile::tempdir().expect("a temporary folder");
        let state = PorchState {
            socket: home.path().join("public.sock"),
            clicks: Clicks::open(home.path()).expect("opens"),
            organization: "Missouri S&T".to_owned(),
            read_token: Arc::new(see),
        };
        let app = console::porch(state.clone());
        Self { home, state, app }
    }

    fn kept(&self) -> Vec<String> {
        Clicks::open(self.home.path()).expect("opens").waiting()
    }
}

/// The gateway behind it, until it is dropped.
struct Behind(tokio::task::JoinHandle<()>);

impl Behind {
    fn open(site: &Site, socket: &Path) -> Self {
        drop(std::fs::remove_file(socket));
        let listener = tokio::net::UnixListener::bind(socket).expect("binds");
        let app = site.public.clone();
        Self(tokio::spawn(async move {
            axum::serve(listener, app).await.expect("serves");
        }))
    }
}

impl Drop for Behind {
    fn drop(&mut self) {
        self.0.abort();
    }
}

#[tokio::test]
async fn while_the_gateway_is_there_it_answers() {
    let (site, porch) = (Site::new().await, Porch::new());
    site.leaving().await;
    let _behind = Behind::open(&site, &porch.state.socket);
    let link = format!("/u/{}", token());
    let page = get(&porch.app, &link, &[]).await;
    let says = "send no further mail of students@lists.mst.example to you";
    assert!(page.body.contains(says), "{}", page.body);
    assert_eq!(page.body, get(&site.public, &link, &[]).await.body);
    let answer = post(&porch.app, &link, &[], &[ONE_CLICK]).await;
    assert_eq!(answer.status, StatusCode::OK);
    assert!(site.store.next_report().expect("reads").is_some());
    assert_eq!(porch.kept(), Vec::<String>::new());
    assert_eq!(get(&porch.app, "/nowhere", &[]).await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn while_it_is_away_a_click_is_kept_and_answered_alike_and_handed_over_when_it_is_back() {
    let (site, porch) = (Site::new().await, Porch::new());
    site.leaving().await;
    let link = format!("/u/{}", token());
    assert_eq!(get(&porch.app, &link, &[]).await.status, StatusCode::OK);
    assert_eq!(
        porch.kept(),
        Vec::<String>::new(),
        "a scanner looked, and nothing changed"
    );
    let body = "--x\r\nContent-Disposition: form-data; name=\"List-Unsubscribe\"\r\n\r\nOne-Click\r\n--x--\r\n";
    let kind = [("content-type", "multipart/form-data; boundary=x")];
    let away = [
        post(&porch.app, &link, &[], &[ONE_CLICK]).await,
        send(
            &porch.app,
            "POST",
            &link.to_uppercase().replace("/U/", "/u/"),
            &kind,
            Body::from(body),
        )
        .await,
    ];
    assert_eq!(porch.kept(), [token()]);
    assert_eq!(
        console::hand_over(&porch.state).await.expect("writes"),
        0,
        "there is nobody yet"
    );
    let _behind = Behind::open(&site, &porch.state.socket);
    assert_eq!(console::hand_over(&porch.state).await.expect("writes"), 1);
    assert_eq!(porch.kept(), Vec::<String>::new());
    assert!(site.store.next_report().expect("reads").is_some());
    let there = post(&porch.app, &link, &[], &[ONE_CLICK]).await;
    for answer in &away {
        assert_eq!((answer.status, &answer.body), (StatusCode::OK, &there.body));
        assert_eq!((answer.header("set-cookie"), answer.header("location")), ("", ""));
    }
}

#[tokio::test]
async fn while_it_is_away_a_forged_token_is_answered_alike_and_nothing_is_kept() {
    let porch = Porch::new();
    let ours = token();
    let last = if ours.ends_with('a') { "i" } else { "a" };
    let forged = format!("{}{last}", ours.get(..ours.len() - 1).expect("longer"));
    let answer = post(&porch.app, &format!("/u/{forged}"), &[], &[ONE_CLICK]).await;
    assert_eq!(porch.kept(), Vec::<String>::new());
    let real = post(&porch.app, &format!("/u/{ours}"), &[], &[ONE_CLICK]).await;
    assert_eq!((answer.status, answer.body), (real.status, real.body));
    let cut = post(&porch.app, "/u/abc", &[], &[ONE_CLICK]).await;
    assert_eq!(cut.status, StatusCode::NOT_FOUND);
    let unclear = post(&porch.app, &format!("/u/{ours}"), &[], &[("csrf", "x")]).await;
    assert_eq!(unclear.status, StatusCode::UNPROCESSABLE_ENTITY);
}

#[tokio::test]
async fn while_it_is_away_everything_else_is_for_later() {
    let porch = Porch::new();
    for path in ["/preferences", &format!("/preferences/{}", token()), "/readyz", "/"] {
        let answer = get(&porch.app, path, &[]).await;
        assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE, "{path}");
        assert_eq!(answer.header("retry-after"), "60");
    }
    assert_eq!(get(&porch.app, "/healthz", &[]).await.status, StatusCode::OK);
}
