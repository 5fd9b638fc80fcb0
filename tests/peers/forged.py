"""20,000 forged bounces, complaints and unsubscribe tokens: nobody is suppressed, no answer tells, memory stays flat.

Each has the shape of a token of ours, and another hand's signature. The same is sent with a right token once at the end, and must
be answered word for word alike. How long either takes is of one class: of several rounds of each kind, the medians are never twice
as far apart in most of them, since both wait for the disk.
"""

import http.client
import random
import smtplib
import statistics
import threading
import time

from campus import Campus, until
from letters import letter, smtplib_submit

FORGED = 20_000
THREADS = 8
SECONDS_MAX = 300
# Rounds of comparing how long either takes, and how often each is asked in one.
ROUNDS = 5
EACH = 20
PAUSE = 0.03
FBL = "fbl@bounce.lists.mst.example"
LETTERS = "abcdefghijklmnopqrstuvwxyz234567"
BOUNCE = """From: MAILER-DAEMON@students.example
To: {to}
Subject: Undelivered Mail Returned to Sender
Content-Type: multipart/report; report-type=delivery-status; boundary=b

--b
Content-Type: text/plain

It was not delivered.
--b
Content-Type: message/delivery-status

Reporting-MTA: dns; students.example

Final-Recipient: rfc822; s1@students.example
Action: failed
Status: 5.1.1
Diagnostic-Code: smtp; 550 5.1.1 User unknown

--b--
"""
COMPLAINT = """From: fbl@provider.example
To: {to}
Subject: complaint
Content-Type: multipart/report; report-type=feedback-report; boundary=b

--b
Content-Type: text/plain

A user complained.
--b
Content-Type: message/feedback-report

Feedback-Type: abuse
User-Agent: provider/1
Version: 1
Original-Rcpt-To: s1@students.example

--b
Content-Type: message/rfc822

From: events@lists.mst.example
To: s1@students.example
CFBL-Feedback-ID: {token}
Subject: An invitation

Come!
--b--
"""
WISH = "From: s1@students.example\nTo: {to}\nSubject: unsubscribe\n\nunsubscribe\n"


def another(token, chance):
    """A token of the same recipient with another signature: its last 17 letters bear nothing else."""
    return token[:-17] + "".join(chance.choice(LETTERS) for _ in range(16)) + "a"


class Sender(threading.Thread):
    """Sends its share over one SMTP and one HTTP connection."""

    def __init__(self, campus, tokens, share, deadline):
        super().__init__()
        self.campus, self.tokens, self.share, self.deadline = campus, tokens, share, deadline
        self.chance = random.Random(share)
        self.said, self.times, self.done, self.failure = set(), [], 0, None

    def run(self):
        try:
            smtp = smtplib.SMTP("127.0.0.1", self.campus.ports["relay"], timeout=60)
            web = http.client.HTTPConnection("127.0.0.1", self.campus.ports["public"], timeout=60)
            while self.done < self.share and time.monotonic() < self.deadline:
                begun = time.monotonic()
                kind = self.done % 4
                if kind == 3:
                    self.said.add(click(web, another(self.tokens["u"], self.chance)))
                else:
                    self.said.add(mail(smtp, kind, self.tokens, self.chance))
                self.times.append(time.monotonic() - begun)
                self.done += 1
            smtp.quit()
        except Exception as failure:  # It is told by the story.
            self.failure = failure


def mail(smtp, kind, tokens, chance=None):
    """A bounce, a complaint or a wish, to a token that is right or, by chance, forged; what was said."""
    text, prefix, domain = [(BOUNCE, "b", "bounce.lists.mst.example"), (COMPLAINT, "f", "bounce.lists.mst.example"), (WISH, "u", "lists.mst.example")][kind]
    token = another(tokens[prefix], chance) if chance else tokens[prefix]
    # A complaint goes to where all of them go, and bears its token within.
    to = FBL if prefix == "f" else f"{prefix}+{token}@{domain}"
    smtp.ehlo_or_helo_if_needed()
    said = [smtp.mail(""), smtp.rcpt(to), smtp.data(text.format(to=to, token=token).replace("\n", "\r\n"))]
    return ("mail", *(f"{code} {words.decode()}" for code, words in said))


