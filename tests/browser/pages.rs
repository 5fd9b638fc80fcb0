//! The browser, and what a person does with it.

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Mutex;
use std::time::Duration;

use fantoccini::wd::{Capabilities, WindowHandle};
use fantoccini::{Client, ClientBuilder, Locator};
use hyper_util::client::legacy::connect::HttpConnector;

/// The highest picture, in points.
const WHOLE_MAX: u32 = 6_000;
/// How long something may take to appear.
const PATIENCE: Duration = Duration::from_secs(90);

/// A headless Chromium and the driver that drives it.
pub(super) struct Browser {
    client: Client,
    driver: Mutex<Child>,
    _profile: tempfile::TempDir,
}

impl Browser {
    /// Starts it; `None`, with a word, where there is no driver and none is demanded.
    pub(super) async fn open(theme: &str) -> Option<Self> {
        let port = std::net::TcpListener::bind("127.0.0.1:0")
            .and_then(|probe| probe.local_addr())
            .expect("a port")
            .port();
        let driver = Command::new("chromedriver")
            .arg(format!("--port={port}"))
            .stdout(Stdio::null())
            .spawn();
        let Ok(mut driver) = driver else {
            skipped("there is no chromedriver (apt install chromium-driver)");
            return None;
        };
        let profile = tempfile::tempdir().expect("a folder for the profile");
        for _ in 0..100 {
            let connected = ClientBuilder::new(HttpConnector::new())
                .capabilities(capabilities(profile.path(), theme))
                .connect(&format!("http://127.0.0.1:{port}"))
                .await;
            if let Ok(client) = connected {
                client.set_window_size(1200, 900).await.expect("a window");
                return Some(Self {
                    client,
                    driver: Mutex::new(driver),
                    _profile: profile,
                });
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        drop(driver.kill());
        panic!("the driver did not open a browser");
    }

    pub(super) async fn close(&self) {
        drop(self.client.clone().close().await);
        let mut driver = self.driver.lock().expect("nobody else holds it");
        drop(driver.kill());
        drop(driver.wait());
    }

    pub(super) async fn go(&self, url: &str) {
        self.client.goto(url).await.expect("the page opens");
    }

    pub(super) async fn sign_in(&self, console: &str, account: &str, password: &str) {
        self.go(&format!("{console}/login")).await;
        for (field, text) in [("#account", account), ("#password", password)] {
            let field = self.client.find(Locator::Css(field)).await.expect("the field");
            field.clear().await.expect("it can be cleared");
            field.send_keys(text).await.expect("it can be typed in");
        }
        self.press("form button.primary").await;
        // The answer is a page of its own: whoever goes elsewhere before it is there is brought back by it.
        let answered = self.client.wait().at_most(PATIENCE);
        let answered = answered.for_element(Locator::Css("form.me, #refused")).await;
        answered.expect("they are signed in, or told why not");
    }

    /// Signs out, and waits until that is done: its answer takes the cookie away.
    pub(super) async fn sign_out(&self) {
        self.press("form.me button").await;
        self.see("h1", "Sign in").await;
    }

    /// Presses a button by the keyboard, as somebody without a mouse would.
    pub(super) async fn press(&self, button: &str) {
        self.type_into(button, "\u{E007}").await;
    }

    /// Types into a field, or names a file to send.
    pub(super) async fn write(&self, field: &str, text: &str) {
        self.type_into(field, text).await;
    }

    /// A part of the page that is kept fresh may be another between finding it and typing there.
    async fn type_into(&self, part: &str, keys: &str) {
        let mut last = String::new();
        for _ in 0..50 {
            let wait = self.client.wait().at_most(PATIENCE);
            let found = wait.for_element(Locator::Css(part)).await;
            let found = found.unwrap_or_else(|_late| panic!("no {part}"));
            match found.send_keys(keys).await {
                Ok(()) => return,
                Err(error) => last = error.to_string(),
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        panic!("{part} takes no keys: {last}");
    }

    /// Waits until a part of the page holds this text.
    pub(super) async fn see(&self, part: &str, text: &str) {
        let deadline = tokio::time::timeout(PATIENCE, async {
            loop {
                if self.text(part).await.is_some_and(|found| found.contains(text)) {
                    return;
                }
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        });
        if deadline.await.is_err() {
            self.picture("failed").await;
            panic!("no `{text}` in {part}: {:?}", self.text(part).await);
        }
    }

    async fn text(&self, part: &str) -> Option<String> {
        let found = self.client.find(Locator::Css(part)).await.ok()?;
        found.text().await.ok()
    }

    pub(super) async fn has(&self, part: &str) -> bool {
        self.client.find(Locator::Css(part)).await.is_ok()
    }

    /// How wide and how high each of these is drawn.
    pub(super) async fn sizes(&self, part: &str) -> Vec<(i32, i32)> {
        let mut sizes = Vec::new();
        for found in self.client.find_all(Locator::Css(part)).await.expect("the parts") {
            let (_, _, width, height) = found.rectangle().await.expect("it is drawn");
            #[expect(clippy::cast_possible_truncation, reason = "no picture is that large")]
            sizes.push((width.round() as i32, height.round() as i32));
        }
        sizes
    }

    pub(super) async fn attribute(&self, part: &str, name: &str) -> Option<String> {
        let found = self.client.find(Locator::Css(part)).await.expect("the part");
        found.attr(name).await.expect("its attributes")
    }

    pub(super) async fn title(&self) -> String {
        self.client.title().await.expect("a title")
    }

    pub(super) async fn address(&self) -> String {
        self.client.current_url().await.expect("an address").to_string()
    }

    /// Waits until a frame of the page holds this text.
    pub(super) async fn inside(&self, frame: &str, text: &str) {
        let element = self.client.find(Locator::Css(frame)).await.expect("the frame");
        element.enter_frame().await.expect("it can be looked into");
        self.see("body", text).await;
        self.client.enter_parent_frame().await.expect("and left");
    }

    /// Opens all that is folded away.
    pub(super) async fn unfold(&self) {
        let script = "document.querySelectorAll('details').forEach((one) => { one.open = true; })";
        self.client.execute(script, vec![]).await.expect("the script runs");
    }

    /// What axe-core holds against the page: rule, and the elements it is about.
    pub(super) async fn violations(&self, axe: &str) -> Vec<String> {
        self.client.execute(axe, vec![]).await.expect("axe-core is there");
        let script = "const done = arguments[arguments.length - 1];\
            axe.run(document, {iframes: false}).then((found) => done(found.violations.map((one) => \
            one.id + ': ' + one.nodes.map((node) => node.html + ' ' + (node.any[0] || {message: ''}).message).join(' | '))))";
        let found = self.client.execute_async(script, vec![]).await.expect("it looks");
        let found = found.as_array().cloned().unwrap_or_default();
        found.iter().filter_map(|one| one.as_str().map(str::to_owned)).collect()
    }

    /// Goes back a page, as the browser's button does.
    pub(super) async fn back(&self) {
        self.client.back().await.expect("there is a page before");
    }

    /// Sets a field that takes dates: what is typed there depends on the browser's language.
    pub(super) async fn pick(&self, field: &str, value: &str) {
        let script = "document.querySelector(arguments[0]).value = arguments[1]";
        let words = vec![field.into(), value.into()];
        self.client.execute(script, words).await.expect("the script runs");
    }

    /// Ticks a box with the space bar.
    pub(super) async fn tick(&self, checkbox: &str) {
        self.write(checkbox, " ").await;
    }

    /// Types on the page itself.
    pub(super) async fn keys(&self, keys: &str) {
        self.write("body", keys).await;
    }

    /// Where the focus is: the target of the link.
    pub(super) async fn focused(&self) -> String {
        let script = "return String(document.activeElement.href || '')";
        let found = self.client.execute(script, vec![]).await.expect("the script runs");
        found.as_str().unwrap_or_default().to_owned()
    }

    pub(super) async fn widen(&self) {
        self.client.set_window_size(1200, 900).await.expect("a window");
    }

    pub(super) async fn narrow(&self) {
        self.client.set_window_size(360, 800).await.expect("a window");
        let _handle: WindowHandle = self.client.window().await.expect("a window");
    }

    pub(super) async fn scrolls_sideways(&self) -> bool {
        let script = "return document.documentElement.scrollWidth > document.documentElement.clientWidth";
        let answer = self.client.execute(script, vec![]).await.expect("the script runs");
        answer.as_bool().expect("yes or no")
    }

    /// A picture of the whole page, not only of what fits into the window.
    pub(super) async fn whole(&self, name: &str) {
        let script = "return [window.innerWidth, document.documentElement.scrollHeight]";
        let size = self.client.execute(script, vec![]).await.expect("the script runs");
        let number = |at: usize| size.get(at).and_then(serde_json::Value::as_u64).expect("a number");
        let height = u32::try_from(number(1)).map_or(WHOLE_MAX, |height| height.min(WHOLE_MAX));
        let width = u32::try_from(number(0)).expect("a width");
        // What the window itself has around the page.
        self.client
            .set_window_size(width, height + 150)
            .await
            .expect("a window");
        self.picture(name).await;
        self.client.set_window_size(width, 900).await.expect("a window");
    }

    pub(super) async fn picture(&self, name: &str) {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/browser");
        std::fs::create_dir_all(&folder).expect("the folder");
        let png = self.client.screenshot().await.expect("a picture");
        std::fs::write(folder.join(format!("{name}.png")), png).expect("writes");
    }
}

/// Says what is not there, and that something was not run; fails where everything is wanted.
pub(super) fn skipped(why: &str) {
    #[expect(
        clippy::disallowed_methods,
        reason = "tests/run says this way that everything must be there"
    )]
    let wanted = std::env::var("BEDEL_TESTS").is_ok_and(|tests| tests == "all");
    assert!(!wanted, "{why}, and all tests are wanted");
    #[expect(clippy::print_stdout, reason = "who runs the tests is to know what was not run")]
    {
        println!("skipped: {why}");
    }
}

fn capabilities(profile: &Path, theme: &str) -> Capabilities {
    // What Chromium calls them: 0 is dark.
    let scheme = if theme == "dark" { 0 } else { 1 };
    let flags = [
        "--headless=new",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-quic",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
        "--disable-dev-shm-usage",
        &format!("--user-data-dir={}", profile.display()),
        &format!("--blink-settings=preferredColorScheme={scheme}"),
    ];
    let mut capabilities = Capabilities::new();
    capabilities.insert("goog:chromeOptions".to_owned(), serde_json::json!({ "args": flags }));
    capabilities
}
