"""Bad settings, taken ports, unsafe keys, damaged stores: one sentence, the right exit code, no panic."""

import os
import pathlib
import socket
import subprocess

from campus import BEDEL, Campus


def tell(report):
    with Campus(contacts=1) as campus:
        other = Campus(contacts=1)
        try:
            edit(other, "gateway.toml", "data_dir", "data_dri")
            said = refused(report, other, "an unknown key", 2)
            report.check("it is named with file, line and the nearest right one", "gateway.toml:" in said and "did you mean `data_dir`" in said, said)
            edit(other, "gateway.toml", "data_dri", "data_dir")
            with socket.socket() as taken:
                taken.bind(("127.0.0.1", other.ports["relay"]))
                taken.listen()
                said = refused(report, other, "a taken port", 1)
                report.check("it is named with its listener", "listener `relay` cannot listen on" in said, said)
            keys(report, other)
            foreign_key(report, campus)
            twice(report, campus)
            damaged(report, other)
        finally:
            other.__exit__()


def edit(campus, file, before, after):
    path = campus.config / file
    path.write_text(path.read_text().replace(before, after, 1))


def refused(report, campus, what, code):
    command = [str(BEDEL), "--config", str(campus.config), "serve"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    last = [line for line in done.stderr.splitlines() if line.startswith("bedel:")]
    is_right = done.returncode == code and len(last) == 1 and "panicked" not in done.stderr
    report.check(f"{what}: exit code {code}, one sentence", is_right, (done.returncode, done.stderr))
    return last[0] if last else ""


def keys(report, campus):
    certs = campus.home / "certs"
    certs.mkdir(exist_ok=True)
    key = certs / "dkim.key"
    key.write_text("nonsense")
    os.chmod(key, 0o644)
    said = refused(report, campus, "a key that others may read", 1)
    report.check("it says what to do", "chmod 600" in said, said)
    os.chmod(key, 0o600)
    refused(report, campus, "a key that is none", 1)
    key.unlink()


def foreign_key(report, campus):
    """The gateway runs on; who checks the settings hears of what the next start would meet."""
    key = campus.home / "certs" / "bedel.key"
    own = key.read_bytes()
    key.write_bytes((campus.home / "certs" / "dkim.key").read_bytes())
    done = campus.try_bedel("check")
    key.write_bytes(own)
    report.check("`check` says that a certificate and a key do not belong together", done.returncode == 1 and "bedel.key" in done.stderr, done.stderr)
    report.check("and that those before are good", campus.try_bedel("check").returncode == 0)


def twice(report, campus):
    said = refused(report, Twin(campus), "a second gateway on the same data_dir", 1)
    report.check("it says who has it", "another gateway already runs" in said, said)


class Twin:
    """The settings of a running campus, on other ports."""

    def __init__(self, campus):
        spare = Campus(contacts=1, data_dir=str(campus.home / "var"))
        self.config, self.home = spare.config, spare.home


def damaged(report, campus):
    store = pathlib.Path(campus.home) / "var" / "store"
    campus.start_sink()
    campus.start_gateway()
    campus.bedel("hold", "list")
    campus.gateway.terminate()
    campus.gateway.wait(60)
    (store / "db").write_bytes(b"\xa5" * 700_000)
    said = refused(report, campus, "a damaged store", 1)
    report.check("it says how to come back", "store restore" in said, said)
