#!/usr/bin/env python3
"""The whole program measured beside others: `BEDEL=target/release/bedel python3 benches/relay/run.py [part…]`.

As root, on loopback, on a machine that does nothing else. Each part prints rows of a table; a ratio is to a peer measured in
the same run, on the same machine, towards the same receiver (Postfix's smtp-sink, which counts and keeps nothing). Rates and
CPU are of the steady part of a run, from a tenth to nine tenths of its copies; CPU is user and system, of all processes
of whoever is measured, without the receiver's.

| part | what |
|---|---|
| relay | one mailing to BEDEL_PEOPLE (20000), To, VERP, one-click and RSA-2048 signature of each copy; Postfix with XVERP, unsigned; mlmmj with its own VERP into Postfix and OpenDKIM (BEDEL_MLMMJ people, 3000) |
| accept | messages to a list, held: 4 KiB and 64 KiB over 50 connections, BEDEL_MESSAGES (10000) and a quarter of it; Postfix with everything on HOLD |
| idle | resident memory 30 s after the start, and after 20 people have signed in |
| ten | ten mailings of BEDEL_TEN people (50000) under way at 200 copies/s: resident memory; an emergency to ten people in the middle |
| restart | kill -9 in the middle of a mailing to BEDEL_PEOPLE: seconds to the next copy, who is missing, who got two |

BEDEL_CONNECTIONS (20) is how many connections Bedel and Postfix have to the receiver at most. BEDEL_ALONE=1 measures no peer.
RSA_US is what one RSA-2048 signature costs on a core in microseconds, by the library that Bedel has; without it OpenSSL's is
taken, which is another library. The Debian packages wanted are postfix, opendkim, mlmmj, openssl, iproute2, and strace for the syncs;
nothing is installed.
"""

import os
import pathlib
import platform
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import traceback

sys.path.insert(1, str(pathlib.Path(__file__).resolve().parents[2] / "tests" / "peers"))

import crash
import load
from campus import BEDEL, free_port, unshaped, until
from canary import Browser
from gateway import Gateway, fast, posting
from measure import Beside, Sink, openssl_signs, pace, watch
from peers import Mlmmj, OpenDkim, Postfix, Prompt, hand_over_with_xverp, missing
from policy import Client, code
from sync_before_answer import stop_traced


def number(name, unset):
    return int(os.environ.get(name, unset))


PEOPLE = number("BEDEL_PEOPLE", 20_000)
CONNECTIONS = number("BEDEL_CONNECTIONS", 20)
MLMMJ_PEOPLE = number("BEDEL_MLMMJ", 3_000)
MESSAGES = number("BEDEL_MESSAGES", 10_000)
TEN = number("BEDEL_TEN", 50_000)
ALONE = os.environ.get("BEDEL_ALONE") == "1"
# Of a mailing small enough to be traced.
TRACED = 3_000
# What it is traced for: the first three wait for the disk, the last one for the kernel alone.
SYNCS = ["fdatasync", "fsync", "msync", "sync_file_range"]
ALERTED = 10
SIGN_INS = 20


def row(figure, value, unit, beside=""):
    shown = value if isinstance(value, str) else f"{value:,.0f}" if value >= 100 else f"{value:.3g}"
    print(f"| {figure} | {shown} | {unit} | {beside} |", flush=True)


def times(own, peer):
    return f"{own / peer:.2f} ×" if peer else ""


# --- relay -----------------------------------------------------------------------------------------------------------


def relay():
    content, syncs = traced()
    row("size of a copy", len(content), "bytes")
    for call, count in syncs.items():
        row(f"{call}, {TRACED} copies, start and end included", count / TRACED, "a copy")
    own = mailing()
    signature_us, whose = signature()
    row("one RSA-2048 signature", signature_us / 1000, "ms CPU", whose)
    row("CPU of a copy", own.cpu_ms, "ms CPU", f"{times(own.cpu_ms * 1000, signature_us)} a signature")
    if ALONE:
        return
    peer = xverp(content)
    row("Postfix with XVERP, unsigned", peer.per_second, "copies/s", f"Bedel: {times(own.per_second, peer.per_second)}")
    row("Postfix with XVERP, unsigned", peer.cpu_ms, "ms CPU a copy", f"Bedel: {times(own.cpu_ms, peer.cpu_ms)}")
    peer = mlmmj(content)
    row("mlmmj, Postfix, OpenDKIM", peer.per_second, "copies/s", f"Bedel: {times(own.per_second, peer.per_second)}")
    row("mlmmj, Postfix, OpenDKIM", peer.cpu_ms, "ms CPU a copy", f"Bedel: {times(own.cpu_ms, peer.cpu_ms)}")


