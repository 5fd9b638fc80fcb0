"""Messages, and the ways ordinary programs submit them."""

import email.policy
import smtplib
import ssl
import subprocess
from email.message import EmailMessage

from campus import PASSWORD

AUTHOR = "author@mst.example"
LIST = "students@lists.mst.example"


def letter(subject, to=LIST, html=True):
    message = EmailMessage()
    message["From"] = f"The Author <{AUTHOR}>"
    message["To"] = to
    message["Subject"] = subject
    message.set_content("Grüße, students.\n.\nA line that begins with a dot stands above.\n")
    if html:
        message.add_alternative("<p>Grüße, <b>students</b>.</p>", subtype="html")
    return message


def wire(message):
    """The message as it goes over the wire: lines end in CRLF."""
    return message.as_bytes(policy=email.policy.SMTP)


def anybody():
    """TLS with whatever certificate: the gateway's own is self-signed here."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def smtplib_submit(campus, message, implicit=False, mechanism="PLAIN", to=None):
    """Submits with Python's smtplib; gives the reply to the message."""
    if implicit:
        client = smtplib.SMTP_SSL("127.0.0.1", campus.ports["submissions"], context=anybody(), timeout=30)
    else:
        client = smtplib.SMTP("127.0.0.1", campus.ports["submission"], timeout=30)
        client.starttls(context=anybody())
    with client:
        client.ehlo()
        client.user, client.password = AUTHOR, PASSWORD
        client.auth(mechanism, getattr(client, "auth_" + mechanism.lower()))
        code, text = client.mail(AUTHOR)
        if code != 250:
            return f"{code} {text.decode()}"
        code, text = client.rcpt(to or message["To"])
        if code != 250:
            return f"{code} {text.decode()}"
        code, text = client.data(wire(message))
        return f"{code} {text.decode()}"


def swaks(campus, subject):
    command = ["swaks", "--server", "127.0.0.1", "--port", campus.ports["submission"], "--tls", "--auth", "PLAIN",
               "--auth-user", AUTHOR, "--auth-password", PASSWORD, "--from", AUTHOR, "--to", LIST,
               "--header", f"Subject: {subject}", "--body", "Hello from swaks."]
    return run(command)


def curl(campus, subject, implicit):
    url = f"smtps://127.0.0.1:{campus.ports['submissions']}" if implicit else f"smtp://127.0.0.1:{campus.ports['submission']}"
    path = campus.home / "curl.eml"
    path.write_bytes(wire(letter(subject)))
    command = ["curl", "--silent", "--show-error", "--verbose", "--insecure", "--ssl-reqd", "--url", url, "--user",
               f"{AUTHOR}:{PASSWORD}", "--mail-from", AUTHOR, "--mail-rcpt", LIST, "--upload-file", path]
    return run(command)


def run(command):
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True, timeout=60)
    return done.stdout + done.stderr
