"""What leaves is seen: /metrics by Prometheus's own parser, /monitor as people have it, `mailing watch` and `mailing show`."""

import http.cookiejar
import json
import pathlib
import re
import shutil
import signal
import subprocess
import time
import urllib.error
import urllib.parse
import urllib.request

from prometheus_client.parser import text_string_to_metric_families

from campus import BEDEL, PASSWORD, ROOT, Campus, unshaped, until
from letters import letter, smtplib_submit

SHAPING = unshaped(1000) + """
[provider.big]
name                = "Big Mail"
domains             = ["big.example"]
mx                  = [".big.example"]
sample_mx           = "mx1.big.example"
connections         = 2
messages_per_second = { start = 4, max = 8 }
[provider.small]
name                = "Small Mail"
domains             = ["small.example"]
mx                  = [".small.example"]
sample_mx           = "mx1.small.example"
connections         = 4
messages_per_second = { start = 20, max = 40 }
"""
SUBJECT = "Tuition for the spring"


def contacts(campus):
    """A hundred people at Big Mail, sixty at Small Mail, twenty elsewhere; some gone, some with a full mailbox."""
    people = [f"b{n}@big.example" for n in range(100)] + [f"m{n}@small.example" for n in range(50)]
    people += [f"gone{n}@small.example" for n in range(4)] + [f"full{n}@small.example" for n in range(6)]
    people += [f"o{n}@other{n}.example" for n in range(20)]
    rows = [f"{n},{address},Ann,Student {n},student,physics,US" for n, address in enumerate(people)]
    feed = campus.home / "seen.csv"
    feed.write_text("\n".join(["source_key,email,given_name,family_name,affiliation,unit,country", *rows]) + "\n")
    campus.bedel("people", "import", feed, "--source", "registrar")
    return people


def fetch(port, path, headers=()):
    request = urllib.request.Request(f"http://127.0.0.1:{port}{path}", headers=dict(headers))
    try:
        with urllib.request.urlopen(request, timeout=20) as answer:
            return answer.status, answer.read().decode(), answer.headers
    except urllib.error.HTTPError as refused:
        return refused.code, refused.read().decode(), refused.headers


def figures(campus, door="console"):
    """Every sample, by name and labels, as Prometheus would take it."""
    status, text, headers = fetch(campus.ports[door], "/metrics")
    assert status == 200 and headers["Content-Type"].startswith("text/plain; version=0.0.4"), (status, headers)
    families = list(text_string_to_metric_families(text))
    samples = {}
    for family in families:
        for sample in family.samples:
            key = (sample.name, tuple(sorted(sample.labels.items())))
            assert key not in samples, f"twice: {key}"
            samples[key] = sample.value
    return families, samples, text


def value(samples, name, **labels):
    return samples.get((name, tuple(sorted(labels.items()))))


def opener(campus, account):
    """Opens pages of the console as somebody who has signed in."""
    jar = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar()))
    base = f"http://127.0.0.1:{campus.ports['console']}"
    form = urllib.parse.urlencode({"account": f"{account}@mst.example", "password": PASSWORD}).encode()
    jar.open(f"{base}/login", form, timeout=20)
    return lambda path: jar.open(base + path, timeout=30)


def signed_in(campus, account):
    opened = opener(campus, account)
    return lambda path: opened(path).read().decode()


def tell(report):
    # No contacts of the campus's own, and the console by plain HTTP, so that its cookie comes back.
    with Campus(contacts=0, shaping=SHAPING) as campus:
        plain(campus)
        campus.bedel("account", "add", "postmaster", "--password-file", campus.home / "password")
        people = contacts(campus)
        before(report, campus)
        said = smtplib_submit(campus, letter(SUBJECT))
        case = re.search(r"MC-\d{4}-\d+", said).group(0)
        held(report, campus)
        campus.release(case)
        watched(report, campus, case)
        until("some have left", 60, lambda: progress(campus, case)["tally"]["accepted"] >= 30)
        leaving(report, campus, case)
        page(report, campus, case)
        campus.bedel("mailing", "stop", case, "--as", "emarcomm")
        over(report, campus, case)
        nameless(report, campus, people, case)
        promtool(report, campus)


def plain(campus):
    """The console's address as it is, so that a client without TLS keeps its cookie."""
    path = campus.config / "gateway.toml"
    address = f"127.0.0.1:{campus.ports['console']}"
    path.write_text(re.sub(rf'(address = "{address}")', rf'\1\nurl = "http://{address}"', path.read_text(), count=1))
    campus.gateway.send_signal(signal.SIGINT)
    campus.gateway.wait(60)
    campus.start_gateway()