def traced():
    """A small mailing to a receiver that keeps it: one of its copies, and how often the disk was synced."""
    with Gateway(TRACED, fast(TRACED, CONNECTIONS), is_judged=True, keep_messages=True) as gateway:
        summary = gateway.home / "syncs"
        can_trace = shutil.which("strace") and subprocess.run(["strace", "-o", "/dev/null", "true"], capture_output=True).returncode == 0
        if can_trace:
            gateway.start_anew(["strace", "-f", "-c", "--seccomp-bpf", "-e", f"trace={','.join(SYNCS)}", "-o", summary])
        case = gateway.held(posting("News of the campus"))
        gateway.release(case)
        gateway.closed(case, seconds=300)
        _, content = gateway.copies(case)[0]
        if not can_trace:
            return content, {}
        stop_traced(gateway.gateway)
        counts = [line.split() for line in summary.read_text().splitlines()]
        return content, {words[-1]: int(words[3]) for words in counts if words and words[-1] in SYNCS}


def mailing():
    """The mailing itself."""
    with Gateway(PEOPLE, fast(PEOPLE, CONNECTIONS)) as gateway:
        gateway.start_anew()
        before = gateway.resident()
        case = gateway.held(posting("News of the campus"))
        # What its people are told meanwhile is not counted: it has left by the time the mailing is released.
        until("the notices have left", 30, settled(gateway.sink))
        begun, commits = gateway.sink.count(), gateway.commits()
        with Beside(gateway.release, case) as releasing:
            samples = watch(releasing.unless_failed(lambda: gateway.sink.count() - begun), gateway.cpu, PEOPLE)
        gateway.closed(case, seconds=60)
        own = pace(samples, PEOPLE)
        row(f"relay of {PEOPLE} signed copies over {CONNECTIONS} connections", own.per_second, "copies/s")
        row("from release to the last copy", own.seconds, "s")
        row("commits of the store", (gateway.commits() - commits) / PEOPLE, "a copy")
        row(f"resident at most ({before:.0f} MB before)", gateway.resident("VmHWM"), "MB")
        return own


def settled(sink, still=1.5):
    """Whether nothing has come for so long."""
    last = [sink.count(), time.monotonic()]

    def is_still():
        if (now := sink.count()) != last[0]:
            last[:] = [now, time.monotonic()]
        return time.monotonic() - last[1] > still
    return is_still


def signature():
    """Microseconds of one RSA-2048 signature, and whose they are."""
    if "RSA_US" in os.environ:
        return float(os.environ["RSA_US"]), "as RSA_US says"
    signs = openssl_signs()
    return (1e6 / signs, "OpenSSL's, another library") if signs else (float("nan"), "unknown")


def addresses(count):
    return [f"s{n}@students.example" for n in range(1, count + 1)]


def xverp(content):
    """Postfix makes each return path; nothing is signed. The message is as large as a copy of Bedel's."""
    with Postfix(sink_port := free_port(), CONNECTIONS) as postfix:
        sink = Sink(postfix.home, sink_port)
        try:
            with Beside(hand_over_with_xverp, postfix.port, addresses(PEOPLE), content) as handing:
                samples = watch(handing.unless_failed(sink.count), postfix.cpu, PEOPLE)
            return pace(samples, PEOPLE, not_before=handing.result())
        finally:
            sink.stop()


def mlmmj(content):
    """mlmmj makes each return path and hands every copy over by itself; OpenDKIM signs it on its way into Postfix."""
    unsigned = re.sub(rb"(?ims)^DKIM-Signature:.*?\r\n(?![ \t])", b"", content, count=1).replace(b"\r\n", b"\n")
    with tempfile.TemporaryDirectory(prefix="bedel-mlmmj-", dir="/tmp") as folder:
        home = pathlib.Path(folder)
        with OpenDkim(home) as dkim:
            is_signed(dkim, unsigned)
            with Prompt() as address, Postfix(sink_port := free_port(), CONNECTIONS, dkim.settings(), address) as postfix:
                sink = Sink(postfix.home, sink_port)
                sender = Mlmmj(home, addresses(MLMMJ_PEOPLE), address, postfix.port)
                try:
                    sender.send(unsigned)
                    spent = lambda: postfix.cpu() + dkim.cpu() + sender.cpu()
                    return pace(watch(sink.count, spent, MLMMJ_PEOPLE), MLMMJ_PEOPLE)
                finally:
                    sender.stop()
                    sink.stop()


