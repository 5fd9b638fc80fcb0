//! The rules of the house that a machine can check.
//!
//! Rot is stopped by a test, not by a wish: who imports whom, where a file's text begins, who may read the clock, who
//! may name the engine, where the console's words stand, and that every standard cited is in the README's table.

mod words;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// A room and the rooms it may import, by the paths after `crate::`. `X` allows `X` and all below it.
const MAY_IMPORT: &[(&str, &[&str])] = &[
    ("mail", &[]),
    ("clock", &["mail"]),
    ("password", &[]),
    ("smtp", &["mail"]),
    ("model", &["mail"]),
    ("decide::policy", &["mail", "model"]),
    ("decide::aggregate", &["mail", "model"]),
    ("decide::audience", &["mail", "model"]),
    ("decide::compose", &["mail", "model"]),
    ("decide::route", &["mail"]),
    ("decide::shape", &["mail", "model"]),
    ("decide::report", &["mail", "model"]),
    ("decide::contents", &["mail", "model"]),
    ("decide::likeness", &["mail", "model"]),
    ("decide::notice", &["mail", "model"]),
    ("decide::feed", &["mail", "model"]),
    ("decide::lint", &["mail", "model"]),
    ("decide", &[]),
    ("store", &["mail", "model"]),
    ("stage::broke", &[]),
    ("stage::worker", &["store"]),
    ("stage::docket", &["mail", "model", "store"]),
    ("stage::restored", &["mail", "model", "store"]),
    (
        "stage::intake",
        &[
            "mail",
            "smtp",
            "model",
            "decide",
            "store",
            "clock",
            "password",
            "stage::worker",
        ],
    ),
    (
        "stage::review",
        &[
            "mail",
            "model",
            "decide",
            "store",
            "clock",
            "password",
            "stage::docket",
            "stage::worker",
        ],
    ),
    (
        "stage::expand",
        &[
            "mail",
            "model",
            "decide",
            "store",
            "clock",
            "stage::docket",
            "stage::worker",
        ],
    ),
    (
        "stage::deliver",
        &[
            "mail",
            "smtp",
            "model",
            "decide",
            "store",
            "clock",
            "stage::broke",
            "stage::worker",
        ],
    ),
    (
        "stage::feedback",
        &["mail", "model", "decide", "store", "clock", "stage::worker"],
    ),
    (
        "stage::import",
        &[
            "mail",
            "model",
            "decide",
            "store",
            "clock",
            "stage::broke",
            "stage::worker",
        ],
    ),
    (
        "stage::tend",
        &["mail", "model", "decide", "store", "clock", "stage::worker"],
    ),
    ("stage", &[]),
    (
        "console",
        &[
            "mail",
            "model",
            "stage::review",
            // A feed that somebody hands in goes where fetched ones go.
            "stage::import",
            // What would happen to a message is asked of the room that would take it.
            "stage::intake",
            "store",
            "clock",
            "password",
            "decide::feed",
            // What other hosts report is summed up where it is read.
            "decide::aggregate",
            // How whoever receives mail stands is asked of the one shaper; the desk has it.
            "decide::shape",
        ],
    ),
    ("sink", &["smtp", "decide::shape", "stage::worker"]),
    (
        "config",
        &["mail", "smtp", "model", "decide", "store", "stage", "console"],
    ),
    (
        "service",
        &[
            "mail", "model", "decide", "store", "stage", "console", "clock", "config", "sink", "password", "smtp",
        ],
    ),
    (
        "cli",
        &[
            "mail",
            "model",
            "config",
            "service",
            "store",
            "stage",
            "decide",
            "sink",
            "smtp",
            "clock",
            // SIGHUP asks as the control socket does.
            "console::api",
        ],
    ),
    ("main", &["cli"]),
];

struct Source {
    /// Below `src/`, such as `stage/intake/mod.rs`.
    path: PathBuf,
    text: String,
    /// Without its tests.
    production: String,
}

