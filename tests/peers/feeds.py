"""Feeds: files with every fault over the real command line, and the directory and database of an office (slapd, PostgreSQL)."""

import contextlib
import json
import os
import pathlib
import pwd
import re
import shutil
import signal
import smtplib
import subprocess
import tempfile

from campus import BEDEL, Campus, can_connect, free_port, until

HEADER = "source_key,email,given_name,family_name,affiliation,unit"
ENTRIES = 2_000
ROWS = 5_000
POSTGRES = sorted(pathlib.Path("/usr/lib/postgresql").glob("*/bin"))


def tell(report):
    files(report)
    canary(report)
    if not shutil.which("slapd"):
        report.skip("a directory", "there is no slapd")
    else:
        with certificate() as tls, Slapd(tls) as slapd:
            directory(report, tls, slapd)
    if not POSTGRES:
        report.skip("a database", "there is no PostgreSQL")
    else:
        with certificate() as tls, Postgres(tls) as postgres:
            database(report, tls, postgres)


def people(first, last, more=""):
    return "".join(f"{n},s{n}@students.example,Ann,Student {n},student,physics{more}\n" for n in range(first, last + 1))


# --- files ---------------------------------------------------------------------------------------------------------


def files(report):
    """Each fault is one clear sentence, and changes nothing."""
    good = (HEADER + "\n" + people(1, 100)).encode()
    latin = HEADER.encode() + b"\n" + people(1, 50).encode() + "51,s51@students.example,André,Muñoz,student,physics\n".encode("latin-1")
    utf_16 = HEADER.encode() + b"\n" + people(1, 50).encode() + people(51, 100).encode("utf-16-le")
    row = "101,s101@students.example,{},Student,student,physics\n"
    faulty = [
        ("one in ten is missing, and one more", (HEADER + "\n" + people(1, 89)).encode(), "11 of the 100 contacts of registrar are missing from the feed, more than 10 %"),
        ("eleven in a hundred more", (HEADER + "\n" + people(1, 111)).encode(), "had 100 contacts and the feed has 111"),
        ("Latin-1 after UTF-8", latin, "line 52, given_name: it is not UTF-8"),
        ("UTF-16 after UTF-8", utf_16, "line 52: a zero byte: from here on it is UTF-16"),
        ("UTF-16 from the beginning", (HEADER + "\n" + people(1, 100)).encode("utf-16"), "line 1: the file is in UTF-16"),
        ("a key twice", good + b"7,other@students.example,Ann,Other,student,physics\n", "line 102, source_key: the key is on line 8 already"),
        ("a formula", good + row.format("=cmd|' /C calc'!A0").encode(), "line 102, given_name: it begins like a spreadsheet's formula"),
        ("a formula behind a tab", good + row.format('"\t=1+1"').encode(), "line 102, given_name: it begins like a spreadsheet's formula"),
        ("a formula by another sign", good + row.format("@SUM(A1)").encode(), "line 102, given_name: it begins like a spreadsheet's formula"),
        ("a field of 1 MiB", good + row.format("x" * (1 << 20)).encode(), "line 102, given_name: the row has 1048621 bytes, and 4096 is the most"),
        ("a carriage return alone", good.replace(b"\n", b"\r"), "line 1: a carriage return without a line feed after it"),
        ("semicolons", good.replace(b",", b";"), "line 1: the columns are parted by semicolons"),
        ("tabs", good.replace(b",", b"\t"), "line 1: the columns are parted by tabs"),
        ("a zero byte", good + b"101,s101@students.example,A\0nn,Student,student,physics\n", "line 102: a zero byte"),
        ("a quotation mark that is never closed", good + row.format('"Ann').encode(), "line 102: a quotation mark is opened here and never closed"),
        ("a field too many", good + row.format("Ann,Mary").encode(), "line 102: it has 7 fields, and the header 6"),
        ("a field too few", good + b"101,s101@students.example\n", "line 102: it has 2 fields, and the header 6"),
        ("a column twice", good.replace(b"unit", b"email", 1), "line 1, email: there are two columns of this name"),
        ("a misspelt column", good.replace(b"unit", b"untt", 1), "line 1, untt: there is no such column; did you mean `unit`?"),
        ("a column nobody allowed", good.replace(b"unit", b"hometown", 1), "line 1, hometown: the feed of registrar may not bring this column"),
        ("a column of grades", good.replace(b"unit", b"cum_gpa", 1), "line 1, cum_gpa: grades have no place in a contact system"),
        ("a social security number", good + row.format("219-09-9999").encode(), "line 102, given_name: it holds a social security number"),
        ("a card's number", good + row.format("4111 1111 1111 1111").encode(), "line 102, given_name: it holds a payment card's number"),
        ("an amount under a harmless name", (HEADER + ",class\n" + people(1, 99, ",senior") + people(100, 100, ",$5000")).encode(), "line 101, class: it is an amount of money"),
        ("letters that were lost", good + row.format("AndrÃ©").encode(), "line 102, given_name: letters of it were lost"),
        ("nothing", b"", "line 1: it is empty"),
        ("nobody", HEADER.encode() + b"\n", "line 1: it names its columns and has nobody in it"),
    ]
    with Campus(contacts=0) as campus:
        handed(campus, good, "registrar")
        for what, content, sentence in faulty:
            said, code = tried(campus, content)
            whole = sentence in said and "nothing was changed" in said and code in (1, 4)
            report.check(f"refused with a sentence: {what}", whole and "219-09-9999" not in said, f"{code}: {said[-600:]}")
            dry, code = tried(campus, content, "--dry-run")
            report.check(f"a dry run says the same: {what}", sentence in dry and code in (1, 4), f"{code}: {dry[-600:]}")
        report.check("nothing of them was applied", campus.json("people", "count", "students")["contacts"] == 100)
        # What is no fault.
        mixed = ("\ufeff" + HEADER + "\r\n" + people(1, 50) + people(51, 100).replace("\n", "\r\n")).encode()
        said, code = tried(campus, mixed)
        report.check("a mark at the beginning, CRLF and LF mixed are taken", code == 0 and "Applied" in said, said)
        piped = subprocess.run(
            [BEDEL, "--config", campus.config, "people", "import", "-", "--source", "registrar", "--dry-run", "--json"],
            input=good, capture_output=True, timeout=120,
        )
        seen = json.loads(piped.stdout)
        report.check("a feed comes by standard input", (seen["rows"], seen["unchanged"], seen["applied"]) == (100, 100, False), seen)
        said, code = tried(campus, (HEADER + "\n" + people(1, 50) + people(101, 105)).encode(), "--dry-run", "--confirm-removals")
        report.check("a dry run says how far it drifts", "50.0 % are missing; in all there are -45.0 %" in said and "Next: " in said, said)
        trail = campus.json("audit", "show")
        acts = [line["act"] for line in trail]
        report.check("each refusal is in the trail, dry runs are not", acts.count("feed-failed") == len(faulty), f"{acts.count('feed-failed')} of {len(faulty)}")
        report.check("and names nobody", "students.example" not in json.dumps(trail) and campus.bedel("audit", "verify"), "")
        listed = campus.bedel("people", "feeds")
        report.check("the feeds are listed", re.search(r"registrar\s+csv\s+by hand", listed), listed)


