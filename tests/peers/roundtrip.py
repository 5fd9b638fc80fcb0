"""Round trips: real mail servers carry copies, refuse, put off and give up; their own notices come back, and the right person is suppressed.

The server under test is the gateway's smarthost. It hands copies on to a sink that refuses some and puts others off for
ever, and its notices (null sender) to the gateway's own listener. Nothing leaves the loopback interface.

Postfix is the system's; Exim and OpenSMTPD cannot be installed beside it, so they are unpacked below target/ and run from
there, OpenSMTPD with folders of its own in a mount namespace.
"""

import json
import os
import pathlib
import shutil
import subprocess
import time

import postfix
from campus import Campus, can_connect, free_port, unshaped, until
from letters import letter, smtplib_submit
from mtas import OPENSMTPD_NEWER, Unpacked

PEOPLE = ["refused", "gone", "full", "fine"]
# Puts off for so long, then gives up.
LIFETIME = 8


class Through(Campus):
    """A campus whose smarthost is a mail server under test."""

    def __init__(self, port):
        super().__init__(contacts=len(PEOPLE), shaping=unshaped(len(PEOPLE)), people=[f"{name}1" for name in PEOPLE])
        gateway = self.config / "gateway.toml"
        gateway.write_text(gateway.read_text().replace(f"port  = {self.ports['sink']}", f"port  = {port}"))


class Postfix:
    """The system's Postfix, with an instance of its own."""

    name = "Postfix"
    SETTINGS = """
myhostname = mx.students.example
smtp_tls_security_level = none
smtpd_relay_restrictions = permit_mynetworks, reject
smtpd_recipient_restrictions = check_recipient_access inline:{{ {{ refused1@students.example = 550 5.1.1 No such user }} }}, permit_mynetworks, reject
transport_maps = inline:{{ {{ students.example = smtp:[127.0.0.1]:{sink} }}, {{ bounce.lists.mst.example = smtp:[127.0.0.1]:{relay} }} }}
maximal_queue_lifetime = {lifetime}s
bounce_queue_lifetime = 1h
delay_warning_time = 2s
queue_run_delay = 1s
minimal_backoff_time = 1s
maximal_backoff_time = 2s
"""
    instance = None

    def start(self, _home, port, ports):
        settings = self.SETTINGS.format(sink=ports["sink"], relay=ports["relay"], lifetime=LIFETIME)
        self.instance = postfix.Postfix(settings, port=port, wakes=1).__enter__()

    def stop(self):
        if self.instance:
            self.instance.__exit__()

    def log(self, _home):
        return self.instance.log() if self.instance else ""


class Exim(Unpacked):
    """Exim, unpacked."""

    name = "Exim"
    packages = ["exim4-daemon-light", "exim4-base", "exim4-config", "libidn12"]
    users = ["Debian-exim"]
    mounts = "mount -t tmpfs tmpfs /var/spool"
    SETTINGS = """
exim_path = {exim}
primary_hostname = mx.students.example
spool_directory = {home}/spool
log_file_path = {home}/%slog
pid_file_path = {home}/exim.pid
keep_environment =
local_interfaces = 127.0.0.1
daemon_smtp_ports = {port}
host_lookup =
rfc1413_query_timeout = 0s
tls_advertise_hosts =
prdr_enable = false
acl_smtp_rcpt = acl_rcpt
delay_warning = 2s
delay_warning_condition = yes
queue_run_in_order
ignore_bounce_errors_after = 1h

begin acl
acl_rcpt:
  deny local_parts = ^refused
       message = 5.1.1 No such user
  accept hosts = 127.0.0.1

begin routers
people:
  driver = manualroute
  domains = students.example
  transport = to_sink
  route_list = * 127.0.0.1 byname
  self = send
bounces:
  driver = manualroute
  domains = bounce.lists.mst.example
  transport = to_bedel
  route_list = * 127.0.0.1 byname
  self = send

begin transports
to_sink:
  driver = smtp
  port = {sink}
  allow_localhost
to_bedel:
  driver = smtp
  port = {relay}
  allow_localhost
  hosts_avoid_tls = *

begin retry
* * F,{lifetime}s,1s
"""

    def start(self, home, port, ports):
        exim = self.folder() / "usr" / "sbin" / "exim4"
        config = home / "exim.conf"
        settings = self.SETTINGS.format(exim=exim, home=home, port=port, sink=ports["sink"], relay=ports["relay"], lifetime=LIFETIME)
        config.write_text(settings.lstrip())
        (home / "spool").mkdir()
        os.chown(home / "spool", 64000, 64000)
        os.chown(home, 64000, 64000)
        self.run(home, [exim, "-C", config, "-bdf", "-q1s"])


