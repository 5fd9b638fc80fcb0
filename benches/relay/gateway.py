"""A gateway to measure: a campus of `tests/peers/campus.py` whose smarthost only counts."""

import random
import re
import signal
import smtplib
import urllib.request
from email.message import EmailMessage

from campus import Campus, unshaped
from letters import AUTHOR, LIST, wire
from measure import Sink, cpu, resident

WORDS = "river copper bridge winter paper engine garden signal orchard window carbon thunder ladder silver meadow".split()
METRICS = '\n[metrics]\nnetworks = ["127.0.0.0/8"]\n'


def posting(subject, octets=10_000, seed=1):
    """A posting like those of an office: as text, and as HTML that has more style than words."""
    chance = random.Random(seed)
    paragraphs = [" ".join(chance.choices(WORDS, k=50)).capitalize() + "." for _ in range(5)]
    message = EmailMessage()
    message["From"] = f"The Author <{AUTHOR}>"
    message["To"] = LIST
    message["Subject"] = subject
    message.set_content("\n\n".join(paragraphs) + "\n")
    style = "font-family:Arial,Helvetica,sans-serif;font-size:16px;line-height:24px;color:#222222;padding:0 0 16px 0;margin:0;"
    spare = max(octets - 3 * sum(map(len, paragraphs)) - 1_500, 0) // len(paragraphs)
    styles = style * (1 + spare // len(style))
    message.add_alternative("".join(f'<p style="{styles}">{text}</p>\n' for text in paragraphs), subtype="html")
    return message


class Gateway(Campus):
    """It counts what leaves by smtp-sink; with `is_judged` by `bedel sink`, which writes who got what."""

    def __init__(self, people, shaping, is_judged=False, keep_messages=False, **more):
        self.is_judged, self.sink = is_judged, None
        super().__init__(contacts=people, shaping=shaping, keep_messages=keep_messages, **more)
        path = self.config / "gateway.toml"
        path.write_text(path.read_text() + METRICS)

    def start_sink(self):
        if self.is_judged:
            super().start_sink()
        else:
            self.sink = Sink(self.home, self.ports["sink"])
            self.running.append(self.sink.process)

    def start_anew(self, wrapper=()):
        """Ends it well and starts it again: memory that others used is given back."""
        self.gateway.send_signal(signal.SIGINT)
        self.gateway.wait(60)
        self.start_gateway(wrapper)

    def held(self, message):
        """Hands it over as the campus relay does, without a login: whose passwords take memory, which is measured by itself. Gives
        the number of the case."""
        del message["X-Campus-Authenticated"]
        message["X-Campus-Authenticated"] = AUTHOR
        with smtplib.SMTP("127.0.0.1", self.ports["relay"], timeout=60) as client:
            client.ehlo("relay.mst.example")
            client.mail(AUTHOR)
            client.rcpt(LIST)
            code, said = client.data(wire(message))
        assert code == 250 and b"Held as" in said, said
        return re.search(r"MC-\d{4}-\d+", said.decode()).group(0)

    def cpu(self):
        return cpu(self.gateway.pid)

    def resident(self, field="VmRSS"):
        return resident(self.gateway.pid, field)

    def commits(self):
        """Commits of the store since it started."""
        with urllib.request.urlopen(f"http://127.0.0.1:{self.ports['console']}/metrics", timeout=30) as answer:
            text = answer.read().decode()
        return sum(float(n) for n in re.findall(r'(?m)^bedel_store_commits_total\{[^}]*result="kept"[^}]*\} (\S+)', text))


def fast(people, connections):
    """Shaping that binds nowhere."""
    return unshaped(people + 10, connections).replace("= 20000", "= 1000000").replace("messages_per_connection = 500", "messages_per_connection = 100000")
