//! Settings are read anew while mail goes on.

use serde_json::Value;

use crate::campus::{Campus, Letter};

async fn reloaded(campus: &Campus) -> String {
    let answer = campus
        .ask("POST", "/reload", None, &Value::Null)
        .await
        .expect("applied");
    answer
        .get("done")
        .and_then(Value::as_str)
        .unwrap_or_default()
        .to_owned()
}

fn change(campus: &Campus, file: &str, before: &str, after: &str) {
    let path = campus.config().join(file);
    let text = std::fs::read_to_string(&path).expect("reads");
    assert!(text.contains(before), "{file} has no {before}");
    std::fs::write(path, text.replacen(before, after, 1)).expect("writes");
}

#[tokio::test]
async fn nobody_waits_for_a_host_that_says_nothing() {
    let campus = Campus::open().await;
    let letter = Letter::new("The keys", "Dear colleague,\n\nthe keys are with the porter.\n");
    let send = async |to: &str| {
        let said = campus.submit("author", &[to.to_owned()], &letter).await;
        assert!(said.starts_with("250 2.0.0"), "{said}");
    };
    send("hang1@elsewhere.example").await;
    campus.reaches("hang1@", 1).await;
    change(&campus, "shaping.toml", "first_day      = 300", "first_day      = 301");
    assert_eq!(reloaded(&campus).await, "In force: shaping.toml.");
    send("ann@elsewhere.example").await;
    campus.reaches("ann@", 1).await;
    // Nothing has changed since, and nobody is at another's door.
    assert_eq!(
        reloaded(&campus).await,
        "Read anew; no file of settings has changed since."
    );
    for number in 0..6 {
        send(&format!("ben{number}@elsewhere.example")).await;
    }
    campus.reaches("ben", 6).await;
    assert_eq!(campus.got("hang1@").len(), 1, "it is in one hand");
}
