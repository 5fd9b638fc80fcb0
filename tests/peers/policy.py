"""The policy told as stories over real SMTP: what is held, refused, let go, and by whom. Clause by clause."""

import base64
import hashlib
import hmac
import io
import re
import smtplib
import struct
import time
import zipfile
from email.message import EmailMessage

from campus import PASSWORD, ROLES, Campus, until
from letters import anybody, wire

TEXT = (
    "we are glad to invite you to the spring meeting of our society on the lawn behind the old library, where there "
    "will be music and food and a short talk on what the new laboratory can do for everybody who builds bridges."
)
MINUTES = (
    "the committee has read all letters of the candidates for the chair, asks three of them to come and give a lecture, and "
    "meets once more after the last of these to vote on whom it names to the dean before the winter break begins."
)
WORDS = "river copper bridge winter paper engine garden signal orchard window carbon thunder ladder silver meadow".split()


def tell(report):
    with Campus() as campus:
        (campus.home / "password").write_text(PASSWORD)
        for name in ROLES:
            campus.bedel("account", "add", name, "--password-file", campus.home / "password")
        for story in [sixty_in_bcc, slices_over_days, mail_merge, one_flyer, busy_person, contact_data, bomb, survey,
                      class_mail, emergency, conversions, explained]:
            story(report, campus)


class Client:
    """One person's mail program: one connection, many messages."""

    def __init__(self, campus, account):
        self.address = f"{account}@mst.example"
        self.smtp = smtplib.SMTP_SSL("127.0.0.1", campus.ports["submissions"], context=anybody(), timeout=60)
        self.smtp.login(self.address, PASSWORD)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.smtp.quit()

    def send(self, to, text, subject="", attach=None, **fields):
        """Gives the whole reply to the message."""
        message = EmailMessage()
        message["From"] = self.address
        for name, value in {"To": "undisclosed-recipients:;", **{n.replace("_", "-"): v for n, v in fields.items()}}.items():
            message[name] = value
        message["Subject"] = subject
        message.set_content(text)
        if attach:
            name, content = attach
            message.add_attachment(content, maintype="application", subtype="octet-stream", filename=name)
        self.smtp.mail(self.address)
        for one in to:
            code, said = self.smtp.rcpt(one)
            assert code == 250, (one, said)
        code, said = self.smtp.data(wire(message))
        return f"{code} {said.decode()}"


def people(count, mark, domain="outside.example"):
    return [f"{mark}{n}@{domain}" for n in range(count)]


def case_of(said):
    found = re.search(r"MC-\d{4}-\d{4}", said)
    return found.group(0) if found else None


def reached(campus, mark):
    """Who of those with this mark got anything."""
    return {to for _, _, *tos in campus.messages() for to in tos if to.strip("<>").startswith(mark)}


def sixty_in_bcc(report, campus):
    with Client(campus, "slicer") as client:
        said = client.send(people(60, "bcc"), TEXT, "Come to the spring meeting", Message_ID="<held@mst.example>")
        again = client.send(people(60, "bcc"), f"Once more, {TEXT}", "Re: Come", In_Reply_To="<held@mst.example>")
    report.check("C7: 60 in Bcc are held as a case", said.startswith("250 2.6.0 Held as MC-"), said)
    report.check("C7: an answer to what was held is no thread", case_of(again) is not None, again)
    report.check("C7: none of the 60 gets it", not reached(campus, "bcc"))


def slices_over_days(report, campus):
    greetings = ["Dear friends,", "Hello everybody!", "Good morning all,", "Hi there,"]
    with Client(campus, "author") as client:
        replies = [
            client.send(people(20, f"slice{n}-", "mst.example"), f"{greeting}\n\n{TEXT}\n\nRegards,\nSlice {n}", "Spring meeting")
            for n, greeting in enumerate(greetings)
        ]
    first, second, third, fourth = replies
    report.check("C7: two slices of 20 on campus go", first.startswith("250 2.0.0") and second.startswith("250 2.0.0"), replies)
    report.check("C7: the third slice is held", case_of(third) is not None, third)
    report.check("C7: a later slice joins the case", case_of(fourth) == case_of(third), replies)