def handed(campus, content, office, *flags):
    path = campus.home / f"{office}.csv"
    path.write_bytes(content)
    return campus.bedel("people", "import", path, "--source", office, *flags)


def tried(campus, content, *flags):
    """What is said, and the exit code."""
    path = campus.home / "tried.csv"
    path.write_bytes(content)
    done = campus.try_bedel("people", "import", path, "--source", "registrar", *flags)
    return done.stdout + done.stderr, done.returncode


# --- the canary ----------------------------------------------------------------------------------------------------


def canary(report):
    with Campus(contacts=20, policy=[("[feed.registrar]", '[feed.registrar]\ncanary = "jordan.ellis"')]) as campus:
        report.check("an extract carries its canary", campus.json("people", "count", "students")["contacts"] == 21)
        with smtplib.SMTP("127.0.0.1", campus.ports["relay"], timeout=60) as relay:
            text = "From: offers@vendor.example\r\nSubject: An offer for students\r\nMessage-ID: <1@vendor.example>\r\n\r\nBuy.\r\n"
            relay.sendmail("bounces@vendor.example", "jordan.ellis@lists.mst.example", text)
        alert = until("the privacy officer is told", 30, lambda: [body for to, body in delivered(campus) if "privacy@mst.example" in to])
        body = alert[0].decode(errors="replace").replace("=\r\n", "")
        report.check("mail to a canary raises an alert", "Registrar" in body and "vendor.example" in body and "An offer for students" in body, body)
        trail = campus.json("audit", "show")
        report.check("and is in the trail", any(line["act"] == "canary" for line in trail), trail[:3])
        # Our own copy to the canary, come home: no alarm.
        send(campus, "students@lists.mst.example")
        campus.release("MC-2026-0001")
        campus.closed("MC-2026-0001")
        home = [(to, content) for to, content in campus.copies("MC-2026-0001") if "jordan.ellis@lists.mst.example" in to[0]]
        report.check("the canary gets its copy like everybody", len(home) == 1, [to for to, _ in campus.copies("MC-2026-0001")])
        back = re.search(rb"Return-Path: <([^>]*)>", home[0][1])
        path = back.group(1).decode() if back else [sender for _, sender, *to in campus.messages() if "jordan.ellis@lists.mst.example" in to][0]
        with smtplib.SMTP("127.0.0.1", campus.ports["relay"], timeout=60) as relay:
            relay.sendmail(path, "jordan.ellis@lists.mst.example", home[0][1])
        acts = [line["act"] for line in campus.json("audit", "show")]
        report.check("our own copy raises none", acts.count("canary") == 1, acts[:5])


