"""A small XMPP client of our own that counts: SCRAM, XEP-0198 with resumption, and what was accepted and delivered, over any number of lost
connections. Blocking; a client belongs to one thread."""
import base64
import hashlib
import hmac
import os
import socket
import ssl
import time
from xml.etree.ElementTree import XMLPullParser
from xml.sax.saxutils import escape

STREAMS, CLIENT, SASL = "{http://etherx.jabber.org/streams}", "{jabber:client}", "{urn:ietf:params:xml:ns:xmpp-sasl}"
SM, MAM, FORWARD = "{urn:xmpp:sm:3}", "{urn:xmpp:mam:2}", "{urn:xmpp:forward:0}"
ITERATED = {}


class Lost(OSError):
    """The connection is gone, or says nothing."""


class XmppClient:
    def __init__(self, address, ca: str, user: str, password: str = "secret", resource: str = "test"):
        self.address, self.user, self.password, self.resource = address, user, password, resource
        self.tls = ssl.create_default_context(cafile=ca)
        self.bodies: list[str] = []  # delivered, in order
        self.unacked: list[str] = []  # stanzas that the server has not said to have
        self.sent = self.received = 0
        self.session = ""
        self.resumptions = 0
        self._link = None

    def connect(self, timeout: float = 10) -> None:
        """Signs in; resumes the session if there is one."""
        self.close()
        plain = socket.create_connection(self.address, timeout=timeout)
        self._link = self.tls.wrap_socket(plain, server_hostname="localhost")
        self._open()
        self._authenticate()
        self._open()
        self._resume() if self.session else self._bind()

    def close(self) -> None:
        if self._link is not None:
            self._link.close()
        self._link = None

    def _open(self) -> None:
        self._parser, self._depth, self._waiting = XMLPullParser(["start", "end"]), 0, []
        self._write("<stream:stream to='localhost' version='1.0' xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams'>")
        self._expect(STREAMS + "features")

    def _authenticate(self) -> None:
        mine = base64.b64encode(os.urandom(12)).decode()
        bare = f"n={self.user},r={mine}"
        self._write(f"<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='SCRAM-SHA-1'>{encoded('n,,' + bare)}</auth>")
        theirs = base64.b64decode(self._expect(SASL + "challenge").text).decode()
        parts = dict(part.split("=", 1) for part in theirs.split(","))
        key = (self.password, parts["s"], parts["i"])
        if key not in ITERATED:
            ITERATED[key] = hashlib.pbkdf2_hmac("sha1", self.password.encode(), base64.b64decode(parts["s"]), int(parts["i"]))
        client_key = hmac.digest(ITERATED[key], b"Client Key", "sha1")
        final = f"c=biws,r={parts['r']}"
        signature = hmac.digest(hashlib.sha1(client_key).digest(), f"{bare},{theirs},{final}".encode(), "sha1")
        proof = base64.b64encode(bytes(a ^ b for a, b in zip(client_key, signature))).decode()
        self._write(f"<response xmlns='urn:ietf:params:xml:ns:xmpp-sasl'>{encoded(f'{final},p={proof}')}</response>")
        self._expect(SASL + "success")

    def _bind(self) -> None:
        self._write(f"<iq type='set' id='bind'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'><resource>{self.resource}</resource></bind></iq>")
        self._expect(CLIENT + "iq")
        self._write("<enable xmlns='urn:xmpp:sm:3' resume='true'/>")
        self.session = self._expect(SM + "enabled").get("id")
        self.sent = self.received = 0
        self.send("<presence/>")

    def _resume(self) -> None:
        self._write(f"<resume xmlns='urn:xmpp:sm:3' previd='{self.session}' h='{self.received}'/>")
        answer = self._next_of_any()
        assert answer.tag == SM + "resumed", f"{self.user}'s session is lost"
        self.resumptions += 1
        self._on_ack(int(answer.get("h")))
        for stanza in self.unacked:
            self._write(stanza)

    def send(self, stanza: str) -> None:
        """It is accepted once it is no longer in `unacked`."""
        self.unacked.append(stanza)
        self.sent += 1
        self._write(stanza)

    def message(self, to: str, body: str) -> None:
        self.send(f"<message to='{to}@localhost' type='chat' id='{escape(body)}'><body>{escape(body)}</body></message>")

    def ask(self) -> None:
        self._write("<r xmlns='urn:xmpp:sm:3'/>")

    def run(self, seconds: float) -> None:
        """Takes what comes for that long."""
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0:
            self._take(self._next(left))

    def archive(self) -> list[str]:
        """The bodies of the whole archive, in its order."""
        found, after = [], ""
        while True:
            page = f"<after>{after}</after>" if after else ""
            self.send(f"<iq type='set' id='mam{self.sent}'><query xmlns='urn:xmpp:mam:2'><set xmlns='http://jabber.org/protocol/rsm'><max>50</max>"
                      f"{page}</set></query></iq>")
            while (stanza := self._next(10)) is None or stanza.tag != CLIENT + "iq":
                assert stanza is not None, "the archive does not answer"
                result = stanza.find(MAM + "result")
                if result is not None:
                    found.append(result.find(f"{FORWARD}forwarded/{CLIENT}message/{CLIENT}body").text)
                self._take(stanza)
            self._take(stanza)
            fin = stanza.find(MAM + "fin")
            last = fin.find("{http://jabber.org/protocol/rsm}set/{http://jabber.org/protocol/rsm}last")
            if fin.get("complete") == "true" or last is None:
                return found
            after = last.text

    def _take(self, stanza) -> None:
        if stanza is None:
            return
        if stanza.tag == SM + "r":
            return self._write(f"<a xmlns='urn:xmpp:sm:3' h='{self.received}'/>")
        if stanza.tag == SM + "a":
            return self._on_ack(int(stanza.get("h")))
        if not stanza.tag.startswith(CLIENT):
            return None
        self.received += 1
        body = stanza.find(CLIENT + "body")
        if stanza.tag == CLIENT + "message" and body is not None:
            self.bodies.append(body.text)
        return None

    def _on_ack(self, h: int) -> None:
        accepted = h - (self.sent - len(self.unacked))
        assert 0 <= accepted <= len(self.unacked), f"{self.user}: the server says to have {h} of {self.sent} stanzas, and had said more before"
        del self.unacked[:accepted]

    def _expect(self, tag: str):
        stanza = self._next_of_any()
        assert stanza.tag == tag, f"{stanza.tag} instead of {tag}"
        return stanza

    def _next_of_any(self):
        stanza = self._next(10)
        if stanza is None:
            raise Lost("nothing came")
        return stanza

    def _next(self, timeout: float):
        """The next child of the stream; None when none comes in time."""
        until = time.monotonic() + timeout
        while not self._waiting:
            self._link.settimeout(max(until - time.monotonic(), 0.001))
            try:
                data = self._link.recv(65536)
            except (TimeoutError, ssl.SSLWantReadError):
                return None
            if not data:
                raise Lost("the connection has ended")
            self._parser.feed(data)
            for event, element in self._parser.read_events():
                self._depth += 1 if event == "start" else -1
                if event == "end" and self._depth == 1:
                    self._waiting.append(element)
                if event == "end" and self._depth == 0:
                    raise Lost("the stream has ended")
        return self._waiting.pop(0)

    def _write(self, text: str) -> None:
        if self._link is None:
            raise Lost("not connected")
        self._link.settimeout(10)
        self._link.sendall(text.encode())


def encoded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()
