"""Signing in to the console with a certified OpenID Connect provider (npm oidc-provider), walked as a browser would."""

import re
import shutil
import subprocess
import sys
from http.cookiejar import CookieJar
from pathlib import Path
from urllib.error import HTTPError
from urllib.parse import urlencode, urljoin
from urllib.request import HTTPCookieProcessor, Request, build_opener

from campus import ROOT, Campus, can_connect, free_port, until

PROVIDER = ROOT / "target" / "oidc"


def tell(report):
    if not shutil.which("node"):
        report.skip("OpenID Connect", "there is no node")
        return
    if not (PROVIDER / "node_modules" / "oidc-provider").exists():
        install = ["npm", "install", "--prefix", PROVIDER, "--no-audit", "--no-fund", "--silent", "oidc-provider@8"]
        subprocess.run(install, check=True, timeout=300)
    port = free_port()
    with Campus(oidc=f"http://127.0.0.1:{port}") as campus:
        console = f"http://127.0.0.1:{campus.ports['console']}"
        node = ["node", Path(__file__).with_name("oidc.mjs"), PROVIDER, str(port), f"{console}/login/provider/back"]
        provider = subprocess.Popen(node, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            until("the provider listens", 30, lambda: can_connect(port))
            walk(report, campus, console)
        finally:
            provider.kill()
            provider.wait()


def walk(report, campus, console):
    offered = Browser().get(f"{console}/login")
    report.check("the provider stands on the door", "Sign in with campus account" in offered, offered[-800:])
    reviewer = Browser()
    page = reviewer.signed_in(f"{console}/login/provider?next=/mailings", "emarcomm")
    report.check("who has an account is let in, where they wanted to go", "emarcomm@mst.example" in page and "Mailings" in page, page[:800])
    stranger = Browser().signed_in(f"{console}/login/provider", "stranger")
    report.check("who has none is told so", "no account here" in stranger, stranger[:800])
    unverified = Browser().signed_in(f"{console}/login/provider", "unverified")
    report.check("an address the provider has not verified is none", "Not signed in" in unverified, unverified[:800])
    forged = Browser().get(f"{console}/login/provider/back?code=x&state=forged")
    report.check("an answer nobody asked for is refused", "not for this browser" in forged, forged[:800])

    # An answer that was meant for another browser: its owner would be signed in as somebody else.
    asked, other = Browser(), Browser()
    answer = asked.until_back(f"{console}/login/provider", "emarcomm")
    report.check("an answer is good in the browser that asked alone", "not for this browser" in other.get(answer), answer)
    report.check("and is used up by that", "not for this browser" in asked.get(answer), answer)


class Browser:
    """Follows redirects and keeps cookies; fills in the provider's forms."""

    def __init__(self):
        self.cookies = CookieJar()
        self.opener = build_opener(HTTPCookieProcessor(self.cookies))

    def get(self, url, form=None):
        request = Request(url, data=urlencode(form).encode() if form else None)
        try:
            with self.opener.open(request, timeout=30) as answer:
                self.url = answer.geturl()
                return answer.read().decode()
        except HTTPError as error:
            self.url = error.geturl()
            return error.read().decode()

    def signed_in(self, url, name):
        """From the console to the provider and back, as this person."""
        page = self.get(url)
        for _ in range(4):
            form = re.search(r'<form[^>]*action="([^"]*/interaction/[^"]*)"', page)
            if not form:
                break
            prompt = re.search(r'name="prompt" value="(\w+)"', page).group(1)
            fields = {"prompt": prompt, "login": name, "password": "any"} if prompt == "login" else {"prompt": prompt}
            page = self.get(urljoin(self.url, form.group(1)), fields)
        return page

    def until_back(self, url, name):
        """The same, but for the last step: the address the provider sends the browser back to."""
        from urllib.request import HTTPRedirectHandler

        class Stop(HTTPRedirectHandler):
            def redirect_request(self, request, fp, code, msg, headers, newurl):
                if "/login/provider/back" in newurl:
                    self.seen = newurl
                    return None
                return super().redirect_request(request, fp, code, msg, headers, newurl)

        stop = Stop()
        self.opener = build_opener(HTTPCookieProcessor(self.cookies), stop)
        self.signed_in(url, name)
        self.opener = build_opener(HTTPCookieProcessor(self.cookies))
        return stop.seen


if __name__ == "__main__":
    sys.exit("run it with: tests/peers/run.py oidc")