def send(campus, to):
    with smtplib.SMTP("127.0.0.1", campus.ports["relay"], timeout=60) as relay:
        text = f"X-Campus-Authenticated: author@mst.example\r\nFrom: author@mst.example\r\nTo: {to}\r\nSubject: The library is open\r\n\r\nThe library is open until midnight this week.\r\n"
        relay.sendmail("author@mst.example", to, text)


def delivered(campus):
    """Who got what: recipients and bytes of every message that left."""
    found = []
    for number, _from, *to in campus.messages():
        path = campus.taken / f"{number}.eml"
        found.append((to, path.read_bytes() if path.exists() else b""))
    return found


# --- a directory ---------------------------------------------------------------------------------------------------


@contextlib.contextmanager
def certificate():
    """An authority for a test, and a certificate of localhost."""
    home = pathlib.Path(tempfile.mkdtemp(prefix="bedel-tls-"))
    home.chmod(0o755)
    run = lambda *words: subprocess.run(["openssl", *map(str, words)], check=True, capture_output=True, cwd=home)
    run("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=Test authority", "-keyout", "ca.key", "-out", "ca.pem")
    run("req", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=localhost", "-keyout", "server.key", "-out", "server.csr")
    (home / "names").write_text("subjectAltName=DNS:localhost,IP:127.0.0.1\n")
    run("x509", "-req", "-days", "2", "-in", "server.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-extfile", "names", "-out", "server.pem")
    try:
        yield home
    finally:
        shutil.rmtree(home, ignore_errors=True)


class Slapd:
    """An OpenLDAP server with a campus of staff in it, in a temporary folder."""

    SUFFIX = "dc=mst,dc=example"
    ROOT_DN = f"cn=bedel,{SUFFIX}"
    PASSWORD = "let-me-look"

    def __init__(self, tls, offers_tls=True):
        self.tls = tls
        self.offers_tls = offers_tls
        self.home = pathlib.Path(tempfile.mkdtemp(prefix="bedel-slapd-"))
        self.port, self.tls_port = free_port(), free_port()
        self.process = None

    def __enter__(self):
        (self.home / "db").mkdir()
        tls = f"""
TLSCACertificateFile {self.tls}/ca.pem
TLSCertificateFile {self.tls}/server.pem
TLSCertificateKeyFile {self.tls}/server.key
security ssf=128
""" if self.offers_tls else ""
        # At most 500 at once: only who asks page by page gets them all.
        (self.home / "slapd.conf").write_text(f"""
include /etc/ldap/schema/core.schema
include /etc/ldap/schema/cosine.schema
include /etc/ldap/schema/inetorgperson.schema
modulepath /usr/lib/ldap
moduleload back_mdb
{tls}
sizelimit size.soft=500 size.hard=500 size.pr=500 size.prtotal=unlimited
database mdb
maxsize 268435456
suffix "{self.SUFFIX}"
rootdn "cn=admin,{self.SUFFIX}"
directory {self.home}/db
access to attrs=userPassword by anonymous auth by * none
access to * by dn.exact="{self.ROOT_DN}" read by * none
""")
        reader = f"dn: {self.ROOT_DN}\nobjectClass: organizationalRole\nobjectClass: simpleSecurityObject\ncn: bedel\nuserPassword: {self.PASSWORD}\n"
        top = f"dn: {self.SUFFIX}\nobjectClass: domain\ndc: mst\n"
        unit = f"dn: ou=people,{self.SUFFIX}\nobjectClass: organizationalUnit\nou: people\n"
        self.load("\n".join([top, reader, unit, *(self.person(n) for n in range(1, ENTRIES + 1))]))
        self.start()
        return self

    def person(self, n, more=""):
        kind = "faculty" if n % 4 == 0 else "staff"
        return (f"dn: uid=e{n},ou=people,{self.SUFFIX}\nobjectClass: inetOrgPerson\nuid: e{n}\ncn: Eve {n}\nsn: Employee {n}\ngivenName: Eve\n"
                f"mail: e{n}@mst.example\nemployeeNumber: {n}\nemployeeType: {kind}\ndepartmentNumber: unit {n % 7}\n{more}")

    def load(self, ldif):
        subprocess.run(["slapadd", "-q", "-f", self.home / "slapd.conf"], input=ldif, text=True, check=True, capture_output=True)

    def change(self, ldif):
        """Changes entries while nobody serves them."""
        self.stop()
        subprocess.run(["slapmodify", "-q", "-f", self.home / "slapd.conf"], input=ldif, text=True, check=True, capture_output=True)
        self.start()

    def start(self):
        urls = f"ldap://127.0.0.1:{self.port}" + (f" ldaps://127.0.0.1:{self.tls_port}" if self.offers_tls else "")
        log = open(self.home / "slapd.log", "ab")
        self.process = subprocess.Popen(["slapd", "-d", "0", "-f", self.home / "slapd.conf", "-h", urls], stdout=log, stderr=log)
        until("slapd listens", 30, lambda: can_connect(self.port) and (not self.offers_tls or can_connect(self.tls_port)))

    def stop(self):
        self.process.send_signal(signal.SIGINT)
        self.process.wait(30)

    def __exit__(self, *_):
        if self.process and self.process.poll() is None:
            self.stop()
        shutil.rmtree(self.home, ignore_errors=True)


def secret(campus, name, text):
    path = campus.home / name
    path.write_text(text + "\n")
    path.chmod(0o600)
    return path


def ldap_source(tls, url, password_file, **changed):
    keys = {"base": "ou=people,dc=mst,dc=example", "filter": "(employeeNumber=*)", "bind_dn": Slapd.ROOT_DN, "ca_file": f"{tls}/ca.pem"} | changed
    lines = "\n".join(f'{key} = "{value}"' for key, value in keys.items())
    password = f'password_file = "{password_file}"\n' if password_file else ""
    return (f'[feed.hr]\nsource = "ldap"\nurl = "{url}"\n{password}{lines}\n'
            'columns = { source_key = "employeeNumber", email = "mail", given_name = "givenName", family_name = "sn", affiliation = "employeeType", unit = "departmentNumber" }\n'
            'constants = { country = "US" }\n')


def directory(report, tls, slapd):
    with Campus(contacts=0) as campus:
        password = secret(campus, "hr.password", Slapd.PASSWORD)
        use = lambda **changed: campus.with_feed("hr", ldap_source(tls, changed.pop("url", f"ldaps://127.0.0.1:{slapd.tls_port}"), changed.pop("password", password), **changed))
        use()
        dry = campus.json("people", "pull", "hr", "--dry-run")
        report.check("a dry run of a directory reads all its pages", (dry["rows"], dry["added"], dry["applied"]) == (ENTRIES, ENTRIES, False), dry)
        done = campus.json("people", "pull", "hr")
        report.check("a directory is imported over TLS", done["applied"] and done["added"] == ENTRIES, done)
        count = lambda: (campus.json("people", "count", "faculty")["contacts"], campus.json("people", "count", "staff")["contacts"])
        whole = (ENTRIES // 4, ENTRIES - ENTRIES // 4)
        report.check("its attributes are columns", count() == whole, count())
        use(url=f"ldap://localhost:{slapd.port}")
        again = campus.json("people", "pull", "hr")
        report.check("StartTLS brings the same", again["unchanged"] == ENTRIES, again)

        for what, sentence, changed in [
            ("a certificate nobody vouches for", "TLS failed: its certificate comes from nobody whom we believe", {"ca_file": f"{tls}/server.pem"}),
            ("a wrong password", "does not take this password", {"password": secret(campus, "wrong.password", "guess")}),
            ("a base that is not there", "no entry of the name in `base`", {"base": "ou=nowhere,dc=mst,dc=example"}),
            ("a filter that finds nobody", "it names its columns and has nobody in it", {"filter": "(employeeNumber=x)"}),
            ("a port where nobody listens", "the directory cannot be reached", {"url": f"ldaps://127.0.0.1:{free_port()}"}),
        ]:
            use(**changed)
            refused = campus.try_bedel("people", "pull", "hr", "--confirm-removals")
            said = refused.stdout + refused.stderr
            report.check(f"refused with a sentence: {what}", refused.returncode != 0 and sentence in said and "nothing was changed" in said, said)
        with Slapd(tls, offers_tls=False) as plain:
            use(url=f"ldap://127.0.0.1:{plain.port}")
            refused = campus.try_bedel("people", "pull", "hr")
            report.check("a directory without TLS is not told the password", "does not offer StartTLS" in refused.stderr, refused.stderr)
        # As a service manager hands it over; who runs the command has no part in it.
        handed_over = campus.home / "credentials"
        handed_over.mkdir()
        secret(campus, "credentials/feed-hr.password", Slapd.PASSWORD)
        campus.environment = {"CREDENTIALS_DIRECTORY": str(handed_over)}
        use(password=None)
        again = campus.json("people", "pull", "hr")
        report.check("a password is taken from the service manager", again["unchanged"] == ENTRIES, again)
        campus.environment = {}
        open_file = secret(campus, "open.password", Slapd.PASSWORD)
        open_file.chmod(0o644)
        use(password=open_file)
        refused = campus.try_bedel("people", "pull", "hr")
        report.check("a password that others may read is not used", "may be read by others" in refused.stderr, refused.stderr)
        checked = campus.try_bedel("check")
        report.check("and `check` says so", checked.returncode == 2 and "may be read by others" in checked.stderr, checked.stderr)

        use()
        slapd.change(f"dn: uid=e7,ou=people,{Slapd.SUFFIX}\nchangetype: modify\nadd: mail\nmail: other@mst.example\n")
        faulty = campus.try_bedel("people", "pull", "hr")
        report.check("an entry with two addresses is a fault with its number", re.search(r"entry \d+: email: `mail` has 2 values", faulty.stdout), faulty.stdout)
        report.check("and names nobody", "e7@" not in faulty.stdout + faulty.stderr and "uid=e7" not in faulty.stdout + faulty.stderr, faulty.stdout)
        slapd.change(f"dn: uid=e7,ou=people,{Slapd.SUFFIX}\nchangetype: modify\ndelete: mail\nmail: other@mst.example\n-\nreplace: employeeType\nemployeeType: 219-09-9999\n")
        faulty = campus.try_bedel("people", "pull", "hr")
        said = faulty.stdout + faulty.stderr
        report.check("a number that must not come is not taken from a directory either", "holds a social security number" in said and "219-09" not in said, said)
        report.check("the last good feed is kept", count() == whole, count())
        slapd.change(f"dn: uid=e7,ou=people,{Slapd.SUFFIX}\nchangetype: modify\nreplace: employeeType\nemployeeType: staff\n")

        # By its hour: the directory is down, people are told, and when it is back all is well by itself.
        slapd.stop()
        campus.with_feed("hr", ldap_source(tls, f"ldaps://127.0.0.1:{slapd.tls_port}", password), schedule='every = "60s"')
        told = until("the steward and the postmaster are told", 90, lambda: {who for to, body in delivered(campus) for who in to if b"Not applied: the feed" in body})
        until("both are told", 30, lambda: {who for to, body in delivered(campus) for who in to if b"Not applied: the feed" in body} == {"hr@mst.example", "postmaster@mst.example"})
        listed = campus.json("people", "feeds")
        feed = next(feed for feed in listed if feed["office"] == "hr")
        report.check("a source that is down is told and listed", told and "cannot be reached" in feed["failed"]["what"] and feed["next"], feed)
        report.check("and the last good feed is kept", feed["applied"]["rows"] == ENTRIES and count() == whole, feed)
        report.check("it is in the trail", any(line["act"] == "feed-failed" and line["by"] == "gateway" for line in campus.json("audit", "show")), "")
        slapd.start()
        until("it is fetched at its hour", 100, lambda: next(feed for feed in campus.json("people", "feeds") if feed["office"] == "hr")["failed"] is None)
        report.ok("a source that is back is fetched at its next turn")


# --- a database ----------------------------------------------------------------------------------------------------


class Postgres:
    """A PostgreSQL cluster with a campus of students in it, in a temporary folder, as a user that is not root."""

    PASSWORD = "only-to-read"

    def __init__(self, tls):
        self.tls = tls
        self.bin = POSTGRES[-1]
        self.home = pathlib.Path(tempfile.mkdtemp(prefix="bedel-postgres-"))
        self.port = free_port()
        self.user = pwd.getpwnam("postgres") if os.geteuid() == 0 else None

    def run(self, *words, **more):
        return subprocess.run([str(word) for word in words], check=True, capture_output=True, text=True, **self.demoted(), **more)

    def demoted(self):
        return {"user": self.user.pw_uid, "group": self.user.pw_gid, "extra_groups": []} if self.user else {}

    def __enter__(self):
        if self.user:
            os.chown(self.home, self.user.pw_uid, self.user.pw_gid)
        self.run(self.bin / "initdb", "-D", self.home / "data", "-U", "admin", "--auth=trust", "-E", "UTF8", "--no-sync")
        for name in ["server.pem", "server.key"]:
            self.run("cp", self.readable(self.tls / name), self.home / name)
            self.run("chmod", "600", self.home / name)
        (self.home / "data" / "pg_hba.conf").write_text("local all admin trust\nhostssl hr,students bedel 127.0.0.1/32 scram-sha-256\nhost all all all reject\n")
        self.start()
        self.sql(f"""
            create database students;
            create role bedel login password '{self.PASSWORD}';
            """)
        self.sql(f"""
            create table person (id integer primary key, email text, given text, family text, year text, since date, opted timestamptz);
            insert into person select n, 's' || n || '@students.example', 'Sam', 'Student, ' || n, case n % 4 when 0 then 'freshman' else 'senior' end, date '2026-01-31',
                case n % 2 when 0 then timestamptz '2026-02-01 08:00:00-06' end from generate_series(1, {ROWS}) n;
            grant select on person to bedel;
            """, "students")
        return self

    def readable(self, path):
        path.chmod(0o644)
        return path

    def sql(self, text, database="postgres"):
        return self.run(self.bin / "psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", "-h", self.home, "-p", self.port, "-U", "admin", "-d", database, input=text).stdout

    def start(self):
        options = f"-c listen_addresses=127.0.0.1 -c port={self.port} -c unix_socket_directories={self.home} -c ssl=on -c ssl_cert_file={self.home}/server.pem -c ssl_key_file={self.home}/server.key -c fsync=off"
        self.run(self.bin / "pg_ctl", "-D", self.home / "data", "-w", "-l", self.home / "log", "-o", options, "start")

    def stop(self):
        self.run(self.bin / "pg_ctl", "-D", self.home / "data", "-w", "-m", "fast", "stop")

    def __exit__(self, *_):
        with contextlib.suppress(subprocess.CalledProcessError):
            self.stop()
        shutil.rmtree(self.home, ignore_errors=True)


QUERY = ("select id as source_key, email, given as given_name, family as family_name, 'student' as affiliation, year as class, "
         "case when opted is null then null else 'newsletter' end as consent_purpose, case when opted is null then null else 'opt-in' end as consent_basis, "
         "opted as consent_at from person order by id")


def sql_source(postgres, tls, password_file, query=QUERY, **changed):
    keys = {"host": "127.0.0.1", "dbname": "students", "user": "bedel", "ca_file": f"{tls}/ca.pem", "password_file": password_file} | changed
    lines = "\n".join(f'{key} = "{value}"' for key, value in keys.items() if value is not None)
    port = f"port = {postgres.port}\n" if "host" in keys and keys["host"] else ""
    return f'[feed.registrar]\nsource = "postgres"\n{lines}\n{port}query = "{query}"\n'


def database(report, tls, postgres):
    with Campus(contacts=0) as campus:
        password = secret(campus, "students.password", Postgres.PASSWORD)
        use = lambda query=QUERY, **changed: campus.with_feed("registrar", sql_source(postgres, tls, changed.pop("password", password), query, **changed))
        use()
        done = campus.json("people", "pull", "registrar")
        report.check("a database is imported over TLS", (done["applied"], done["rows"], done["added"]) == (True, ROWS, ROWS), done)
        count = lambda: (campus.json("people", "count", "students")["contacts"], campus.json("people", "count", "freshmen")["contacts"])
        whole = (ROWS, ROWS // 4)
        report.check("its columns are the feed's", count() == whole, count())
        ann = campus.json("people", "find", "s2@students.example", "--reason", "a test")["contact"]
        report.check("names keep their commas, times their zone", ann["listings"][0]["family_name"] == "Student, 2" and ann["standings"][0]["at"].startswith("2026-02-01T14:00:00"), ann)

        url = secret(campus, "students.url", f"postgresql://bedel:{Postgres.PASSWORD}@localhost:{postgres.port}/students?hostaddr=127.0.0.1")
        use(host=None, dbname=None, user=None, password=None, url_file=url)
        again = campus.json("people", "pull", "registrar")
        report.check("a connection string serves as well", again["unchanged"] == ROWS, again)

        for what, sentence, query, changed in [
            ("a query that writes", "", "with gone as (delete from person returning id) select id as source_key, 'a@b.example' as email, 'student' as affiliation from gone", {}),
            ("two statements", "does not take the query", "select 1; drop table person", {}),
            ("a way out of the transaction", "does not take the query", "select 1; commit; delete from person", {}),
            ("a table that is not there", "does not take the query", "select * from persons", {}),
            ("a wrong password", "does not take this user or password", QUERY, {"password": secret(campus, "wrong", "guess")}),
            ("a database that is not there", "", QUERY, {"dbname": "nowhere"}),
            ("a certificate nobody vouches for", "TLS failed: its certificate comes from nobody whom we believe", QUERY, {"ca_file": f"{tls}/server.pem"}),
            ("a column nobody allowed", "since: the feed of registrar may not bring this column", QUERY.replace("year as class", "since"), {}),
        ]:
            use(query, **changed)
            refused = campus.try_bedel("people", "pull", "registrar", "--confirm-removals")
            said = refused.stdout + refused.stderr
            report.check(f"refused with a sentence: {what}", refused.returncode != 0 and sentence in said and "nothing was changed" in said, said)
        left = postgres.sql("select count(*) from person", "students")
        report.check("nothing was written to it", str(ROWS) in left, left)

        use()
        postgres.sql("update person set email = 'nobody' where id = 4711", "students")
        faulty = campus.try_bedel("people", "pull", "registrar")
        report.check("a faulty row is a fault with its number, and nothing is applied", "row 4711, email: it is no address" in faulty.stdout and count() == whole, faulty.stdout + faulty.stderr)
        postgres.sql("update person set email = 's4711@students.example' where id = 4711; update person set year = '3.42' where id = 5", "students")
        faulty = campus.try_bedel("people", "pull", "registrar")
        report.check("a grade under a harmless name is not taken", "row 5, class: it is a number with a fraction" in faulty.stdout and "3.42" not in faulty.stdout, faulty.stdout)
        postgres.sql("update person set year = 'senior' where id = 5; delete from person where id <= 550", "students")
        refused = campus.try_bedel("people", "pull", "registrar")
        report.check("one in nine is missing: refused until confirmed", "550 of the 5000 contacts of registrar are missing" in refused.stderr and refused.returncode == 4, refused.stderr)
        done = campus.json("people", "pull", "registrar", "--confirm-removals")
        report.check("and applied when it is", done["applied"] and done["removed"] == 550 and count()[0] == ROWS - 550, done)
        postgres.stop()
        refused = campus.try_bedel("people", "pull", "registrar")
        report.check("a database that is down changes nothing", "cannot be reached" in refused.stderr and count()[0] == ROWS - 550, refused.stderr)
        listed = campus.bedel("people", "feeds")
        report.check("and that is listed", "registrar failed" in listed and "cannot be reached" in listed, listed)
        postgres.start()
