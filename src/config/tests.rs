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
fn a_folder_that_is_not_there_is_asked_for() {
    let home = tempfile::tempdir().expect("a temporary folder");
    let fault = load(&home.path().join("etc")).expect_err("refused").to_string();
    assert!(fault.contains("say where they are with --config"), "{fault}");
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

#[test]
fn faults_of_shaping_say_where_and_what() {
    let check = |from: &str, to: &str, expected: &str| check("shaping.toml", from, to, expected);
    check("each_host ", "each_hots ", "did you mean `each_host`?");
    check(
        "messages_per_second = 200",
        "messages_per_secnod = 200",
        "did you mean `messages_per_second`?",
    );
    check("start = 5, max = 10", "strat = 5, max = 10", "did you mean `start`?");
    check(
        "start = 5, max = 10",
        "start = 50, max = 10",
        "provider.gmail.connections: max is below start",
    );
    check("messages_per_second = 200", "messages_per_second = 0", "`0` is no rate");
    check("connections = 10", "connections = 0", "shaping.toml:17");
    check(
        "\"slow\", \"silence 10m\"",
        "\"slwo\", \"silence 10m\"",
        "did you mean `slow`?",
    );
    check("means = \"block\"", "means = \"blok\"", "did you mean `block`?");
    check("\"15m\"", "\"15 parsecs\"", "no length of time");
    check(
        "# [hours]",
        "[hours]\nbulk = \"22:00-07:00\"\n#",
        "are no hours of a day",
    );
    check(
        "[provider.default]",
        "[provider.others]",
        "there is no [provider.default]",
    );
    check("growth_percent = 20", "growth_percent = 900", "growth_percent");
    check(
        "bounces_warn     = 2",
        "bounces_warn     = 9",
        "not above brake.bounces_pause",
    );
}

#[test]
fn a_provider_or_a_rule_that_could_never_match_is_refused() {
    let check = |from: &str, to: &str, expected: &str| check("shaping.toml", from, to, expected);
    // What was seen in the wild: a suffix that ends in a dot, a sample of another provider, a pattern with a slip.
    check(
        "[\".ess.barracudanetworks.com\"]",
        "[\".ess.barracudanetworks.com.\"]",
        "is no end of a name",
    );
    check(
        "= [\".yahoodns.net\"]",
        "= [\".yahoodn.net\"]",
        "its own sample_mx ends in none of its mx",
    );
    check(
        "reply = \"4.7.28\"",
        "reply = \"4.7.82\"",
        "its own sample is caught by",
    );
    check(
        "reply = \"[HCM1]\"",
        "reply = \"[HMC1]\"",
        "rule \"deferred HCM1\": its own sample",
    );
    check("reply = \"421\"", "reply = \"*\"", "would find every reply");
    check(
        "domains                 = [\"comcast.net\"]\nmx                      = [\".comcast.net\"]\nsample_mx               = \"mx1a1.comcast.net\"",
        "",
        "would ever be its own",
    );
}

#[test]
fn every_shipped_rule_knows_its_own_sample_and_every_provider_its_own_exchanger() {
    let (_home, dir) = changed("", "", "");
    let shaping = load(&dir).expect("good").shaping;
    assert_eq!(shaping.faults(), []);
    let rules: usize = shaping.providers.iter().map(|provider| provider.rules.len()).sum();
    assert!(
        shaping.providers.len() == 12 && rules + shaping.rules.len() > 80,
        "{rules}"
    );
    for provider in &shaping.providers {
        let sample = provider.sample_exchanger.clone().expect("each has one");
        let firm = "firm.example".parse().expect("valid");
        assert_eq!(shaping.providers_of(&firm, &[sample]), [provider]);
    }
    let keys = |domain: &str| -> Vec<String> {
        let found = shaping.providers_of(&domain.parse().expect("valid"), &[]);
        found.iter().map(|provider| provider.key.clone()).collect()
    };
    assert_eq!(
        (keys("aol.com"), keys("mst.example")),
        (vec!["yahoo".to_owned()], vec!["campus".to_owned()])
    );
    assert_eq!(
        (keys("cs.mst.example"), keys("firm.example")),
        (vec!["campus".to_owned()], vec![])
    );
}

/// The commented examples of a file of settings, as settings.
fn examples(text: &str, from: &str) -> String {
    let (_, after) = text.split_once(from).expect("the examples are there");
    let whole = format!("{from}{after}");
    let lines = whole.lines().take_while(|line| line.starts_with('#'));
    let plain = lines.map(|line| line.trim_start_matches('#').trim_start());
    plain.collect::<Vec<_>>().join("\n")
}

#[test]
fn the_examples_of_feeds_are_good() {
    let shipped =
        std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("config/gateway.toml")).expect("reads");
    let examples = examples(&shipped, "# [feed.hr]\n");
    let (_home, dir) = changed("gateway.toml", "[public] ", &format!("{examples}\n\n[public] "));
    let config = load(&dir).expect("good");
    let words: Vec<_> = config
        .feeds
        .iter()
        .map(|(office, feed)| (office.0.as_str(), feed.source.as_ref().map(SourceSettings::word)))
        .collect();
    assert_eq!(
        words,
        [
            ("advancement", None),
            ("hr", Some("ldap")),
            ("registrar", Some("postgres"))
        ]
    );
}

