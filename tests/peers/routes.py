"""Routes: mail goes to the exchangers of each domain, or through a host of the settings; the receivers are real servers.

A name server of the test's own says where the domains are, and signs what it says. Postfix, Exim, OpenSMTPD and aiosmtpd
receive, each on an address of its own and all on one port; some without TLS, some with a certificate of their own making,
some with one that an authority has signed.
"""

import contextlib
import email
import http.server
import logging
import os
import pathlib
import re
import shutil
import signal
import socket
import ssl
import subprocess
import threading
import time
import typing

from aiosmtpd.controller import Controller

import postfix
from campus import Campus, free_port, until
from certificates import Certificates, rsa_key
from letters import AUTHOR, letter, smtplib_submit
from mtas import OPENSMTPD_NEWER, Unpacked
from names import Names

OUT, OUT_NAME = "127.0.0.31", "out1.mst.example"

RECORDS = """
postfix.example. 300 IN MX 10 mx.postfix.example.
mx.postfix.example. 300 IN A 127.0.0.11
exim.example. 300 IN MX 10 mx.exim.example.
mx.exim.example. 300 IN A 127.0.0.12
opensmtpd.example. 300 IN MX 10 mx.opensmtpd.example.
mx.opensmtpd.example. 300 IN A 127.0.0.13
opensmtpd-own.example. 300 IN MX 10 mx.opensmtpd-own.example.
mx.opensmtpd-own.example. 300 IN A 127.0.0.18
opensmtpd-plain.example. 300 IN MX 10 mx.opensmtpd-plain.example.
mx.opensmtpd-plain.example. 300 IN A 127.0.0.19
plain.example. 300 IN A 127.0.0.14
alias.example. 300 IN CNAME plain.example.
second.example. 300 IN MX 10 dead.second.example.
second.example. 300 IN MX 20 mx.plain.example.
dead.second.example. 300 IN A 127.0.0.99
mx.plain.example. 300 IN A 127.0.0.98
mx.plain.example. 300 IN A 127.0.0.14
later.example. 300 IN MX 10 mx.plain.example.
null.example. 300 IN MX 0 .
loop.example. 300 IN MX 10 bedel.mst.example.
loop.example. 300 IN MX 20 mx.plain.example.
bedel.mst.example. 300 IN A 127.0.0.1
sts.example. 300 IN MX 10 mx.right.example.
mx.right.example. 300 IN A 127.0.0.15
_mta-sts.sts.example. 300 IN TXT "v=STSv1; id=1"
mta-sts.sts.example. 300 IN A 127.0.0.21
sts-broken.example. 300 IN MX 10 mx.own.example.
mx.own.example. 300 IN A 127.0.0.16
_mta-sts.sts-broken.example. 300 IN TXT "v=STSv1; id=1"
mta-sts.sts-broken.example. 300 IN A 127.0.0.21
own.example. 300 IN MX 10 mx.own.example.
dane.example. 300 IN MX 10 mx.dane.example.
mx.dane.example. 300 IN A 127.0.0.17
_{port}._tcp.mx.dane.example. 300 IN TLSA 3 1 1 {dane}
dane-broken.example. 300 IN MX 10 mx.dane-broken.example.
mx.dane-broken.example. 300 IN A 127.0.0.16
_{port}._tcp.mx.dane-broken.example. 300 IN TLSA 3 1 1 {dane}
verified.example. 300 IN MX 10 mx.own.example.
lists.mst.example. 300 IN MX 10 bedel.mst.example.
bounce.lists.mst.example. 300 IN MX 10 bedel.mst.example.
bounce.lists.mst.example. 300 IN TXT "v=spf1 ip4:{out} -all"
_dmarc.mst.example. 300 IN TXT "v=DMARC1; p=none"
out1.mst.example. 300 IN A {out}
31.0.0.127.in-addr.arpa. 300 IN PTR out1.mst.example.
"""

RELAY = """
[relay]
route = "mx"
port = {port}
ca_file = "{ca_file}"

[relay.dns]
servers = ["127.0.0.1:{dns}"]
trust_anchor = "{anchor}"
policy_port = {policies}

[[relay.tls_of]]
domains = ["verified.example", "exim.example", "opensmtpd.example"]
tls = "verified"

[pool.conveyed]
source = ["{out}"]
hostname = "{out_name}"
"""

SMARTHOST = """
[relay]
route = "smarthost"
host = "{host}"
port = {port}
tls = "{tls}"
ca_file = "{ca_file}"
"""


