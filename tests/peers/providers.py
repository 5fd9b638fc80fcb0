"""A mailing over eight sinks that are like large mailbox providers: 4,000 people, or as many as BEDEL_PEOPLE says.

Each sink keeps a provider's limits, answers in its words, and breaks what can break; one of them says once that all of this
is too fast. What is judged is measured at the sinks, and asked of the mailing: nobody is lost, nobody gets two copies whom
the mailing does not name as uncertain, every limit is kept, and the pace comes back by steps. In the middle an emergency
goes to ten people, and the mailing is paused.

Limits are those of shaping.toml, only faster (PACE) and with silences of seconds: the real ones would take days.
"""

import json
import os
import re
import signal
import time

import crash
from campus import BEDEL, PASSWORD, ROOT, Campus, can_connect, free_port, until
from letters import letter, smtplib_submit
from policy import Client, code

LIKE = ["gmail", "outlook", "yahoo", "icloud", "comcast", "orange", "gmx", "mimecast"]
PEOPLE = int(os.environ.get("BEDEL_PEOPLE", 4_000))
# Copies a second that each provider begins with, and at most bears.
PACE, MOST = float(os.environ.get("BEDEL_PACE", 40)), 2.0
# Shares of what goes wrong are those that ship, so many times as often; few people would see nothing of it otherwise.
TROUBLE = 4 if PEOPLE < 20_000 else 1
STEP = 0.05
# After so many copies the first of them is angry, whatever the pace.
BRAKE_AFTER = max(PEOPLE // 40, 60)
ALERTED = 10


def shaping():
    """shaping.toml with these eight alone: each runs a domain of its own, faster than it really is."""
    text = (ROOT / "config" / "shaping.toml").read_text()
    head, *tables = re.split(r"(?m)^(?=\[provider\.)", text)
    kept = [table for table in tables if re.match(rf"\[provider\.({'|'.join(LIKE)}|default)\]", table)]
    tables = []
    for table in kept:
        key = re.match(r"\[provider\.(\w+)\]", table).group(1)
        table = re.sub(r"(?ms)^domains .*?\]\n", "", table)
        if key != "default":
            table = table.replace("\nmx ", f'\ndomains = ["{key}.example"]\nmx ', 1)
        table = re.sub(r"(?m)^warm_up .*\n", "", table)
        table = re.sub(r"(?m)^messages_per_second .*$", f"messages_per_second = {{ start = {PACE}, max = {PACE * MOST} }}", table)
        tables.append(re.sub(r"silence \d+[mh]", "silence 20s", table))
    head = re.sub(r"messages_per_second = \d+", "messages_per_second = 20000", head)
    head = head.replace("all          = { connections = 10", "all          = { connections = 100")
    head = re.sub(r"copies  = 200", "copies  = 100", head)
    head = re.sub(r"percent = 2 ", "percent = 0 ", head)
    head = re.sub(r'wait    = "15m"', 'wait    = "5s"', head)
    return head + "".join(tables)


def limits(text):
    """Connections at most, and copies on one, by provider."""
    found = {}
    for key, table in re.findall(r"(?ms)^\[provider\.(\w+)\](.*?)(?=^\[|\Z)", text):
        connections = re.search(r"(?m)^connections\s+= .*?(\d+)(?: })?$", table)
        on_one = re.search(r"(?m)^messages_per_connection\s+= (\d+)", table)
        found[key] = int(connections.group(1)), int(on_one.group(1))
    return found


def moods():
    """As they ship; a hang ends sooner, and the first has had enough after so many copies."""
    text = (ROOT / "src" / "sink" / "moods.toml").read_text()
    text = text.replace("hang_seconds     = 700.0", "hang_seconds     = 15.0")
    return text.replace(f"[{LIKE[0]}]\n", f"[{LIKE[0]}]\nbrake_after = [{BRAKE_AFTER}]\n", 1)


class Providers(Campus):
    """A campus whose people have their mail at eight providers, each a sink of its own."""

    def __init__(self):
        self.hosts = {key: free_port() for key in LIKE}
        self.sinks = {}
        ten = ('[list.alert]\naudience    = "everybody"', '[list.alert]\naudience    = "staff"')
        super().__init__(contacts=0, shaping=shaping(), keep_messages=False, policy=[ten])
        ways = "".join(f'\n[[relay.via]]\ndomains = ["{key}.example"]\nhost = "127.0.0.1"\nport = {port}\ntls = "opportunistic"\n'
                       for key, port in self.hosts.items())
        path = self.config / "gateway.toml"
        path.write_text(path.read_text() + ways)
        (self.home / "moods.toml").write_text(moods())

    def start_sink(self):
        super().start_sink()
        for number, (key, port) in enumerate(self.hosts.items()):
            command = [BEDEL, "--config", self.config, "sink", "--like", key, "--seed", number, "--address", f"127.0.0.1:{port}",
                       "--folder", self.home / key, "--log-only", "--moods", self.home / "moods.toml", "--trouble", TROUBLE,
                       "--report", self.home / f"{key}.json"]
            self.sinks[key] = self._start(command)
        for port in self.hosts.values():
            until("a provider listens", 60, lambda port=port: can_connect(port))

    def feed(self, people):
        rows = ["source_key,email,given_name,family_name,affiliation,unit,country"]
        for n in range(people):
            rows.append(f"{n},p{n}@{LIKE[n % len(LIKE)]}.example,Ann,Student {n},student,physics,US")
        path = self.home / "feed.csv"
        path.write_text("\n".join(rows) + "\n")
        self.bedel("people", "import", path, "--source", "registrar")
        rows = rows[:1] + [f"{n},a{n}@{key}.example,Ann,Staff {n},staff,physics,US" for n, key in enumerate(alerted())]
        path.write_text("\n".join(rows) + "\n")
        self.bedel("people", "import", path, "--source", "hr")
        self.contacts = people

    def lines(self, key):
        path = self.home / key / "taken.log"
        return path.read_text().splitlines() if path.exists() else []

    def count(self):
        return sum(len(self.lines(key)) for key in LIKE)

    def reports(self):
        for process in self.sinks.values():
            process.send_signal(signal.SIGINT)
            process.wait(60)
        return {key: json.loads((self.home / f"{key}.json").read_text()) for key in LIKE}


def alerted():
    """Where those have their mail who get the emergency: not at the one that has enough in the meantime, nor at one that
    puts off strangers, nor where two connections are all there ever are: an emergency may have one more than the others."""
    hosts = [key for key in LIKE[1:] if key not in ("orange", "mimecast")]
    return [hosts[n % len(hosts)] for n in range(ALERTED)]


def tell(report):
    with Providers() as campus:
        campus.feed(PEOPLE)
        (campus.home / "password").write_text(PASSWORD)
        for name in ["police", "provost"]:
            campus.bedel("account", "add", name, "--password-file", campus.home / "password")
        secret = re.search(r"[A-Z2-7]{32}", campus.bedel("emergency", "enroll", "--as", "police")).group(0)
        case = smtplib_submit(campus, letter(f"To {PEOPLE} at eight providers")).split("Held as ")[1].split(",")[0]
        campus.release(case)
        began = time.monotonic()
        # The slice first; then all of it is under way.
        until("it is under way", 600, lambda: campus.count() > min(1_000, PEOPLE // 4))
        emergency(report, campus, secret)
        pause(report, campus, case)
        shown = settled(campus, case)
        print(f"      {PEOPLE} people in {time.monotonic() - began:.0f} s", flush=True)
        judge(report, campus, case, shown)


def emergency(report, campus, secret):
    """It goes before the thousands that wait."""
    campus.bedel("emergency", "arm", "--as", "police", "--code", code(secret))
    with Client(campus, "police") as client:
        said = client.send(["alert@lists.mst.example"], "A gas leak in the north building: leave it now.", "Leave the north building")
    answered = time.monotonic()
    assert "Goes at once" in said, said
    before = {key: len(campus.lines(key)) for key in LIKE}
    own = lambda line: "\ta" in line
    case = re.search(r"MC-\d{4}-\d{4}", said).group(0)

    seen, last = 0, answered
    while seen < ALERTED and time.monotonic() < answered + 10:
        if (now := sum(own(line) for key in LIKE for line in campus.lines(key))) > seen:
            seen, last = now, time.monotonic()
        time.sleep(0.02)

    def tried():
        # Moods hold for everybody: one may be put off at the first try, or have no mailbox.
        tally = campus.json("mailing", "show", case)["tally"]
        return tally if tally and tally["accepted"] + tally["deferred"] + tally["failed"] == ALERTED else None
    tally = until("the emergency has left", 60, tried)
    print(f"      an emergency to {ALERTED}: {tally['accepted']} taken, the last {last - answered:.2f} s after its author had the answer", flush=True)
    between = 0
    for key in set(alerted()):
        lines = campus.lines(key)[before[key]:]
        between = max(between, *(number for number, line in enumerate(lines) if own(line)), 0)
    waiting = PEOPLE - campus.count()
    report.check(f"an emergency goes before the {waiting} that wait: at most {between} copies of them between, at one provider",
                 waiting > 0 and between <= 3 * PACE, between)


def pause(report, campus, case):
    """From the answer to a pause on, no more copies leave than there are connections."""
    campus.bedel("mailing", "pause", case, "--as", "emarcomm")
    at_once = campus.count()
    time.sleep(3)
    after = campus.count() - at_once
    most = sum(connections for connections, _ in limits(shaping()).values())
    report.check(f"after the answer to a pause {after} copies more, at most one a connection ({most})", after <= most, after)
    at_rest = campus.count()
    time.sleep(1)
    report.check("and then none", campus.count() == at_rest)
    campus.bedel("mailing", "resume", case, "--as", "emarcomm")


def settled(campus, case):
    """Waits until nobody is left whose turn is not at least a quarter of an hour away; when the mailing is large, until all
    is over."""
    def is_over():
        shown = campus.json("mailing", "show", case)
        tally = shown["tally"]
        over = tally["accepted"] + tally["failed"] + tally["suppressed"]
        is_all = shown["state"] == "closed" or (PEOPLE < 20_000 and over + tally["deferred"] == tally["planned"] and far(shown))
        return shown if is_all else None
    return until("everybody is settled", 300 + PEOPLE // 40, is_over)


def far(shown):
    """Whether everybody who is uncertain has had their second copy, or waits as long as the others."""
    soon = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(time.time() + 120))
    return all(one["stands"] != "under-way" and (one["again"] or "9") > soon for one in shown["uncertain"])


def judge(report, campus, case, shown):
    named = {one["seq"] for one in shown["uncertain"]}
    seqs, reached = {}, set()
    for key in LIKE:
        for line in campus.lines(key):
            path, to = line.split("\t")
            if to.startswith("a"):
                continue
            seqs.setdefault(crash.seq(path), []).append(to)
            reached.add(to)
    reports = campus.reports()
    (campus.home / "reports.json").write_text(json.dumps(reports))
    tally = shown["tally"]
    over = tally["failed"] + tally["deferred"]
    missing = {f"p{n}@{LIKE[n % len(LIKE)]}.example" for n in range(PEOPLE)} - reached
    report.check(f"nobody is lost: {len(missing)} have no copy, {over} were refused or wait",
                 len(missing) <= over and tally["accepted"] + over == PEOPLE, (len(missing), tally))
    twice = {seq for seq, copies in seqs.items() if len(copies) > 1}
    report.check(f"{len(twice)} got two copies, all among the {len(named)} named as uncertain", twice <= named, twice - named)
    hidden = {to for told in reports.values() for to in told["recipients"]["hidden"]}
    report.check("and their end was hidden at the sink", {seqs[seq][0] for seq in twice} <= hidden, twice)
    bounds = limits(shaping())
    for key, told in reports.items():
        within(report, key, told, bounds[key])
    recovers(report, reports[LIKE[0]])
    if os.environ.get("BEDEL_REPORTS"):
        with open(os.environ["BEDEL_REPORTS"], "w", encoding="utf-8") as file:
            json.dump({"tally": tally, "uncertain": len(named), "twice": len(twice), "sinks": reports}, file, indent=1)


def within(report, key, told, bounds):
    """Every limit, as measured at the sink: a burst of one second, and the rate; no more than a step a minute above the start."""
    connections, on_one = bounds
    copies, minutes = told["copies"], told["seconds"] / 60 + 1
    rate = PACE * min(MOST, 1 + STEP * minutes)
    found = (told["connections"]["at_once_most"], copies["on_one_connection_most"],
             copies["in_one_second_most"], copies["in_ten_seconds_most"], copies["in_a_minute_most"])
    # What the way pushes together may be a little more in a second.
    # An emergency may have one connection more than the others leave.
    most = (connections + 1, on_one, 2.2 * rate, 11.2 * rate, 61.2 * rate)
    said = ", ".join(f"{count} {what}" for what, count in sorted({**told["said"], **told["faults"]}.items()))
    report.check(f"{key}: {found[0]} connections, {found[1]} on one, {found[2]} a second, {found[3]} in ten, {found[4]} in a minute",
                 all(a <= b for a, b in zip(found, most)), (found, most))
    print(f"      {key} took {copies['taken']}; {said}", flush=True)
    # One that ends may still be counted there when the next one comes.
    few = 1 + told["connections"]["opened"] // 50
    turned_away = told["connections"]["turned_away"]
    report.check(f"{key}: {turned_away} turned away for their number, of {told['connections']['opened']}", turned_away < few, told["connections"])


def recovers(report, told):
    """After it has said that this is too fast: silence, half the pace, and a twentieth of the start more a minute."""
    each = told["copies"]["taken_in_each_ten_seconds"]
    report.check("the one with enough said so", any("rate" in rule for rule in told["said"]), told["said"])
    total, start = 0, len(each)
    for number, count in enumerate(each):
        total += count
        if total >= BRAKE_AFTER:
            start = number + 1
            break
    after = each[start:]
    print(f"      copies in each ten seconds around it: {each[max(start - 3, 0):start + 60]}", flush=True)
    if 0 not in after[:4]:
        report.check("and there was silence", False, after[:6])
        return
    after = after[after.index(0):]
    bounds = [10 * PACE * (0.5 + STEP * (1 + number / 6)) + PACE for number in range(len(after))]
    report.check("silence, then half the pace, and at most a step more a minute",
                 all(count <= bound for count, bound in zip(after, bounds)), (after[:30], bounds[:30]))
