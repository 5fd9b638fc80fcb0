//! What stands before every page: headers that say what a browser may do with it, and no forms from other sites.
//!
//! # Standards
//! Content Security Policy Level 3, Fetch Metadata Request Headers, HTTP Strict Transport Security.

use std::sync::Arc;

use axum::extract::{self, Request};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::Room;
use super::error::Error;

/// For the pages of the console. What is not named may not be loaded.
const CONSOLE: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; \
    frame-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'self'";
/// For the public pages: a stylesheet, an icon and a form.
const PUBLIC: &str = "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; \
    frame-ancestors 'none'";
/// How long a browser shall insist on a secure connection.
const STRICT: &str = "max-age=31536000";

/// Puts the console's headers on every answer that has none of its own.
pub(super) async fn headers(
    extract::State(room): extract::State<Arc<Room>>,
    request: Request,
    next: Next,
) -> impl IntoResponse {
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    harden(headers, CONSOLE);
    if room.state.url.starts_with("https:") {
        headers.insert(header::STRICT_TRANSPORT_SECURITY, HeaderValue::from_static(STRICT));
    }
    response
}

/// Puts the public pages' headers on every answer that has none of its own.
pub(super) async fn public_headers(mut response: Response) -> Response {
    harden(response.headers_mut(), PUBLIC);
    let robots = HeaderName::from_static("x-robots-tag");
    response
        .headers_mut()
        .insert(robots, HeaderValue::from_static("noindex"));
    response
}

fn harden(headers: &mut HeaderMap, policy: &'static str) {
    let all = [
        (header::CONTENT_SECURITY_POLICY, policy),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "same-origin"),
        (header::CACHE_CONTROL, "no-store"),
        (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
    ];
    for (name, value) in all {
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    }
}

/// Refuses a form that another site sends with our cookie, or without one to sign somebody in as somebody else. Old
/// browsers do not say; for them the token in each form stands alone.
pub(super) async fn same_site(request: Request, next: Next) -> Response {
    let site = request.headers().get("sec-fetch-site").map(HeaderValue::as_bytes);
    let is_ours = matches!(site, None | Some(b"same-origin" | b"none"));
    if request.method() == Method::POST && !is_ours {
        return Error::Forged.into_response();
    }
    next.run(request).await
}