def mail_merge(report, campus):
    names = [f"{a}{b}" for a in ["Ann", "Ben", "Cyr", "Dov", "Eve", "Fay", "Gus", "Hal"] for b in "abcdefghij"]
    with Client(campus, "merger") as client:
        replies = [
            client.send([f"merge-{name.lower()}@outside.example"], f"Dear {name},\n\n{name}, {TEXT} Your seat is {n}.",
                        f"A seat for {name}", To=f"{name} <merge-{name.lower()}@outside.example>")
            for n, name in enumerate(names)
        ]
    cases = {case_of(said) for said in replies if case_of(said)}
    report.check("C7: a mail-merge to 80 is one case", len(cases) == 1, cases)
    time.sleep(8)
    report.check("C7: not one of the 80 has left", not reached(campus, "merge-"), len(reached(campus, "merge-")))
    campus.bedel("hold", "decline", cases.pop(), "--as", "emarcomm", "--comment", "Ask for a list.")


def one_flyer(report, campus):
    flyer = b"%PDF-1.4 a flyer" + bytes(range(256)) * 20
    with Client(campus, "poster") as client:
        replies = [
            client.send([f"flyer{n}@outside.example"], " ".join(WORDS[(n * k + k) % len(WORDS)] for k in range(1, 30)),
                        f"{WORDS[n % 15]} {WORDS[n * 7 % 15]} {n}", attach=("flyer.pdf", flyer))
            for n in range(70)
        ]
    cases = {case_of(said) for said in replies if case_of(said)}
    report.check("C7: one flyer to 70 with 70 texts is one case", len(cases) == 1, cases)


def busy_person(report, campus):
    """300 ordinary letters, answers to newsletters, a thread of 40: nothing of it is held."""
    replies = []
    with Client(campus, "busy") as client:
        for n in range(300):
            text = " ".join(hashlib.sha256(f"{n} {k}".encode()).hexdigest().translate(str.maketrans("0123456789", "ghijklmnop"))[:6]
                            for k in range(40))
            replies.append(client.send([f"letter{n}@outside.example"], text, text[:20]))
        for n in range(30):
            replies.append(client.send([f"news{n}@outside.example"], f"Thank you.\n\nOn Monday somebody wrote:\n> {TEXT}\n",
                                       "Re: The weekly newsletter of our society", In_Reply_To=f"<{n}@news.example>"))
        thread = people(40, "thread", "mst.example")
        replies.append(client.send(thread, TEXT, "The budget of the coming year", To=", ".join(thread), Message_ID="<t0@mst.example>"))
        for n in range(1, 6):
            replies.append(client.send(thread, f"{TEXT} And {WORDS[n]}.\n\n> before\n", "Re: The budget of the coming year",
                                       To=", ".join(thread), Message_ID=f"<t{n}@mst.example>", In_Reply_To=f"<t{n - 1}@mst.example>"))
    held = [said for said in replies if not said.startswith("250 2.0.0")]
    report.check("C7: of 336 ordinary messages in a day none is held", not held, held[:3])


def sheet(count):
    rows = "".join(f"<c><is><t>person{n}@prospects.example</t></is></c>" for n in range(count))
    return zipped("xl/worksheets/sheet1.xml", f"<sheetData>{rows}</sheetData>".encode())


def zipped(name, content, copies=1):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for n in range(copies):
            archive.writestr(name if copies == 1 else f"{n}-{name}", content)
    return out.getvalue()


def contact_data(report, campus):
    nested = zipped("inner.zip", zipped("prospects.xlsx", sheet(30)))
    with Client(campus, "vendor-contact") as client:
        said = client.send(["sales@vendor.example"], "Here you are.", "The file", attach=("outer.zip", nested))
        few = client.send(["sales@vendor.example"], "Here you are.", "A short file", attach=("few.zip", zipped("a.xlsx", sheet(5))))
    report.check("C10: 30 addresses in a sheet in a zip in a zip are held", case_of(said) is not None, said)
    report.check("C10: five are not", few.startswith("250 2.0.0"), few)
    until("the alert", 30, lambda: reached(campus, "privacy@"))
    report.ok("C10: those who watch over contact data are told")


