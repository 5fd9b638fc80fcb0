//! What went wrong, and the HTTP status it comes to: the one table.

use std::sync::Arc;

use axum::extract::Request;
use axum::http::{HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Redirect, Response};

use super::page::{self, Paper};
use super::words::{Key, Words};
use crate::stage::review::Refusal;
use crate::store;

/// Why a page is not shown. Each can be said to whoever asked.
#[derive(Debug)]
pub(super) enum Error {
    /// Nobody is signed in.
    SignInFirst {
        /// The page they wanted, to come back to.
        next: String,
    },
    /// A form that we did not give to this person, or not lately.
    Forged,
    /// A form that we cannot read.
    Unreadable(String),
    /// Something in a form is longer than we read.
    TooLong(Key),
    /// An address, or what it asks, that cannot be read.
    Garbled,
    /// There is no such page.
    NoSuchPage,
    /// The page is not asked that way.
    NoSuchMethod,
    /// Only reviewers may see it.
    ReviewersOnly,
    /// Only those who watch over what leaves may see it.
    WatchersOnly,
    /// The desk said no.
    Refused(Refusal),
    /// Too many pages are being kept fresh.
    Busy,
    /// A page could not be made.
    Broken(Box<dyn std::error::Error + Send + Sync>),
}

impl From<Refusal> for Error {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

impl From<store::Error> for Error {
    fn from(source: store::Error) -> Self {
        Self::Refused(Refusal::Store(source))
    }
}

impl From<askama::Error> for Error {
    fn from(source: askama::Error) -> Self {
        Self::Broken(source.into())
    }
}

impl From<tokio::task::JoinError> for Error {
    fn from(source: tokio::task::JoinError) -> Self {
        Self::Broken(source.into())
    }
}

impl Error {
    /// The status of each.
    pub(super) fn status(&self) -> StatusCode {
        match self {
            Self::SignInFirst { .. } => StatusCode::SEE_OTHER,
            Self::Forged | Self::ReviewersOnly | Self::WatchersOnly => StatusCode::FORBIDDEN,
            Self::Unreadable(_) | Self::TooLong(_) => StatusCode::UNPROCESSABLE_ENTITY,
            Self::Garbled => StatusCode::BAD_REQUEST,
            Self::NoSuchPage => StatusCode::NOT_FOUND,
            Self::NoSuchMethod => StatusCode::METHOD_NOT_ALLOWED,
            Self::Refused(refusal) => status(refusal),
            Self::Busy => StatusCode::SERVICE_UNAVAILABLE,
            Self::Broken(_) => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    /// The heading over it.
    fn title(&self, words: Words) -> String {
        // Forbidden, and still no matter of who they are.
        if matches!(self, Self::Forged) {
            return words.say("error-old-form").into();
        }
        title(words, self.status())
    }

    /// What people read of it: of our own failures only that there was one.
    pub(super) fn sentence(&self, words: Words) -> String {
        let said = match self {
            Self::SignInFirst { .. } => words.say("error-sign-in-first"),
            Self::Forged => words.say("error-forged"),
            Self::Unreadable(why) => words.say("error-unreadable").with("why", why),
            Self::TooLong(what) => words.say("error-unreadable").with("why", words.say(*what)),
            Self::Garbled => words.say("error-garbled"),
            Self::NoSuchPage => words.say("error-no-such-page"),
            Self::NoSuchMethod => words.say("error-no-such-method"),
            Self::ReviewersOnly => words.say("error-reviewers-only"),
            Self::WatchersOnly => words.say("error-watchers-only"),
            Self::Refused(refusal) => return sentence(words, refusal),
            Self::Busy => words.say("error-busy"),
            Self::Broken(_) => words.say("error-broken"),
        };
        said.into()
    }
}

/// The status of what the desk refused.
pub(super) fn status(refusal: &Refusal) -> StatusCode {
    match refusal {
        Refusal::NoSuchMailing(_) => StatusCode::NOT_FOUND,
        Refusal::WrongState { .. } | Refusal::WrongStanding(_) | Refusal::Unfit(_) => StatusCode::CONFLICT,
        Refusal::NotEntitled(_) => StatusCode::FORBIDDEN,
        Refusal::TooOften(_) => StatusCode::TOO_MANY_REQUESTS,
        Refusal::CommentWanted | Refusal::Malformed(_) => StatusCode::UNPROCESSABLE_ENTITY,
        Refusal::Wanting(wanting) if wanting.is_forbidden() => StatusCode::FORBIDDEN,
        Refusal::Wanting(_) => StatusCode::CONFLICT,
        Refusal::Store(store::Error::Conflict) => StatusCode::CONFLICT,
        Refusal::Store(store::Error::Full | store::Error::Disk(_) | store::Error::Closed) => {
            StatusCode::SERVICE_UNAVAILABLE
        }
        Refusal::Store(store::Error::Unreadable(_)) => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

/// What people read of a refusal; never an inner error.
pub(super) fn sentence(words: Words, refusal: &Refusal) -> String {
    let Refusal::Store(error) = refusal else {
        return page::sentence(&refusal.to_string());
    };
    let sentence = match error {
        store::Error::Conflict => words.say("error-conflict"),
        store::Error::Full | store::Error::Disk(_) | store::Error::Closed | store::Error::Unreadable(_) => {
            words.say("error-memory")
        }
    };
    sentence.into()
}

impl IntoResponse for Error {
    fn into_response(self) -> Response {
        if let Self::SignInFirst { next } = &self {
            let to = match next.as_str() {
                "/" => "/login".to_owned(),
                next => format!("/login?next={}", page::query_value(next)),
            };
            return Redirect::to(&to).into_response();
        }
        // Logged here and nowhere else: the page does not say it.
        if let Self::Refused(Refusal::Store(error)) = &self {
            tracing::error!(%error, "the console could not do its work");
        }
        if let Self::Broken(source) = &self {
            tracing::error!(error = %source, "a page of the console could not be made");
        }
        let mut response = self.status().into_response();
        response.extensions_mut().insert(Unsaid(Arc::new(self)));
        response
    }
}

/// An error on its way to whoever asked: only there it is known in which language.
#[derive(Debug, Clone)]
struct Unsaid(Arc<Error>);

/// Makes a page of an error, in the language of the request.
pub(super) async fn said(words: Words, request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let error = match response.extensions_mut().remove() {
        Some(Unsaid(error)) => error,
        // What reads a path or a query for a page refuses it in words of its own.
        None if response.status() == StatusCode::BAD_REQUEST => Arc::new(Error::Garbled),
        None => return response,
    };
    let status = error.status();
    let paper = Paper {
        title: &error.title(words),
        sentence: &error.sentence(words),
        home: Some("/"),
    };
    let mut response = page::respond(words, status, &paper);
    if status == StatusCode::SERVICE_UNAVAILABLE {
        let soon = HeaderValue::from_static("60");
        response.headers_mut().insert(header::RETRY_AFTER, soon);
    }
    response
}

/// What a status means to people.
pub(super) fn title(words: Words, status: StatusCode) -> String {
    words.say("error-title").with("status", status.as_u16()).into()
}

/// What nobody answers.
pub(super) async fn no_such_page() -> Error {
    Error::NoSuchPage
}

/// A page that is there, asked in a way that is not.
pub(super) async fn no_such_method() -> Error {
    Error::NoSuchMethod
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mail::Timestamp;
    use crate::model::{MailingId, OfficeId, Series, Wanting};

    #[track_caller]
    fn check(refusal: Refusal, expected: u16) {
        assert_eq!(Error::Refused(refusal).status().as_u16(), expected);
    }

    #[test]
    fn every_refusal_has_its_status() {
        let id = MailingId {
            series: Series::Case,
            year: 2026,
            number: 1,
        };
        let office = || OfficeId("registrar".into());
        let approved = Wanting::AlreadyApproved {
            by: "records@mst.example".parse().expect("valid"),
            at: Timestamp::from_micros(0),
        };
        let wrong = Refusal::WrongState {
            id,
            word: "held",
            detail: String::new(),
        };
        check(Refusal::NoSuchMailing(id), 404);
        check(wrong, 409);
        check(Refusal::NotEntitled(String::new()), 403);
        check(Refusal::CommentWanted, 422);
        check(Refusal::WrongStanding(String::new()), 409);
        check(Refusal::Wanting(Wanting::OwnMailing), 403);
        check(Refusal::Wanting(Wanting::NotTheAuthor), 403);
        check(Refusal::Wanting(Wanting::NotYours(office())), 403);
        check(Refusal::Wanting(Wanting::Approvals(vec![office()])), 409);
        check(Refusal::Wanting(approved), 409);
        check(Refusal::Store(store::Error::Conflict), 409);
        check(Refusal::Store(store::Error::Full), 503);
        check(Refusal::Store(store::Error::Disk("x".into())), 503);
        check(Refusal::Store(store::Error::Closed), 503);
        check(Refusal::Store(store::Error::Unreadable("x".into())), 500);
    }

    #[test]
    fn an_inner_error_is_not_shown() {
        let error = Error::from(store::Error::Disk("/srv/secret: torn".into()));
        let words = Words::of(&axum::http::HeaderMap::new());
        assert!(!error.sentence(words).contains("secret"));
    }
}
