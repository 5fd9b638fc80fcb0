"""Mail servers that cannot be installed beside one another: unpacked below target/, and run from there.

Each runs with folders and users of its own in a mount namespace.
"""

import os
import pathlib
import shutil
import signal
import subprocess

from campus import ROOT

PACKAGES = ROOT / "target" / "mtas"
# Debian 12 has OpenSMTPD 6.8.0p2, which offers STARTTLS and fails in it with every client and every key ("rsa routines::missing
# private key"): what guards its keys knows no OpenSSL 3 (OpenSMTPD's issue 1171).
OPENSMTPD_NEWER = {"bookworm": ["opensmtpd"]}
# apt with lists of its own: the machine's settings and lists stay as they are.
BACKPORTS = """
Dir::Etc::sourcelist "{folder}/sources.list";
Dir::Etc::sourceparts "-";
Dir::State::lists "{folder}/lists";
Dir::Cache "{folder}";
"""
BACKPORTS_LIST = "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] http://deb.debian.org/debian {suite} main\n"


def codename():
    """What the system is called: `bookworm`."""
    release = pathlib.Path("/etc/os-release").read_text()
    return next((line.split("=")[1].strip('"') for line in release.splitlines() if line.startswith("VERSION_CODENAME=")), "")


def apt(folder, *words, config=None):
    environment = {**os.environ, "APT_CONFIG": str(config)} if config else None
    subprocess.run(["apt-get", "-qq", *words], cwd=folder, check=True, capture_output=True, timeout=300, env=environment)


def fetch_newer(folder, packages):
    """Fetches packages that the system has too old, out of the backports to it."""
    suite, own = f"{codename()}-backports", folder / "apt"
    for part in ["lists/partial", "archives/partial"]:
        (own / part).mkdir(parents=True, exist_ok=True)
    (own / "apt.conf").write_text(BACKPORTS.format(folder=own))
    (own / "sources.list").write_text(BACKPORTS_LIST.format(suite=suite))
    apt(folder, "update", config=own / "apt.conf")
    apt(folder, "download", *[f"{package}/{suite}" for package in packages], config=own / "apt.conf")


def unpacked(name, packages, newer):
    """Debian packages, unpacked into a folder of their own; fetched once."""
    folder = PACKAGES / name
    if not folder.exists():
        archives, part = PACKAGES / f"{name}.debs", PACKAGES / f"{name}.part"
        archives.mkdir(parents=True, exist_ok=True)
        if newer:
            fetch_newer(archives, newer)
        apt(archives, "download", *[package for package in packages if package not in newer])
        for archive in archives.glob("*.deb"):
            subprocess.run(["dpkg", "-x", archive, part], check=True)
        part.rename(folder)
        shutil.rmtree(archives)
    return folder


class Unpacked:
    """A server that was not installed: it runs in a mount namespace of its own, in which its users and folders exist."""

    process = None
    packages = []
    # Those of them that come out of the backports, by the release of Debian that has them too old.
    newer = {}
    users = []
    # What lies over the machine's own folders, in the namespace alone.
    mounts = ""

    def folder(self):
        newer = self.newer.get(codename(), [])
        return unpacked(self.name.lower() + ("-newer" if newer else ""), self.packages, newer)

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