def before(report, campus):
    for door in ["console", "public"]:
        port = campus.ports[door]
        report.check(f"/healthz at the {door} door", fetch(port, "/healthz")[:2] == (200, "ok\n"))
        report.check(f"/readyz at the {door} door", fetch(port, "/readyz")[:2] == (200, "ready\n"))
        _, samples, _ = figures(campus, door)
        report.check(f"/metrics at the {door} door is what Prometheus reads", value(samples, "bedel_ready") == 1.0)
        elsewhere = fetch(port, "/metrics", {"X-Forwarded-For": "203.0.113.9"}.items())
        report.check(f"/metrics at the {door} door is not there for other networks", elsewhere[0] == 404, elsewhere)
    families, samples, _ = figures(campus)
    undescribed = [family.name for family in families if not family.documentation]
    report.check("every figure says what it is", not undescribed, undescribed)
    left = value(samples, "bedel_certificate_left_seconds")
    report.check("days left of the certificate", left is not None and left > 86400, left)
    pulled = value(samples, "bedel_feed_last_good_timestamp_seconds", office="registrar")
    report.check("when the registrar's feed was applied last", pulled is not None and time.time() - pulled < 600, pulled)
    report.check("a feed that went well is in no trouble", value(samples, "bedel_feed_in_trouble", office="registrar") == 0.0)


def held(report, campus):
    _, samples, _ = figures(campus)
    report.check("a case waits for a steward", value(samples, "bedel_held_cases", waits_for="steward", age="day") == 1.0)
    report.check("the policy held it", value(samples, "bedel_intake_decisions_total", decision="hold") == 1.0)
    taken = value(samples, "bedel_intake_messages_total", listener="submission", answer="taken")
    report.check("the submission listener took it", taken == 1.0, taken)


def progress(campus, case):
    return json.loads(campus.bedel("mailing", "watch", case, "--json").splitlines()[-1]) if is_over(campus, case) else first_line(campus, case)


def is_over(campus, case):
    return campus.json("mailing", "show", case)["state"] == "closed"


def watch(campus, case, *words):
    command = [str(part) for part in [BEDEL, "--config", campus.config, "mailing", "watch", case, *words]]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def first_line(campus, case):
    watching = watch(campus, case, "--json")
    line = watching.stdout.readline()
    watching.send_signal(signal.SIGINT)
    watching.communicate(timeout=30)
    return json.loads(line)


def watched(report, campus, case):
    """Whoever watches goes by Ctrl-C; the mailing goes on."""
    watching = watch(campus, case, "--json")
    lines = [json.loads(watching.stdout.readline()) for _ in range(3)]
    watching.send_signal(signal.SIGINT)
    out, err = watching.communicate(timeout=30)
    report.check("mailing watch --json: a line a change, each whole", all(line["id"] == case for line in lines), lines)
    report.check("Ctrl-C ends the watching with 0", watching.returncode == 0, (watching.returncode, out, err))
    state = campus.bedel("mailing", "show", case).split("\n")[0]
    report.check("and leaves the mailing alone", "being sent" in state, state)


def leaving(report, campus, case):
    now = until("it has a pace and an end", 30, lambda: paced(campus, case))
    report.check("progress says the pace", 0 < now["copies_per_second"] < 100, now["copies_per_second"])
    ends = time.mktime(time.strptime(now["expected_end"][:19], "%Y-%m-%dT%H:%M:%S")) - time.timezone
    report.check("and when the last is expected to leave", -5 < ends - time.time() < 120, now["expected_end"])
    by = {fare["provider"]: fare for fare in now["by_provider"]}
    report.check("by provider: planned", {name: fare["planned"] for name, fare in by.items()} == {"Big Mail": 100, "Small Mail": 60, "other domains": 20}, by)
    report.check("by provider: what was said most", any("550 5.1.1" in said["reply"] for said in by["Small Mail"]["replies"]), by["Small Mail"])
    shown = campus.bedel("mailing", "show", case)
    report.check("mailing show has the table by provider", "PROVIDER" in shown and "Big Mail" in shown and "452 4.2.2" in shown, shown)
    _, samples, _ = figures(campus)
    left = value(samples, "bedel_outbox_copies", lane="bulk", provider="Big Mail", state="fresh")
    report.check("outbox by lane and provider", left is not None and 0 < left <= 100, left)
    put_off = value(samples, "bedel_outbox_copies", lane="bulk", provider="Small Mail", state="deferred")
    report.check("those put off apart", put_off == 6.0, put_off)
    report.check("breakers", value(samples, "bedel_breaker", provider="Big Mail", state="closed") == 1.0)
    rate = value(samples, "bedel_limit_messages_per_second", provider="Big Mail")
    report.check("the rate in force", rate is not None and 4 <= rate <= 8, rate)


def paced(campus, case):
    now = first_line(campus, case)
    return now if now["expected_end"] and now["copies_per_second"] else None


