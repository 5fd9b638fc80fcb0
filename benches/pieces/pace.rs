//! Pace: whether a copy may go now, and what a reply means to the flow it is said to.

use std::hint::black_box;
use std::sync::Arc;
use std::time::Duration;

use bedel::decide::shape::{Claim, Pool, Shaper, Trip};
use bedel::mail::Status;
use bedel::model::Lane;

use crate::{Group, now, shipped, site};

/// How long after another a copy goes.
const STEP: Duration = Duration::from_secs(1);

/// Measures them, by the shipped limits.
pub(crate) fn measure(group: &mut Group<'_>) {
    let mut shaper = Shaper::new(Arc::new(shipped().shaping));
    let signing: Arc<str> = "lists.mst.example".into();
    let claim = Claim {
        mailing: Some(site::case(1)),
        lane: Lane::Bulk,
        pool: Pool::Mailings,
        signing_domain: Some(&signing),
    };
    let domain = "gmail.com".parse().expect("a domain");
    let stream = shaper.stream(&domain, claim.pool);
    let own = stream.of_connection();
    shaper.hold(&own);
    group.bench_function("where a copy goes", |bencher| {
        bencher.iter(|| shaper.stream(black_box(&domain), claim.pool));
    });
    group.bench_function("may it go now", |bencher| {
        bencher.iter(|| {
            let asked = shaper.ask_sender(black_box(&claim), now());
            asked
                .and_then(|()| shaper.ask_receiver(&stream, &claim, &own, now()))
                .is_ok()
        });
    });
    group.bench_function("it goes, and is taken", |bencher| {
        let mut now = now();
        bencher.iter(|| {
            now = now.plus(STEP);
            shaper.spend(&stream, &claim, now);
            shaper.taken(&stream, now);
        });
    });
    let trip = Trip {
        set_out: now(),
        carried: 3,
    };
    for (name, said) in [
        (
            "what a known refusal means",
            Status::new(550, 1, 1, "The email account that you tried to reach does not exist."),
        ),
        (
            "what an unknown refusal means",
            Status::new(554, 0, 0, "Delivery was not possible, for no reason that is told"),
        ),
    ] {
        group.bench_function(name, |bencher| {
            bencher.iter(|| shaper.refused(&stream, black_box(&said), trip, now()));
        });
    }
}
