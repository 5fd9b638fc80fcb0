//! The settings, read anew: asked of whoever runs the gateway, who applies them whole or not at all.

use axum::Json;
use axum::extract::State as From;
use serde::Serialize;
use tokio::sync::{mpsc, oneshot};
use utoipa::ToSchema;

use super::ApiState;
use super::actor::Actor;
use super::error::Fault;

/// Requests that wait while one is under way.
const WAITING_MAX: usize = 8;

/// Asks for it.
#[derive(Debug, Clone)]
pub struct Reload(mpsc::Sender<ReloadAsk>);

/// Somebody asks for it.
#[derive(Debug)]
pub struct ReloadAsk {
    /// Who, for the audit trail.
    pub by: String,
    /// Where the answer goes.
    pub answer: oneshot::Sender<Reloaded>,
}

/// The files that have changed and are in force now; or a sentence for each fault, and nothing has changed.
pub type Reloaded = Result<Vec<String>, Vec<String>>;

impl Reload {
    /// Who asks, and what is asked.
    pub fn pair() -> (Self, mpsc::Receiver<ReloadAsk>) {
        let (sender, asked) = mpsc::channel(WAITING_MAX);
        (Self(sender), asked)
    }

    /// Asks, and waits until it is done.
    pub async fn ask(&self, by: String) -> Reloaded {
        let closing = || vec!["the gateway is closing".to_owned()];
        let (answer, answered) = oneshot::channel();
        let asked = self.0.send(ReloadAsk { by, answer }).await;
        asked.map_err(|_nobody| closing())?;
        answered.await.map_err(|_nobody| closing())?
    }
}

/// What is in force now.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Reloaded)]
pub(super) struct InForce {
    done: String,
    /// The files that have changed since they were read last.
    changed: Vec<String>,
}

/// `POST /reload`: reads the folder of settings anew, and applies it whole or not at all.
#[utoipa::path(
    post,
    path = "/reload",
    tag = "operation",
    responses((status = 200, description = "what has changed and is in force", body = InForce), Fault)
)]
pub(super) async fn reload(From(api): From<ApiState>, who: Actor) -> Result<Json<InForce>, Fault> {
    match api.reload.ask(who.to_string()).await {
        Ok(changed) => Ok(Json(InForce {
            done: said(&changed),
            changed,
        })),
        Err(faults) => Err(Fault::Malformed(format!("nothing was changed:\n{}", faults.join("\n")))),
    }
}

fn said(changed: &[String]) -> String {
    if changed.is_empty() {
        "Read anew; no file of settings has changed since.".to_owned()
    } else {
        format!("In force: {}.", changed.join(", "))
    }
}
