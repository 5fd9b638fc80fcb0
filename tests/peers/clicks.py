"""One click ten thousand times, in both kinds of form, and scanners between them; then the gateway goes away, and clicks stay good.

The first half asks the gateway's own door; its end is by count, and by time. The second gives the door to `bedel public`, kills
the gateway and then the door itself, and looks at what is known when both are back. strace sees that a click is on the disk before
it is answered.
"""

import http.client
import re
import shutil
import subprocess
import threading
import time

from campus import Campus, BEDEL, can_connect, until, unshaped
from letters import letter, smtplib_submit
from sync_before_answer import stop_traced

CLICKS = 10_000
THREADS = 16
SECONDS_MAX = 300
PEOPLE = 60
FORMS = [
    ("application/x-www-form-urlencoded", "List-Unsubscribe=One-Click"),
    ("multipart/form-data; boundary=x", '--x\r\nContent-Disposition: form-data; name="List-Unsubscribe"\r\n\r\nOne-Click\r\n--x--\r\n'),
]


def tokens_of(campus):
    """Address and unsubscribe token of every copy."""
    found = {}
    for number, _from, *to in campus.messages():
        content = (campus.taken / f"{number}.eml").read_text(errors="replace").replace("\r\n ", " ")
        if "/u/" in content:
            found[to[0].strip("<>")] = re.search(r"/u/([a-z2-7]+)", content)[1]
    return found


def asked(web, method, path, kind=None, body=None):
    web.request(method, path, body, {"Content-Type": kind} if kind else {})
    answer = web.getresponse()
    return answer.status, answer.getheader("Set-Cookie"), answer.getheader("Location"), answer.read().decode()


def click(port, token, form):
    web = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        return asked(web, "POST", f"/u/{token}", *form)
    finally:
        web.close()


class Clicker(threading.Thread):
    """Its share of the clicks, each after a scanner's look, over one connection after another."""

    def __init__(self, port, tokens, share, deadline):
        super().__init__()
        self.port, self.tokens, self.share, self.deadline = port, tokens, share, deadline
        self.answers, self.done, self.failure = set(), 0, None

    def run(self):
        try:
            while self.done < self.share and time.monotonic() < self.deadline:
                token = self.tokens[self.done % len(self.tokens)]
                self.answers.add(click(self.port, token, FORMS[self.done % 2])[:3])
                self.done += 1
        except Exception as failure:  # It is told by the story.
            self.failure = failure


def suppressed(campus):
    return campus.json("people", "count", "students").get("suppressed")


def tell(report):
    with Campus(contacts=PEOPLE, shaping=unshaped(PEOPLE)) as campus:
        said = smtplib_submit(campus, letter("To sixty"))
        case = said.split("Held as ")[1].split(",")[0]
        campus.release(case)
        campus.closed(case)
        tokens = tokens_of(campus)
        report.check(f"{len(tokens)} copies have a link", len(tokens) == PEOPLE, len(tokens))
        names = sorted(tokens)
        scanned(report, campus, [tokens[name] for name in names])
        many(report, campus, [tokens[name] for name in names[:20]])
        apart(report, campus, tokens, names)


def scanned(report, campus, tokens):
    """Scanners follow every link of a mail."""
    web = http.client.HTTPConnection("127.0.0.1", campus.ports["public"], timeout=30)
    answers = {asked(web, method, f"/u/{token}")[:3] for token in tokens for method in ["GET", "HEAD"]}
    report.check("a scanner's look at each link is answered 200, without cookie or redirect", answers == {(200, None, None)}, answers)
    time.sleep(1)
    report.check("and changes nothing", suppressed(campus) == 0, suppressed(campus))


