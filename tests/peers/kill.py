"""kill -9 in the middle of 50,000 deliveries: nobody is missing, repeats are at most the open connections."""

import collections
import time

from campus import Campus, unshaped, until
from letters import letter, smtplib_submit

CONTACTS = 50_000
CONNECTIONS = 8
KILLS_AT = [2_000, 15_000, 30_000]


def tell(report):
    with Campus(contacts=CONTACTS, shaping=unshaped(CONTACTS, CONNECTIONS), keep_messages=False) as campus:
        said = smtplib_submit(campus, letter("To fifty thousand"))
        case = said.split("Held as ")[1].split(",")[0]
        campus.release(case)
        started = time.monotonic()
        for mark in KILLS_AT:
            until(f"{mark} copies", 240, lambda: taken(campus) >= mark)
            campus.kill_gateway()
            print(f"      killed at {taken(campus)} copies, after {time.monotonic() - started:.0f} s", flush=True)
            campus.start_gateway()
        campus.closed(case, seconds=400)
        counts = collections.Counter(to for _, _from, *all_to in campus.messages() for to in all_to if to.endswith("@students.example"))
        missing = [n for n in range(1, CONTACTS + 1) if f"s{n}@students.example" not in counts]
        repeats = sum(counts.values()) - len(counts)
        report.check(f"{CONTACTS} contacts, {len(KILLS_AT)} kills: nobody is missing", not missing, missing[:5])
        most = CONNECTIONS * len(KILLS_AT)
        report.check(f"repeats: {repeats}, at most {CONNECTIONS} a kill", repeats <= most, (repeats, most))
        shown = campus.bedel("mailing", "show", case)
        report.check("the mailing says so itself", f"{CONTACTS:,}" in shown or str(CONTACTS) in shown, shown)


def taken(campus):
    path = campus.taken / "taken.log"
    return path.read_bytes().count(b"\n") if path.exists() else 0
