"""A full disk: 452 4.3.1, nothing half-kept, and on it goes once there is room. One that is full in the middle of a commit: the
gateway stops by itself, and has everything when it is started again."""

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
        with Campus(contacts=3, data_dir=f"{folder}/careless", free_bytes_min=0) as campus:
            not_a_byte_left(report, campus, folder)
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


def not_a_byte_left(report, campus, folder):
    """Settings that leave nothing free: the disk is full when the engine writes, which then does not know what it has."""
    report.check("there is room, and none is kept free", smtplib_submit(campus, letter("3")).startswith("250 2.6.0"))
    ballast = f"{folder}/ballast"
    with open(ballast, "wb", buffering=0) as file:
        try:
            while file.write(b"\0" * 65_536):
                pass
        except OSError:
            pass
    said = []
    for number in range(4, 204):
        try:
            said.append(smtplib_submit(campus, letter(str(number))))
        except OSError:
            # It has stopped by now: some other commit found no room.
            said.append("421")
        if campus.gateway.poll() is not None:
            break
    taken = sum(answer.startswith("250") for answer in said)
    report.check("a commit that finds no room is put off", said[-1].startswith("4"), said)
    campus.gateway.wait(30)
    report.check("the gateway stops, and says so by its exit code", campus.gateway.returncode == 1, campus.gateway.returncode)
    os.unlink(ballast)
    campus.start_gateway()
    kept = campus.bedel("hold", "list").count("MC-")
    said = smtplib_submit(campus, letter("205"))
    report.check("started again it takes mail, as before", said.startswith("250 2.6.0"), said)
    report.check("and has what it had answered for", kept == 1 + taken, (kept, said))
