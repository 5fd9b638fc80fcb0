"""Postfix as the campus relay: it hands over what a member of campus sent it, and says who that was."""

import os
import pathlib
import pwd
import shutil
import smtplib
import subprocess

from campus import Campus, free_port, until
from letters import AUTHOR, LIST, letter
from submit import seen

SERVICES = """
127.0.0.1:{port} inet n - n - - smtpd
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
smtp unix - - n - - smtp
error unix - - n - - error
retry unix - - n - - error
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
proxymap unix - - n - - proxymap
showq unix n - n - - showq
postlog unix-dgram n - n - 1 postlogd
"""

SETTINGS = """
compatibility_level = 3.6
myhostname = mail.mst.example
queue_directory = {home}/queue
data_directory = {home}/data
maillog_file = {home}/log
maillog_file_prefixes = {home}
mydestination =
mynetworks = 127.0.0.0/8
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
alias_maps =
smtp_tls_security_level = may
smtpd_relay_restrictions = permit_mynetworks, reject
smtpd_sender_restrictions = check_sender_access inline:{{ {{ {author} = PREPEND X-Campus-Authenticated: {author} }} }}
transport_maps = inline:{{ {{ lists.mst.example = smtp:[127.0.0.1]:{relay} }} }}
"""


def tell(report):
    if os.getuid() != 0 or not shutil.which("postfix"):
        report.skip("Postfix as relaying peer", "it needs root, and Postfix")
        return
    with Campus() as campus:
        home, port = pathlib.Path("/tmp") / f"bedel-postfix-{os.getpid()}", free_port()
        start(home, port, campus)
        try:
            with smtplib.SMTP("127.0.0.1", port, timeout=30) as client:
                client.send_message(letter("Through the campus relay"), AUTHOR, [LIST])
            log = home / "log"
            line = until("Postfix hands it over", 60, lambda: next((l for l in log.read_text().splitlines() if "Held as" in l), None))
            report.check("Postfix: 250 2.6.0 in its log", "status=sent (250 2.6.0 Held as MC-" in line, line)
            case = "MC-" + line.split("Held as MC-")[1].split(",")[0]
            report.check("Postfix: the header told who the author is", AUTHOR in campus.bedel("hold", "show", case))
            campus.release(case)
            campus.closed(case)
            seen(report, campus, "Postfix", case)
            content = campus.copies(case)[0][1]
            report.check("Postfix: its header is on no copy", b"X-Campus-Authenticated" not in content)
        finally:
            subprocess.run(["postfix", "-c", home / "etc", "stop"], capture_output=True)
            shutil.rmtree(home, ignore_errors=True)


def start(home, port, campus):
    etc = home / "etc"
    etc.mkdir(parents=True)
    (home / "queue").mkdir()
    (home / "data").mkdir()
    shutil.chown(home / "data", "postfix")
    os.chmod(home, 0o755)
    (etc / "master.cf").write_text(SERVICES.format(port=port).lstrip())
    (etc / "main.cf").write_text(SETTINGS.format(home=home, author=AUTHOR, relay=campus.ports["relay"]).lstrip())
    pwd.getpwnam("postfix")
    started = subprocess.run(["postfix", "-c", etc, "start"], capture_output=True, text=True)
    assert started.returncode == 0, started.stderr
