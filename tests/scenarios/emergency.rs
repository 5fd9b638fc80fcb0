//! An emergency waits for nobody but a second factor, and overtakes everything. Policy C17.

use serde_json::json;

use crate::campus::{Campus, Letter, case, list, people};

fn alarm() -> Letter {
    Letter::new(
        "Leave the north building",
        "A gas leak in the north building: leave it now.",
    )
}

#[tokio::test]
async fn a_second_person_lets_an_emergency_go_past_a_release_under_way() {
    let campus = Campus::with(|file, text| match file {
        "shaping.toml" => text.replace("messages_per_second = 200", "messages_per_second = 20"),
        _ => text,
    })
    .await;
    let alumni: Vec<(String, &str)> = people(2_000, "alum", "home.example")
        .into_iter()
        .map(|one| (one, ",US,,,,"))
        .collect();
    campus.feed("advancement", "alumnus", &alumni).await;
    campus.students(5).await;
    let news = Letter::new(
        "News of the laboratory",
        "Dear alumni,\n\nthe laboratory is open again.\n\nMissouri S&T, dean@mst.example",
    );
    let large = case(&campus.submit("author", &list("alumni"), &news).await);
    campus
        .act(&large, "approve", "alumni-data", &json!({}))
        .await
        .expect("approved");
    campus
        .act(&large, "release", "emarcomm", &json!({}))
        .await
        .expect("released");
    campus
        .until("it is under way", async || !campus.got("alum").is_empty())
        .await;

    let reply = campus.submit("police", &list("alert"), &alarm()).await;
    let urgent = case(&reply);
    let own = campus.act(&urgent, "confirm", "police", &json!({})).await;
    own.expect_err("nobody confirms their own");
    campus
        .act(&urgent, "confirm", "provost", &json!({}))
        .await
        .expect("confirmed");
    campus.reaches("s", 5).await;
    let gone = format!("An emergency has gone: {urgent}");
    let heard = async || campus.got("emarcomm@").iter().any(|(_, notice)| notice.contains(&gone));
    campus.until("a reviewer hears of it", heard).await;
    assert_eq!(
        campus.mailing(&large).await["state"],
        "expanded",
        "the large one goes on"
    );
    let copies = campus.got("s");
    assert!(
        copies.iter().all(|(_, copy)| !copy.contains("List-Unsubscribe")),
        "{copies:?}"
    );
    campus
        .act(&urgent, "reviewed", "emarcomm", &json!({}))
        .await
        .expect("read afterwards");
}

#[tokio::test]
async fn the_same_words_of_anybody_else_are_refused() {
    let campus = Campus::open().await;
    campus.students(1).await;
    let reply = campus.submit("author", &list("alert"), &alarm()).await;
    assert!(reply.starts_with("550 5.7.1"), "{reply}");
    assert!(campus.got("s").is_empty());
}

#[tokio::test]
async fn a_drill_takes_the_same_road_to_those_who_practise_alone() {
    let campus = Campus::open().await;
    campus.students(3).await;
    let secret = secret_of_police(&campus).await;
    let code = |drill: bool| json!({ "code": one_time_code(&secret, campus.clock.now().as_micros() / 30_000_000), "drill": drill });
    let arm = async |said| {
        campus
            .ask("POST", "/emergency/arm", Some("police@mst.example"), &said)
            .await
    };
    arm(code(true)).await.expect("armed for a drill");
    let urgent = campus.submit("police", &list("alert"), &alarm()).await;
    assert!(urgent.contains("Goes at once"), "{urgent}");
    campus.state(&case(&urgent), "closed").await;
    for who in ["police@", "cio@"] {
        campus.reaches(who, 1).await;
        let (_, copy) = campus.got(who).remove(0);
        assert!(copy.contains("Subject: DRILL: Leave the north building"), "{copy}");
    }
    assert!(campus.got("s").is_empty());

    arm(code(false)).await.expect_err("a code counts once");
    campus.pass(std::time::Duration::from_secs(90));
    arm(code(false)).await.expect("armed");
    let second = Letter::new("Leave the south building", "Smoke in the south building: leave it now.");
    campus.submit("police", &list("alert"), &second).await;
    campus.reaches("s", 3).await;
}

#[tokio::test]
async fn the_same_message_sent_again_goes_once_its_author_is_armed() {
    let campus = Campus::open().await;
    campus.students(3).await;
    let secret = secret_of_police(&campus).await;
    let letter = alarm();
    let first = campus.submit("police", &list("alert"), &letter).await;
    assert!(first.contains("Held as"), "{first}");
    let again = campus.submit("police", &list("alert"), &letter).await;
    assert_eq!(case(&again), case(&first), "a repeat is the same case");

    let code = one_time_code(&secret, campus.clock.now().as_micros() / 30_000_000);
    campus
        .ask(
            "POST",
            "/emergency/arm",
            Some("police@mst.example"),
            &json!({ "code": code, "drill": false }),
        )
        .await
        .expect("armed");
    let urgent = campus.submit("police", &list("alert"), &letter).await;
    assert!(urgent.contains("Goes at once"), "{urgent}");
    campus.reaches("s", 3).await;
    campus.state(&case(&first), "withdrawn").await;
    let again = campus.submit("police", &list("alert"), &letter).await;
    assert!(
        again.contains("Goes at once") && case(&again) == case(&urgent),
        "a client that has not heard the answer is told it again: {again}"
    );
    assert_eq!(campus.got("s").len(), 3, "and nobody gets a second copy");
}

#[tokio::test]
async fn an_authenticator_of_an_emergency_role_wants_the_role() {
    let campus = Campus::open().await;
    let enroll = async |who| campus.ask("POST", "/emergency/enroll", Some(who), &json!({})).await;
    let refused = enroll("records@mst.example").await.expect_err("no role of theirs");
    assert!(
        refused.contains("[emergency] of policy.toml") && refused.contains("bedel account factor records@mst.example"),
        "{refused}"
    );
    let armed = campus
        .ask(
            "POST",
            "/emergency/arm",
            Some("records@mst.example"),
            &json!({ "code": "000000" }),
        )
        .await;
    armed.expect_err("nothing came of it");
    enroll("police@mst.example").await.expect("theirs");
    let signs_in = campus
        .ask("POST", "/accounts/records@mst.example/factor", None, &json!({}))
        .await;
    assert!(signs_in.expect("any account's")["secret"].is_string());
}

async fn secret_of_police(campus: &Campus) -> String {
    let enrolled = campus
        .ask("POST", "/emergency/enroll", Some("police@mst.example"), &json!({}))
        .await;
    let enrolled = enrolled.expect("enrolled");
    let secret = enrolled.get("secret").and_then(|secret| secret.as_str());
    secret.expect("told").to_owned()
}

/// RFC 6238, as an authenticator does it.
fn one_time_code(secret: &str, step: i64) -> String {
    use aws_lc_rs::hmac::{HMAC_SHA1_FOR_LEGACY_USE_ONLY, Key, sign};
    let key = data_encoding::BASE32_NOPAD.decode(secret.as_bytes()).expect("base32");
    let tag = sign(&Key::new(HMAC_SHA1_FOR_LEGACY_USE_ONLY, &key), &step.to_be_bytes());
    let offset = usize::from(tag.as_ref().last().expect("octets") & 15);
    let four = tag.as_ref().get(offset..offset + 4).expect("four octets");
    let four: [u8; 4] = four.try_into().expect("four");
    format!("{:06}", (u32::from_be_bytes(four) & 0x7fff_ffff) % 1_000_000)
}
