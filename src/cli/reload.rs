//! `bedel reload`: the running gateway reads its settings anew.

use std::path::Path;

use clap::Args;
use serde::Deserialize;
use serde_json::Value;

use super::client::{Ask, Client};
use super::{Error, out, view};
use crate::config;

/// Apply a changed folder of settings, whole or not at all.
#[derive(Debug, Args)]
#[command(
    after_long_help = "The settings are checked first, and when anything in them is wrong nothing is changed: each \
    fault is told in a sentence. SIGHUP does the same, and says it in the log. data_dir, store.key, public.apart and free_bytes_min \
    want a restart.\n\nExamples:\n  bedel reload\n  bedel --config /etc/bedel reload --json"
)]
pub(super) struct Reload {
    /// Print what the API answers
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Deserialize)]
struct Answer {
    done: String,
}

pub(super) async fn run(dir: &Path, reload: Reload) -> Result<(), Error> {
    // Whether or not the gateway can be found by these settings, all that is wrong with them is told.
    config::load_whole(dir)
        .map_err(|faults| Error::Usage(format!("nothing was changed:\n{}", faults.sentences().join("\n"))))?;
    let answer = Client::of(dir)?.ask(Ask::post("/reload", &Value::Null)).await?;
    if reload.json {
        return out::json(&answer);
    }
    out::line(&view::read::<Answer>(answer)?.done)
}
