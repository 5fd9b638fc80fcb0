"""A mailing more than 5 % of whose first slice comes back stops by itself; its page says why, and who may resume it; they do."""

import http.client
import html
import urllib.parse

from campus import PASSWORD, Campus, until, unshaped
from letters import letter, smtplib_submit

SLICE = 200
GONE = 30
WELL = 270


class Browser:
    """Somebody signed in at the console."""

    def __init__(self, campus, account):
        self.port, self.cookie = campus.ports["console"], ""
        form = {"account": f"{account}@mst.example", "password": PASSWORD, "next": "/"}
        status, headers, _ = self._ask("POST", "/login", urllib.parse.urlencode(form))
        assert status == 303, status
        self.cookie = headers["Set-Cookie"].split(";")[0]

    def _ask(self, method, path, body=None):
        web = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        headers = {"Cookie": self.cookie, "Content-Type": "application/x-www-form-urlencoded"}
        web.request(method, path, body, headers)
        answer = web.getresponse()
        try:
            return answer.status, answer.headers, html.unescape(answer.read().decode())
        finally:
            web.close()

    def page(self, path):
        status, _, body = self._ask("GET", path)
        assert status == 200, (path, status)
        return body


def tell(report):
    people = [f"gone{n}" for n in range(GONE)] + [f"well{n}" for n in range(WELL)]
    with Campus(people=people, contacts=len(people), shaping=unshaped(SLICE).replace('"15m"', '"3s"')) as campus:
        case = smtplib_submit(campus, letter("To three hundred")).split("Held as ")[1].split(",")[0]
        campus.release(case)
        shown = until("it stops by itself", 60, lambda: (lambda found: found if found.get("paused") else None)(campus.json("mailing", "show", case)))
        why = shown["pause"]["why"]
        report.check(f"it stopped: {why}", shown["pause"]["by"] is None and "the limit is 5 %" in why, shown["pause"])
        left = sum("well" in to[0] for _, _, *to in campus.messages())
        report.check(f"{left} copies had arrived, {WELL - left} have not left", 0 < left < WELL, left)
        page = Browser(campus, "emarcomm").page(f"/mailing/{case}")
        report.check("the page says why", why in page, page)
        who = "No further copy leaves until a reviewer or postmaster has looked and resumes it."
        report.check("and who may resume it", who in page, page)
        report.check("a reviewer has the button", f'action="/mailing/{case}/resume"' in page, page)
        page = Browser(campus, "records").page(f"/mailing/{case}")
        report.check("a steward has it not, and reads who has", f'action="/mailing/{case}/resume"' not in page and who in page, page)
        refused = campus.try_bedel("mailing", "resume", case, "--as", "records")
        report.check("a steward who tries is refused", refused.returncode != 0, refused.stdout)
        campus.bedel("mailing", "resume", case, "--as", "emarcomm")
        campus.closed(case)
        arrived = sum("well" in to[0] for _, _, *to in campus.messages())
        report.check("a reviewer resumed it, and everybody else has a copy", arrived == WELL, arrived)
