//! The folder that ships, and folders with faults.

use std::path::{Path, PathBuf};

use super::*;

/// A copy of the shipped folder, with one change in one file.
fn changed(file: &str, from: &str, to: &str) -> (tempfile::TempDir, PathBuf) {
    let home = tempfile::tempdir().expect("a temporary folder");
    let dir = home.path().join("config");
    std::fs::create_dir_all(dir.join("notices")).expect("makes");
    let shipped = Path::new(env!("CARGO_MANIFEST_DIR")).join("config");
    for name in ["gateway.toml", "policy.toml", "profile.toml", "shaping.toml"] {
        let text = std::fs::read_to_string(shipped.join(name)).expect("reads");
        let text = if name == file { text.replacen(from, to, 1) } else { text };
        std::fs::write(dir.join(name), text).expect("writes");
    }
    for kind in Kind::ALL {
        let name = format!("notices/{}.txt", kind.file());
        std::fs::copy(shipped.join(&name), dir.join(&name)).expect("copies");
    }
    (home, dir)
}

#[track_caller]
fn check(file: &str, from: &str, to: &str, expected: &str) {
    let (_home, dir) = changed(file, from, to);
    let fault = load(&dir).expect_err("refused").to_string();
    assert!(fault.contains(expected), "{fault}");
}

#[test]
fn the_shipped_settings_are_good() {
    let (_home, dir) = changed("", "", "");
    let config = load(&dir).expect("good");
    assert_eq!(config.gateway.lists_domain.as_str(), "lists.mst.example");
    assert_eq!(config.gateway.bounce_domain.as_str(), "bounce.lists.mst.example");
    assert_eq!(config.policy.lists.len(), 7);
}

#[test]
fn one_domain_name_is_all_that_another_campus_changes() {
    let (_home, dir) = changed("gateway.toml", "mst.example", "campus.test");
    let config = load(&dir).expect("good");
    let everything = format!("{config:?}");
    assert!(!everything.contains("mst.example"), "{everything}");
    assert!(
        config
            .policy
            .lists
            .contains_key(&"students@lists.campus.test".parse().expect("valid"))
    );
}

#[test]
fn faults_say_where_and_what() {
    check("gateway.toml", "data_dir ", "data_dri ", "gateway.toml:");
    check("gateway.toml", "data_dir ", "data_dri ", "did you mean `data_dir`?");
    check("gateway.toml", "127.0.0.0/8", "127.0.0.0", "a network has the form");
    check(
        "gateway.toml",
        "\"starttls-required\"\nauth",
        "\"off\"\nauth",
        "offers AUTH and no TLS",
    );
    check("gateway.toml", "America/Chicago", "America/Rolla", "time-zone database");
    check("gateway.toml", "= 1000 ", "= 50 ", "at least 100");
    check("gateway.toml", "\"5m\"", "\"5 apples\"", "no length of time");
    check(
        "policy.toml",
        "office  = \"registrar\"",
        "office  = \"registry\"",
        "that there is not",
    );
    check(
        "policy.toml",
        "\"not-needed\" ",
        "\"not-neded\" ",
        "did you mean `not-needed`?",
    );
    check(
        "policy.toml",
        "audience    = \"students\"",
        "audience    = \"student\"",
        "that there is not",
    );
    check("shaping.toml", "= 200", "= 0", "shaping.toml:3");
    check(
        "profile.toml",
        "subject_chars",
        "subject_chras",
        "did you mean `subject_chars`?",
    );
    check("profile.toml", "\"#154734\"", "\"#15473\"", "no colour");
    check(
        "profile.toml",
        "[levels]",
        "[levels]\nsubject-lnog = \"off\"",
        "no check",
    );
}
