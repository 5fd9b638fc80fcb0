"""What is measured, and how: copies at a receiver, CPU of a family of processes, resident memory, the steady part of a run."""

import concurrent.futures
import dataclasses
import os
import pathlib
import re
import subprocess
import time

from campus import can_connect, free_port, until

TICKS = os.sysconf("SC_CLK_TCK")
# Below this share of a run things warm up, above the other one they run out: what is between is judged.
STEADY = 0.1, 0.9


@dataclasses.dataclass
class Sample:
    """A moment of a run: seconds of the clock, how many were done by then, CPU seconds used by then."""

    at: float
    done: int
    cpu: float


@dataclasses.dataclass
class Pace:
    """How a run went in its steady part."""

    per_second: float
    # Milliseconds of CPU, user and system.
    cpu_ms: float
    # Of the whole run, from its start to the last one.
    seconds: float


def cpu(pid):
    """Seconds of CPU, user and system, of a process and all that descend from it, those that have ended included."""
    try:
        fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
        kin = pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except (FileNotFoundError, ProcessLookupError):
        return 0.0
    return sum(map(int, fields[11:15])) / TICKS + sum(cpu(child) for child in kin)


def resident(pid, field="VmRSS"):
    """Megabytes resident now; with VmHWM the most there ever were."""
    status = pathlib.Path(f"/proc/{pid}/status").read_text()
    return int(re.search(rf"{field}:\s+(\d+) kB", status).group(1)) / 1000


def watch(count, spent, total, seconds=900, stalled=90, every=0.02):
    """Looks at a run until so many are done, the time is up, or nothing has moved for long; gives its samples."""
    began = time.monotonic()
    samples = [Sample(began, count(), spent())]
    moved = began
    while samples[-1].done < total:
        time.sleep(every)
        now, done = time.monotonic(), count()
        if done > samples[-1].done:
            moved = now
            samples.append(Sample(now, done, spent()))
        if now - began > seconds or now - moved > stalled:
            print(f"      it ended with {samples[-1].done} of {total}", flush=True)
            break
    return samples


def pace(samples, total, not_before=0.0):
    """The steady part of a run: between a tenth and nine tenths, and not before something else was over."""
    begun, ended = samples[0], samples[-1]
    part = [one for one in samples if STEADY[0] * total <= one.done <= STEADY[1] * total and one.at >= not_before]
    if len(part) < 2:
        part = samples
    first, last = part[0], part[-1]
    done = max(last.done - first.done, 1)
    return Pace(done / max(last.at - first.at, 1e-6), 1000 * (last.cpu - first.cpu) / done, ended.at - begun.at)


class Beside:
    """Something that is done in the meantime; when it fails, so does what it was done for."""

    def __init__(self, act, *words):
        self.executor = concurrent.futures.ThreadPoolExecutor(1)
        self.future = self.executor.submit(act, *words)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.executor.shutdown()

    def result(self):
        return self.future.result()

    def unless_failed(self, count):
        def counted():
            if self.future.done():
                self.future.result()
            return count()
        return counted


class Sink:
    """Postfix's smtp-sink: takes everything, keeps nothing, and counts."""

    def __init__(self, home, port=None):
        self.port = port or free_port()
        self.file = home / f"sink-{self.port}.count"
        command = ["smtp-sink", "-u", "nobody", "-c", "-m", "1000", f"127.0.0.1:{self.port}", "1000"]
        with open(self.file, "wb") as out:
            self.process = subprocess.Popen(command, stdout=out, stderr=subprocess.DEVNULL)
        until("smtp-sink listens", 20, lambda: can_connect(self.port))

    def count(self):
        """Messages taken; it writes a line at each."""
        with open(self.file, "rb") as file:
            file.seek(max(os.fstat(file.fileno()).st_size - 200, 0))
            counts = re.findall(rb"mesg=(\d+)\r", file.read())
        return int(counts[-1]) if counts else 0

    def stop(self):
        self.process.kill()
        self.process.wait()


def openssl_signs():
    """RSA-2048 signatures a second on one core, by OpenSSL."""
    said = subprocess.run(["openssl", "speed", "-seconds", "3", "rsa2048"], capture_output=True, text=True, timeout=120).stdout
    found = re.search(r"(?m)^rsa 2048 bits\s+\S+s\s+\S+s\s+([\d.]+)", said)
    return float(found.group(1)) if found else None
