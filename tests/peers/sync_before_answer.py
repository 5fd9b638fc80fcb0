"""strace: between the final dot and every 250 the message's bytes are synced, and then what names them."""

import os
import pathlib
import re
import shutil
import signal
import smtplib
import subprocess

from campus import Campus
from letters import AUTHOR, LIST, letter, wire

MESSAGES = 10


def tell(report):
    if not shutil.which("strace") or subprocess.run(["strace", "-o", "/dev/null", "true"], capture_output=True).returncode != 0:
        report.skip("a sync before every answer", "strace is not allowed here")
        return
    with Campus(contacts=1) as campus:
        campus.gateway.terminate()
        campus.gateway.wait(60)
        trace = campus.home / "trace"
        calls = "trace=fdatasync,sync_file_range,recvfrom,read,sendto,write,writev"
        campus.start_gateway(["strace", "-f", "-y", "-s", "200", "-e", calls, "-o", trace])
        # In the clear, so that the trace can be read; the relay's word tells the author.
        for number in range(MESSAGES):
            message = letter(f"Message {number}", html=False)
            message["X-Campus-Authenticated"] = AUTHOR
            with smtplib.SMTP("127.0.0.1", campus.ports["relay"], timeout=60) as client:
                client.ehlo("relay.mst.example")
                client.sendmail(AUTHOR, [LIST], wire(message))
        stop_traced(campus.gateway)
        synced = answers(trace.read_text(errors="replace").splitlines())
        report.check(f"{len(synced)} answers seen", len(synced) == MESSAGES, synced)
        report.check("each after a sync of its own time", all(synced), synced)


def stop_traced(tracer):
    """strace ends when what it traces does."""
    children = pathlib.Path(f"/proc/{tracer.pid}/task/{tracer.pid}/children").read_text().split()
    for child in children:
        os.kill(int(child), signal.SIGTERM)
    tracer.wait(90)


def answers(lines):
    """For each 250 2.6.0, whether since the 354 before it first a roll was synced, and then the engine's file."""
    seen, synced, open_calls = [], [], {}
    for line in lines:
        thread = line.split()[0]
        if re.search(r'"354 ', line):
            synced = []
        elif '"250 2.6.0 Held' in line:
            names = [name for name in synced if name]
            seen.append("roll" in names and "db" in names[names.index("roll"):])
        elif call := re.search(r"fdatasync\(\d+<([^>]*)>", line):
            open_calls[thread] = call[1]
        if re.search(r"fdatasync(\(.*\)| resumed>.*\))\s+= 0", line):
            synced.append(kind(open_calls.pop(thread, "")))
    return seen


def kind(path):
    """What a file of the store is; `None` for others."""
    if "/rolls/roll-" in path:
        return "roll"
    return "db" if path.endswith("/store/db") else None