def is_signed(dkim, content):
    """That it signs at all: one copy is looked at in the queue."""
    with Postfix(settings=[*dkim.settings(), "smtpd_client_restrictions = check_client_access static:HOLD"]) as postfix:
        hand_over_with_xverp(postfix.port, addresses(1), content)
        text = postfix.queued(20)
        assert "DKIM-Signature: v=1" in text and "s=bench" in text, text[:2000]


# --- accept ----------------------------------------------------------------------------------------------------------


def accept():
    for octets, count in [(4_096, MESSAGES), (65_536, max(MESSAGES // 4, 100))]:
        size = f"{octets // 1024} KiB"
        own = accepted(octets, count)
        row(f"accept and hold, {size}, 50 connections", own.per_second, "messages/s")
        row(f"accept and hold, {size}", own.cpu_ms, "ms CPU a message")
        if ALONE:
            continue
        peer = postfix_holds(octets, count)
        row(f"Postfix, all on HOLD, {size}", peer.per_second, "messages/s", f"Bedel: {times(own.per_second, peer.per_second)}")
        row(f"Postfix, all on HOLD, {size}", peer.cpu_ms, "ms CPU a message", f"Bedel: {times(own.cpu_ms, peer.cpu_ms)}")


def accepted(octets, count):
    """A network that we trust says who the author is: there is no login in what is measured. Each message is a case of its own,
    of which author and steward are told; these notices leave meanwhile, and are part of what it costs."""
    with Gateway(10, fast(0, CONNECTIONS)) as gateway:
        samples, said = load.submit(gateway.ports["relay"], octets, count, gateway.cpu)
        done = samples[-1].done
        # The last answer is that of one of the last fifty.
        case = re.search(r"Held as MC-\d+-(\d+)", said)
        assert case and (done < count or done - 50 < int(case[1]) <= done), said
        print(f"      {done} held, {gateway.sink.count()} notices had left, resident at most {gateway.resident('VmHWM'):.0f} MB", flush=True)
        return pace(samples, done)


def postfix_holds(octets, count):
    with Postfix(settings=["smtpd_client_restrictions = check_client_access static:HOLD"]) as postfix:
        samples, said = load.submit(postfix.port, octets, count, postfix.cpu)
        held = sum(1 for _ in (postfix.home / "queue" / "hold").iterdir())
        assert held >= samples[-1].done, f"{held} in its queue of {samples[-1].done}, {said}"
        return pace(samples, samples[-1].done)


# --- idle ------------------------------------------------------------------------------------------------------------


def idle():
    with Gateway(40, "") as gateway:
        gateway.start_anew()
        time.sleep(30)
        row("resident 30 s after the start", gateway.resident(), "MB")
        for _ in range(SIGN_INS):
            Browser(gateway, "emarcomm").page("/")
        time.sleep(5)
        row(f"resident after {SIGN_INS} sign-ins", gateway.resident(), "MB", f"at most {gateway.resident('VmHWM'):.0f}")


# --- ten -------------------------------------------------------------------------------------------------------------


def ten():
    few = ('[list.alert]\naudience    = "everybody"', '[list.alert]\naudience    = "staff"')
    slow = unshaped(TEN + 10, 10).replace("= 20000", "= 200")
    with Gateway(TEN, slow, is_judged=True, policy=[few]) as gateway:
        add_alerted(gateway)
        secret = add_police(gateway)
        gateway.start_anew()
        before = gateway.resident()
        for n in range(10):
            gateway.release(gateway.held(posting(f"News of the campus, part {n}", seed=n)))
        until("ten mailings are expanded", 300, lambda: all(one["state"] == "expanded" for one in shown(gateway)))
        time.sleep(15)
        row("of ten mailings, after 15 s copies have left of", sum(one["tally"]["accepted"] > 0 for one in shown(gateway)), "mailings")
        row(f"ten mailings of {TEN} under way ({before:.0f} MB before)", gateway.resident(), "MB")
        row("the same, at most", gateway.resident("VmHWM"), "MB")
        row(f"an emergency to {ALERTED} among them, from the 250 to the last", emergency(gateway, secret), "s")


def shown(gateway):
    """The ten, as `bedel mailing show` has them."""
    return [gateway.json("mailing", "show", f"MC-{time.strftime('%Y')}-{n:04}") for n in range(1, 11)]


def add_alerted(gateway):
    rows = ["source_key,email,given_name,family_name,affiliation,unit,country"]
    rows += [f"{n},alerted{n}@students.example,Ann,Staff {n},staff,physics,US" for n in range(ALERTED)]
    path = gateway.home / "staff.csv"
    path.write_text("\n".join(rows) + "\n")
    gateway.bedel("people", "import", path, "--source", "hr")


def add_police(gateway):
    """Gives the secret of its second factor."""
    gateway.bedel("account", "add", "police", "--password-file", gateway.home / "password")
    return re.search(r"[A-Z2-7]{32}", gateway.bedel("emergency", "enroll", "--as", "police")).group(0)


def emergency(gateway, secret):
    """Seconds from the answer to its author to the last of its copies."""
    gateway.bedel("emergency", "arm", "--as", "police", "--code", code(secret))
    log = gateway.taken / "taken.log"
    with Client(gateway, "police") as client:
        at = crash.size(gateway)
        said = client.send(["alert@lists.mst.example"], "A gas leak in the north building: leave it now.", "Leave the north building")
        answered = time.monotonic()
        assert "Goes at once" in said, said
        with open(log, "rb") as file:
            file.seek(at)
            seen = b""
            while (new := seen.count(b"\talerted")) < ALERTED and time.monotonic() < answered + 60:
                time.sleep(0.002)
                seen += file.read()
        assert new >= ALERTED, f"{new} of {ALERTED} in 60 s"
        return time.monotonic() - answered


# --- restart ---------------------------------------------------------------------------------------------------------


def restart():
    crash.CONNECTIONS = CONNECTIONS
    with Gateway(PEOPLE, fast(PEOPLE, CONNECTIONS), is_judged=True) as gateway:
        case = gateway.held(posting("News of the campus"))
        gateway.release(case)
        until("it is half done", 600, lambda: crash.taken(gateway) >= PEOPLE // 2)
        gateway.kill_gateway()
        time.sleep(1)
        at, done, begun = crash.size(gateway), crash.taken(gateway), time.monotonic()
        with Beside(gateway.start_gateway):
            while crash.size(gateway) == at and time.monotonic() < begun + 60:
                time.sleep(0.002)
            seconds = time.monotonic() - begun
        row(f"kill -9 after {done} of {PEOPLE}: from the start to the next copy", seconds, "s")
        gateway.closed(case, seconds=900)
        crash.judge(Report(), gateway, case, (1, "kill -9"))


class Report:
    """What `tests/peers` tells its checks."""

    def check(self, what, condition, detail=""):
        print(f"      {'ok  ' if condition else 'FAIL'} {what} {'' if condition else detail}", flush=True)


# --- all of it -------------------------------------------------------------------------------------------------------

PARTS = {part.__name__: part for part in [relay, accept, ten, idle, restart]}


def main():
    asked = sys.argv[1:] or list(PARTS)
    if unknown := [part for part in asked if part not in PARTS]:
        sys.exit(f"no such part: {' '.join(unknown)}. There are: {' '.join(PARTS)}")
    if os.getuid() != 0:
        sys.exit("it wants root: Postfix's instances do")
    if not BEDEL.exists():
        sys.exit(f"{BEDEL} is not there: cargo build --release, and BEDEL=target/release/bedel")
    if packages := missing():
        sys.exit(f"these packages are missing: {' '.join(packages)} (apt-get install --no-install-recommends {' '.join(packages)})")
    # What was started is ended, and its folders go, however this ends.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("ended"))
    version = subprocess.run([BEDEL, "--version"], capture_output=True, text=True, timeout=30).stdout.strip()
    print(f"{version}, {os.cpu_count()} cores, {platform.system()} {platform.release()}, load {os.getloadavg()[0]:.2f}\n")
    print("| what | measured | unit | beside |\n|---|---|---|---|", flush=True)
    failed = False
    for part in asked:
        try:
            PARTS[part]()
        except Exception:  # One part's end must not hide the others'.
            failed = True
            print(f"      {part} failed\n{traceback.format_exc()}", flush=True)
    print(f"\nload at the end {os.getloadavg()[0]:.2f}: more than was measured makes of it spoils the figures")
    sys.exit(failed)


if __name__ == "__main__":
    main()
