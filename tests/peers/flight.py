"""One flight: MAIL, RCPT and the message in one chunk go into a real Postfix at once, over a connection that has just answered.

A proxy between the gateway and Postfix notes what the gateway says at once: whatever comes next has waited for a reply.
"""

import contextlib
import re
import socket
import threading
import time

import dkim

from campus import Campus, free_port, unshaped, until
from letters import letter, smtplib_submit
from postfix import Postfix, is_there
from submit import record

PEOPLE = 60
CONNECTIONS = 3
# Whoever says nothing for so long waits for a reply.
BREATH = 0.05
# A connection that has lain idle for a second is not trusted with a whole message; near that, either is right.
IDLE = 0.9

SETTINGS = """
myhostname = mx.students.example
smtpd_relay_restrictions = permit_mynetworks, reject
transport_maps = inline:{{ {{ students.example = smtp:[127.0.0.1]:{sink} }} }}
"""


class Proxy:
    """Notes of each connection its flights: what the client says until it waits, and how long it had been quiet before."""

    def __init__(self, onward):
        self.onward, self.connections = onward, []
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.port = self.socket.getsockname()[1]

    def __enter__(self):
        threading.Thread(target=self._serve, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.socket.close()

    def _serve(self):
        with contextlib.suppress(OSError):
            while True:
                client, _ = self.socket.accept()
                self.connections.append(flights := [])
                threading.Thread(target=self._carry, args=(client, flights), daemon=True).start()

    def _carry(self, client, flights):
        with client, contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.onward), 10) as server:
            server.settimeout(60)
            answered = [time.monotonic()]
            threading.Thread(target=self._answer, args=(server, client, answered), daemon=True).start()
            while first := client.recv(1 << 20):
                quiet = time.monotonic() - answered[0]
                flight = first + self._rest(client)
                flights.append((quiet, flight))
                server.sendall(flight)

    @staticmethod
    def _rest(client):
        said = b""
        client.settimeout(BREATH)
        with contextlib.suppress(TimeoutError):
            while part := client.recv(1 << 20):
                said += part
        client.settimeout(None)
        return said

    @staticmethod
    def _answer(server, client, answered):
        with contextlib.suppress(OSError):
            while said := server.recv(1 << 16):
                answered[0] = time.monotonic()
                client.sendall(said)
            client.shutdown(socket.SHUT_RDWR)


class Through(Campus):
    """A campus whose smarthost is the proxy."""

    def __init__(self, port):
        super().__init__(contacts=PEOPLE, shaping=unshaped(PEOPLE, CONNECTIONS))
        gateway = self.config / "gateway.toml"
        gateway.write_text(gateway.read_text().replace(f"port  = {self.ports['sink']}", f"port  = {port}"))


def whole(flight):
    """The message, when the flight is a whole copy and nothing else."""
    head = re.match(rb"MAIL FROM:<[^\r\n]*\r\nRCPT TO:<[^\r\n]*\r\nBDAT (\d+) LAST\r\n", flight)
    message = flight[head.end():] if head else b""
    return message if head and len(message) == int(head[1]) else None


def copies_in(flights):
    """The copies of a connection: to whom, the message, whether it was one flight, and the pause before."""
    copies, turns = [], iter(flights)
    for quiet, flight in turns:
        if flight.startswith(b"MAIL FROM:"):
            to = re.search(rb"\r\nRCPT TO:<([^>]*)>", flight)[1].decode()
            message = whole(flight)
            if message is not None:
                copies.append((to, message, True, quiet))
            else:
                _, content = next(turns)
                assert flight.endswith(b"\r\nDATA\r\n") and content.endswith(b"\r\n.\r\n"), (flight[-200:], content[-200:])
                copies.append((to, re.sub(rb"(?m)^\.", b"", content[:-3]), False, quiet))
    return copies


def tell(report):
    if not is_there():
        report.skip("one flight into Postfix", "it needs root, and Postfix")
        return
    port = free_port()
    with Proxy(port) as proxy, Through(proxy.port) as campus:
        with Postfix(SETTINGS.format(sink=campus.ports["sink"]), port=port) as postfix:
            case = smtplib_submit(campus, letter("In one flight")).split("Held as ")[1].split(",")[0]
            campus.release(case)
            campus.closed(case)
            sent = lambda: re.findall(r"to=<([^>]*)>.*status=sent", postfix.log())
            until("Postfix delivers them", 60, lambda: len(sent()) >= PEOPLE)
            delivered = sorted(sent())
        flew(report, [copies_in(flights) for flights in proxy.connections])
        arrived(report, campus, case, delivered, {to: message for flights in proxy.connections for to, message, _, _ in copies_in(flights)})


def flew(report, connections):
    opened = [copies for copies in connections if copies]
    # The notices to those who decide go the same way.
    of_it = sum(to.endswith("@students.example") for copies in opened for to, _, _, _ in copies)
    report.check(f"one flight: {PEOPLE} copies, over {CONNECTIONS} connections at most", of_it == PEOPLE and 0 < len(opened) <= CONNECTIONS, [len(copies) for copies in connections])
    first = [at_once for (_, _, at_once, _), *_ in opened]
    report.check("one flight: the first copy of a connection waits for the answers to its envelope", not any(first), first)
    later = [copy for copies in opened for copy in copies[1:]]
    others = [(to, quiet) for to, _, at_once, quiet in later if not at_once and quiet < IDLE]
    report.check(f"one flight: each of the {len(later)} others is MAIL, RCPT and BDAT LAST at once", later and not others, others)


def arrived(report, campus, case, delivered, sent):
    everybody = sorted(f"{name}@students.example" for name in campus.people)
    report.check("one flight: Postfix delivers each once", delivered == everybody, delivered)
    copies = campus.copies(case)
    report.check("one flight: each arrives once", sorted(to for [to], _ in copies) == everybody, len(copies))
    # Postfix says that it had it, before all the rest.
    received = re.compile(rb"Received: [^\r\n]*\r\n(?:[ \t][^\r\n]*\r\n)*")
    changed = [to for [to], content in copies if not received.fullmatch(content.removesuffix(sent[to]))]
    report.check("one flight: what arrives is what was sent, to the octet", not changed, changed)
    name, value = campus.dkim()
    verified = sum(dkim.verify(content, dnsfunc=lambda asked, timeout=5: record(asked, name, value)) for _, content in copies)
    report.check("one flight: dkimpy accepts every signature", verified == len(copies), f"{verified} of {len(copies)}")
