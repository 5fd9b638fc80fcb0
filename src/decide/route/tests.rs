//! What DNS says, and where mail goes.

use super::*;

fn records(of: &[(u16, &str)]) -> Vec<Exchanger> {
    of.iter().map(|(rank, name)| Exchanger::new(*rank, name)).collect()
}

fn host(rank: u16, name: &str) -> Host {
    Host {
        exchanger: Exchanger::new(rank, name),
        addresses: vec![IpAddr::from([192, 0, 2, 1])],
        assurance: Assurance::Asked(RelayTls::Opportunistic),
    }
}

fn site(hosts: &[(u16, &str)], us: &str) -> Result<Site, Nowhere> {
    let hosts = hosts.iter().map(|(rank, name)| host(*rank, name)).collect();
    Site::new(hosts, RelayTls::Opportunistic, |host| host.exchanger.name == us)
}

#[track_caller]
fn check(of: &[(u16, &str)], expected: Result<&[&str], Nowhere>) {
    let domain = "campus.example".parse().expect("valid");
    let found = exchangers(&domain, &records(of));
    let names = found.map(|found| found.into_iter().map(|one| one.name).collect::<Vec<_>>());
    let expected = expected.map(|names| names.iter().map(|&name| name.to_owned()).collect::<Vec<_>>());
    assert_eq!(names, expected, "{of:?}");
}

#[test]
fn exchangers_stand_by_rank_and_a_domain_without_any_is_its_own() {
    check(
        &[(20, "B.example."), (10, "a.example.")],
        Ok(&["a.example", "b.example"]),
    );
    check(&[], Ok(&["campus.example"]));
    check(&[(0, ".")], Err(Nowhere::NullMx));
    // A null MX beside others is a mistake, and no reason to lose mail.
    check(&[(0, "."), (10, "a.example")], Ok(&["a.example"]));
    check(&[(10, "a.example"), (20, "a.example")], Ok(&["a.example"]));
    assert_eq!(Nowhere::NullMx.status().to_string().get(..10), Some("556 5.1.10"));
}

#[test]
fn whoever_ranks_no_better_than_we_do_is_left_out() {
    let names = |site: Result<Site, Nowhere>| site.map(|site| site.names());
    let all = [
        (10, "a.example"),
        (20, "us.example"),
        (20, "b.example"),
        (30, "c.example"),
    ];
    assert_eq!(names(site(&all, "us.example")), Ok(vec!["a.example".to_owned()]));
    assert_eq!(names(site(&all, "a.example")), Err(Nowhere::Loop));
    assert_eq!(names(site(&all, "nobody.example")).map(|names| names.len()), Ok(4));
}

#[test]
fn a_site_without_an_address_is_nowhere() {
    let mut lost = host(10, "a.example");
    lost.addresses.clear();
    assert_eq!(
        Site::new(vec![lost], RelayTls::Opportunistic, |_| false),
        Err(Nowhere::NoHost)
    );
}

#[test]
fn one_name_is_one_set_of_hosts_that_prove_the_same() {
    let name =
        |hosts: Vec<Host>| Site::new(hosts, RelayTls::Opportunistic, |_| false).map(|site| site.name.to_string());
    let (a, b) = (host(10, "a.example"), host(10, "b.example"));
    assert_eq!(name(vec![b.clone(), a.clone()]), Ok("a.example,b.example".to_owned()));
    let of_policy = Host {
        assurance: Assurance::Sts,
        ..a
    };
    assert_eq!(name(vec![of_policy, b]), Ok("a.example,b.example (MTA-STS)".to_owned()));
}

#[test]
fn equals_take_turns_and_ranks_do_not() {
    let site = site(&[(10, "a.example"), (10, "b.example"), (20, "c.example")], "").expect("hosts");
    let firsts: std::collections::BTreeSet<&str> = (0..6)
        .map(|seed| {
            site.in_turn(seed)
                .first()
                .map(|host| host.exchanger.name.as_str())
                .unwrap_or_default()
        })
        .collect();
    assert_eq!(firsts.into_iter().collect::<Vec<_>>(), ["a.example", "b.example"]);
    for seed in 0..6 {
        let turn = site.in_turn(seed);
        assert_eq!(turn.len(), 3);
        assert_eq!(turn.last().map(|host| host.exchanger.name.as_str()), Some("c.example"));
    }
}

#[test]
fn dane_goes_before_a_policy_and_both_before_the_settings() {
    let key = Tlsa::new(3, 1, 1, vec![0; 32]);
    let unknown = Tlsa::new(1, 1, 1, vec![0; 32]);
    let of = |asked, is_enforced, tlsa: &[Tlsa]| Assurance::of(asked, is_enforced, tlsa);
    assert_eq!(
        of(RelayTls::Opportunistic, true, std::slice::from_ref(&key)),
        Assurance::Dane(vec![key.clone()])
    );
    assert_eq!(of(RelayTls::Opportunistic, true, &[]), Assurance::Sts);
    assert_eq!(
        of(RelayTls::Opportunistic, true, std::slice::from_ref(&unknown)),
        Assurance::Sts
    );
    assert_eq!(
        of(RelayTls::Opportunistic, false, &[unknown]),
        Assurance::Asked(RelayTls::Required)
    );
    assert_eq!(of(RelayTls::Verified, false, &[]), Assurance::Asked(RelayTls::Verified));
    assert_eq!(of(RelayTls::Off, true, &[key]), Assurance::Asked(RelayTls::Off));
}
