"""A small name server on loopback: one signed root zone, written by the test."""

import socket
import socketserver
import struct
import threading

import dns.dnssec
import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdatatype
import dns.rrset
import dns.zone
from cryptography.hazmat.primitives.asymmetric import ec

ROOT_ZONE = """
. 300 IN SOA ns. hostmaster. 1 3600 600 86400 60
. 300 IN NS ns.
ns. 300 IN A 127.0.0.1
"""


class Names:
    """Serves records over UDP and TCP; names in `failing` are answered with SERVFAIL."""

    def __init__(self, port, records, anchor):
        self.failing = set()
        self.asked = []
        self.zone = dns.zone.from_text(ROOT_ZONE + records, origin=".", relativize=False, check_origin=False)
        key = ec.generate_private_key(ec.SECP256R1())
        dnskey = dns.dnssec.make_dnskey(key.public_key(), dns.dnssec.Algorithm.ECDSAP256SHA256, flags=257)
        with self.zone.writer() as change:
            dns.dnssec.sign_zone(self.zone, change, keys=[(key, dnskey)], add_dnskey=True, dnskey_ttl=300, lifetime=86400)
        anchor.write_text(f". 300 IN DNSKEY {dnskey.to_text()}\n")
        self.owners = sorted(self.zone.nodes)
        names = self

        class Datagram(socketserver.BaseRequestHandler):
            def handle(self):
                data, sock = self.request
                sock.sendto(names.answer(data, 1232), self.client_address)

        class Stream(socketserver.BaseRequestHandler):
            def handle(self):
                while head := self.request.recv(2):
                    data = self.request.recv(struct.unpack("!H", head)[0], socket.MSG_WAITALL)
                    answer = names.answer(data, 65535)
                    self.request.sendall(struct.pack("!H", len(answer)) + answer)

        socketserver.ThreadingTCPServer.allow_reuse_address = True
        self.servers = [socketserver.ThreadingUDPServer(("127.0.0.1", port), Datagram), socketserver.ThreadingTCPServer(("127.0.0.1", port), Stream)]
        for server in self.servers:
            server.daemon_threads = True
            threading.Thread(target=server.serve_forever, daemon=True).start()

    def close(self):
        for server in self.servers:
            server.shutdown()
            server.server_close()

    def answer(self, data, most):
        query = dns.message.from_wire(data)
        answer = dns.message.make_response(query, recursion_available=True)
        [question] = query.question
        self.asked.append(question.name.to_text().lower())
        if any(question.name.is_subdomain(dns.name.from_text(name)) for name in self.failing):
            answer.set_rcode(dns.rcode.SERVFAIL)
        else:
            self.fill(answer, question.name, question.rdtype, bool(query.ednsflags & dns.flags.DO))
        wire = answer.to_wire(max_size=65535)
        if len(wire) > most:
            answer.answer, answer.authority, answer.flags = [], [], answer.flags | dns.flags.TC
            wire = answer.to_wire()
        return wire

    def fill(self, answer, name, kind, is_signed):
        for _ in range(8):
            if self.add(answer.answer, name, kind, is_signed):
                return
            alias = self.zone.get_rdataset(name, dns.rdatatype.CNAME)
            if not alias:
                break
            self.add(answer.answer, name, dns.rdatatype.CNAME, is_signed)
            name = alias[0].target
        if name not in self.zone.nodes and not any(owner.is_subdomain(name) for owner in self.owners):
            answer.set_rcode(dns.rcode.NXDOMAIN)
        self.add(answer.authority, dns.name.root, dns.rdatatype.SOA, is_signed)
        if is_signed:
            denied = {max((owner for owner in self.owners if owner <= name), default=dns.name.root), dns.name.root}
            parent = name
            while parent != dns.name.root:
                parent = parent.parent()
                star = dns.name.Name((b"*",) + parent.labels)
                denied.add(max(owner for owner in self.owners if owner <= star))
            for owner in sorted(denied):
                self.add(answer.authority, owner, dns.rdatatype.NSEC, True)

    def add(self, section, name, kind, is_signed):
        found = self.zone.get_rdataset(name, kind)
        if not found:
            return False
        section.append(dns.rrset.from_rdata_list(name, found.ttl, found))
        signatures = self.zone.get_rdataset(name, dns.rdatatype.RRSIG, kind)
        if is_signed and signatures:
            section.append(dns.rrset.from_rdata_list(name, signatures.ttl, signatures))
        return True
