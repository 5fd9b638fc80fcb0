"""The power goes, at random moments of a mailing under way: 2 times, or as often as BEDEL_CUTS says.

The store lies on a file system of its own, in a file. The kernel ends that file system at once (EXT4_IOC_SHUTDOWN), without
writing its journal: what was not synced is gone. Then the program is killed, and the file system mounted anew.
"""

import contextlib
import fcntl
import os
import pathlib
import shutil
import struct
import subprocess
import tempfile

import crash
from campus import Campus

EXT4_IOC_SHUTDOWN = 0x8004587D
WITHOUT_THE_JOURNAL = 2
IMAGE_BYTES = 2_000_000_000


class Disk:
    """A file system in a file."""

    def __init__(self):
        self.home = pathlib.Path(tempfile.mkdtemp(prefix="bedel-power-"))
        self.image, self.folder = self.home / "image", self.home / "disk"
        self.folder.mkdir()
        with open(self.image, "wb") as image:
            image.truncate(IMAGE_BYTES)

    def make(self):
        """Why not, when it cannot be made here."""
        if os.geteuid() != 0 or not shutil.which("mkfs.ext4"):
            return "it wants root and mkfs.ext4"
        subprocess.run(["mkfs.ext4", "-q", self.image], check=True)
        if self.mount().returncode != 0:
            return "loop mounts are not allowed here"
        return None

    def mount(self):
        return subprocess.run(["mount", "-o", "loop", self.image, self.folder], capture_output=True, text=True)

    def cut(self):
        folder = os.open(self.folder, os.O_RDONLY)
        try:
            fcntl.ioctl(folder, EXT4_IOC_SHUTDOWN, struct.pack("I", WITHOUT_THE_JOURNAL))
        finally:
            os.close(folder)

    def again(self):
        subprocess.run(["umount", self.folder], check=True)
        done = self.mount()
        assert done.returncode == 0, done.stderr

    def remove(self):
        subprocess.run(["umount", self.folder], capture_output=True)
        shutil.rmtree(self.home, ignore_errors=True)


@contextlib.contextmanager
def disk(report):
    made = Disk()
    try:
        why_not = made.make()
        if why_not:
            report.skip("a power cut", why_not)
            yield None
        else:
            yield made
    finally:
        made.remove()


def tell(report):
    cuts = crash.times("BEDEL_CUTS", 2)
    with disk(report) as made:
        if made is None:
            return
        # The shutdown must do what it is for, or the story says nothing.
        probe = made.folder / "probe"
        probe.write_text("not synced")
        made.cut()
        made.again()
        report.check("what is not synced is gone after a cut", not probe.exists() or probe.read_text() == "")

        def crash_it(campus):
            made.cut()
            campus.kill_gateway()
            made.again()

        with Campus(contacts=crash.contacts(cuts), shaping=crash.shaping(cuts), data_dir=f"{made.folder}/var",
                    keep_messages=False, free_bytes_min=4_000_000) as campus:
            crash.story(report, campus, cuts, crash_it, "power cut")
