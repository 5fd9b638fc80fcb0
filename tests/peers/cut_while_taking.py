"""The power goes while four clients submit: 2 times, or as often as BEDEL_CUTS says. What was answered 250 is kept, whole.

The letters are of all lengths on both sides of 72 KiB, from which on a message is a file of its own.
"""

import random
import re
import threading
import time

import crash
from campus import Campus
from letters import letter, smtplib_submit
from power_cut import disk

CLIENTS = 4
LETTERS_MAX = 60


class Client(threading.Thread):
    """Submits one letter after another until its connection breaks."""

    def __init__(self, campus, chance):
        super().__init__()
        self.campus, self.chance = campus, chance
        self.kept, self.said = {}, []

    def run(self):
        for _ in range(LETTERS_MAX):
            subject = words(self.chance, 3)
            message = letter(subject, html=False)
            text = "\n".join(words(self.chance, 8) for _ in range(self.chance.choice([1, 20, 200, 700, 1_500])))
            message.set_content(text)
            try:
                said = smtplib_submit(self.campus, message)
            except OSError:
                return
            held = re.match(r"250 2\.6\.0 Held as (MC-\d+-\d+)", said)
            if not held:
                self.said.append(said)
                return
            self.kept[held[1]] = text


def words(chance, count):
    return " ".join("".join(chance.choices("abcdefghijklmnopqrstuvwxyz", k=chance.randint(4, 11))) for _ in range(count))


def tell(report):
    cuts, chance = crash.times("BEDEL_CUTS", 2), random.Random()
    with disk(report) as made:
        if made is None:
            return
        with Campus(contacts=1, data_dir=f"{made.folder}/var", free_bytes_min=4_000_000) as campus:
            kept, said = {}, []
            for _ in range(cuts):
                clients = [Client(campus, random.Random(chance.random())) for _ in range(CLIENTS)]
                for client in clients:
                    client.start()
                time.sleep(0.3 + chance.random())
                made.cut()
                campus.kill_gateway()
                for client in clients:
                    client.join()
                    kept.update(client.kept)
                    said.extend(client.said)
                made.again()
                campus.start_gateway()
            judge(report, campus, kept, said)


def judge(report, campus, kept, said):
    # A disk that has just gone is our failure, not the client's.
    report.check("whoever got no 250 was told to try again", all(one.startswith("4") for one in said), said)
    lost = [case for case, text in kept.items() if not is_whole(campus, case, text)]
    report.check(f"{len(kept)} letters answered 250 are there after the cuts, whole", kept and not lost, lost[:5])


def is_whole(campus, case, text):
    shown = campus.json("hold", "show", case)["preview"]["text"]
    return " ".join(text.split()) in " ".join(shown.split())