def bomb(report, campus):
    inner = zipped("zeros.txt", bytes(100 * 1024 * 1024))
    packed = zipped("inner.zip", inner, copies=100)
    before = peak(campus)
    began = time.monotonic()
    with Client(campus, "vendor-contact") as client:
        said = client.send(["sales@vendor.example"], "Look.", "A zip", attach=("ten-gigabytes.zip", packed))
    print(f"      a zip that unpacks to 10 GB: {time.monotonic() - began:.2f} s, {peak(campus) - before} kB more at the peak")
    report.check("C10: a zip that unpacks to 10 GB is refused", said.startswith("550 5.7.1"), said)


def peak(campus):
    status = open(f"/proc/{campus.gateway.pid}/status").read()
    return int(re.search(r"VmHWM:\s+(\d+)", status).group(1))


def survey(report, campus):
    link = "https://mst.qualtrics.com/jfe/form/SV_1"
    with Client(campus, "surveyor") as client:
        refused = client.send(["students@lists.mst.example"], f"Please answer: {link}?Q_DL=abc_123", "Your view of the library")
        other = client.send(["students@lists.mst.example"], "Please answer: https://www.surveymonkey.com/r/X1", "Your view")
        said = client.send(["students@lists.mst.example"], f"Please answer: {link}", "Your view of the library")
    report.check("C13: a link that says who its reader is, is refused", refused.startswith("550") and "Q_DL" in refused, refused)
    report.check("C13: another tool is refused by the name of ours", other.startswith("550") and "Qualtrics" in other, other)
    case = case_of(said)
    report.check("C13: the anonymous link is held", case is not None, said)
    shown = campus.bedel("hold", "show", case)
    report.check("C13: it is asked whose survey it is", "IRB" in shown, shown)
    campus.bedel("hold", "approve", case, "--as", "records")
    early = campus.try_bedel("hold", "release", case, "--as", "emarcomm")
    report.check("C13: no release before that is known", early.returncode != 0 and "IRB" in early.stderr, early)
    named = "owner: Dean\nid: S-12\nirb: not research\nopens: 2026-11-24\ncloses: 2026-12-08"
    campus.bedel("hold", "survey", case, "--as", "surveyor", "--comment", named)
    campus.bedel("hold", "release", case, "--as", "emarcomm")
    campus.closed(case)
    report.ok("C13: then it goes")


def class_mail(report, campus):
    term = campus.home / "term.csv"
    rows = [f"cs1500-101,pupil{n}@mst.example,student" for n in range(120)]
    term.write_text("\n".join(["section,email,role", "cs1500-101,instructor@mst.example,instructor", *rows]) + "\n")
    campus.bedel("roster", "import", term, "--term", "now", "--begins", "2000-01-01", "--ends", "2100-01-01")
    pupils = people(120, "pupil", "mst.example")
    with Client(campus, "instructor") as client:
        said = client.send(pupils, TEXT, "The examination in our class")
        report.check("C6: an instructor to 120 of their class", said.startswith("250 2.0.0"), said)
        until("the class has it", 60, lambda: len(reached(campus, "pupil")) == 120)
        mixed = client.send(pupils + people(40, "alum"), f"Once more: {TEXT}", "A talk for the class and for alumni")
        case = case_of(mixed)
        report.check("C6: with 40 alumni added, these are held", case is not None, mixed)
        until("the class has both", 60, lambda: sum(m.startswith("pupil") for _, _, *to in campus.messages() for m in to) == 240)
        report.check("C6: the class has it, and no alumnus has", not reached(campus, "alum"))
        by_name = client.send(["class-cs1500-101@lists.mst.example"], TEXT, "To the address of the class")
        report.check("C6: the address of the class wants nobody", by_name.startswith("250 2.0.0"), by_name)
    with Client(campus, "author") as client:
        other = client.send(["class-cs1500-101@lists.mst.example"], TEXT, "To somebody else's class")
    report.check("C6: somebody else's class is closed", other.startswith("550 5.7.1"), other)


