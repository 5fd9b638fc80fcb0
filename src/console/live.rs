//! What keeps a part of a page fresh: server-sent events, each the part as it now is.
//!
//! A stream sleeps until the store's bell rings or a tick has passed, renders its part, and sends it when it differs from
//! what was sent last. It ends after a while; the browser comes back, and by then must still be signed in.
//!
//! # Standards
//! WHATWG HTML §9.2 (server-sent events).

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::http::HeaderName;
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use futures_util::stream;
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::Instant;

use super::Room;
use super::error::Error;
use crate::store::Bell;

/// Rings that come within this time are answered once: ordinary mail rings often.
const SETTLE: Duration = Duration::from_millis(250);
/// How long a stream lasts before the browser must ask anew.
const LIFE: Duration = Duration::from_secs(10 * 60);
/// How soon the browser asks anew.
const RETRY: Duration = Duration::from_millis(500);
/// How often a proxy sees that the line is alive.
const KEEP_ALIVE: Duration = Duration::from_secs(15);

/// A part of a page at one moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Part {
    /// What it looks like.
    pub(super) html: String,
    /// What the rest of the page stands on; when it changes, the page is to be loaded anew.
    pub(super) stands_on: String,
}

struct Stream<R> {
    bell: Bell,
    tick: Duration,
    render: R,
    sent: Option<Part>,
    ends: Instant,
    _seat: OwnedSemaphorePermit,
}

/// Keeps a part fresh: `render` is asked after each ring and each tick.
pub(super) fn keep_fresh<R>(room: &Room, bell: Bell, tick: Duration, render: R) -> Result<Response, Error>
where
    R: Fn() -> Result<Part, Error> + Clone + Send + 'static,
{
    let seat = Arc::clone(&room.streams)
        .try_acquire_owned()
        .map_err(|_full| Error::Busy)?;
    let stream = Stream {
        bell,
        tick,
        render,
        sent: None,
        ends: Instant::now() + LIFE,
        _seat: seat,
    };
    let events = stream::unfold(stream, |mut stream| async move {
        let event = stream.next().await?;
        Some((Ok::<_, Infallible>(event), stream))
    });
    let sse = Sse::new(events).keep_alive(KeepAlive::new().interval(KEEP_ALIVE));
    // nginx would keep events back until it has a buffer full.
    Ok(([(HeaderName::from_static("x-accel-buffering"), "no")], sse).into_response())
}

impl<R> Stream<R>
where
    R: Fn() -> Result<Part, Error> + Clone + Send + 'static,
{
    /// The next change; `None` when the stream is at its end.
    async fn next(&mut self) -> Option<Event> {
        loop {
            if self.sent.is_some() {
                tokio::select! {
                    () = self.bell.rung() => tokio::time::sleep(SETTLE).await,
                    () = tokio::time::sleep(self.tick) => {}
                    () = tokio::time::sleep_until(self.ends) => return None,
                }
            }
            let render = self.render.clone();
            let part = tokio::task::spawn_blocking(render).await.ok()?.ok()?;
            if self.sent.as_ref() == Some(&part) {
                continue;
            }
            let moved = self.sent.as_ref().is_some_and(|sent| sent.stands_on != part.stands_on);
            let event = Event::default()
                .event(if moved { "moved" } else { "fresh" })
                .retry(RETRY)
                .data(&part.html);
            self.sent = Some(part);
            return Some(event);
        }
    }
}
