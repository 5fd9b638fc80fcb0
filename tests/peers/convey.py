"""Ordinary mail goes through as it was written; its author hears when it cannot."""

import email

from campus import Campus, until
from letters import AUTHOR, letter, smtplib_submit


def tell(report):
    with Campus(contacts=1) as campus:
        message = letter("To a vendor", to="vendor@outside.example")
        said = smtplib_submit(campus, message)
        report.check("ordinary mail: 250 2.0.0", said.startswith("250 2.0.0"), said)
        number, back, *_ = until("it arrives", 30, lambda: find(campus, "vendor@outside.example"))
        got = email.message_from_bytes((campus.taken / f"{number}.eml").read_bytes())
        report.check("it arrives from its author", back == AUTHOR and got["From"] == message["From"], back)
        sent = message.get_body(("html",)).get_content().strip()
        report.check("its parts are untouched", sent.encode() in got.get_payload()[1].get_payload(decode=True))
        report.check("no list field is on it", not any(name.lower().startswith("list-") for name in got.keys()))
        failed(report, campus)


def failed(report, campus):
    smtplib_submit(campus, letter("To nobody", to="gone-away@outside.example"))
    number, back, *_ = until("a notification", 30, lambda: find(campus, AUTHOR))
    notice = email.message_from_bytes((campus.taken / f"{number}.eml").read_bytes())
    report.check("a failure comes back from the null path", back == "" and notice.get_content_type() == "multipart/report")
    status = notice.get_payload()[1].get_payload()[1]
    is_right = status["Status"] == "5.1.1" and status["Action"] == "failed" and "gone-away@" in status["Final-Recipient"]
    report.check("its status is 5.1.1", is_right, status.as_string())


def find(campus, to):
    return next((line for line in campus.messages() if to in line[2:]), None)
