"""A campus to test: the real program, its own folder, its own ports, nothing but loopback."""

import contextlib
import json
import os
import pathlib
import random
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
BEDEL = pathlib.Path(os.environ.get("BEDEL", ROOT / "target" / "debug" / "bedel"))
PASSWORD = "correct-horse-battery"
ACCOUNTS = ["author", "records", "emarcomm", "emarcomm-deputy"]
# More accounts, for stories that want them.
ROLES = ["instructor", "police", "provost", "busy", "merger", "slicer", "poster", "surveyor", "vendor-contact"]


# Whoever has been given a port may not listen on it yet.
GIVEN = set()


def free_port():
    """A port nobody listens on, and nobody was given; none that the system may give to a connection before it is bound."""
    for port in random.sample(range(10_000, 32_000), 1_000):
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            if port not in GIVEN:
                GIVEN.add(port)
                return port
    raise AssertionError("no port is free")


def until(what, seconds, condition):
    """Waits for a condition; says what did not happen when the time is up."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        found = condition()
        if found:
            return found
        time.sleep(0.1)
    raise AssertionError(f"not in {seconds} s: {what}")


def can_connect(port):
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
        return True
    return False


def unshaped(copies, connections=8):
    """A shaping.toml under which so many copies leave as fast as they can, and all at once: no provider, no slice first."""
    return f"""
