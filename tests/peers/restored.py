"""The store is exported in the middle of a mailing, lost, and restored: what was being sent waits, and all else is as it was."""

import shutil

import crash
from campus import Campus, unshaped, until
from letters import letter, smtplib_submit

CONTACTS = 3_000


def tell(report):
    # So many copies a second that there is time to look.
    shaping = unshaped(CONTACTS).replace("20000", "100")
    with Campus(contacts=CONTACTS, keep_messages=False, shaping=shaping) as campus:
        waiting = case_of(smtplib_submit(campus, letter("Waits for a steward")))
        text = campus.json("hold", "show", waiting)["preview"]["text"]
        under_way = case_of(smtplib_submit(campus, letter(f"To all of {CONTACTS}")))
        campus.release(under_way)
        until("the first copies", 60, lambda: crash.taken(campus) > 50)
        campus.bedel("store", "export", campus.home / "export.txt")
        until("more copies", 60, lambda: crash.taken(campus) > 150)
        campus.kill_gateway()
        lost = campus.home / campus.data_dir
        shutil.move(campus.home / "var" / "store", campus.home / "lost")
        key = campus.home / "var" / "keys" / "token.key"
        key.rename(campus.home / "token.key")
        said = campus.bedel("store", "restore", campus.home / "export.txt")
        report.check("it says what is paused", f"export: {under_way}." in said, said)
        report.check("and that the key of links is missing", "token.key is not there: put it back first" in said, said)
        (campus.home / "token.key").rename(key)
        before = crash.taken(campus)
        campus.start_gateway()
        shown = campus.json("mailing", "show", under_way)
        report.check("what was being sent is paused, and says why", "export" in (shown["pause"] or {}).get("why", ""), shown["pause"])
        report.check("no copy of it leaves", crash.taken(campus) == before, (before, crash.taken(campus)))
        report.check("what waited waits, whole", campus.json("hold", "show", waiting)["preview"]["text"] == text)
        campus.bedel("mailing", "resume", under_way, "--as", "emarcomm")
        campus.closed(under_way, seconds=300)
        reached = {to for _, path, *all_to in campus.messages() for to in all_to}
        missing = [n for n in range(1, CONTACTS + 1) if f"s{n}@students.example" not in reached]
        report.check("once resumed it reaches everybody", not missing, missing[:5])


def case_of(said):
    return said.split("Held as ")[1].split(",")[0]
