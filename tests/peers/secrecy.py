"""Nothing on the disk and nothing in the memory of a gateway at rest names an imported contact; keys are changed under way.

The core is taken by gdb's gcore, the text found by `strings`: programs nobody here wrote.
"""

import shutil
import subprocess
import threading
import time

from campus import BEDEL, Campus, unshaped
from letters import letter, smtplib_submit

CONTACTS = 4_000
# In no configuration, no word list, no binary.
DOMAIN = "quillwort-tarn.example"
MARKS = [DOMAIN, "zqperson", "Zqgiven", "Zqfamily"]
# How much mail a domain bears is remembered by its name while the gateway runs; that is nobody's address.
IN_MEMORY = [f"@{DOMAIN}", *MARKS[1:]]
# Longer than a worker holds on to anything.
REST_SECONDS = 20


def feed(path, contacts, first=1):
    rows = [f"zqkey{n},zqperson{n}@{DOMAIN},Zqgiven{n},Zqfamily{n},student,physics,US" for n in range(first, first + contacts)]
    path.write_text("\n".join(["source_key,email,given_name,family_name,affiliation,unit,country", *rows]) + "\n")
    return path


def found(path, marks=MARKS):
    """Which marks `strings` finds in a file, in one octet a character and in two."""
    seen = set()
    for encoding in ["s", "l"]:
        strings = subprocess.run(["strings", "-a", "-n", "6", "-e", encoding, str(path)], capture_output=True, text=True, errors="replace")
        assert strings.returncode == 0, strings.stderr
        text = strings.stdout.lower()
        seen |= {mark for mark in marks if mark.lower() in text}
    return seen


def in_folder(folder):
    return {f"{mark} in {path.name}" for path in folder.rglob("*") if path.is_file() for mark in found(path)}


def core(campus):
    """A core of the running gateway."""
    target = campus.home / "core"
    dumped = subprocess.run(["gcore", "-o", str(target), str(campus.gateway.pid)], capture_output=True, text=True, timeout=300)
    path = target.with_name(f"core.{campus.gateway.pid}")
    return path if path.exists() else dumped.stdout + dumped.stderr


def tell(report):
    if not shutil.which("gcore") or not shutil.which("strings"):
        report.skip("what memory holds", "gdb and binutils are not installed")
        return
    with Campus(contacts=0, data_dir="var", shaping=unshaped(CONTACTS)) as campus:
        listed = feed(campus.home / "listed.csv", CONTACTS)
        campus.bedel("people", "import", listed, "--source", "registrar")
        said = smtplib_submit(campus, letter("To four thousand"))
        case = said.split("Held as ")[1].split(",")[0]
        campus.release(case)
        campus.closed(case, seconds=240)
        copies = sum(to.endswith(f"@{DOMAIN}") for _, _from, *all_to in campus.messages() for to in all_to)
        report.check(f"{CONTACTS} contacts imported, one mailing to all of them", copies == CONTACTS, copies)

        # While it works it has them in memory: this very look must be able to see.
        before = core(campus)
        time.sleep(REST_SECONDS)
        data = next(path.parent for path in campus.home.rglob("control.sock"))
        report.check("nothing in the data folder names a contact", not in_folder(data), in_folder(data))
        if isinstance(before, str):
            report.skip("what memory holds", f"no core can be taken here: {before.strip()[-200:]}")
        else:
            before.unlink()
            at_rest = core(campus)
            seen = found(at_rest, IN_MEMORY)
            report.check(f"nothing in {at_rest.stat().st_size >> 20} MiB of core names a contact", not seen, seen)
            sees = b"bedel" in at_rest.read_bytes()
            report.check("... and the core is one of the gateway", sees)
            at_rest.unlink()

        rotated_during_an_import(report, campus)
        without_the_key(report, campus, data)


def rotated_during_an_import(report, campus):
    """A new data key again and again while a feed is taken in: nothing is lost."""
    more = 30_000
    path = feed(campus.home / "more.csv", more + CONTACTS)
    rotations = []

    def rotate():
        while not done.is_set():
            rotations.append(campus.bedel("store", "rotate"))

    done = threading.Event()
    rotating = threading.Thread(target=rotate)
    rotating.start()
    try:
        campus.bedel("people", "import", path, "--source", "registrar", "--confirm-growth")
    finally:
        done.set()
        rotating.join()
    counted = campus.json("people", "count", "students")["contacts"]
    report.check(f"{len(rotations)} rotations during an import lose nothing", counted == more + CONTACTS and len(rotations) > 1, (counted, len(rotations)))
    last = campus.json("people", "find", f"zqperson{more + CONTACTS}@{DOMAIN}", "--reason", "a trial")
    report.check("... and the last contact is whole", last["contact"]["listings"][0]["given_name"] == f"Zqgiven{more + CONTACTS}", last)


def without_the_key(report, campus, data):
    """A copy of the data folder is of no use without the master key."""
    key = next(path for path in campus.home.rglob("master.key"))
    campus.gateway.terminate()
    campus.gateway.wait(60)
    right = key.read_bytes()
    key.chmod(0o600)
    key.write_bytes(bytes(32))
    key.chmod(0o400)
    opened = subprocess.run([BEDEL, "--config", campus.config, "serve"], capture_output=True, text=True, timeout=60)
    said = opened.stdout + opened.stderr
    report.check("a store with another master key is refused with a sentence", opened.returncode != 0 and "sealed with another master key" in said, said[-400:])
    key.unlink()
    opened = subprocess.run([BEDEL, "--config", campus.config, "serve"], capture_output=True, text=True, timeout=60)
    said = opened.stdout + opened.stderr
    report.check("... and so is one without a key", opened.returncode != 0 and "put the key file back" in said, said[-400:])
    report.check("the folder names nobody after all that", not in_folder(data), in_folder(data))
    key.write_bytes(right)
    key.chmod(0o400)
    campus.start_gateway()
    report.check("with its own key it opens", campus.json("people", "count", "students")["contacts"] > CONTACTS)
