"""The API against its own description: schemathesis asks whatever the OpenAPI document allows, and much that it does not."""

import json
import smtplib
import subprocess
import sys
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
            asked(report, campus, account, token)
        seen = json.loads(ask(campus, "/holds", token))
        report.check("the API lists what waits for its author", isinstance(seen, list), seen)
        refused = ask(campus, "/mailings/MC-2026-0001/withdraw", token, method="POST")
        report.check("a token to read with does not act", refused == "403", refused)


def asked(report, campus, account, token):
    """One run: a failure prints what was asked and what was answered."""
    done = subprocess.run(
        [
            Path(sys.executable).parent / "schemathesis", "run", f"{base(campus)}/openapi.json", "--url", base(campus),
            "--header", f"Authorization: Bearer {token}", "--checks", ",".join(CHECKS), "--max-examples", "40",
            "--phases", "examples,coverage,fuzzing", "--seed", "1", "--no-color", "--workers", "2",
        ],
        capture_output=True, text=True, timeout=600, cwd=campus.home,
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
