"""A load of messages over many SMTP connections, each of another author: each kept busy, MAIL, RCPT and DATA in one flight, every answer
awaited. No two messages are on one subject: they are different mailings, not slices of one."""

import itertools
import random
import re
import selectors
import socket
import time

from measure import Sample

TO = "students@lists.mst.example"
LAST_LINE = re.compile(rb"(?m)^(\d\d\d)(?: .*)?\r\n")
# Of which a message is put together, of two to the power of so many.
PASSAGES, POOL_BITS = 16, 11
SYLLABLES = "ba co di fu ge ha jo ki lu me no pa qui ro su ta vo we xi ya zu".split()


def passages(octets, count, chance):
    """Passages of so many octets: lines of ten words that look like words."""
    words = ["".join(chance.choices(SYLLABLES, k=chance.randint(1, 4))) for _ in range(2_000)]
    lines = [(" ".join(chance.choices(words, k=10)) + "\r\n").encode() for _ in range(octets * count // 40)]
    text = b"".join(lines)
    return [text[at : at + octets - 2].strip(b"\r\n") + b"\r\n" for at in range(0, octets * count, octets)]


def messages(octets):
    """Different messages of a size, each with a subject of its own. Gives what makes the next one of an author."""
    head = "X-Campus-Authenticated: {from_}\r\nFrom: The Author <{from_}>\r\nTo: {to}\r\nSubject: Notice {number} to the class of {year}\r\n"
    head += "Message-ID: <{number}.{time}@mail.mst.example>\r\nDate: Mon, 02 Nov 2026 09:00:00 -0600\r\nMIME-Version: 1.0\r\n"
    head += "Content-Type: text/plain; charset=us-ascii\r\n\r\nThis is text {number} of them.\r\n"
    chance = random.Random(octets)
    pool = passages(octets // PASSAGES, 1 << POOL_BITS, chance)
    shifts = range(0, PASSAGES * POOL_BITS, POOL_BITS)
    at = time.time_ns()
    numbers = itertools.count(1)

    def next_of(author):
        number = next(numbers)
        start = head.format(from_=author, to=TO, number=number, year=1900 + number % 100, time=at).encode()
        # One draw for all passages: what the load costs is taken from the gateway's two cores.
        drawn = chance.getrandbits(PASSAGES * POOL_BITS)
        text = b"".join([pool[(drawn >> shift) % len(pool)] for shift in shifts])
        return start + text[: octets - len(start) - 2].rstrip(b"\r\n") + b"\r\n.\r\n"
    return next_of


class Session:
    """One connection, of one author: what it waits for."""

    def __init__(self, port, number):
        self.author = f"author{number}@mst.example"
        self.envelope = f"MAIL FROM:<{self.author}>\r\nRCPT TO:<{TO}>\r\nDATA\r\n".encode()
        self.socket = socket.create_connection(("127.0.0.1", port), 30)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.heard, self.awaited = b"", 1
        self.in_envelope = False
        self.wait()
        self.say(b"EHLO load.mst.example\r\n", 1)
        self.wait()

    def say(self, octets, awaited):
        self.awaited = awaited
        # What fits no more is waited for: the peer reads it all before it answers.
        self.socket.sendall(octets)

    def wait(self):
        while self.awaited:
            self.hear()

    def hear(self):
        """Reads; gives the last reply in full."""
        octets = self.socket.recv(65536)
        if not octets:
            raise ConnectionError(f"the server hung up: {self.heard[-200:]!r}")
        self.heard += octets
        last = None
        while self.awaited and (found := LAST_LINE.search(self.heard)):
            last, self.heard = found.group(0), self.heard[found.end():]
            self.awaited -= 1
            if last[:1] not in b"23":
                raise ConnectionError(last.decode(errors="replace").strip())
        return last


def submit(port, octets, count, spent, connections=50, seconds=60):
    """Submits so many messages, or as many as fit into the time; gives samples, and the last answer."""
    selector = selectors.EpollSelector()
    sessions = [Session(port, number) for number in range(connections)]
    next_of = messages(octets)
    begun = time.monotonic()
    samples, done, sent, said = [Sample(begun, 0, spent())], 0, 0, b""
    step = max(count // 100, 1)
    for session in sessions:
        selector.register(session.socket, selectors.EVENT_READ, session)
        session.say(session.envelope, 3)
        session.in_envelope, sent = True, sent + 1
    while done < sent and time.monotonic() < begun + seconds + 30:
        for key, _ in selector.select(1):
            session = key.data
            last = session.hear()
            if session.awaited:
                continue
            if session.in_envelope:
                session.in_envelope = False
                session.say(next_of(session.author), 1)
                continue
            done, said = done + 1, last
            if done % step == 0:
                samples.append(Sample(time.monotonic(), done, spent()))
            if sent < count and time.monotonic() < begun + seconds:
                session.in_envelope, sent = True, sent + 1
                session.say(session.envelope, 3)
    for session in sessions:
        session.socket.close()
    return samples, said.decode(errors="replace").strip()
