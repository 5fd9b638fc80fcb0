//! A message that tries everything is looked at: no request leaves the browser, and no script runs. A listener that all
//! its addresses point to must stay silent.

use std::net::TcpListener;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::campus::{AUTHOR, Campus, REVIEWER, part};
use super::pages::Browser;

/// A picture of 40 by 30 points.
const PICTURE: &str = "iVBORw0KGgoAAAANSUhEUgAAACgAAAAeCAIAAADRv8uKAAAALElEQVR42u3NMQ0AAAgDsBlAGg7wrwMZcDTp39T0iYjFYrFYLBaLxWKx+G+8ym5VTjJqpf0AAAAASUVORK5CYII=";

pub(super) async fn story(browser: &Browser, campus: &Campus) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let trap = format!("http://{}", listener.local_addr().expect("an address"));
    let heard = Arc::new(AtomicUsize::new(0));
    let counts = Arc::clone(&heard);
    std::thread::spawn(move || {
        for _connection in listener.incoming() {
            counts.fetch_add(1, Ordering::SeqCst);
        }
    });
    let case = campus.submit_related(AUTHOR, "A hostile message", &parts(&trap));
    browser
        .sign_in(&campus.console, REVIEWER, campus.password(REVIEWER))
        .await;
    browser.see("main", &case).await;
    for page in [
        "",
        "?look=dark",
        "?look=phone",
        "?pictures=on",
        "?look=phone&pictures=on",
        "?look=dark&pictures=on",
    ] {
        browser.go(&format!("{}/mailing/{case}{page}", campus.console)).await;
        browser.see("main", "What they get").await;
        browser.inside("iframe.letter", "Hello").await;
        assert!(
            !browser.title().await.contains("taken over"),
            "a script of the message ran"
        );
    }
    for frame in ["/html", "/html?pictures=on"] {
        browser.go(&format!("{}/mailing/{case}{frame}", campus.console)).await;
        browser.see("body", "Hello").await;
        assert!(
            !browser.title().await.contains("taken over"),
            "a script ran in the frame opened alone"
        );
        assert!(
            browser.address().await.ends_with(frame),
            "the message led somewhere else"
        );
        // Its own picture is seen by whoever wants it; nothing else has become one.
        let wanted = frame.ends_with("on");
        assert_eq!(browser.has("img[src]").await, wanted);
        if wanted {
            assert_eq!(browser.sizes("img[src]").await, [(40, 30)]);
            browser.picture("own-pictures").await;
        }
    }
    browser.go(&format!("{}/mailing/{case}", campus.console)).await;
    browser.see("main", "not loaded").await;
    browser.see("main", "too large").await;

    let heavy = format!(
        "<p>Hello</p>{}deep{}",
        "<table><tr><td>".repeat(170_000),
        "</td></tr></table>".repeat(10)
    );
    let case = campus.submit_html(AUTHOR, "A deep message", &heavy);
    browser.go(&format!("{}/mailing/{case}", campus.console)).await;
    browser.see("main", "A deep message").await;
    assert_eq!(heard.load(Ordering::SeqCst), 0, "a request left the browser");
}

/// The hostile page, and what it says it carries: one picture, and what only looks like one.
fn parts(trap: &str) -> Vec<String> {
    let picture = STANDARD.decode(PICTURE).expect("base64");
    let mut large = picture.clone();
    large.resize(5_000_000, 0);
    // Width and height of the first chunk: a few bytes that would unfold into gigabytes.
    let mut wide = picture.clone();
    wide.splice(16..24, [0, 0, 0xff, 0xff, 0, 0, 0xff, 0xff]);
    let page =
        format!("<p>Hello</p><img src='cid:page'><img src='{trap}/in-page'><script>top.document.title=1</script>");
    let svg = format!("<svg xmlns='http://www.w3.org/2000/svg'><image href='{trap}/in-svg'/><script>1</script></svg>");
    vec![
        part("text/html; charset=utf-8", "root", hostile(trap).as_bytes()),
        part("image/png", "part1", &picture),
        part("text/html", "page", page.as_bytes()),
        part("image/png", "page-as-picture", page.as_bytes()),
        part("image/svg+xml", "svg", svg.as_bytes()),
        part("image/png", "svg-as-picture", svg.as_bytes()),
        part("text/html", "picture-as-page", &picture),
        part("image/png", "large", &large),
        part("image/png", "wide", &wide),
    ]
}

/// All that has been seen in the wild, each pointing to the trap.
fn hostile(trap: &str) -> String {
    format!(
        "<html><head><base href='{trap}/base/'><meta http-equiv='refresh' content='0;url={trap}/refresh'>\
         <link rel='stylesheet' href='{trap}/style'><link rel='preload' as='image' href='{trap}/preload'>\
         <link rel='dns-prefetch' href='{trap}'><style>@import '{trap}/import';body{{background:url({trap}/css)}}\
         @font-face{{font-family:f;src:url({trap}/font)}}p{{font-family:f}}</style>\
         <script>top.document.title='taken over'</script><script src='{trap}/script'></script></head>\
         <body onload=\"document.title='taken over'\" background='{trap}/background'><p>Hello</p>\
         <img src='{trap}/pixel' srcset='{trap}/set 2x' onerror=\"top.document.title='taken over'\">\
         <img src='cid:part1'><img src='cid:part1#cid:part1'>\
         <img src='cid:root'><img src='cid:page'><img src='cid:page-as-picture'><img src='cid:svg'>\
         <img src='cid:svg-as-picture'><img src='cid:picture-as-page'><img src='cid:large'><img src='cid:wide'>\
         <iframe src='cid:page'></iframe><object data='cid:page'></object><embed src='cid:svg'><a href='cid:page'>page</a>\
         <img src='data:image/svg+xml,<svg xmlns=\"http://www.w3.org/2000/svg\"><image href=\"{trap}/data\"/></svg>'>\
         <picture><source srcset='{trap}/source'></picture>\
         <svg onload=\"top.document.title='taken over'\"><image href='{trap}/svg'/><script>top.document.title='taken over'\
         </script><use href='{trap}/use#a'/></svg><math><mtext><img src='{trap}/math'></mtext></math>\
         <iframe src='{trap}/frame' srcdoc='<script>top.document.title=1</script>'></iframe><embed src='{trap}/embed'>\
         <object data='{trap}/object'></object><video src='{trap}/video' poster='{trap}/poster' autoplay></video>\
         <audio src='{trap}/audio' autoplay></audio><form action='{trap}/form'><input autofocus onfocus=\"this.form.submit()\">\
         <button formaction='{trap}/button'>Go</button></form><a href='javascript:top.document.title=\"taken over\"'>one</a>\
         <a href='data:text/html,<script>top.document.title=1</script>'>two</a><a href='{trap}/link' ping='{trap}/ping'>three</a>\
         <div style=\"background-image:url('{trap}/div');list-style:url({trap}/list)\">four</div>\
         <table background='{trap}/table'><tr><td style='background:url({trap}/cell)'>five</td></tr></table>\
         <blockquote cite='{trap}/cite'>six</blockquote><noscript><img src='{trap}/noscript'></noscript>\
         <template><img src='{trap}/template'></template><marquee onstart=\"top.document.title='taken over'\">seven</marquee>\
         <details open ontoggle=\"top.document.title='taken over'\">eight</details></body></html>"
    )
}
