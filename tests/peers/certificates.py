"""Certificates: an authority of the test's own, what it signs, and what signs itself."""

import datetime
import hashlib
import ipaddress

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import NameOID


def rsa_key():
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


class Certificates:
    """PEM files in a folder: `ca.pem`, and a pair for each name."""

    def __init__(self, folder):
        self.folder = folder
        self.folder.mkdir(mode=0o755)
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.authority = self._made("Authority of the test", self.key, None, ca=True)
        self.ca_file = folder / "ca.pem"
        self.ca_file.write_bytes(self.authority.public_bytes(serialization.Encoding.PEM))

    def right(self, *names, key=None):
        """Signed by the authority."""
        return self._pair(names, self.authority, key)

    def self_signed(self, *names):
        return self._pair(names, None)

    def _pair(self, names, issuer, key=None):
        key = key or ec.generate_private_key(ec.SECP256R1())
        certificate = self._made(names[0], key, issuer, names=names)
        stem = f"{names[0]}-{'right' if issuer else 'own'}"
        paths = self.folder / f"{stem}.crt", self.folder / f"{stem}.key"
        paths[0].write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
        paths[1].write_bytes(key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()))
        # Servers that run as nobody read it, and they are this test's alone.
        paths[1].chmod(0o600)
        public = key.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
        return (*paths, hashlib.sha256(public).hexdigest())

    def _made(self, name, key, issuer, names=(), ca=False):
        now = datetime.datetime.now(datetime.timezone.utc)
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        builder = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(issuer.subject if issuer else subject)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - datetime.timedelta(hours=1))
            .not_valid_after(now + datetime.timedelta(days=2))
            .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
        )
        if names:
            builder = builder.add_extension(x509.SubjectAlternativeName([alternative(name) for name in names]), critical=False)
        return builder.sign(self.key if issuer else key, hashes.SHA256())


def alternative(name):
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)