def page(report, campus, case):
    reviewer, postmaster, author = (signed_in(campus, who) for who in ["emarcomm", "postmaster", "author"])
    seen = reviewer("/monitor")
    report.check("/monitor shows the mailing", case in seen and f"/mailing/{case}" in seen)
    report.check("/monitor shows its progress, complete without a script", "<progress" in seen and "copies settled" in seen)
    report.check("/monitor draws charts itself", seen.count("<svg") >= 2 and "<rect" in seen)
    report.check("/monitor has one script, its own", seen.count("<script") == 1 and "/console-" in seen)
    report.check("/monitor says what limits are in force", "Big Mail" in seen and "between 4 a second and 8 a second" in seen)
    explained = campus.json("shape", "explain", "big.example")
    sentences = [bound["sentence"] for bound in explained["binds"] if bound["who"] == "Big Mail"]
    same = until("a limit binds both", 20, lambda: [s for s in sentences if s in reviewer("/monitor")] or not sentences)
    report.check("in the words of `shape explain`", bool(same))
    report.check("/monitor is for postmasters as well", case in postmaster("/monitor"))
    try:
        author("/monitor")
        report.check("/monitor is not for authors", False)
    except urllib.error.HTTPError as refused:
        report.check("/monitor is not for authors", refused.code == 403, refused.code)
    report.check("/monitor/live brings it by itself", fresh(campus), "")
    report.check("no address of a contact on /monitor", "@big.example" not in seen and "@small.example" not in seen)


def fresh(campus):
    """The first event of the stream, and a second that differs."""
    opened = opener(campus, "emarcomm")
    with opened("/monitor/live") as stream:
        events = 0
        for line in stream:
            events += line.strip() == b"event: fresh"
            if events == 2:
                return True
    return False


def over(report, campus, case):
    watching = watch(campus, case, "--json")
    out, _ = watching.communicate(timeout=60)
    last = json.loads(out.splitlines()[-1])
    report.check("mailing watch ends with the mailing", watching.returncode == 0 and last["state"] == "closed", last)
    shown = until("the table is kept", 20, lambda: [text for text in [campus.bedel("mailing", "show", case)] if "PROVIDER" in text])[0]
    report.check("the table by provider is there when it is over", "Big Mail" in shown and "UNCERTAIN" in shown, shown)


def nameless(report, campus, people, case):
    families, samples, text = figures(campus)
    named = [one for one in [*people, "@", SUBJECT, case] if one in text]
    report.check("no address, no subject and no mailing in the figures", not named, named)
    report.check("few series", len(samples) < 1000, len(samples))
    accepted = value(samples, "bedel_copies_total", provider="Small Mail", outcome="accepted")
    failed = value(samples, "bedel_copies_total", provider="Small Mail", outcome="failed")
    report.check("copies by provider and outcome", (accepted, failed) == (50.0, 4.0), (accepted, failed))
    gone = until("what was refused is read", 20, lambda: value(figures(campus)[1], "bedel_returns_total", kind="bounce", **{"class": "gone"}))
    report.check("bounces by class", gone == 4.0, gone)
    for name in ["bedel_store_sync_seconds", "bedel_store_commit_seconds"]:
        [family] = [family for family in families if family.name == name]
        buckets = [sample.value for sample in family.samples if sample.name == f"{name}_bucket"]
        report.check(f"{name} is a histogram", family.type == "histogram" and buckets == sorted(buckets) and buckets[-1] > 0, family.type)
    rounds = value(samples, "bedel_worker_rounds_total", worker="deliver", result="done")
    report.check("workers", rounds and value(samples, "bedel_delivery_workers") > 1, rounds)


def promtool(report, campus):
    """Prometheus's own check of names, help and types; and of the alerts that the documentation offers."""
    tool = promtool_path()
    if tool is None:
        report.skip("promtool", "it is not there, and cannot be fetched (apt install prometheus)")
        return
    checked = subprocess.run([tool, "check", "metrics"], input=figures(campus)[2], capture_output=True, text=True, timeout=60)
    report.check("promtool check metrics finds nothing", checked.returncode == 0 and not checked.stderr.strip(), checked.stderr)
    text = (ROOT / "docs" / "monitoring.md").read_text()
    [alerts] = [block.split("```")[0] for block in text.split("```yaml\n")[1:] if block.startswith("groups:")]
    (campus.home / "alerts.yml").write_text(alerts)
    checked = subprocess.run([tool, "check", "rules", campus.home / "alerts.yml"], capture_output=True, text=True, timeout=60)
    report.check("promtool reads the alerts of docs/monitoring.md", checked.returncode == 0, checked.stdout + checked.stderr)
    known = {name for name, _ in figures(campus)[1]}
    asked = set(re.findall(r"\b(?:bedel|process)_\w+", alerts))
    report.check("each figure they ask for is there", asked <= known, asked - known)


def promtool_path():
    """The one that is installed, or that of the package, unpacked."""
    unpacked = ROOT / "target" / "promtool"
    tool = shutil.which("promtool") or unpacked / "usr" / "bin" / "promtool"
    if pathlib.Path(tool).exists():
        return tool
    if not shutil.which("apt-get"):
        return None
    unpacked.mkdir(parents=True, exist_ok=True)
    fetched = subprocess.run(["apt-get", "download", "-qq", "prometheus"], cwd=unpacked, capture_output=True, timeout=300)
    for archive in unpacked.glob("*.deb"):
        subprocess.run(["dpkg", "-x", archive, unpacked], check=True)
        archive.unlink()
    return tool if fetched.returncode == 0 and tool.exists() else None