impl Source {
    /// The module's path, such as `stage::intake::listener`.
    fn module(&self) -> String {
        let without = self.path.with_extension("");
        let mut parts: Vec<_> = without
            .components()
            .map(|part| part.as_os_str().to_string_lossy().into_owned())
            .collect();
        if parts.last().is_some_and(|last| last == "mod") {
            parts.pop();
        }
        parts.join("::")
    }

    fn is_test(&self) -> bool {
        self.path.file_stem().is_some_and(|stem| stem == "tests")
            || self.path.components().any(|part| part.as_os_str() == "tests")
    }
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn sources() -> Vec<Source> {
    let mut sources = Vec::new();
    let mut folders = vec![root().join("src")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).expect("a folder of the house") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let text = fs::read_to_string(&path).expect("a source file");
                let production = text
                    .split("#[cfg(test)]\nmod tests {")
                    .next()
                    .unwrap_or_default()
                    .to_owned();
                let path = path.strip_prefix(root().join("src")).expect("below src").to_owned();
                sources.push(Source { path, text, production });
            }
        }
    }
    assert!(sources.len() > 50, "the house has more than fifty files");
    sources
}

/// The room of the table a module is in: the longest that fits.
fn room(module: &str) -> Option<&'static (&'static str, &'static [&'static str])> {
    MAY_IMPORT
        .iter()
        .filter(|(room, _)| is_within(module, room))
        .max_by_key(|(room, _)| room.len())
}

fn is_within(module: &str, room: &str) -> bool {
    module == room || module.strip_prefix(room).is_some_and(|rest| rest.starts_with("::"))
}

/// Every `crate::a::b…` a text names, in `use` trees of one level as well.
fn imports(text: &str) -> Vec<String> {
    let code: String = text
        .lines()
        .filter(|line| !line.trim_start().starts_with("//"))
        .collect::<Vec<_>>()
        .join("\n");
    let mut found = Vec::new();
    for rest in code.split("crate::").skip(1) {
        let end = rest
            .find(|c: char| !(c.is_alphanumeric() || c == '_' || c == ':'))
            .unwrap_or(rest.len());
        let (path, after) = rest.split_at(end);
        let inner = after.strip_prefix('{').and_then(|list| list.split('}').next());
        match (inner, path.trim_end_matches("::")) {
            (Some(list), path) => {
                let heads = list
                    .split(',')
                    .map(|item| item.trim().split([':', ' ']).next().unwrap_or_default());
                let joined = |head: &str| {
                    if path.is_empty() {
                        head.to_owned()
                    } else {
                        format!("{path}::{head}")
                    }
                };
                found.extend(heads.filter(|head| !head.is_empty()).map(joined));
            }
            (None, path) => found.push(path.to_owned()),
        }
    }
    found
}

