"""The gateway against peers nobody here wrote. A line a check; the last line counts them."""

import importlib
import sys
import traceback

STORIES = ["submit", "refuse", "convey", "policy", "relay_by_postfix", "flight", "bad_starts", "full_disk", "sync_before_answer", "kill", "power_cut", "cut_while_taking", "restored", "providers", "feeds", "secrecy", "api", "oidc", "bounces", "forged", "clicks", "canary", "sight", "reload", "roundtrip", "routes"]


class Report:
    """What was seen."""

    def __init__(self):
        self.passed = self.failed = self.skipped = 0

    def ok(self, what):
        self.passed += 1
        print(f"ok    {what}", flush=True)

    def skip(self, what, why):
        self.skipped += 1
        print(f"skip  {what}: {why}", flush=True)

    def check(self, what, condition, detail=""):
        if condition:
            self.ok(what)
        else:
            self.failed += 1
            print(f"FAIL  {what} {detail}", flush=True)


def main():
    report = Report()
    for name in sys.argv[1:] or STORIES:
        print(f"-- {name}", flush=True)
        try:
            importlib.import_module(name).tell(report)
        except Exception:  # One story's end must not hide the others'.
            report.failed += 1
            print(f"FAIL  {name}\n{traceback.format_exc()}", flush=True)
    skipped = f", {report.skipped} skipped" if report.skipped else ""
    print(f"{report.passed} passed, {report.failed} failed{skipped}")
    sys.exit(1 if report.failed else 0)


if __name__ == "__main__":
    main()
