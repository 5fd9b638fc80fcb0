//! What each figure is, as Prometheus shows it; `docs/monitoring.md` says what to do about it.

use metrics::{describe_counter, describe_gauge, describe_histogram};

/// Figures that only grow.
const COUNTED: &[(&str, &str)] = &[
    (
        "bedel_intake_connections_total",
        "SMTP connections, by listener and answer",
    ),
    (
        "bedel_intake_messages_total",
        "Messages handed over, by listener and answer: taken, deferred (4yz), refused (5yz)",
    ),
    (
        "bedel_intake_decisions_total",
        "What the policy decided: pass, hold, refuse",
    ),
    (
        "bedel_copies_total",
        "Attempts to deliver a copy, by provider and outcome",
    ),
    (
        "bedel_returns_total",
        "What came back of copies once it was read: bounces by class, complaints, unsubscribes",
    ),
    (
        "bedel_store_commits_total",
        "Commits, by result: kept, conflict (somebody was faster), full (no disk space), failed",
    ),
    ("bedel_worker_rounds_total", "Rounds of each worker, by result"),
];

/// Figures as they stand.
const STANDING: &[(&str, &str)] = &[
    ("bedel_build_info", "1, with the version"),
    ("bedel_ready", "Whether a message could be kept now"),
    ("bedel_disk_free_bytes", "Free space on the disk of the store"),
    (
        "bedel_held_cases",
        "Cases that wait for people, by whose turn it is and how old they are",
    ),
    (
        "bedel_held_oldest_seconds",
        "Age of the oldest case, by whose turn it is",
    ),
    (
        "bedel_untold_cases",
        "Cases of which people have still to be told that they are held, or have another version",
    ),
    (
        "bedel_mailings",
        "Mailings that are not over, by state; conveyed mail among them",
    ),
    (
        "bedel_outbox_copies",
        "Copies still to leave, by lane, provider and whether they were put off",
    ),
    (
        "bedel_copies_per_second",
        "Copies taken a second over the last minute, all mailings under way together",
    ),
    ("bedel_braked_mailings", "Mailings that the gateway itself has paused"),
    ("bedel_breaker", "State of a provider's breaker: 1 for the one it is in"),
    (
        "bedel_breaker_others",
        "Next hops and other domains by the state of their breaker",
    ),
    (
        "bedel_limit_messages_per_second",
        "The rate in force towards a provider",
    ),
    ("bedel_limit_connections", "The connections in force towards a provider"),
    ("bedel_connections", "Connections that count against a provider now"),
    (
        "bedel_slowed",
        "Whether a provider has slowed us below the start of its limits",
    ),
    ("bedel_delivery_workers", "Workers that send copies"),
    (
        "bedel_delivery_workers_free",
        "Those of them that have neither copy nor connection",
    ),
    ("bedel_intake_connections", "SMTP connections open now"),
    (
        "bedel_certificate_left_seconds",
        "Until the certificate of the listeners ends; a day has 86400, negative once it has ended",
    ),
    (
        "bedel_feed_last_good_timestamp_seconds",
        "When a feed of an office was applied last",
    ),
    (
        "bedel_feed_in_trouble",
        "Whether the last feed of an office was not applied",
    ),
    ("process_resident_memory_bytes", "Memory the process has in use"),
    ("process_start_time_seconds", "When the process began"),
];

/// Figures of how long things take.
const TIMED: &[(&str, &str)] = &[
    (
        "bedel_store_commit_seconds",
        "How long a commit took from being asked for until it was on the disk",
    ),
    ("bedel_store_sync_seconds", "How long each flush and fdatasync took"),
];

/// Says it to the recorder.
pub(super) fn describe() {
    COUNTED.iter().for_each(|(name, what)| describe_counter!(*name, *what));
    STANDING.iter().for_each(|(name, what)| describe_gauge!(*name, *what));
    TIMED.iter().for_each(|(name, what)| describe_histogram!(*name, *what));
}