class OpenSmtpd(Unpacked):
    """OpenSMTPD, unpacked: its folders are compiled in, so it sees them in a mount namespace of its own."""

    name = "OpenSMTPD"
    packages = ["opensmtpd", "libevent-2.1-7"]
    newer = OPENSMTPD_NEWER
    users = ["opensmtpd", "opensmtpq"]
    mounts = """
mount -t tmpfs tmpfs /var/spool
mkdir -m 711 /var/spool/smtpd
mount -t tmpfs tmpfs /run
mkdir -p {home}/lib/opensmtpd/empty
mount --bind {home}/lib /var/lib
mount --bind {folder}/usr/libexec /usr/libexec
"""
    SETTINGS = """
listen on 127.0.0.1 port {port} hostname mx.students.example
queue ttl {lifetime}s
bounce warn-interval 2s
action "people" relay host "smtp://127.0.0.1:{sink}"
action "bounces" relay host "smtp://127.0.0.1:{relay}"
match from any for rcpt-to "refused1@students.example" reject
match from any for domain "students.example" action "people"
match from any for domain "bounce.lists.mst.example" action "bounces"
"""

    def start(self, home, port, ports):
        settings = self.SETTINGS.format(port=port, sink=ports["sink"], relay=ports["relay"], lifetime=LIFETIME)
        (home / "smtpd.conf").write_text(settings.lstrip())
        self.run(home, [self.folder() / "usr" / "sbin" / "smtpd", "-d", "-f", home / "smtpd.conf"])


def suppressed(campus, name):
    """Why an address is not written to; None when it is."""
    asked = campus.try_bedel("people", "find", f"{name}1@students.example", "--reason", "a round trip", "--json")
    found = json.loads(asked.stdout) if asked.returncode == 0 else {}
    return next((one["reason"] for one in found.get("suppressions", [])), None)


def came_back(campus, case):
    return campus.json("mailing", "show", case)["came_back"]


def walk(report, mta):
    home = pathlib.Path("/tmp") / f"bedel-{mta.name.lower()}-{os.getpid()}"
    home.mkdir(mode=0o755)
    port = free_port()
    with Through(port) as campus:
        try:
            mta.start(home, port, campus.ports)
            until(f"{mta.name} listens", 60, lambda: can_connect(port))
            trip(report, mta, campus)
        except AssertionError as failure:
            raise AssertionError(f"{failure}\n{mta.log(home)[-3000:]}") from failure
        finally:
            mta.stop()
            shutil.rmtree(home, ignore_errors=True)


def trip(report, mta, campus):
    said = smtplib_submit(campus, letter(f"Through {mta.name}"))
    case = said.split("Held as ")[1].split(",")[0]
    campus.release(case)
    campus.closed(case)
    arrived = until("the copy that is fine", 60, lambda: [to for to, _ in campus.copies(case) if "fine1@students.example" in to])
    report.check(f"{mta.name}: one copy arrives", len(arrived) == 1, arrived)
    until("who is refused at once is suppressed", 30, lambda: suppressed(campus, "refused") == "hard-bounce")
    report.ok(f"{mta.name}: who it refuses at once is suppressed")
    until("who is gone further on is suppressed", 60, lambda: suppressed(campus, "gone") == "hard-bounce")
    report.ok(f"{mta.name}: who is gone further on is suppressed by its notice")
    counts = until("what was put off is given up", 120, lambda: (lambda back: back if sum(back["bounced"].values()) == 3 else None)(came_back(campus, case)))
    report.check(f"{mta.name}: what it gives up after a while is no mailbox that is gone", counts["gone_for_good"] == 2, counts)
    soft = {name: count for name, count in counts["bounced"].items() if name != "gone"}
    report.check(f"{mta.name}: and is known for what it was: {soft}", soft in ({"full": 1}, {"expired": 1}), counts)
    report.check(f"{mta.name}: nobody else is suppressed", suppressed(campus, "full") is None and suppressed(campus, "fine") is None)


def tell(report):
    if os.getuid() != 0:
        report.skip("round trips", "they need root")
        return
    for mta in [Postfix(), Exim(), OpenSmtpd()]:
        if isinstance(mta, Postfix) and not shutil.which("postfix"):
            report.skip("a round trip through Postfix", "it is not installed")
            continue
        if not isinstance(mta, Postfix):
            try:
                mta.folder()
            except (OSError, subprocess.SubprocessError) as failure:
                report.skip(f"a round trip through {mta.name}", f"it cannot be fetched: {failure}")
                continue
        begun = time.monotonic()
        walk(report, mta)
        print(f"      {mta.name}: {time.monotonic() - begun:.0f} s", flush=True)