def click(web, token):
    body = "List-Unsubscribe=One-Click"
    web.request("POST", f"/u/{token}", body, {"Content-Type": "application/x-www-form-urlencoded"})
    answer = web.getresponse()
    return ("click", answer.status, answer.read().decode())


def resident(campus):
    """KiB of memory the gateway has."""
    lines = open(f"/proc/{campus.gateway.pid}/status").read().splitlines()
    return int(next(line for line in lines if line.startswith("VmRSS")).split()[1])


def flood(campus, tokens, count, deadline):
    senders = [Sender(campus, tokens, count // THREADS, deadline) for _ in range(THREADS)]
    for sender in senders:
        sender.start()
    for sender in senders:
        sender.join()
    for sender in senders:
        if sender.failure:
            raise sender.failure
    return senders


def tokens_of(campus, case):
    """Of the copy to the second student: its tokens for bounces, unsubscribes and complaints."""
    number, sender = next((number, sender) for number, sender, *to in campus.messages() if "s2@students.example" in to)
    content = (campus.taken / f"{number}.eml").read_text(errors="replace").replace("\r\n ", " ")
    bounce = sender.strip("<>").split("+", 1)[1].split("@")[0]
    complaint = content.split("CFBL-Feedback-ID: ", 1)[1].split()[0]
    return {"b": bounce, "u": content.split("/u/", 1)[1].split(">")[0].split()[0], "f": complaint}


def alike(report, smtp, web, tokens):
    """Asks with right tokens and forged ones in turn; compares how long they take, and gives what was said to the right ones."""
    chance, ours = random.Random(1), set()
    for kind, name in enumerate(["bounce", "complaint", "wish", "click"]):
        def one(by):
            return click(web, another(tokens["u"], by) if by else tokens["u"]) if kind == 3 else mail(smtp, kind, tokens, by)
        ratios = []
        for _ in range(ROUNDS):
            took = {"forged": [], "right": []}
            for _ in range(EACH):
                for of, by in [("forged", chance), ("right", None)]:
                    # What follows from the one before is not what is measured.
                    time.sleep(PAUSE)
                    begun = time.monotonic()
                    answer = one(by)
                    took[of].append(time.monotonic() - begun)
                    if by is None:
                        ours.add(answer)
            ratios.append(statistics.median(took["right"]) / statistics.median(took["forged"]))
        near = [ratio for ratio in ratios if 0.5 < ratio < 2]
        shown = ", ".join(f"{ratio:.2f}" for ratio in ratios)
        report.check(f"a right {name} takes as long as a forged one: {shown}", len(near) > ROUNDS / 2, shown)
    return ours


def tell(report):
    with Campus(contacts=3) as campus:
        said = smtplib_submit(campus, letter("To three"))
        case = said.split("Held as ")[1].split(",")[0]
        campus.release(case)
        campus.closed(case)
        tokens = tokens_of(campus, case)
        deadline = time.monotonic() + SECONDS_MAX
        flood(campus, tokens, FORGED // 10, deadline)
        before = resident(campus)
        senders = flood(campus, tokens, FORGED, deadline)
        after = resident(campus)
        done = sum(sender.done for sender in senders)
        report.check(f"{FORGED} were sent", done == FORGED, done)
        report.check(f"memory: {before // 1024} MiB before, {after // 1024} MiB after", after - before < 24 * 1024, (before, after))
        found = campus.json("people", "count", "students")
        report.check("nobody is suppressed", found.get("suppressed") == 0, found)
        said = set().union(*(sender.said for sender in senders))
        times = [time for sender in senders for time in sender.times]
        smtp = smtplib.SMTP("127.0.0.1", campus.ports["relay"], timeout=60)
        web = http.client.HTTPConnection("127.0.0.1", campus.ports["public"], timeout=60)
        ours = alike(report, smtp, web, tokens)
        report.check("a right token is answered word for word as a forged one", ours == said, (ours ^ said))
        print(f"      {1000 * statistics.median(times):.1f} ms for one in the flood, median", flush=True)
        until("the right one is heeded", 30, lambda: campus.json("people", "count", "students").get("suppressed") == 1)
        report.ok("the right one suppressed one address")
