"""Postfix as the campus relay: it hands over what a member of campus sent it, and says who that was."""

import smtplib

from campus import Campus, until
from letters import AUTHOR, LIST, letter
from postfix import Postfix, is_there
from submit import seen

SETTINGS = """
myhostname = mail.mst.example
smtp_tls_security_level = may
smtpd_relay_restrictions = permit_mynetworks, reject
smtpd_sender_restrictions = check_sender_access inline:{{ {{ {author} = PREPEND X-Campus-Authenticated: {author} }} }}
transport_maps = inline:{{ {{ lists.mst.example = smtp:[127.0.0.1]:{relay} }} }}
"""


def tell(report):
    if not is_there():
        report.skip("Postfix as relaying peer", "it needs root, and Postfix")
        return
    with Campus() as campus, Postfix(SETTINGS.format(author=AUTHOR, relay=campus.ports["relay"])) as postfix:
        with smtplib.SMTP("127.0.0.1", postfix.port, timeout=30) as client:
            client.send_message(letter("Through the campus relay"), AUTHOR, [LIST])
        line = until("Postfix hands it over", 60, lambda: next((l for l in postfix.log().splitlines() if "Held as" in l), None))
        report.check("Postfix: 250 2.6.0 in its log", "status=sent (250 2.6.0 Held as MC-" in line, line)
        case = "MC-" + line.split("Held as MC-")[1].split(",")[0]
        report.check("Postfix: the header told who the author is", AUTHOR in campus.bedel("hold", "show", case))
        campus.release(case)
        campus.closed(case)
        seen(report, campus, "Postfix", case)
        content = campus.copies(case)[0][1]
        report.check("Postfix: its header is on no copy", b"X-Campus-Authenticated" not in content)