#[test]
fn a_feed_that_makes_no_sense_is_refused_with_what_would() {
    let rules = |text: &str, expected: &str| {
        check(
            "policy.toml",
            "drop_percent_max   = 10 ",
            &format!("{text}\ndrop_percent_max   = 10 "),
            expected,
        );
    };
    rules("at = \"02:30\"\nevery = \"6h\"", "has both `at` and `every`");
    rules("at = \"02:30\"", "no [feed.registrar] in gateway.toml says where");
    rules("at = \"half past two\"", "is no time of day");
    rules("every = \"5s\"", "less than a minute");
    rules("canary = \"a@mst.example\"", "is not in the lists domain");
    rules("canary = \"students\"", "is a list");
    rules("feilds = []", "did you mean `fields`?");
    check(
        "policy.toml",
        "\"campus\", \"class\"",
        "\"GPA\", \"class\"",
        "grades have no place in a contact system",
    );
    check("policy.toml", "[feed.hr]", "[feed.hrr]", "an office that there is not");
    let matching = |key, fault| check("policy.toml", "= [\"student\"], class =", key, fault);
    matching("= [\"student\"], clas =", "which no feed brings; did you mean `class`?");
    matching("= [\"student\"], shoe_size =", "add it to `fields`");
    let twice = "[feed.hr]\ncanary = \"j.ellis\"\n[feed.emarcomm]\ncanary = \"J.Ellis\"\n[feed.chancellor]";
    check("policy.toml", "[feed.hr]", twice, "have one canary");
}

#[test]
fn a_source_that_makes_no_sense_is_refused_with_what_would() {
    const LDAP: &str = "[feed.hr]\nsource = \"ldap\"\nurl = \"ldaps://d.mst.example\"\nbase = \"dc=mst\"\n\
                        columns = { source_key = \"uid\", email = \"mail\", affiliation = \"title\" }";
    const SQL: &str = "[feed.hr]\nsource = \"postgres\"\nhost = \"db.mst.example\"\ndbname = \"hr\"\nuser = \"bedel\"\nquery = \"select 1\"";
    let source = |whole: &str, from: &str, to: &str, expected: &str| {
        assert!(whole.contains(from), "{from}");
        let text = whole.replacen(from, to, 1);
        check("gateway.toml", "[public] ", &format!("{text}\n\n[public] "), expected);
    };
    source(LDAP, "[feed.hr]", "[feed.nobody]", "that policy.toml does not have");
    source(LDAP, "\"ldap\"", "\"ldpa\"", "did you mean `ldap`?");
    source(
        LDAP,
        "ldaps://d.mst.example",
        "http://d.mst.example",
        "is none of a directory",
    );
    source(LDAP, "base = \"dc=mst\"", "bsae = \"dc=mst\"", "did you mean `base`?");
    source(
        LDAP,
        "base = \"dc=mst\"",
        "base = \"dc=mst\"\nfilter = \"(mail=*\"",
        "is no filter",
    );
    source(
        LDAP,
        "base = \"dc=mst\"",
        "base = \"dc=mst\"\nquery = \"select 1\"",
        "is for source = \"postgres\"",
    );
    source(LDAP, "affiliation = \"title\"", "unit = \"ou\"", "has no `affiliation`");
    source(SQL, "query = \"select 1\"", "", "has no `query`");
    source(
        SQL,
        "host = \"db.mst.example\"",
        "host = \"db.mst.example\"\ntls = \"off\"",
        "on another machine",
    );
    source(
        SQL,
        "host = \"db.mst.example\"",
        "host = \"/run/pg\"\ntls = \"verified\"",
        "a socket of this machine",
    );
    source(SQL, "host = \"db.mst.example\"", "url_file = \"x\"", "take them out");
    source(
        SQL,
        "host = \"db.mst.example\"",
        "base = \"x\"",
        "is for source = \"ldap\"",
    );
}