def many(report, campus, tokens):
    begun = time.monotonic()
    clickers = [Clicker(campus.ports["public"], tokens, CLICKS // THREADS, begun + SECONDS_MAX) for _ in range(THREADS)]
    for clicker in clickers:
        clicker.start()
    for clicker in clickers:
        clicker.join()
    took = time.monotonic() - begun
    for clicker in clickers:
        if clicker.failure:
            raise clicker.failure
    done = sum(clicker.done for clicker in clickers)
    answers = set().union(*(clicker.answers for clicker in clickers))
    report.check(f"{CLICKS} clicks in both kinds of form", done == CLICKS, done)
    report.check("each was answered 200, without cookie or redirect", answers == {(200, None, None)}, answers)
    print(f"      {60 * done / took:,.0f} clicks a minute, each on the disk before it is answered", flush=True)
    until("all who clicked are suppressed, and nobody else", 60, lambda: suppressed(campus) == len(tokens))
    report.ok("all who clicked are suppressed, and nobody else")


class Door:
    """`bedel public`."""

    def __init__(self, campus, wrapper=()):
        self.campus = campus
        self.process = campus._start([*wrapper, BEDEL, "--config", campus.config, "public"], open(campus.home / "public.log", "ab"))
        until("the public door is open", 30, lambda: can_connect(campus.ports["public"]))

    def kill(self):
        self.process.kill()
        self.process.wait()


def apart(report, campus, tokens, names):
    campus.gateway.terminate()
    campus.gateway.wait(60)
    told = campus.try_bedel("public")
    report.check("a door of its own wants a setting, and says which", told.returncode != 0 and "apart = true" in told.stderr, told.stderr)
    gateway = campus.config / "gateway.toml"
    gateway.write_text(gateway.read_text().replace("# apart = true ", "apart = true ", 1))
    door, port = Door(campus), campus.ports["public"]
    campus.start_gateway()
    there = click(port, tokens[names[20]], FORMS[0])
    until("a click through the door is heeded", 30, lambda: suppressed(campus) == 21)
    report.ok("a click through a door of its own is heeded")
    campus.kill_gateway()
    away = {click(port, tokens[name], FORMS[number % 2]) for number, name in enumerate(names[21:41])}
    report.check("while the gateway is gone a click is answered word for word as before", away == {there}, away ^ {there})
    web = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    looked = {asked(web, "GET", f"/u/{tokens[name]}")[0] for name in names[41:]}
    report.check("and a scanner's look, which changes nothing", looked == {200}, looked)
    later = asked(web, "GET", "/preferences")[0]
    report.check("the rest is for later", later == 503, later)
    forged = click(port, tokens[names[50]][:-17] + "a" * 17, FORMS[0])
    report.check("a forged token is answered alike", forged == there, forged)
    door.kill()
    door = Door(campus)
    campus.start_gateway()
    until("those who clicked meanwhile are suppressed", 60, lambda: suppressed(campus) == 41)
    report.ok("killed both: those who clicked meanwhile are suppressed, and nobody else")
    until("the journal is empty", 30, lambda: next(campus.home.rglob("clicks")).stat().st_size == 0)
    report.ok("what was handed over is kept no longer")
    traced(report, campus, door, [tokens[name] for name in names[41:46]])
    until("they are suppressed as well", 60, lambda: suppressed(campus) == 46)


def traced(report, campus, door, tokens):
    if not shutil.which("strace") or subprocess.run(["strace", "-o", "/dev/null", "true"], capture_output=True).returncode != 0:
        report.skip("a sync before every answer of the door", "strace is not allowed here")
        return
    door.kill()
    campus.kill_gateway()
    trace = campus.home / "trace.public"
    door = Door(campus, ["strace", "-f", "-s", "60", "-e", "trace=fdatasync,read,recvfrom,write,writev,sendto", "-o", trace])
    for token in tokens:
        click(campus.ports["public"], token, FORMS[0])
    stop_traced(door.process)
    synced, has_synced = [], False
    for line in trace.read_text(errors="replace").splitlines():
        if '"POST /u/' in line:
            has_synced = False
        elif re.search(r"fdatasync(\(.*\)| resumed>.*\))\s+= 0", line):
            has_synced = True
        elif '"HTTP/1.1 200' in line:
            synced.append(has_synced)
    report.check("while the gateway is gone each click is on the disk before it is answered", synced == [True] * len(tokens), synced)
    Door(campus)
    campus.start_gateway()
