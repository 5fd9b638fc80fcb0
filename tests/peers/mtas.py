"""Mail servers that cannot be installed beside one another: unpacked below target/, and run from there.

Each runs with folders and users of its own in a mount namespace.
"""

import os
import pathlib
import signal
import subprocess

from campus import ROOT

PACKAGES = ROOT / "target" / "mtas"


def unpacked(name, *packages):
    """Debian packages, unpacked into a folder of their own; fetched once."""
    folder = PACKAGES / name
    if not folder.exists():
        PACKAGES.mkdir(parents=True, exist_ok=True)
        subprocess.run(["apt-get", "download", "-qq", *packages], cwd=PACKAGES, check=True, capture_output=True, timeout=300)
        part = PACKAGES / f"{name}.part"
        for package in packages:
            [archive] = PACKAGES.glob(f"{package}_*.deb")
            subprocess.run(["dpkg", "-x", archive, part], check=True)
        part.rename(folder)
    return folder


class Unpacked:
    """A server that was not installed: it runs in a mount namespace of its own, in which its users and folders exist."""

    process = None
    packages = []
    users = []
    # What lies over the machine's own folders, in the namespace alone.
    mounts = ""

    def folder(self):
        return unpacked(self.name.lower(), *self.packages)

    def run(self, home, command):
        """Starts it as process of a group of its own."""
        for file, line in [("passwd", "{user}:x:{id}:{id}::/nonexistent:/bin/false"), ("group", "{user}:x:{id}:")]:
            own = "".join(line.format(user=user, id=64000 + number) + "\n" for number, user in enumerate(self.users))
            (home / file).write_text(pathlib.Path(f"/etc/{file}").read_text() + own)
        libraries = " ".join(sorted({str(path.parent) for path in self.folder().rglob("*.so*")}))
        script = "\n".join([
            "set -e",
            "mount --make-rprivate /",
            f"mount --bind {home}/passwd /etc/passwd",
            f"mount --bind {home}/group /etc/group",
            # Its libraries are found by the linker's own list, which holds for set-user-id programs as well.
            f"ldconfig -X -C {home}/libraries {libraries}",
            f"mount --bind {home}/libraries /etc/ld.so.cache",
            self.mounts.format(home=home, folder=self.folder()),
            "exec " + " ".join(str(word) for word in command),
        ])
        out = open(home / "out.log", "ab")
        self.process = subprocess.Popen(["unshare", "--mount", "sh", "-c", script], stdout=out, stderr=out, start_new_session=True)

    def stop(self):
        if self.process and self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGTERM)
            try:
                self.process.wait(10)
            except subprocess.TimeoutExpired:
                os.killpg(self.process.pid, signal.SIGKILL)
                self.process.wait()

    def log(self, home):
        return "".join(path.read_text(errors="replace") for path in sorted(home.glob("*log")))
