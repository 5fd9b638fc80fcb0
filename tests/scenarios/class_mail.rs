//! Instructors and their classes are left alone. Policy C6.

use std::time::Duration;

use serde_json::json;

use crate::campus::{Campus, Letter, case, goes, people};

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

async fn teaching(begins: &str, ends: &str) -> Campus {
    let campus = Campus::open().await;
    let pupils = people(120, "pupil", "mst.example");
    let rows: Vec<String> = pupils.iter().map(|pupil| format!("cs1500,{pupil},student")).collect();
    let csv = format!(
        "section,email,role\ncs1500,instructor@mst.example,instructor\ncs1500,provost@mst.example,instructor\n{}\n",
        rows.join("\n")
    );
    let body = json!({ "term": "2026FS", "begins": begins, "ends": ends, "csv": csv });
    campus.ask("POST", "/rosters", None, &body).await.expect("taken in");
    campus
}

fn exam() -> Letter {
    Letter::new(
        "The examination",
        "Bring two pencils and the sheet of formulas you have written yourselves.",
    )
}

#[tokio::test]
async fn an_instructor_reaches_their_class_at_once() {
    let campus = teaching("2026-08-24", "2026-12-18").await;
    let class = people(120, "pupil", "mst.example");
    let reply = campus.submit("instructor", &class, &exam()).await;
    assert!(goes(&reply), "{reply}");
    campus.reaches("pupil", 120).await;
    let with_colleague = [class, vec!["provost@mst.example".to_owned()]].concat();
    let second = Letter::new(
        "The second examination",
        "It is moved to the large hall, on the same day at the same hour.",
    );
    assert!(
        goes(&campus.submit("instructor", &with_colleague, &second).await),
        "who teaches it too is of the class"
    );
}

#[tokio::test]
async fn the_class_goes_and_others_wait() {
    let campus = teaching("2026-08-24", "2026-12-18").await;
    let both = [people(120, "pupil", "mst.example"), people(40, "alum", "home.example")].concat();
    let reply = campus.submit("instructor", &both, &exam()).await;
    let case = case(&reply);
    campus.reaches("pupil", 120).await;
    assert!(campus.got("alum").is_empty());
    assert_eq!(campus.mailing(&case).await["reach"]["recipients"], 40);
}

#[tokio::test]
async fn a_class_is_one_two_weeks_around_its_term() {
    let campus = teaching("2026-12-05", "2027-05-01").await;
    let class = people(120, "pupil", "mst.example");
    assert!(
        goes(&campus.submit("instructor", &class, &exam()).await),
        "within the grace"
    );
    let campus = teaching("2026-12-20", "2027-05-01").await;
    let early = campus.submit("instructor", &class, &exam()).await;
    case(&early);
    campus.pass(20 * DAY);
    let letter = Letter::new(
        "Welcome to the class",
        "We begin with the chapter on springs; the book is in the library.",
    );
    assert!(goes(&campus.submit("instructor", &class, &letter).await));
}

#[tokio::test]
async fn somebody_elses_class_is_mass_mail() {
    let campus = teaching("2026-08-24", "2026-12-18").await;
    case(
        &campus
            .submit("author", &people(120, "pupil", "mst.example"), &exam())
            .await,
    );
    assert!(campus.got("pupil").is_empty());
}
