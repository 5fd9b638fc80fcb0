"""swaks, curl and smtplib submit; each contact gets one copy that dkimpy accepts."""

import email
import email.policy
import re

import dkim

from campus import Campus, until
from letters import curl, letter, smtplib_submit, swaks

WAYS = [
    ("swaks, STARTTLS", lambda campus, subject: swaks(campus, subject)),
    ("curl smtp://", lambda campus, subject: curl(campus, subject, implicit=False)),
    ("curl smtps://", lambda campus, subject: curl(campus, subject, implicit=True)),
    ("smtplib, STARTTLS, PLAIN", lambda campus, subject: smtplib_submit(campus, letter(subject))),
    ("smtplib, TLS, LOGIN", lambda campus, subject: smtplib_submit(campus, letter(subject), True, "LOGIN")),
]


def tell(report):
    with Campus() as campus:
        for number, (way, submit) in enumerate(WAYS, 1):
            said = submit(campus, f"Message {number}")
            case = f"MC-{year(said)}-{number:04}"
            held = f"250 2.6.0 Held as {case}, https://bedel.mst.example/mailing/{case}"
            report.check(f"{way}: held as {case}", held.replace("250 ", "", 1) in said, said[-500:])
            listed = [hold["case"] if "case" in hold else hold["id"] for hold in holds(campus)]
            report.check(f"{way}: it is listed", case in listed, listed)
            early = campus.try_bedel("hold", "release", case, "--as", "emarcomm")
            report.check(f"{way}: no release before the steward", early.returncode == 4 and "Registrar" in early.stderr, early)
            campus.release(case)
            campus.closed(case)
            seen(report, campus, way, case)
        own(report, campus)


def year(said):
    found = re.search(r"MC-(\d{4})-", said)
    return found.group(1) if found else "????"


def holds(campus):
    listed = campus.json("hold", "list")
    return listed if isinstance(listed, list) else next(iter(listed.values()))


def seen(report, campus, way, case):
    copies = until("the copies", 20, lambda: campus.copies(case))
    to = sorted(address for recipients, _ in copies for address in recipients)
    wanted = sorted(f"s{n}@students.example" for n in range(1, campus.contacts + 1))
    report.check(f"{way}: {len(wanted)} contacts got one copy each", to == wanted, (len(to), len(wanted)))
    name, value = campus.dkim()
    verified = sum(dkim.verify(content, dnsfunc=lambda asked, timeout=5: record(asked, name, value)) for _, content in copies)
    report.check(f"{way}: dkimpy accepts every signature", verified == len(copies), f"{verified} of {len(copies)}")
    report.check(f"{way}: both unsubscribe fields are signed", all(signs_unsubscribe(content) for _, content in copies))
    private = all(content.count(b"@students.example") == 1 for _, content in copies)
    report.check(f"{way}: no copy bears another's address", private)


def record(asked, name, value):
    return value.encode() if asked.decode().rstrip(".") == name else None


def signs_unsubscribe(content):
    message = email.message_from_bytes(content, policy=email.policy.compat32)
    signed = re.sub(r"\s", "", message["DKIM-Signature"])
    names = re.search(r";h=([^;]*);", signed).group(1).lower().split(":")
    return {"list-unsubscribe", "list-unsubscribe-post"} <= set(names)


def own(report, campus):
    """A reviewer cannot release what they submitted, by whatever way."""
    message = letter("My own")
    del message["From"]
    message["From"] = "emarcomm@mst.example"
    import letters
    author, letters.AUTHOR = letters.AUTHOR, "emarcomm@mst.example"
    try:
        said = smtplib_submit(campus, message)
    finally:
        letters.AUTHOR = author
    case = re.search(r"MC-\d{4}-\d{4}", said).group(0)
    campus.bedel("hold", "approve", case, "--as", "records")
    refused = campus.try_bedel("hold", "release", case, "--as", "emarcomm")
    report.check("nobody releases their own message", refused.returncode == 4 and "themselves" in refused.stderr, refused)
    campus.bedel("hold", "release", case, "--as", "emarcomm-deputy")
    report.ok("another reviewer does")