class Routed(Campus):
    """A campus whose mail leaves another way than to its sink."""

    def __init__(self, relay):
        super().__init__(contacts=0)
        self.reroute(relay)

    def reroute(self, relay):
        text = self.plain["gateway.toml"]
        (self.config / "gateway.toml").write_text(re.sub(r"(?ms)^\[relay\].*?(?=^# \[\[relay\.via|^\[console\])", relay + "\n", text, count=1))

    def log(self):
        return (self.home / "gateway.log").read_text(errors="replace")


class Receiver:
    """aiosmtpd, which keeps what it took and how."""

    def __init__(self, address, port, pair=None):
        self.taken = []
        context = server_context(pair) if pair else None
        self.controller = Controller(self, hostname=address, port=port, tls_context=context, decode_data=False)
        self.controller.start()

    async def handle_DATA(self, server, session, envelope):
        self.taken.append((envelope.rcpt_tos, session.ssl is not None, session.peer[0], session.host_name))
        return "250 2.0.0 taken"

    def took(self, to):
        return next((line for line in self.taken if to in line[0]), None)

    def stop(self):
        self.controller.stop()


def server_context(pair):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pair[0], pair[1])
    return context


class PolicyServer:
    """Serves the policies of two domains over https."""

    POLICIES = {"mta-sts.sts.example": "mx.right.example", "mta-sts.sts-broken.example": "mx.own.example"}

    def __init__(self, port, pair):
        policies = self.POLICIES

        class Answer(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                mx = policies.get(self.headers["Host"]) if self.path == "/.well-known/mta-sts.txt" else None
                body = f"version: STSv1\nmode: enforce\nmx: {mx}\nmax_age: 86400\n".encode()
                self.send_response(200 if mx else 404)
                self.send_header("Content-Type", "text/plain")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.21", port), Answer)
        self.server.socket = server_context(pair).wrap_socket(self.server.socket, server_side=True)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def stop(self):
        self.server.shutdown()
        self.server.server_close()


class Door(typing.NamedTuple):
    """Where a server listens, for which domain, and what is asked of its TLS when it is the smarthost."""

    domain: str
    address: str
    tls: str
    what: str

    def is_encrypted(self):
        return self.tls != "off"


class Postfix:
    """The system's Postfix as a receiver: it takes and throws away."""

    name = "Postfix"
    doors = [Door("postfix.example", "127.0.0.11", "required", "a certificate of its own making")]
    SETTINGS = """
myhostname = mx.postfix.example
relay_domains = postfix.example, outside.example
relay_transport = discard:
default_transport = discard:
smtpd_tls_security_level = may
smtpd_tls_chain_files = {key}, {certificate}
smtpd_tls_loglevel = 1
smtpd_relay_restrictions = permit_mynetworks, reject
"""
    instance = None

    def start(self, _home, port, pair):
        settings = self.SETTINGS.format(key=pair[1], certificate=pair[0])
        self.instance = postfix.Postfix(settings, self.doors[0].address, port, wakes=1).__enter__()

    def stop(self):
        if self.instance:
            self.instance.__exit__()

    def log(self, _home):
        return self.instance.log() if self.instance else ""

    def took(self, home, to):
        return next((line for line in self.log(home).splitlines() if f"to=<{to}>" in line and "status=sent" in line), None)

    def is_encrypted(self, home, _to):
        return "TLS connection established" in self.log(home)


class Exim(Unpacked):
    """Exim, unpacked: it keeps what it takes in a file."""

    name = "Exim"
    doors = [Door("exim.example", "127.0.0.12", "verified", "a right certificate")]
    packages = ["exim4-daemon-light", "exim4-base", "exim4-config", "libidn12"]
    users = ["Debian-exim"]
    mounts = "mount -t tmpfs tmpfs /var/spool"
    SETTINGS = """
exim_path = {exim}
primary_hostname = mx.exim.example
spool_directory = {home}/spool
log_file_path = {home}/%slog
pid_file_path = {home}/exim.pid
keep_environment =
local_interfaces = {address}
daemon_smtp_ports = {port}
host_lookup =
rfc1413_query_timeout = 0s
tls_advertise_hosts = *
tls_certificate = {home}/tls.crt
tls_privatekey = {home}/tls.key
log_selector = +tls_cipher
acl_smtp_rcpt = acl_rcpt

begin acl
acl_rcpt:
  accept hosts = 127.0.0.0/8

begin routers
everybody:
  driver = accept
  transport = kept

begin transports
kept:
  driver = appendfile
  file = {home}/kept.mbox
  user = Debian-exim
"""

    def start(self, home, port, pair):
        exim = self.folder() / "usr" / "sbin" / "exim4"
        config = home / "exim.conf"
        config.write_text(self.SETTINGS.format(exim=exim, home=home, address=self.doors[0].address, port=port).lstrip())
        (home / "spool").mkdir()
        for end, path in [("crt", pair[0]), ("key", pair[1])]:
            shutil.copy(path, home / f"tls.{end}")
            os.chown(home / f"tls.{end}", 64000, 64000)
        os.chown(home / "spool", 64000, 64000)
        os.chown(home, 64000, 64000)
        self.run(home, [exim, "-C", config, "-bdf", "-q1s"])

    def took(self, home, to):
        return next((line for line in self.log(home).splitlines() if " => " in line and to in line), None)

    def is_encrypted(self, home, _to):
        return "P=esmtps" in self.log(home) and "X=TLS" in self.log(home)


class OpenSmtpd(Unpacked):
    """OpenSMTPD, unpacked: it hands on to a sink. It listens thrice: each certificate it could have, and none."""

    name = "OpenSMTPD"
    doors = [
        Door("opensmtpd.example", "127.0.0.13", "verified", "a right certificate"),
        Door("opensmtpd-own.example", "127.0.0.18", "required", "a certificate of its own making"),
        Door("opensmtpd-plain.example", "127.0.0.19", "off", "no certificate"),
    ]
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
pki right cert "{right[0]}"
pki right key "{right[1]}"
pki own cert "{own[0]}"
pki own key "{own[1]}"
listen on 127.0.0.13 port {port} tls pki right hostname mx.opensmtpd.example
listen on 127.0.0.18 port {port} tls pki own hostname mx.opensmtpd-own.example
listen on 127.0.0.19 port {port} hostname mx.opensmtpd-plain.example
action "on" relay host "smtp://127.0.0.1:{sink}"
match from any for any action "on"
"""

    def __init__(self, sink):
        self.sink = sink

    def start(self, home, port, pairs):
        settings = self.SETTINGS.format(port=port, sink=self.sink, right=pairs[0], own=pairs[1])
        (home / "smtpd.conf").write_text(settings.lstrip())
        self.run(home, [self.folder() / "usr" / "sbin" / "smtpd", "-d", "-f", home / "smtpd.conf"])

    def took(self, home, to):
        return next((line for line in self.log(home).splitlines() if f"to=<{to}>" in line and 'stat="250' in line), None)

    def is_encrypted(self, home, to):
        """Its lines begin with the name of the session."""
        sessions = re.findall(rf"(?m)^(\w+) smtp envelope .*to=<{re.escape(to)}>", self.log(home))
        return bool(sessions) and all(f"{session} smtp tls ciphers=" in self.log(home) for session in sessions)


def send(campus, to):
    said = smtplib_submit(campus, letter(f"To {to}", to=to, html=False))
    assert said.startswith("250 2.0.0"), said


def notice(campus, to):
    """The notification that a copy failed, as its author got it."""
    for number, _from, *got in campus.messages():
        if AUTHOR in got:
            text = (campus.taken / f"{number}.eml").read_bytes()
            if to.encode() in text:
                return email.message_from_bytes(text).get_payload()[1].get_payload()[1]
    return None


def listening(address, port):
    with contextlib.suppress(OSError), socket.create_connection((address, port), 1):
        return True
    return False


def tell(report):
    # Handshakes that fail are what some of this is about.
    logging.disable(logging.CRITICAL)
    if os.getuid() != 0:
        report.skip("routes", "its peers need root")
        return
    begun = time.monotonic()
    home = pathlib.Path("/tmp") / f"bedel-routes-{os.getpid()}"
    home.mkdir(mode=0o755)
    with contextlib.ExitStack() as stack:
        stack.callback(shutil.rmtree, home, ignore_errors=True)
        by_exchangers(report, stack, home)
    print(f"      {time.monotonic() - begun:.0f} s", flush=True)


def by_exchangers(report, stack, home):
    certificates = Certificates(home / "tls")
    port, dns, policies = free_port(), free_port(), free_port()
    own = certificates.self_signed("mx.own.example")
    dane = certificates.self_signed("mx.dane.example")
    postfix_pair = certificates.self_signed("mx.postfix.example", "127.0.0.11")
    exim_pair = certificates.right("mx.exim.example", "127.0.0.12")
    opensmtpd_pairs = [certificates.right("mx.opensmtpd.example", "127.0.0.13", key=rsa_key()), certificates.self_signed("mx.opensmtpd-own.example", "127.0.0.18")]
    anchor = home / "anchor.key"
    records = RECORDS.format(port=port, dane=dane[2], out=OUT)
    # Its author's own mail, which notices are, goes to the campus's sink.
    names = Names(dns, records, anchor)
    serving = [names]
    stack.callback(lambda: serving[-1].close())
    campus = Routed(RELAY.format(port=port, dns=dns, policies=policies, anchor=anchor, ca_file=certificates.ca_file, out=OUT, out_name=OUT_NAME))
    sink = campus.ports["sink"]
    text = (campus.config / "gateway.toml").read_text()
    text = text.replace("[pool.conveyed]", f'[[relay.via]]\ndomains = ["mst.example"]\nhost = "127.0.0.1"\nport = {sink}\n\n[pool.conveyed]', 1)
    (campus.config / "gateway.toml").write_text(text)
    plain, right = Receiver("127.0.0.14", port), Receiver("127.0.0.15", port, certificates.right("mx.right.example", "127.0.0.15"))
    of_own, of_dane = Receiver("127.0.0.16", port, own), Receiver("127.0.0.17", port, dane)
    for receiver in [plain, right, of_own, of_dane]:
        stack.callback(receiver.stop)
    stack.callback(PolicyServer(policies, certificates.right("mta-sts.sts.example", "mta-sts.sts-broken.example")).stop)
    stack.enter_context(campus)
    servers = []
    for server, pair in [(Postfix(), postfix_pair), (Exim(), exim_pair), (OpenSmtpd(sink), opensmtpd_pairs)]:
        if isinstance(server, Postfix) and not shutil.which("postfix"):
            report.skip(f"{server.name} as receiver", "it is not installed")
            continue
        if isinstance(server, Unpacked):
            try:
                server.folder()
            except (OSError, subprocess.SubprocessError) as failure:
                report.skip(f"{server.name} as receiver", f"it cannot be fetched: {failure}")
                continue
        own_home = home / server.name.lower()
        own_home.mkdir(mode=0o755)
        server.start(own_home, port, pair)
        stack.callback(server.stop)
        until(f"{server.name} listens", 60, lambda: all(listening(door.address, port) for door in server.doors))
        servers.append((server, own_home))
    to_exchangers(report, campus, names, servers, (plain, right, of_own, of_dane))
    over_a_restart(report, campus, names, of_own)
    doctor(report, campus, serving, lambda more: Names(dns, records + more, anchor))
    through_smarthosts(report, campus, servers, certificates, port, (plain, right, of_own))


def each_door(servers):
    return [(server, home, door) for server, home in servers for door in server.doors]


def to_exchangers(report, campus, names, servers, receivers):
    plain, right, of_own, of_dane = receivers
    names.failing.add("later.example")
    sent = ["a@plain.example", "a@alias.example", "a@second.example", "a@later.example", "a@sts.example", "a@own.example", "a@dane.example"]
    refused = ["a@sts-broken.example", "a@dane-broken.example", "a@verified.example"]
    nowhere = {"a@null.example": "5.1.10", "a@loop.example": "5.4.6", "a@nowhere.example": "5.1.2"}
    for to in [*sent, *refused, *nowhere, *[f"a@{door.domain}" for server, _ in servers for door in server.doors]]:
        send(campus, to)

    def arrives(to, receiver, what, is_encrypted):
        line = until(f"{to} arrives", 60, lambda: receiver.took(to))
        report.check(f"mx: {what}", line[1] == is_encrypted, line)
        return line

    line = arrives("a@plain.example", plain, "a domain without MX is its own exchanger; without TLS the way is plain", False)
    report.check("mx: the pool leaves from its own address, with its own name", line[2:] == (OUT, OUT_NAME), line)
    arrives("a@alias.example", plain, "an alias leads to the domain's address", False)
    arrives("a@second.example", plain, "when the first exchanger and the first address of the second are dead, the next is taken", False)
    arrives("a@own.example", of_own, "a certificate of its own making is better than none", True)
    arrives("a@sts.example", right, "MTA-STS: a right certificate is taken", True)
    arrives("a@dane.example", of_dane, "DANE: a certificate that DNS vouches for is taken, whoever made it", True)
    for server, home, door in each_door(servers):
        to = f"a@{door.domain}"
        until(f"{server.name} takes it", 60, lambda: server.took(home, to))
        what = f"mx: {server.name} with {door.what} takes it, {'encrypted' if door.is_encrypted() else 'plain'}"
        report.check(what, server.is_encrypted(home, to) == door.is_encrypted(), server.log(home)[-500:])
    for to, status in nowhere.items():
        told = until(f"a notice of {to}", 60, lambda: notice(campus, to))
        report.check(f"mx: {to}: its author hears {status}", told["Status"] == status and told["Action"] == "failed", told.as_string())
    report.check("mx: nothing of what DNS does not know was sent", not any(plain.took(to) for to in nowhere))
    names.failing.clear()
    arrives("a@later.example", plain, "when DNS gives no answer, it is asked again", False)
    for to, why in zip(refused, ["MTA-STS", "DANE", "verified"]):
        report.check(f"mx: {why}: a certificate that proves nothing gets nothing", not any(r.took(to) for r in receivers))
    explained = campus.bedel("shape", "explain", "dane.example")
    report.check("shape explain names the exchanger, and what it must prove", "mx.dane.example (DANE)" in explained, explained)


def over_a_restart(report, campus, names, of_own):
    """What a domain has said holds, though nobody hears it say so again: a copy waits for a certificate that proves something."""
    names.failing.add("_mta-sts.sts-broken.example")
    campus.gateway.send_signal(signal.SIGINT)
    campus.gateway.wait(60)
    names.asked.clear()
    campus.start_gateway()
    send(campus, "b@sts-broken.example")
    send(campus, "b@own.example")
    until("b@own.example arrives", 60, lambda: of_own.took("b@own.example"))
    until("the policy is asked for again", 60, lambda: "_mta-sts.sts-broken.example." in names.asked)
    explained = until("the exchanger is found", 60, lambda: (lambda found: found if "mx.own.example" in found else None)(campus.bedel("shape", "explain", "sts-broken.example")))
    report.check("mx: MTA-STS: a policy holds over a restart, though DNS does not say so any more", "mx.own.example (MTA-STS)" in explained, explained)
    report.check("mx: and the certificate that proves nothing still gets nothing", not any(of_own.took(f"{who}@sts-broken.example") for who in "ab"))
    names.failing.clear()


def doctor(report, campus, serving, names_with):
    name, value = campus.dkim()
    sick = campus.try_bedel("doctor")
    report.check("doctor: a key that DNS lacks is wrong: exit code 1, and the record to publish", sick.returncode == 1 and f"{name}. TXT" in sick.stdout.split("Publish:")[-1], sick.stdout + sick.stderr)
    serving[-1].close()
    strings = " ".join(f'"{value[at:at + 200]}"' for at in range(0, len(value), 200))
    serving.append(names_with(f"{name}. 300 IN TXT {strings}\n"))
    well = campus.try_bedel("doctor")
    report.check("doctor: when all is published the exit code is 0", well.returncode == 0 and "Publish:" not in well.stdout, well.stdout + well.stderr)


def through_smarthosts(report, campus, servers, certificates, port, receivers):
    plain, right, of_own = receivers
    for receiver, address, tls in [(plain, "127.0.0.14", "off"), (right, "127.0.0.15", "verified")]:
        to = f"through-{tls}@outside.example"
        reload(campus, SMARTHOST.format(host=address, port=port, tls=tls, ca_file=certificates.ca_file))
        send(campus, to)
        line = until("aiosmtpd takes it", 60, lambda: receiver.took(to))
        report.check(f"smarthost: aiosmtpd takes it, TLS {tls}", line[1] == (tls != "off"), line)
    for number, (server, home, door) in enumerate(each_door(servers)):
        to = f"through-{number}@outside.example"
        reload(campus, SMARTHOST.format(host=door.address, port=port, tls=door.tls, ca_file=certificates.ca_file))
        send(campus, to)
        try:
            until(f"{server.name} takes it", 60, lambda: server.took(home, to))
        except AssertionError as failure:
            raise AssertionError(f"{failure}\n{server.log(home)[-1500:]}\n{campus.log()[-1500:]}") from failure
        what = f"smarthost: {server.name} with {door.what} takes it, TLS {door.tls}"
        report.check(what, server.is_encrypted(home, to) == door.is_encrypted(), server.log(home)[-500:])
    reload(campus, SMARTHOST.format(host="127.0.0.16", port=port, tls="verified", ca_file=certificates.ca_file))
    send(campus, "nobody@outside.example")
    until("it says why it waits", 30, lambda: "the next hop's TLS cannot be used" in campus.log())
    report.check("smarthost: one that proves nothing gets nothing", of_own.took("nobody@outside.example") is None)


def reload(campus, relay):
    """Mail leaves another way from now on; the gateway goes on."""
    campus.reroute(relay)
    campus.bedel("reload")
