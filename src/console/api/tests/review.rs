//! Mailings and holds, through both doors.

use super::*;

#[tokio::test]
async fn nothing_is_released_before_the_steward_and_then_by_another_than_its_author() {
    let house = House::staffed().await;
    let id = house.hold().await;
    let (status, answer) = house.act(&id, "release", "emarcomm@mst.example").await;
    assert_eq!(status, StatusCode::CONFLICT);
    assert_eq!(
        answer["error"],
        "still wanting the approval of: Office of the Registrar"
    );
    let (status, answer) = house.act(&id, "approve", "records@mst.example").await;
    assert_eq!(status, StatusCode::OK, "{answer}");
    assert_eq!(answer["mailing"]["wanting"], json!([]));
    let (status, answer) = house.act(&id, "approve", "records@mst.example").await;
    assert_eq!(status, StatusCode::CONFLICT);
    assert!(
        answer["error"]
            .as_str()
            .expect("text")
            .starts_with("already approved by records@mst.example")
    );
    let (status, answer) = house.act(&id, "release", "author@mst.example").await;
    assert_eq!(status, StatusCode::FORBIDDEN);
    assert!(
        answer["error"]
            .as_str()
            .expect("text")
            .contains("another reviewer must release it")
    );
    let (_, still) = house.get(&format!("/mailings/{id}"), "author@mst.example").await;
    assert_eq!(
        (&still["state"], &still["may"]),
        (
            &json!("held"),
            &json!(["return", "decline", "withdraw", "claim", "schedule", "test", "edit"])
        )
    );
    let (status, answer) = house.act(&id, "release", "emarcomm@mst.example").await;
    assert_eq!(
        (status, &answer["mailing"]["state"]),
        (StatusCode::OK, &json!("released"))
    );
}

#[tokio::test]
async fn what_is_released_for_later_says_for_when() {
    let house = House::staffed().await;
    let (id, reviewer) = (house.hold().await, "emarcomm@mst.example");
    let when = json!({ "comment": "2026-11-25T10:00" });
    house.post(&format!("/mailings/{id}/schedule"), reviewer, when).await;
    house.act(&id, "approve", "records@mst.example").await;
    let (_, released) = house.act(&id, "release", reviewer).await;
    let (_, progress) = house.get(&format!("/mailings/{id}/progress"), reviewer).await;
    for told in [&released["mailing"], &progress] {
        assert_eq!(
            (&told["state"], &told["scheduled_for"]),
            (&json!("released"), &json!("2026-11-25T10:00:00Z"))
        );
    }
    let (status, refused) = house.act(&id, "stop", reviewer).await;
    let said = refused["error"].as_str().expect("text");
    assert!(
        status == StatusCode::CONFLICT && said.contains("a reviewer can decline it"),
        "{status}: {said}"
    );
    let (status, _) = house.act(&id, "decline", "records@mst.example").await;
    assert_eq!(status, StatusCode::FORBIDDEN, "a steward has had their say");
    let (status, _) = house.act(&id, "decline", reviewer).await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "its author is told why");
    let path = format!("/mailings/{id}/decline");
    let (status, answer) = house
        .post(&path, reviewer, json!({ "comment": "It is called off." }))
        .await;
    assert_eq!(
        (status, &answer["mailing"]["state"]),
        (StatusCode::OK, &json!("declined"))
    );
}

#[tokio::test]
async fn an_act_of_review_needs_an_account_that_exists() {
    let house = House::staffed().await;
    let id = house.hold().await;
    assert_eq!(house.act(&id, "release", "").await.0, StatusCode::BAD_REQUEST);
    assert_eq!(
        house.act(&id, "release", "nobody@mst.example").await.0,
        StatusCode::FORBIDDEN
    );
    assert_eq!(
        house.act(&id, "approve", "stranger@mst.example").await.0,
        StatusCode::NOT_FOUND
    );
    assert_eq!(
        house.act(&id, "launch", "emarcomm@mst.example").await.0,
        StatusCode::NOT_FOUND
    );
    assert_eq!(
        house.act("MC-2026-9999", "release", "emarcomm@mst.example").await.0,
        StatusCode::NOT_FOUND
    );
    assert_eq!(
        house.act(&id, "decline", "emarcomm@mst.example").await.0,
        StatusCode::UNPROCESSABLE_ENTITY
    );
    let comment = json!({ "comment": "Too long." });
    let (status, answer) = house
        .post(&format!("/mailings/{id}/return"), "emarcomm@mst.example", comment)
        .await;
    assert_eq!(
        (status, &answer["mailing"]["state"]),
        (StatusCode::OK, &json!("returned"))
    );
}

