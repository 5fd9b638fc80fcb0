//! What went wrong, and the HTTP status it comes to: the one table.

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};

use super::page::{self, Paper};
use crate::stage::review::Refusal;
use crate::store;

/// Why a page is not shown. Each sentence can be shown to whoever asked.
#[derive(Debug, thiserror::Error)]
pub(super) enum Error {
    /// Nobody is signed in.
    #[error("sign in first")]
    SignInFirst {
        /// The page they wanted, to come back to.
        next: String,
    },
    /// A form that we did not give to this person, or not lately.
    #[error("this form is no longer good: go back, reload the page and try again")]
    Forged,
    /// A form that we cannot read.
    #[error("the form could not be read: {0}")]
    Unreadable(String),
    /// There is no such page.
    #[error("there is no such page")]
    NoSuchPage,
    /// The page is not asked that way.
    #[error("this page cannot be asked for in this way")]
    NoSuchMethod,
    /// Only reviewers may see it.
    #[error("only reviewers, and those who watch over contact data, may see this page")]
    ReviewersOnly,
    /// The desk said no.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// Too many pages are being kept fresh.
    #[error("too many pages are open at once; reload this one by hand")]
    Busy,
    /// A page could not be made.
    #[error("the page could not be made; the postmaster finds the reason in the log")]
    Broken(#[source] Box<dyn std::error::Error + Send + Sync>),
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
            Self::Forged | Self::ReviewersOnly => StatusCode::FORBIDDEN,
            Self::Unreadable(_) => StatusCode::UNPROCESSABLE_ENTITY,
            Self::NoSuchPage => StatusCode::NOT_FOUND,
            Self::NoSuchMethod => StatusCode::METHOD_NOT_ALLOWED,
            Self::Refused(refusal) => status(refusal),
            Self::Busy => StatusCode::SERVICE_UNAVAILABLE,
            Self::Broken(_) => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    /// What people read of it: of our own failures only that there was one.
    pub(super) fn sentence(&self) -> String {
        if let Self::Refused(refusal) = self {
            return sentence(refusal);
        }
        page::sentence(&self.to_string())
    }
}

/// The status of what the desk refused.
pub(super) fn status(refusal: &Refusal) -> StatusCode {
    match refusal {
        Refusal::NoSuchMailing(_) => StatusCode::NOT_FOUND,
        Refusal::WrongState { .. } | Refusal::WrongStanding(_) | Refusal::Unfit(_) => StatusCode::CONFLICT,
        Refusal::NotEntitled(_) => StatusCode::FORBIDDEN,
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
pub(super) fn sentence(refusal: &Refusal) -> String {
    let Refusal::Store(error) = refusal else {
        return page::sentence(&refusal.to_string());
    };
    let sentence = match error {
        store::Error::Conflict => "Somebody else has just changed it; look again.",
        store::Error::Full | store::Error::Disk(_) | store::Error::Closed | store::Error::Unreadable(_) => {
            "Bedel cannot reach its memory now; nothing was changed. Try again in a minute."
        }
    };
    sentence.to_owned()
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
        let status = self.status();
        let paper = Paper {
            title: status.canonical_reason().unwrap_or("Error"),
            sentence: &self.sentence(),
            home: Some("/"),
        };
        let mut response = page::respond(status, &paper);
        if status == StatusCode::SERVICE_UNAVAILABLE {
            let soon = HeaderValue::from_static("60");
            response.headers_mut().insert(header::RETRY_AFTER, soon);
        }
        response
    }
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
        assert!(!error.sentence().contains("secret"));
    }
}
