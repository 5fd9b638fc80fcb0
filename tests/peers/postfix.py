"""The system's Postfix with an instance of its own: what is alike wherever it is a peer. It needs root."""

import os
import pathlib
import shutil
import subprocess
import tempfile

from campus import free_port

SERVICES = """
{address}:{port} inet n - n - - smtpd
cleanup unix n - n - 0 cleanup
qmgr unix n - n {wakes} 1 qmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
smtp unix - - n - - smtp
discard unix - - n - - discard
error unix - - n - - error
retry unix - - n - - error
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
tlsmgr unix - - n 1000? 1 tlsmgr
proxymap unix - - n - - proxymap
showq unix n - n - - showq
postlog unix-dgram n - n - 1 postlogd
"""

SETTINGS = """
compatibility_level = 3.6
queue_directory = {home}/queue
data_directory = {home}/data
maillog_file = {home}/log
maillog_file_prefixes = {home}
mydestination =
mynetworks = 127.0.0.0/8
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
alias_maps =
"""


def is_there():
    return os.getuid() == 0 and shutil.which("postfix")


class Postfix:
    """`settings` are added to what is the same for all; `wakes` is how often it looks at what waits, in seconds."""

    def __init__(self, settings, address="127.0.0.1", port=None, wakes=300):
        self.home, self.port = pathlib.Path(tempfile.mkdtemp(prefix="bedel-postfix-", dir="/tmp")), port or free_port()
        self.etc = self.home / "etc"
        for name in ["etc", "queue", "data"]:
            (self.home / name).mkdir()
        shutil.chown(self.home / "data", "postfix")
        self.home.chmod(0o755)
        (self.etc / "main.cf").write_text(SETTINGS.format(home=self.home).lstrip() + settings.strip() + "\n")
        (self.etc / "master.cf").write_text(SERVICES.format(address=address, port=self.port, wakes=wakes).lstrip())

    def __enter__(self):
        # It is ready once this has returned.
        started = subprocess.run(["postfix", "-c", self.etc, "start"], capture_output=True, text=True, timeout=60)
        if started.returncode != 0:
            said = started.stderr + self.log()
            self.__exit__()
            raise RuntimeError(said)
        return self

    def __exit__(self, *_):
        subprocess.run(["postfix", "-c", self.etc, "stop"], capture_output=True, timeout=60)
        shutil.rmtree(self.home, ignore_errors=True)

    def log(self):
        return (self.home / "log").read_text(errors="replace") if (self.home / "log").exists() else ""
