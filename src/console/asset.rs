//! The stylesheet, the script and the icon: in the program, each under a name that changes with its bytes, so that a
//! browser may keep it for ever.

use std::sync::LazyLock;

use axum::Router;
use axum::http::header;
use axum::response::IntoResponse;
use axum::routing::get;

/// How the pages look.
pub(super) static STYLE: LazyLock<Asset> = LazyLock::new(|| {
    Asset::new(
        "style",
        "css",
        "text/css; charset=utf-8",
        include_str!("pages/style.css"),
    )
});
/// What keeps parts of a page fresh.
pub(super) static SCRIPT: LazyLock<Asset> = LazyLock::new(|| {
    Asset::new(
        "console",
        "js",
        "text/javascript; charset=utf-8",
        include_str!("pages/console.js"),
    )
});
/// The bell in the browser's tab.
pub(super) static ICON: LazyLock<Asset> =
    LazyLock::new(|| Asset::new("icon", "svg", "image/svg+xml", include_str!("pages/icon.svg")));

/// One file that pages refer to.
#[derive(Debug)]
pub(super) struct Asset {
    path: String,
    content_type: &'static str,
    text: &'static str,
}

impl Asset {
    fn new(name: &str, extension: &str, content_type: &'static str, text: &'static str) -> Self {
        let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, text.as_bytes());
        let hash: String = digest
            .as_ref()
            .iter()
            .take(6)
            .map(|byte| format!("{byte:02x}"))
            .collect();
        Self {
            path: format!("/{name}-{hash}.{extension}"),
            content_type,
            text,
        }
    }

    /// Where a page finds it.
    pub(super) fn path(&self) -> &str {
        &self.path
    }

    fn respond(&self) -> impl IntoResponse + use<> {
        let headers = [
            (header::CONTENT_TYPE, self.content_type),
            (header::CACHE_CONTROL, "public, max-age=31536000, immutable"),
        ];
        (headers, self.text)
    }
}

/// The routes of them all.
pub(super) fn routes<S: Clone + Send + Sync + 'static>() -> Router<S> {
    [&STYLE, &SCRIPT, &ICON]
        .into_iter()
        .fold(Router::new(), |router, asset| {
            router.route(asset.path(), get(move || async { asset.respond() }))
        })
}
