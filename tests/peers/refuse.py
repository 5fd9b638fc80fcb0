"""Who is refused, and in which words."""

import email
import smtplib
import ssl

from campus import Campus, until
from letters import AUTHOR, LIST, anybody, letter, smtplib_submit


def tell(report):
    with Campus(contacts=3) as campus:
        outsider(report, campus)
        logins(report, campus)
        answer_to_all(report, campus)
        said = smtplib_submit(campus, letter("x", to="studnets@lists.mst.example"))
        report.check("a list that there is not: 550 5.1.1", said.startswith("550 5.1.1"), said)


def outsider(report, campus):
    with smtplib.SMTP("127.0.0.1", campus.ports["relay"], timeout=30) as client:
        client.ehlo("outside.example")
        client.mail("stranger@outside.example")
        client.rcpt(LIST)
        code, text = client.data(b"From: stranger@outside.example\r\nSubject: x\r\n\r\nHello\r\n")
    report.check("an outsider to a list: 550 5.7.1 and how it is done", code == 550 and b"5.7.1" in text and b"log" in text, text)


def logins(report, campus):
    with smtplib.SMTP("127.0.0.1", campus.ports["submission"], timeout=30) as client:
        client.ehlo()
        report.check("AUTH is not offered in the clear", not client.has_extn("auth"))
        code, text = client.docmd("AUTH", "PLAIN AGF1dGhvcgB4")
        report.check("AUTH in the clear: 530 5.7.0", code == 530 and text.startswith(b"5.7.0"), text)
        client.starttls(context=anybody())
        client.ehlo()
        code, text = client.docmd("MAIL", "FROM:<author@mst.example>")
        report.check("MAIL without login: 530 5.7.0", code == 530 and text.startswith(b"5.7.0"), text)
        try:
            client.login(AUTHOR, "wrong-password")
            report.check("a wrong password", False)
        except smtplib.SMTPAuthenticationError as error:
            report.check("a wrong password: 535 5.7.8", error.smtp_code == 535 and error.smtp_error.startswith(b"5.7.8"), error)
    context = ssl.create_default_context()
    try:
        smtplib.SMTP_SSL("127.0.0.1", campus.ports["submissions"], context=context, timeout=30)
        report.check("a self-signed certificate is not trusted by who checks", False)
    except ssl.SSLError:
        report.ok("a client that checks certificates sees the self-signed one")


def answer_to_all(report, campus):
    smtplib_submit(campus, letter("Announcement"))
    case = "MC-" + campus.bedel("hold", "list").split("MC-")[1].split()[0]
    campus.release(case)
    campus.closed(case)
    copies = until("a copy", 20, lambda: campus.copies(case))
    answered = email.message_from_bytes(copies[0][1])["Message-ID"]
    answer = letter("Re: Announcement")
    answer["In-Reply-To"] = answered
    said = smtplib_submit(campus, answer)
    report.check("an answer to everybody: 550 5.7.2, naming the author", said.startswith("550 5.7.2") and AUTHOR in said, said)
