"""Those it is compared with, each in a folder of its own: Postfix, alone and behind mlmmj with OpenDKIM's signature."""

import os
import shutil
import signal
import smtplib
import subprocess
import time

import postfix
from campus import until
from measure import cpu

SETTINGS = """
myhostname = lists.mst.example
disable_dns_lookups = yes
smtpd_peername_lookup = no
smtpd_authorized_verp_clients = 127.0.0.0/8
in_flow_delay = 0
default_process_limit = 100
default_destination_concurrency_limit = {connections}
initial_destination_concurrency = {connections}
smtpd_relay_restrictions = permit_mynetworks, reject
recipient_delimiter = +
"""
PACKAGES = {"smtp-sink": "postfix", "postfix": "postfix", "opendkim": "opendkim", "openssl": "openssl", "ip": "iproute2", "/usr/bin/mlmmj-send": "mlmmj"}
QUICK = "127.0.0.77"
OWNER = "students@lists.mst.example"
BOUNCES = "students-bounces@lists.mst.example"


def missing():
    """Debian packages that are wanted and not there."""
    return sorted({package for program, package in PACKAGES.items() if not shutil.which(program)})


class Postfix(postfix.Postfix):
    """An instance of its own; `settings` are added to what is the same for all."""

    def __init__(self, sink_port=None, connections=20, settings=(), address="127.0.0.1"):
        lines = [SETTINGS.format(connections=connections).strip(), *settings]
        if sink_port:
            lines.append(f"relayhost = [127.0.0.1]:{sink_port}")
        super().__init__("\n".join(lines), address)

    def __enter__(self):
        super().__enter__()
        self.master = int((self.home / "queue" / "pid" / "master.pid").read_text())
        return self

    def cpu(self):
        """Of all its processes, those that have ended included."""
        return cpu(self.master)

    def queued(self, wait):
        """The text of the one message that waits in its queue."""
        def found():
            return next((path.name for path in (self.home / "queue" / "hold").iterdir() if path.is_file()), None)
        name = until("it is in the queue", wait, found)
        return subprocess.run(["postcat", "-c", self.etc, "-q", name], capture_output=True, text=True, errors="replace", timeout=30).stdout


def hand_over_with_xverp(port, people, content, a_time=1_000):
    """Gives Postfix a message for all people; it makes each one's return path. In transactions of so many."""
    with smtplib.SMTP("127.0.0.1", port, timeout=120) as client:
        client.ehlo("lists.mst.example")
        for start in range(0, len(people), a_time):
            part = people[start:start + a_time]
            code, said = client.docmd("MAIL", f"FROM:<{BOUNCES}> XVERP=+=")
            assert code == 250, said
            client.send("".join(f"RCPT TO:<{to}>\r\n" for to in part))
            for _ in part:
                code, said = client.getreply()
                assert code == 250, said
            code, said = client.data(content)
            assert code == 250, said
    return time.monotonic()


class OpenDkim:
    """A milter that signs with RSA-2048, as most do it: relaxed/relaxed."""

    def __init__(self, home):
        # No port: what a milter says in small pieces waits for acknowledgements there.
        self.socket = home / "dkim.sock"
        os.chmod(home, 0o755)
        key = home / "dkim.key"
        subprocess.run(["openssl", "genrsa", "-traditional", "-out", key, "2048"], check=True, capture_output=True, timeout=60)
        config = home / "opendkim.conf"
        config.write_text(
            f"Socket local:{self.socket}\nUMask 000\nDomain mst.example\nSubDomains yes\nSelector bench\nKeyFile {key}\nMode s\n"
            "Canonicalization relaxed/relaxed\nInternalHosts 127.0.0.1\nRequireSafeKeys no\nSyslog no\nBackground no\n"
            "OversignHeaders From\n"
        )
        self.process = subprocess.Popen(["opendkim", "-f", "-x", config], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def __enter__(self):
        until("OpenDKIM listens", 20, self.socket.exists)
        return self

    def __exit__(self, *_):
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def cpu(self):
        return cpu(self.process.pid)

    def settings(self):
        return [f"smtpd_milters = unix:{self.socket}", "milter_default_action = tempfail"]


class Prompt:
    """An address on loopback at which every segment is acknowledged at once, as it is on a real network when some are full:
    mlmmj-send says a message in three pieces, and would wait 40 ms between them."""

    def __enter__(self):
        self.route = ["local", QUICK, "dev", "lo", "table", "local"]
        subprocess.run(["ip", "route", "replace", *self.route, "src", QUICK, "quickack", "1"], check=True, timeout=30)
        return QUICK

    def __exit__(self, *_):
        subprocess.run(["ip", "route", "del", *self.route], timeout=30)


class Mlmmj:
    """A list whose members mlmmj-send writes to one by one, each with a return path of their own."""

    def __init__(self, home, people, address, port):
        self.list = home / "list"
        for name in ["control", "subscribers.d", "queue/discarded", "archive", "text", "requeue", "bounce"]:
            (self.list / name).mkdir(parents=True)
        controls = {"listaddress": OWNER, "relayhost": address, "smtpport": str(port), "noarchive": ""}
        for name, value in controls.items():
            (self.list / "control" / name).write_text(value + "\n")
        (self.list / "subscribers.d" / "s").write_text("".join(f"{to}\n" for to in people))
        self.process = None

    def send(self, content):
        path = self.list / "queue" / "posting"
        path.write_bytes(content)
        command = ["/usr/bin/mlmmj-send", "-L", self.list, "-m", path]
        self.process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def stop(self):
        if self.process and self.process.poll() is None:
            self.process.kill()
            self.process.wait()

    def cpu(self):
        return cpu(self.process.pid)
