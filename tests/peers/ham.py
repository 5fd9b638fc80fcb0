"""False holds on ordinary mail: a folder of messages, replayed as their senders' own outgoing mail.

Not part of the stories: it wants a corpus, which is fetched by hand (docs/hidden-mass-mail.md says how).

    target/peers-venv/bin/python tests/peers/ham.py FOLDER

All of it comes within minutes, so that what its senders wrote in months counts in one window: an upper bound.
"""

import email
import email.policy
import email.utils
import hashlib
import pathlib
import re
import smtplib
import sys

from campus import Campus

HEADER = "X-Campus-Authenticated"
PEOPLE_MAX = 90


def addresses(message, *names):
    values = [str(value) for name in names for value in message.get_all(name, [])]
    found = [address.lower() for _, address in email.utils.getaddresses(values)]
    return list(dict.fromkeys(a for a in found if re.fullmatch(r"[a-z0-9._+-]+@[a-z0-9-]+(\.[a-z0-9-]+)+", a)))


def outgoing(raw):
    """Author, recipients and bytes of a message as if its sender had sent it from campus; None when it cannot be."""
    message = email.message_from_bytes(raw, policy=email.policy.compat32)
    author, to = addresses(message, "From"), addresses(message, "To", "Cc")
    if not author or not to:
        return None
    account = f"u{hashlib.sha256(author[0].encode()).hexdigest()[:10]}@mst.example"
    for name in ["From", "Sender", "Return-Path", "Received", HEADER]:
        del message[name]
    message["From"] = account
    message[HEADER] = account
    try:
        data = message.as_bytes()
    except (UnicodeError, LookupError, KeyError, ValueError):
        return None
    data = data.replace(b"\0", b" ").replace(b"\r\n", b"\n").replace(b"\r", b"\n").replace(b"\n", b"\r\n")
    return account, to[:PEOPLE_MAX], data


def main(folder):
    files = sorted(path for path in pathlib.Path(folder).rglob("*") if path.is_file())
    with Campus(contacts=5, keep_messages=False) as campus:
        taken = held = other = 0
        smtp = None
        for path in files:
            letter = outgoing(path.read_bytes())
            if letter is None:
                other += 1
                continue
            account, to, data = letter
            try:
                if smtp is None or taken % 500 == 0:
                    smtp = smtplib.SMTP("127.0.0.1", campus.ports["relay"], timeout=60)
                    smtp.ehlo()
                smtp.mail(account)
                good = [one for one in to if smtp.rcpt(one)[0] == 250]
                code, said = smtp.data(data) if good else (0, b"nobody")
            except smtplib.SMTPException as error:
                code, said, smtp = 0, str(error).encode(), None
            if code != 250:
                other += 1
                print(f"other {path.name} {code} {said.decode(errors='replace')[:200]}")
                if smtp:
                    smtp.rset()
                continue
            taken += 1
            if b"Held" in said:
                held += 1
                print(f"held  {path.name} {said.decode()} {len(to)} to")
        print(f"{taken} messages taken, {held} held ({100 * held / max(taken, 1):.3f} %), {other} could not be replayed")
        for hold in campus.json("hold", "list"):
            print(campus.bedel("hold", "show", hold.get("case") or hold["id"])[:700])


if __name__ == "__main__":
    main(sys.argv[1])