#[test]
fn rooms_import_only_what_the_table_allows() {
    let mut faults = Vec::new();
    for source in sources()
        .iter()
        .filter(|source| source.module() != "lib" && !source.is_test())
    {
        let module = source.module();
        let Some((own, allowed)) = room(&module) else {
            faults.push(format!("{module}: the room is not in the table"));
            continue;
        };
        for import in imports(&source.production) {
            if !is_within(&import, own) && !allowed.iter().any(|room| is_within(&import, room)) {
                faults.push(format!("{module} imports {import}"));
            }
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn a_check_of_imports_sees_lists_and_single_paths() {
    let text =
        "use crate::{store};\nuse crate::mail::{Address, Domain};\nfn f() { crate::model::id::x() }\n// crate::cli";
    assert_eq!(
        imports(text),
        ["store", "mail::Address", "mail::Domain", "model::id::x"]
    );
}

#[test]
fn every_file_says_first_what_it_is() {
    for source in sources() {
        let first = source.text.lines().next().unwrap_or_default();
        assert!(
            first.starts_with("//! "),
            "{} does not begin with //!",
            source.path.display()
        );
        assert!(
            first.chars().count() <= 120,
            "{}: the first line is too long",
            source.path.display()
        );
        assert!(
            !first.starts_with("//! This "),
            "{}: say what it is",
            source.path.display()
        );
    }
}

#[test]
fn the_pure_rooms_neither_wait_nor_read_the_world() {
    let pure = ["mail", "smtp", "model", "decide"];
    let banned = [
        ".await",
        "async fn",
        "tokio::",
        "std::fs",
        "std::net::Tcp",
        "std::env",
        "Timestamp::now",
        "tracing::",
    ];
    for source in sources()
        .iter()
        .filter(|s| !s.is_test() && pure.iter().any(|room| is_within(&s.module(), room)))
    {
        for word in banned {
            assert!(
                !source.production.contains(word),
                "{} has `{word}`",
                source.path.display()
            );
        }
    }
}

#[test]
fn only_the_store_knows_its_engine_and_the_door_back_from_the_disk() {
    for source in sources()
        .iter()
        .filter(|source| !is_within(&source.module(), "store") && !source.is_test())
    {
        for word in ["sled::", "lifecycle::restore", "postcard::from_bytes::<State>"] {
            assert!(
                !source.production.contains(word),
                "{} names `{word}`",
                source.path.display()
            );
        }
    }
}

#[test]
fn only_the_clock_reads_the_time_of_day() {
    for source in sources()
        .iter()
        .filter(|source| source.module() != "clock" && !source.is_test())
    {
        for word in ["Timestamp::now()", "SystemTime::now()", "Zoned::now()"] {
            assert!(
                !source.production.contains(word),
                "{} has `{word}`",
                source.path.display()
            );
        }
    }
}

#[test]
fn nothing_is_left_for_later() {
    for source in sources() {
        for word in ["TODO", "FIXME", "XXX", "todo!(", "unimplemented!("] {
            assert!(!source.text.contains(word), "{} has `{word}`", source.path.display());
        }
    }
}

#[test]
fn every_file_of_the_house_is_part_of_it() {
    let all = sources();
    for source in &all {
        let module = source.module();
        let (parent, name) = module.rsplit_once("::").unwrap_or(("lib", &module));
        if ["lib", "main"].contains(&module.as_str()) {
            continue;
        }
        let declared = all.iter().filter(|other| other.module() == parent).any(|other| {
            other
                .text
                .lines()
                .any(|line| line.trim().ends_with(&format!("mod {name};")))
        });
        assert!(declared, "{module} is declared nowhere");
    }
}

#[test]
fn every_standard_cited_is_in_the_readme() {
    let readme = fs::read_to_string(root().join("README.md")).expect("the README");
    let mut missing = BTreeSet::new();
    for source in sources() {
        for rest in source.text.split("RFC ").skip(1) {
            let number: String = rest.chars().take_while(char::is_ascii_digit).collect();
            if !number.is_empty() && !readme.contains(&format!("| {number} |")) {
                missing.insert(number);
            }
        }
    }
    assert!(
        missing.is_empty(),
        "cited, and not in the README's table of standards: {missing:?}"
    );
}

#[test]
fn every_rule_has_a_verdict() {
    let rules = fs::read_dir(root().join("src/decide/policy/rules")).expect("the rules");
    let verdicts: String = fs::read_dir(root().join("tests/verdicts"))
        .expect("the verdicts")
        .map(|entry| fs::read_to_string(entry.expect("an entry").path()).expect("a verdict"))
        .collect();
    let mut rules_seen = 0;
    for rule in rules {
        let path = rule.expect("an entry").path();
        let name = path.file_stem().expect("a name").to_string_lossy().replace('_', "-");
        if name != "mod" && name != "tests" {
            assert!(verdicts.contains(&name), "no verdict expects {name}");
            rules_seen += 1;
        }
    }
    assert!(rules_seen > 2);
}
