"""A changed folder of settings is applied whole or not at all, while mail goes on."""

import datetime
import re
import signal
import socket

from campus import Campus, free_port, unshaped, until
from letters import letter, smtplib_submit


def tell(report):
    with Campus(contacts=30, shaping=unshaped(1000).replace("messages_per_second = 20000\n", "messages_per_second = 3\n")) as campus:
        unchanged(report, campus)
        faulty(report, campus)
        fixed(report, campus)
        said = smtplib_submit(campus, letter("A letter while settings change"))
        case = re.search(r"MC-\d{4}-\d+", said).group(0)
        campus.release(case)
        until("some have left", 60, lambda: len(campus.copies(case)) > 5)
        while_mail_leaves(report, campus, case)
        by_signal(report, campus)
        policy(report, campus)
        other_port(report, campus)


def change(campus, file, before, after):
    path = campus.config / file
    text = path.read_text()
    assert before in text, (file, before)
    path.write_text(text.replace(before, after, 1))


def log(campus):
    return (campus.home / "gateway.log").read_text()


def rate(campus):
    [scope] = [scope for scope in campus.json("shape", "explain", "students.example")["limits"] if scope["scope"] == "domain"]
    return scope["messages_per_second"]["start"]


def unchanged(report, campus):
    said = campus.bedel("reload")
    report.check("bedel reload: nothing has changed", "no file of settings has changed" in said, said)


def faulty(report, campus):
    """A good change and two faults: nothing of it is applied, and each fault has a sentence with its file."""
    kept = {name: (campus.config / name).read_text() for name in ["shaping.toml", "profile.toml", "notices/held.txt"]}
    change(campus, "shaping.toml", "messages_per_second = 3\n", "messages_per_second = 7\n")
    (campus.config / "notices/held.txt").write_text("no subject here\n")
    (campus.config / "profile.toml").write_text(kept["profile.toml"] + "\nno_such_key = 1\n")
    done = campus.try_bedel("reload")
    report.check("two faults: exit code 2", done.returncode == 2, done)
    report.check("each has its sentence, with its file", "profile.toml" in done.stderr and "notices/held.txt" in done.stderr, done.stderr)
    report.check("and it says that nothing was changed", "nothing was changed" in done.stderr, done.stderr)
    campus.gateway.send_signal(signal.SIGHUP)
    until("the log has them", 20, lambda: "nothing was changed" in log(campus))
    for name, text in kept.items():
        (campus.config / name).write_text(text)
    report.check("nothing of it is in force, not even what was right", rate(campus) == 3, rate(campus))


def fixed(report, campus):
    text = (campus.config / "gateway.toml").read_text()
    (campus.config / "gateway.toml").write_text(text.replace("[store]", "free_bytes_min = 1000\n\n[store]", 1))
    done = campus.try_bedel("reload")
    report.check("what wants a restart is said", done.returncode == 2 and "free_bytes_min cannot change while the gateway runs" in done.stderr, done)
    (campus.config / "gateway.toml").write_text(text)


def while_mail_leaves(report, campus, case):
    """The pace of a mailing under way changes; each gets one copy all the same, and who is signed in stays so."""
    change(campus, "shaping.toml", "messages_per_second = 3\n", "messages_per_second = 9\n")
    said = campus.bedel("reload")
    report.check("what is in force now is named", said.strip() == "In force: shaping.toml.", said)
    report.check("the new rate is in force", rate(campus) == 9, rate(campus))
    campus.closed(case)
    to = sorted(address for recipients, _ in campus.copies(case) for address in recipients)
    report.check("each contact got one copy", to == sorted(f"s{n}@students.example" for n in range(1, 31)), len(to))
    uncertain = "uncertain" in campus.bedel("mailing", "show", case).split("PROVIDER")[0]
    report.check("and none is uncertain", not uncertain)
    trail = campus.bedel("audit", "show")
    report.check("the audit trail has it", "shaping.toml" in trail, trail[-500:])


def by_signal(report, campus):
    change(campus, "shaping.toml", "messages_per_second = 9\n", "messages_per_second = 11\n")
    campus.gateway.send_signal(signal.SIGHUP)
    report.check("SIGHUP does the same", bool(until("the rate of the changed file", 30, lambda: rate(campus) == 11)))
    said = smtplib_submit(campus, letter("A letter after the signal"))
    report.check("mail is taken as before", "Held as" in str(said), said)


def policy(report, campus):
    """What the policy says of time holds for what is held from then on."""
    change(campus, "policy.toml", 'lapse_after       = "14d"', 'lapse_after       = "20d"')
    campus.bedel("reload")
    case = re.search(r"MC-\d{4}-\d+", smtplib_submit(campus, letter("A letter that waits"))).group(0)
    shown = campus.json("mailing", "show", case)
    began, ends = (datetime.datetime.fromisoformat(shown[name]) for name in ["submitted_at", "until"])
    days = (ends - began).total_seconds() / 86400
    report.check("a changed lapse_after holds for what is held next", round(days) == 20, (began, ends))


def other_port(report, campus):
    """A listener moves: the new port answers, the old one no longer does; a port that is taken changes nothing."""
    old, new = campus.ports["relay"], free_port()
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        change(campus, "gateway.toml", f"127.0.0.1:{old}", f"127.0.0.1:{port}")
        done = campus.try_bedel("reload")
        report.check("a taken port is told, and nothing changes", done.returncode == 2 and "cannot listen on" in done.stderr, done)
        report.check("the old port still answers", greets(old))
    change(campus, "gateway.toml", f"127.0.0.1:{port}", f"127.0.0.1:{new}")
    campus.bedel("reload")
    report.check("the new port answers", greets(new))
    gone = until("the old port is closed", 60, lambda: not greets(old))
    report.check("the old one no longer does", gone)


def greets(port):
    try:
        with socket.create_connection(("127.0.0.1", port), 5) as client:
            client.settimeout(5)
            return client.recv(100).startswith(b"220")
    except OSError:
        return False
