"""Bounces nobody here wrote: the test data of flufl.bounce, read by `bedel report explain`, held against the package's own word.

Its source distribution carries more than a hundred messages, with whom its detectors must find in each.
"""

import ast
import json
import pathlib
import subprocess
import sys
import tarfile

from campus import BEDEL, ROOT

PACKAGE = "flufl.bounce==6.0.0"
FOLDER = ROOT / "target" / "flufl.bounce"


def corpus():
    """The folder of its tests; fetched once."""
    if not list(FOLDER.glob("*.tar.gz")):
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps", "--no-binary", ":all:"]
        subprocess.run([*command, "--dest", FOLDER, PACKAGE], check=True, timeout=300)
    [archive] = FOLDER.glob("*.tar.gz")
    with tarfile.open(archive) as opened:
        opened.extractall(FOLDER, filter="data")
    return archive.with_suffix("").with_suffix("") / "tests"


def expected(tests):
    """File → (permanent, temporary) addresses, as the package's own tests have them: the table of test_detectors.py."""
    tree = ast.parse((tests / "test_detectors.py").read_text())
    [table] = [node.value for node in tree.body if isinstance(node, ast.Assign) and node.targets[0].id == "DETECTORS"]
    found = {}
    for _detector, name, addresses, is_temporary in ast.literal_eval(table):
        found.setdefault(name, (set(), set()))[is_temporary].update(address.decode().lower() for address in addresses)
    return found


def explained(files):
    told = subprocess.run([BEDEL, "report", "explain", "--json", *files], capture_output=True, text=True, timeout=300, check=True)
    return {pathlib.Path(one["file"]).name: one for one in json.loads(told.stdout)}


def names(one):
    """What a recipient is called: whom it was for, and where it went."""
    return {name.lower() for name in (one["address"], one["forwarded_to"]) if name}


def compare(tests, show=False):
    told = explained(sorted((tests / "data").glob("*.txt")))
    wanted = found = 0
    wrong, hasty, missed = [], [], []
    for name, (permanent, temporary) in expected(tests).items():
        one = told[name]
        failed = [names(who) for who in one["recipients"] if who["action"] == "failed" and names(who)]
        delayed = [names(who) for who in one["recipients"] if who["action"] == "delayed" and names(who)]
        for addresses, seen in [(permanent, failed), (temporary, delayed)]:
            wanted += len(addresses)
            missing = {address for address in addresses if not any(address in who for who in seen)}
            found += len(addresses) - len(missing)
            missed += [f"{name}: {address}" for address in missing]
            wrong += [f"{name}: {who}" for who in seen if not who & (permanent | temporary)]
        hasty += [f"{name}: {who}" for who in failed if who & temporary - permanent]
    if show:
        print("missed", *missed, "wrong", *wrong, "temporary taken for permanent", *hasty, sep="\n  ")
    return wanted, found, missed, wrong, hasty


def tell(report):
    tests = corpus()
    wanted, found, missed, wrong, hasty = compare(tests)
    print(f"      flufl.bounce 6.0.0: {found} of {wanted} addresses found ({100 * found / wanted:.1f} %), {len(wrong)} wrong")
    report.check("more than a hundred messages are compared", wanted > 100, wanted)
    report.check("at least 97 % of the addresses are found", found >= 0.97 * wanted, missed)
    report.check("no address is named that did not fail", not wrong, wrong)
    report.check("no temporary failure is called permanent", not hasty, hasty)


if __name__ == "__main__":
    compare(corpus(), show=True)