[limits]
all       = {{ connections = {connections}, messages_per_second = 20000 }}
each_host = {{ messages_per_connection = 500 }}  # the rest as all other domains
[warm_up]
first_day      = 300
growth_percent = 20
idle           = "30d"
[canary]
copies  = {copies}
percent = 0
wait    = "15m"
[brake]
sample           = 200
bounces_warn     = 2
bounces_pause    = 5
complaints_warn  = 0.08
complaints_pause = 0.3
authentication   = 3
[provider.default]
name                = "other domains"
connections         = {connections}
messages_per_second = 20000
"""


class Campus:
    """A gateway and its smarthost, in a temporary folder."""

    def __init__(self, contacts=40, shaping="", data_dir=None, keep_messages=True, free_bytes_min=None, oidc=None, policy=(), people=None):
        self.home = pathlib.Path(tempfile.mkdtemp(prefix="bedel-peers-"))
        # The local parts of the students, all at students.example.
        self.people = people or [f"s{n}" for n in range(1, contacts + 1)]
        self.config = self.home / "config"
        self.taken = self.home / "taken"
        self.ports = {name: free_port() for name in ["relay", "submission", "submissions", "console", "public", "sink"]}
        self.data_dir = data_dir or "var"
        self.contacts = contacts
        self.keep_messages = keep_messages
        self.running = []
        # What the gateway finds in its environment besides ours.
        self.environment = {}
        self.gateway = None
        self._write_config(shaping, free_bytes_min, oidc)
        path = self.config / "policy.toml"
        for shipped, changed in policy:
            path.write_text(path.read_text().replace(shipped, changed, 1))
        self.plain = {name: (self.config / name).read_text() for name in ["gateway.toml", "policy.toml"]}

    def _write_config(self, shaping, free_bytes_min, oidc):
        shutil.copytree(ROOT / "config", self.config)
        path = self.config / "gateway.toml"
        text = path.read_text()
        for shipped, name in [("2525", "relay"), ("2587", "submission"), ("2465", "submissions"), ("8080", "console"), ("8081", "public")]:
            # A port already written may begin with the digits of one that is not.
            text = re.sub(rf"127\.0\.0\.1:{shipped}\b", f"127.0.0.1:{self.ports[name]}", text)
        text = text.replace("port  = 2526", f"port  = {self.ports['sink']}")
        text = re.sub(r'data_dir\s*= "var"', f'data_dir = "{self.data_dir}"', text)
        if free_bytes_min is not None:
            text = text.replace("[store]", f"free_bytes_min = {free_bytes_min}\n\n[store]", 1)
        if oidc:
            (self.home / "oidc.secret").write_text("a secret of the trial\n")
            address = f"127.0.0.1:{self.ports['console']}"
            text = re.sub(rf'(address = "{address}")', rf'\1\nurl = "http://{address}"', text, count=1)
            text += f'\n[oidc]\nissuer = "{oidc}"\nclient_id = "bedel"\nclient_secret_file = "{self.home}/oidc.secret"\nname = "campus account"\n'
        path.write_text(text)
        # The stories are told at any hour.
        policy = self.config / "policy.toml"
        anytime = re.sub(r"(?ms)^\[hours\].*?(?=^# Who may send)", "", policy.read_text())
        policy.write_text(re.sub(r"(?m)^caps .*\n", "", anytime))
        if shaping:
            (self.config / "shaping.toml").write_text(shaping)

    def __enter__(self):
        try:
            return self.set_up()
        except BaseException:
            # Who fails to enter is never asked to leave.
            self.__exit__()
            raise

    def set_up(self):
        self.start_sink()
        self.start_gateway()
        for name in ACCOUNTS:
            (self.home / "password").write_text(PASSWORD)
            self.bedel("account", "add", name, "--password-file", self.home / "password")
        feed = self.home / "students.csv"
        rows = [f"{n},{name}@students.example,Ann,Student {n},student,physics,US" for n, name in enumerate(self.people, 1)]
        feed.write_text("\n".join(["source_key,email,given_name,family_name,affiliation,unit,country", *rows]) + "\n")
        if self.contacts:
            self.bedel("people", "import", feed, "--source", "registrar")
        return self

    def __exit__(self, *_):
        for process in self.running:
            if process.poll() is None:
                process.send_signal(signal.SIGINT)
                try:
                    process.wait(20)
                except subprocess.TimeoutExpired:
                    process.kill()
                    process.wait()
        shutil.rmtree(self.home, ignore_errors=True)

    def start_sink(self):
        command = [BEDEL, "sink", "--address", f"127.0.0.1:{self.ports['sink']}", "--folder", self.taken]
        self._start(command if self.keep_messages else [*command, "--log-only"])
        until("the sink listens", 20, lambda: can_connect(self.ports["sink"]))

    def start_gateway(self, wrapper=()):
        log = open(self.home / "gateway.log", "ab")
        self.gateway = self._start([*wrapper, BEDEL, "--config", self.config, "serve"], log)
        def open_for_all():
            assert self.gateway.poll() is None, (self.home / "gateway.log").read_text()[-2000:]
            names = ["relay", "submission", "submissions", "console", "public"]
            return all(can_connect(self.ports[name]) for name in names)
        until("the gateway listens", 60, open_for_all)

    def with_feed(self, office, source, schedule=""):
        """Starts anew with an office's feed fetched from somewhere."""
        (self.config / "gateway.toml").write_text(f"{self.plain['gateway.toml']}\n{source}")
        (self.config / "policy.toml").write_text(self.plain["policy.toml"].replace(f"[feed.{office}]", f"[feed.{office}]\n{schedule}", 1))
        self.gateway.send_signal(signal.SIGINT)
        self.gateway.wait(60)
        self.start_gateway()

    def kill_gateway(self):
        """kill -9."""
        self.gateway.kill()
        self.gateway.wait()

    def _start(self, command, log=subprocess.DEVNULL):
        process = subprocess.Popen([str(part) for part in command], stdout=log, stderr=log, env={**os.environ, **self.environment})
        self.running.append(process)
        return process

    def try_bedel(self, *words):
        command = [str(part) for part in [BEDEL, "--config", self.config, *words]]
        return subprocess.run(command, capture_output=True, text=True, timeout=120)

    def bedel(self, *words):
        done = self.try_bedel(*words)
        assert done.returncode == 0, f"bedel {' '.join(map(str, words))}: {done.stderr or done.stdout}"
        return done.stdout

    def json(self, *words):
        return json.loads(self.bedel(*words, "--json"))

    def dkim(self):
        """Name and value of the DNS record of the signing key."""
        record = self.json("check")["dkim"]
        return record["name"], record["value"]

    def release(self, case):
        """A steward approves, a reviewer releases."""
        self.bedel("hold", "approve", case, "--as", "records")
        # What goes to very many wants a test copy first.
        if self.contacts > 5000:
            self.bedel("hold", "test", case, "--as", "emarcomm")
        self.bedel("hold", "release", case, "--as", "emarcomm")

    def closed(self, case, seconds=60):
        """Waits until the last delivery of a mailing is settled."""
        return until(f"{case} is closed", seconds, lambda: self.json("mailing", "show", case)["state"] == "closed")

    def messages(self):
        """What the sink has taken: recipient line by message."""
        lines = (self.taken / "taken.log").read_text().splitlines() if (self.taken / "taken.log").exists() else []
        return [(number, *line.split("\t")) for number, line in enumerate(lines, 1)]

    def copies(self, case):
        """The copies of one mailing: recipient and bytes."""
        mark = f"Feedback-ID: {case.replace('-', '')}:".encode()
        found = []
        for number, _from, *to in self.messages():
            path = self.taken / f"{number}.eml"
            content = path.read_bytes() if path.exists() else b""
            if mark in content:
                found.append((to, content))
        return found