#[tokio::test]
async fn holds_are_seen_by_those_they_concern() {
    let house = House::staffed().await;
    let id = house.hold().await;
    for (actor, seen) in [
        ("", 1),
        ("records@mst.example", 1),
        ("author@mst.example", 1),
        ("stranger@mst.example", 0),
    ] {
        let (_, holds) = house.get("/holds", actor).await;
        assert_eq!(holds.as_array().map(Vec::len), Some(seen), "{actor}");
    }
    let (_, whole) = house.get(&format!("/mailings/{id}"), "").await;
    assert_eq!(whole["findings"][0]["rule"], "list-posting");
    assert!(whole["preview"]["text"].as_str().expect("text").starts_with("Hello"));
    assert_eq!(
        (&whole["reach"]["recipients"], &whole["tally"]),
        (&json!(0), &Value::Null)
    );
    assert_eq!(
        house.get(&format!("/mailings/{id}"), "stranger@mst.example").await.0,
        StatusCode::NOT_FOUND
    );
    let (_, progress) = house.get(&format!("/mailings/{id}/progress"), "").await;
    assert_eq!(
        (&progress["state"], &progress["tally"]["planned"]),
        (&json!("held"), &json!(0))
    );
}

#[tokio::test]
async fn through_the_port_comes_who_has_a_token_and_finds_review_alone() {
    let house = House::staffed().await;
    house.hold().await;
    let (_, answer) = house.post("/accounts/emarcomm@mst.example/token", "", json!({})).await;
    let token = answer["token"].as_str().expect("a token").to_owned();
    assert!(token.starts_with("bedel_") && token.len() == 49, "{token}");
    let ask = async |path: &str, header: String| {
        let request = Request::get(format!("/api/v1{path}")).header("Authorization", header);
        house
            .send(Door::Port, request.body(Body::empty()).expect("a request"))
            .await
            .0
    };
    assert_eq!(ask("/holds", format!("Bearer {token}")).await, StatusCode::OK);
    assert_eq!(
        ask("/people/count?audience=students", format!("Bearer {token}")).await,
        StatusCode::OK
    );
    assert_eq!(
        ask("/holds", format!("Bearer {token}x")).await,
        StatusCode::UNAUTHORIZED
    );
    assert_eq!(ask("/holds", format!("Basic {token}")).await, StatusCode::UNAUTHORIZED);
    for path in ["/accounts", "/audit", "/store/export"] {
        assert_eq!(
            ask(path, format!("Bearer {token}")).await,
            StatusCode::NOT_FOUND,
            "{path}"
        );
    }
    // The header that names an actor means nothing here.
    let request = Request::get("/api/v1/holds").header("X-Bedel-Actor", "emarcomm@mst.example");
    let (status, _) = house
        .send(Door::Port, request.body(Body::empty()).expect("a request"))
        .await;
    assert_eq!(status, StatusCode::UNAUTHORIZED);
    house
        .ask(Method::DELETE, "/accounts/emarcomm@mst.example", "", Body::empty())
        .await;
    assert_eq!(ask("/holds", format!("Bearer {token}")).await, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn several_are_made_one_and_somebody_is_away_by_the_same_acts_as_on_the_pages() {
    let house = House::staffed().await;
    let (first, second) = (house.hold().await, house.hold().await);
    let combine = async |ids: &[&str], who: &str| {
        let body = json!({ "mailings": ids, "subject": "News of the week" });
        house.post("/holds/combine", who, body).await
    };
    let both = [first.as_str(), second.as_str()];
    assert_eq!(combine(&both, "records@mst.example").await.0, StatusCode::FORBIDDEN);
    assert_eq!(
        combine(&both[..1], "emarcomm@mst.example").await.0,
        StatusCode::UNPROCESSABLE_ENTITY
    );
    assert_eq!(
        combine(&[&first, "x"], "emarcomm@mst.example").await.0,
        StatusCode::NOT_FOUND
    );
    let (status, answer) = combine(&both, "emarcomm@mst.example").await;
    assert_eq!(status, StatusCode::OK, "{answer}");
    assert!(
        answer["done"]
            .as_str()
            .expect("text")
            .starts_with("2 messages are one now")
    );
    assert_ne!(combine(&both, "emarcomm@mst.example").await.0, StatusCode::OK, "once");
    let away = async |until: &str| {
        let body = json!({ "until": until });
        house.post("/away", "records@mst.example", body).await
    };
    assert_eq!(away("tomorrow").await.0, StatusCode::UNPROCESSABLE_ENTITY);
    let (status, answer) = away("2999-12-24").await;
    assert_eq!(
        (status, &answer["done"]),
        (
            StatusCode::OK,
            &json!("You are away until 2999-12-24: meanwhile your deputies are asked.")
        )
    );
    assert!(
        away("").await.1["done"]
            .as_str()
            .expect("text")
            .contains("You are back")
    );
}
