"""The API against its own description: schemathesis asks whatever the OpenAPI document allows, and much that it does not."""

import contextlib
import json
import smtplib
import socket
import socketserver
import subprocess
import sys
import threading
from pathlib import Path
from urllib.request import Request, urlopen

from campus import Campus

CHECKS = [
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_schema_conformance",
    "ignored_auth",
    "unsupported_method",
]


def tell(report):
    with Campus() as campus:
        with smtplib.SMTP("127.0.0.1", campus.ports["relay"], timeout=60) as relay:
            for number in range(6):
                text = f"Subject: Case {number}\r\n\r\nText {number}.\r\n"
                head = "X-Campus-Authenticated: author@mst.example\r\nFrom: author@mst.example\r\n"
                relay.sendmail("author@mst.example", "students@lists.mst.example", head + text)
        for account, scope in [("emarcomm", "act"), ("records", "act"), ("author", "read")]:
            token = campus.bedel("account", "token", account, "--scope", scope).strip()
            asked(report, campus.home, account, base(campus), ["--header", f"Authorization: Bearer {token}"], CHECKS)
        seen = json.loads(ask(campus, "/holds", token))
        report.check("the API lists what waits for its author", isinstance(seen, list), seen)
        refused = ask(campus, "/mailings/MC-2026-0001/withdraw", token, method="POST")
        report.check("a token to read with does not act", refused == "403", refused)
        # Whoever can open the socket is the operator; nothing else is asked of them. An import is answered by a stream of
        # lines, which no document can describe.
        checks = [check for check in CHECKS if check != "ignored_auth"]
        without = ["--exclude-path", "/people/import"]
        with bridged(campus.home / campus.data_dir / "control.sock") as port:
            url = f"http://127.0.0.1:{port}/api/v1"
            # It finds the accounts, and would remove the one it asks as: that comes last.
            who = "emarcomm@mst.example"
            kept = [*without, "--exclude-path", "/accounts/{address}"]
            asked(report, campus.home, f"{who} by the socket", url, ["--header", f"X-Bedel-Actor: {who}", *kept], checks)
            report.check("its account is there as before", who in accounts(campus), accounts(campus))
            asked(report, campus.home, "the operator", url, without, checks)
            report.check("the gateway goes on", accounts(campus) is not None)


def accounts(campus):
    return {account["address"] for account in json.loads(campus.bedel("account", "list", "--json"))}


@contextlib.contextmanager
def bridged(path):
    """The control socket as a port: what speaks HTTP speaks to ports."""

    class Bridge(socketserver.BaseRequestHandler):
        def handle(self):
            with socket.socket(socket.AF_UNIX) as gateway:
                gateway.connect(str(path))
                back = threading.Thread(target=carried, args=(gateway, self.request))
                back.start()
                carried(self.request, gateway)
                back.join()

    def carried(read, write):
        with contextlib.suppress(OSError):
            while octets := read.recv(65536):
                write.sendall(octets)
        with contextlib.suppress(OSError):
            write.shutdown(socket.SHUT_WR)

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Bridge) as server:
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_address[1]
        server.shutdown()


def asked(report, home, account, url, how, checks):
    """One run: a failure prints what was asked and what was answered."""
    done = subprocess.run(
        [
            Path(sys.executable).parent / "schemathesis", "run", f"{url}/openapi.json", "--url", url,
            *how, "--checks", ",".join(checks), "--max-examples", "40",
            "--phases", "examples,coverage,fuzzing", "--seed", "1", "--no-color", "--workers", "1",
        ],
        capture_output=True, text=True, timeout=600, cwd=home,
    )
    said = [line.strip() for line in done.stdout.splitlines() if "generated" in line or "Unresolvable" in line or "Missing test data" in line]
    print(f"      {'; '.join(said)}", flush=True)
    report.check(f"schemathesis finds nothing, as {account}", done.returncode == 0 and "Unresolvable" not in done.stdout, done.stdout[-6000:] + done.stderr[-2000:])


def base(campus):
    return f"http://127.0.0.1:{campus.ports['console']}/api/v1"


def ask(campus, path, token, method="GET"):
    request = Request(f"{base(campus)}{path}", headers={"Authorization": f"Bearer {token}"}, method=method)
    try:
        with urlopen(request, timeout=30) as answer:
            return answer.read().decode()
    except OSError as error:
        return str(getattr(error, "code", error))