def code(secret):
    key = base64.b32decode(secret + "=" * (-len(secret) % 8))
    tag = hmac.new(key, struct.pack(">q", int(time.time()) // 30), hashlib.sha1).digest()
    at = tag[-1] & 15
    return f"{(struct.unpack('>I', tag[at:at + 4])[0] & 0x7FFFFFFF) % 1_000_000:06}"


def emergency(report, campus):
    alert = ["alert@lists.mst.example"]
    with Client(campus, "police") as client:
        waits = client.send(alert, "A gas leak in the north building: leave it now.", "Leave the north building")
        case = case_of(waits)
        report.check("C17: without a second factor it waits", waits.startswith("250 2.6.0") and case, waits)
        own = campus.try_bedel("hold", "confirm", case, "--as", "police")
        report.check("C17: nobody confirms their own", own.returncode != 0, own)
        campus.bedel("hold", "confirm", case, "--as", "provost")
        campus.closed(case)
        report.ok("C17: a second person lets it go")
        secret = re.search(r"[A-Z2-7]{32}", campus.bedel("emergency", "enroll", "--as", "police")).group(0)
        wrong = campus.try_bedel("emergency", "arm", "--as", "police", "--code", "000000")
        report.check("C17: a wrong code arms nobody", wrong.returncode != 0, wrong)
        campus.bedel("emergency", "arm", "--as", "police", "--code", code(secret))
        said = client.send(alert, "The gas is off: come back to the north building.", "The north building is open")
        case = case_of(said)
        report.check("C17: with a fresh second factor it goes at once", "Goes at once as MC-" in said, said)
        campus.closed(case)
    copies = campus.copies(case)
    report.check("C17: everybody has it, without an unsubscribe field", len(copies) == campus.contacts
                 and all(b"List-Unsubscribe" not in content for _, content in copies), len(copies))
    campus.bedel("hold", "reviewed", case, "--as", "emarcomm")
    report.ok("C17: a reviewer says afterwards that they have read it")
    with Client(campus, "author") as client:
        refused = client.send(alert, "Urgent! Emergency!", "URGENT")
    report.check("C17: nobody else may", refused.startswith("550 5.7.1"), refused)


def conversions(report, campus):
    with Client(campus, "vendor-contact") as client:
        said = client.send(people(30, "committee"), MINUTES, "Minutes of the search committee")
        case = case_of(said)
        campus.bedel("hold", "attest", case, "--as", "vendor-contact", "--comment", "my search committee")
        until("the committee has it", 60, lambda: len(reached(campus, "committee")) == 30)
        report.ok("C7: a message goes on its author's word")
        again = client.send(people(30, "committee"), f"{MINUTES} Again.", "Minutes of the search committee")
        report.check("C7: and is not held again", again.startswith("250 2.0.0"), again)
        more = client.send(people(90, "stranger"), f"{MINUTES} Again.", "Minutes of the search committee")
        report.check("C7: their word covers no strangers beyond its bound", case_of(more) is not None, more)
        refused = campus.try_bedel("hold", "attest", case_of(more), "--as", "vendor-contact", "--comment", "friends")
        report.check("C7: and cannot be given for more", refused.returncode != 0 and "at most 100" in refused.stderr, refused)
        trail = campus.bedel("audit", "show")
        report.check("C7: the word is in the audit trail", "my search committee" in trail, trail[-800:])
        said = client.send(people(30, "wrong-way"), "The registration for the spring begins on Monday and ends a week later; "
                           "whoever has not paid by then loses the seat to the next in the queue.", "Registration begins")
        done = campus.bedel("hold", "convert", case_of(said), "--as", "vendor-contact", "--comment", "students")
    new = case_of(done)
    report.check("C7: it becomes a request to a list", new and new != case_of(said), done)
    listed = campus.bedel("hold", "show", new)
    report.check("C7: which wants its steward", "Registrar" in listed, listed)
    report.check("C7: and those named get nothing", not reached(campus, "wrong-way"))


def explained(report, campus):
    path = campus.home / "asked.eml"
    path.write_text(f"From: author@mst.example\nTo: students@lists.mst.example\nSubject: A question in advance\n\n{TEXT}\n")
    said = campus.bedel("policy", "explain", path, "--from", "author", "--to", "students@lists.mst.example")
    report.check("the simulator says what would happen", all(word in said for word in ["hold", "C15", "Registrar", str(campus.contacts)]), said)
