"""A full disk: 452 4.3.1, nothing half-kept, and on it goes once there is room."""

import os
import subprocess
import tempfile

from campus import Campus
from letters import letter, smtplib_submit


def tell(report):
    folder = tempfile.mkdtemp(prefix="bedel-disk-")
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=24m", "tmpfs", folder], capture_output=True)
    if mounted.returncode != 0:
        os.rmdir(folder)
        report.skip("a full disk", "mounts are not allowed here")
        return
    try:
        with Campus(contacts=3, data_dir=f"{folder}/var", free_bytes_min=4_000_000) as campus:
            story(report, campus, folder)
    finally:
        subprocess.run(["umount", folder], check=True)
        os.rmdir(folder)


def story(report, campus, folder):
    report.check("there is room", smtplib_submit(campus, letter("1")).startswith("250 2.6.0"))
    ballast = f"{folder}/ballast"
    with open(ballast, "wb") as file:
        stat = os.statvfs(folder)
        file.write(b"\0" * (stat.f_bavail * stat.f_frsize - 2_000_000))
    said = smtplib_submit(campus, letter("2"))
    report.check("no room: 452 4.3.1", said.startswith("452 4.3.1"), said)
    report.check("nothing of it was kept", campus.bedel("hold", "list").count("MC-") == 1)
    os.unlink(ballast)
    said = smtplib_submit(campus, letter("2"))
    report.check("room again: it is held", said.startswith("250 2.6.0"), said)
    report.check("and listed", campus.bedel("hold", "list").count("MC-") == 2)
