"""What a crash in the middle of a mailing may do: nobody is missing, and a repeat is one that the mailing names as uncertain."""

import base64
import collections
import os
import random
import time

from campus import unshaped, until
from letters import letter, smtplib_submit

CONNECTIONS = 8


def times(name, few):
    """How often: a few times in tests/run, and as often as `name` in the environment says on demand."""
    return int(os.environ.get(name, few))


def contacts(crashes):
    """So many that the mailing is under way all the time."""
    return max(20_000, 600 * crashes)


def shaping(crashes):
    return unshaped(contacts(crashes), CONNECTIONS)


def story(report, campus, crashes, crash, what):
    """Crashes a mailing under way so many times, at random; `crash` ends the gateway and makes it ready for another start."""
    campus_size = campus.contacts
    seed = int(os.environ.get("BEDEL_SEED", time.time_ns() % 1_000_000))
    marks = sorted(random.Random(seed).sample(range(campus_size // 100, campus_size * 9 // 10), crashes))
    print(f"      seed {seed}", flush=True)
    case = smtplib_submit(campus, letter(f"To all of {campus_size}")).split("Held as ")[1].split(",")[0]
    campus.release(case)
    resumed = []
    for number, mark in enumerate(marks, 1):
        before = taken(campus)
        until(f"{mark} copies", 300, lambda: taken(campus) >= max(mark, before + 1))
        # Any moment will do, not only those at which somebody looks.
        time.sleep(random.random() / 5)
        crash(campus)
        at = size(campus)
        started = time.monotonic()
        campus.start_gateway()
        ready = time.monotonic() - started
        while size(campus) == at:
            assert time.monotonic() - started < 120, "it never went on"
            time.sleep(0.005)
        resumed.append((time.monotonic() - started, ready))
        if number % 10 == 0 or crashes < 10:
            print(f"      {what} {number} at {taken(campus)} copies; sends again after {resumed[-1][0]:.2f} s", flush=True)
    campus.closed(case, seconds=900)
    seconds = sorted(total for total, _ready in resumed)
    print(f"      from the start of the program to the next copy: median {seconds[len(seconds) // 2]:.2f} s, most {seconds[-1]:.2f} s", flush=True)
    judge(report, campus, case, (crashes, what))


def judge(report, campus, case, told):
    crashes, what = told
    got = collections.Counter()
    reached = set()
    for _, path, *all_to in campus.messages():
        if path.startswith("b+") and all_to[0].endswith("@students.example"):
            got[seq(path)] += 1
            reached.update(all_to)
    missing = [n for n in range(1, campus.contacts + 1) if f"s{n}@students.example" not in reached]
    report.check(f"{campus.contacts} people, {crashes} × {what}: nobody is missing", not missing, missing[:5])
    repeated = {number for number, copies in got.items() if copies > 1}
    repeats = sum(got.values()) - len(got)
    most = CONNECTIONS * crashes
    report.check(f"repeats: {repeats}, at most one a connection each time", repeats <= most, (repeats, most))
    shown = campus.json("mailing", "show", case)
    named = {uncertain["seq"] for uncertain in shown["uncertain"]}
    report.check(f"all of them are among the {len(named)} it names as uncertain", repeated <= named, repeated - named)
    report.check("each time at most one a connection", len(named) <= most, (len(named), most))
    tally = shown["tally"]
    report.check("and it counts everybody", (tally["planned"], tally["accepted"]) == (campus.contacts,) * 2, tally)


def seq(path):
    """Which recipient of the plan a return path is of: the octets after its kind and mailing."""
    token = path.split("@")[0][2:].upper()
    return int.from_bytes(base64.b32decode(token + "=" * (-len(token) % 8))[8:12], "big")


def taken(campus):
    path = campus.taken / "taken.log"
    return path.read_bytes().count(b"\n") if path.exists() else 0


def size(campus):
    path = campus.taken / "taken.log"
    return path.stat().st_size if path.exists() else 0
