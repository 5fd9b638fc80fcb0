//! What was not done → HTTP status and a sentence: the one table.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::rejection::{JsonRejection, PathRejection, QueryRejection};
use axum::http::header::WWW_AUTHENTICATE;
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::openapi::{self, Content, Ref, RefOr, ResponseBuilder};
use utoipa::{IntoResponses, PartialSchema as _, ToSchema};

use crate::decide::feed;
use crate::stage::import;
use crate::stage::review::Refusal;
use crate::store::Error;

/// Why a request was not done. Each sentence can be shown to whoever asked.
#[derive(Debug, thiserror::Error)]
pub(super) enum Fault {
    /// The request itself is wrong.
    #[error("{0}")]
    Malformed(String),
    /// No token, or one nobody has.
    #[error("sign in with `Authorization: Bearer TOKEN`; the operator gives tokens: bedel account token ADDRESS")]
    SignIn,
    /// The operator acts as an account that is not there.
    #[error("there is no account {0}; add it: bedel account add {0}")]
    NoSuchActor(String),
    /// An act of review without an account to answer for it.
    #[error("say which account acts: header X-Bedel-Actor, or --as ACCOUNT")]
    ActorWanted,
    /// There is no such thing.
    #[error("{0}")]
    Missing(String),
    /// It is as asked already, or is in the way.
    #[error("{0}")]
    Taken(String),
    /// The body is larger than its limit.
    #[error("it is larger than {0} MiB")]
    TooLarge(usize),
    /// The body says that it is something else.
    #[error("send JSON, with `Content-Type: application/json`")]
    NotJson,
    /// Their token is for reading only.
    #[error("this token only reads; one that may act: bedel account token ADDRESS --scope act")]
    ReadOnly,
    /// The fields are well formed, and a value is not acceptable.
    #[error("{0}")]
    Unacceptable(String),
    /// What the answer is to come from did not answer.
    #[error("{0}")]
    Unreached(String),
    /// The desk refused.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The memory failed.
    #[error(transparent)]
    Store(#[from] Error),
}

impl Fault {
    /// The one table.
    pub(super) fn status(&self) -> StatusCode {
        match self {
            Self::Malformed(_) | Self::ActorWanted => StatusCode::BAD_REQUEST,
            Self::SignIn => StatusCode::UNAUTHORIZED,
            Self::NoSuchActor(_) | Self::ReadOnly => StatusCode::FORBIDDEN,
            Self::NotJson => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::Missing(_) => StatusCode::NOT_FOUND,
            Self::Taken(_) => StatusCode::CONFLICT,
            Self::TooLarge(_) => StatusCode::PAYLOAD_TOO_LARGE,
            Self::Unacceptable(_) => StatusCode::UNPROCESSABLE_ENTITY,
            Self::Unreached(_) => StatusCode::BAD_GATEWAY,
            Self::Refused(refusal) => refused(refusal),
            Self::Store(error) => failed(error),
        }
    }
}

fn refused(refusal: &Refusal) -> StatusCode {
    match refusal {
        Refusal::NoSuchMailing(_) => StatusCode::NOT_FOUND,
        Refusal::WrongState { .. } | Refusal::WrongStanding(_) | Refusal::Unfit(_) => StatusCode::CONFLICT,
        Refusal::NotEntitled(_) => StatusCode::FORBIDDEN,
        Refusal::TooOften(_) => StatusCode::TOO_MANY_REQUESTS,
        Refusal::CommentWanted | Refusal::Malformed(_) => StatusCode::UNPROCESSABLE_ENTITY,
        Refusal::Wanting(wanting) if wanting.is_forbidden() => StatusCode::FORBIDDEN,
        Refusal::Wanting(_) => StatusCode::CONFLICT,
        Refusal::Store(error) => failed(error),
    }
}

fn failed(error: &Error) -> StatusCode {
    match error {
        Error::Conflict => StatusCode::CONFLICT,
        Error::Full | Error::Disk(_) | Error::Unreadable(_) | Error::Closed => StatusCode::SERVICE_UNAVAILABLE,
    }
}

/// The body of every answer that is a no.
#[derive(Serialize, ToSchema)]
#[schema(as = No)]
struct Said {
    /// Why, and what to do.
    error: String,
}

/// The shape of every answer that is a no.
pub(super) fn schema() -> RefOr<openapi::Schema> {
    Said::schema()
}

impl IntoResponses for Fault {
    /// The statuses of the table above, each with a sentence.
    fn responses() -> BTreeMap<String, RefOr<openapi::Response>> {
        const NOES: [(&str, &str); 11] = [
            ("400", "the request itself is wrong"),
            ("401", "no token, or one nobody has"),
            ("403", "it is not theirs to do"),
            ("404", "there is no such thing, or not for them"),
            ("409", "not as things stand, or no more"),
            ("413", "the body is too large"),
            ("415", "the body is not JSON"),
            ("422", "a value is not acceptable"),
            ("429", "more people looked up than one does by hand"),
            ("502", "a directory or database did not answer"),
            ("503", "the memory cannot be reached now"),
        ];
        let content = || Content::new(Some(Ref::from_schema_name("No")));
        let response = |what: &str| {
            let built = ResponseBuilder::new()
                .description(what)
                .content("application/json", content());
            RefOr::T(built.build())
        };
        NOES.iter()
            .map(|(status, what)| ((*status).to_owned(), response(what)))
            .collect()
    }
}

impl IntoResponse for Fault {
    fn into_response(self) -> Response {
        let status = self.status();
        if status.is_server_error() {
            tracing::error!(error = %self, "a request to the API failed");
        }
        let error = self.to_string();
        let mut response = (status, Json(Said { error })).into_response();
        if matches!(self, Self::SignIn) {
            let challenge = HeaderValue::from_static("Bearer realm=\"bedel\"");
            response.headers_mut().insert(WWW_AUTHENTICATE, challenge);
        }
        response
    }
}

impl From<QueryRejection> for Fault {
    fn from(rejection: QueryRejection) -> Self {
        Self::Malformed(bare(&rejection.body_text()).to_owned())
    }
}

impl From<PathRejection> for Fault {
    fn from(rejection: PathRejection) -> Self {
        Self::Malformed(rejection.body_text())
    }
}

/// What is wrong with a value and its name, without what the library says around it.
fn bare(said: &str) -> &str {
    let around = [
        "Failed to deserialize the JSON body into the target type: ",
        "Failed to deserialize query string: ",
    ];
    let said = around
        .iter()
        .find_map(|around| said.strip_prefix(around))
        .unwrap_or(said);
    said.rsplit_once(" at line ").map_or(said, |(what, _)| what)
}

impl From<JsonRejection> for Fault {
    fn from(rejection: JsonRejection) -> Self {
        match rejection.status() {
            StatusCode::PAYLOAD_TOO_LARGE => Self::TooLarge(2),
            StatusCode::UNPROCESSABLE_ENTITY => Self::Unacceptable(bare(&rejection.body_text()).to_owned()),
            StatusCode::UNSUPPORTED_MEDIA_TYPE => Self::NotJson,
            _ => Self::Malformed(rejection.body_text()),
        }
    }
}

impl From<import::Error> for Fault {
    fn from(error: import::Error) -> Self {
        match error {
            import::Error::NoSource(what) => Self::Unacceptable(what),
            import::Error::Broken(feed::Broken(what)) => Self::Unreached(format!("{what}; nothing was changed")),
            import::Error::Store(error) => Self::Store(error),
        }
    }
}

/// What no route leads to.
pub(super) async fn nowhere() -> Fault {
    Fault::Missing("there is nothing here; people, accounts, audit and store are behind the control socket".to_owned())
}

/// What a route leads to, and not by this method.
pub(super) async fn not_so() -> Response {
    let error = "this can be had, but not by this method".to_owned();
    (StatusCode::METHOD_NOT_ALLOWED, Json(Said { error })).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Wanting;

    #[test]
    fn what_is_wrong_with_a_value_is_said_bare() {
        let said = "Failed to deserialize the JSON body into the target type: to[0]: an address has the form \
                    name@domain at line 1 column 187";
        assert_eq!(bare(said), "to[0]: an address has the form name@domain");
        let said = "Failed to deserialize query string: limit: invalid digit found in string";
        assert_eq!(bare(said), "limit: invalid digit found in string");
        assert_eq!(bare("something else"), "something else");
    }

    #[test]
    fn each_no_has_its_status() {
        let table: [(Fault, u16); 11] = [
            (Refusal::NotEntitled(String::new()).into(), 403),
            (Refusal::Wanting(Wanting::OwnMailing).into(), 403),
            (Refusal::Wanting(Wanting::Approvals(vec![])).into(), 409),
            (Refusal::WrongStanding(String::new()).into(), 409),
            (Refusal::CommentWanted.into(), 422),
            (Refusal::Store(Error::Full).into(), 503),
            (Error::Conflict.into(), 409),
            (Fault::SignIn, 401),
            (Fault::ActorWanted, 400),
            (Fault::TooLarge(1), 413),
            (import::Error::Broken(feed::Broken(String::new())).into(), 502),
        ];
        for (fault, status) in table {
            assert_eq!(fault.status().as_u16(), status, "{fault:?}");
        }
    }
}
