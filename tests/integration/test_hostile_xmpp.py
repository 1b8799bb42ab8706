"""Bad input to the XMPP listeners: refused as RFC 6120 says, at a bounded price, while others are served."""
import base64
import hashlib
import hmac
import re
import resource
import socket
import time

import pytest

from hostile import (MEGABYTE, SHORT_LIMITS, Watch, connect, connect_tls, half_a_handshake, read_to_end, send_until_told,
                     send_until_refused, stuff, time_to_end)
from reveille import Server

OPEN = b"<?xml version='1.0'?><stream:stream to='localhost' version='1.0' xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams'>"
HONEST = "127.0.0.2"  # another address than the attackers'


class Client:
    """A client over direct TLS that signs in, and reads what it is told to read."""

    def __init__(self, server: Server, user: str = "juliet", source: str = "127.0.0.1"):
        self.user = user
        self.socket = connect_tls(server, "xmpp_tls", alpn=["xmpp-client"], source=source)
        self.heard = b""

    def until(self, pattern: str) -> str:
        while not (found := re.search(pattern.encode(), self.heard)):
            piece = self.socket.recv(65536)
            if not piece:
                raise ConnectionError(f"closed after {self.heard[-200:]!r}")
            self.heard += piece
        before, self.heard = self.heard[:found.end()], self.heard[found.end():]
        return before.decode()

    def say(self, text: str | bytes) -> None:
        self.socket.sendall(text if isinstance(text, bytes) else text.encode())

    def sign_in(self, password: str = "secret") -> "Client":
        """SCRAM-SHA-256 (RFC 7677), then a resource."""
        self.say(OPEN)
        self.until("</stream:features>")
        bare = f"n={self.user},r=c0ffee"
        self.say(f"<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='SCRAM-SHA-256'>{encoded('n,,' + bare)}</auth>")
        challenge = base64.b64decode(re.search("<challenge[^>]*>([^<]*)", self.until("</challenge>")).group(1)).decode()
        fields = dict(part.split("=", 1) for part in challenge.split(","))
        salted = hashlib.pbkdf2_hmac("sha256", password.encode(), base64.b64decode(fields["s"]), int(fields["i"]))
        key = hmac.digest(salted, b"Client Key", "sha256")
        final = f"c=biws,r={fields['r']}"
        signature = hmac.digest(hashlib.sha256(key).digest(), f"{bare},{challenge},{final}".encode(), "sha256")
        proof = base64.b64encode(bytes(a ^ b for a, b in zip(key, signature))).decode()
        self.say(f"<response xmlns='urn:ietf:params:xml:ns:xmpp-sasl'>{encoded(f'{final},p={proof}')}</response>")
        self.until("<success[^>]*>[^<]*(</success>)?")
        self.say(OPEN)
        self.until("</stream:features>")
        self.say("<iq type='set' id='b'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/></iq>")
        self.until("</iq>")
        return self

    def ping(self) -> None:
        self.say("<iq type='get' id='p' to='localhost'><ping xmlns='urn:xmpp:ping'/></iq>")
        self.until("<iq [^>]*id=['\"]p['\"][^>]*(/>|>)")


def encoded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def newcomer(server: Server):
    """Somebody who opens a stream and hears which features there are."""
    def probe() -> None:
        with connect(server.address("xmpp"), 5, HONEST) as peer:
            peer.sendall(OPEN)
            heard = b""
            while b"</stream:features>" not in heard:
                piece = peer.recv(4096)
                assert piece, heard
                heard += piece
    return probe


@pytest.fixture
def xmpp(tmp_path):
    server = Server(tmp_path, {"roles": ["im", "admin"], "limits": SHORT_LIMITS}).start()
    server.add_user("juliet@localhost", "secret")
    yield server
    server.kill()


def refusal(server: Server, said: bytes, signed_in: bool = False) -> str:
    """The condition of the stream error that this brings, after which the stream is closed properly."""
    peer = Client(server).sign_in().socket if signed_in else connect(server.address("xmpp"))
    with peer:
        heard = send_until_told(peer, said, b"<stream:error").decode()
    error = re.search(r"<stream:error>.*?<([a-z-]+) xmlns=.urn:ietf:params:xml:ns:xmpp-streams.", heard)
    assert error and heard.rstrip().endswith("</stream:stream>"), heard[-300:]
    return error.group(1)


BOMB = b"<!DOCTYPE lolz [" + b"".join(
    b'<!ENTITY l%d "%s">' % (i, b"&l%d;" % (i - 1) * 10 if i else b"lol") for i in range(12)) + b"]>"
RESTRICTED = {"a document type with an entity bomb": b"<?xml version='1.0'?>" + BOMB, "a comment": b"<!-- -->",
              "a processing instruction": b"<?xml version='1.0'?><?php echo 1 ?>",
              "an external entity": b"<!DOCTYPE s SYSTEM 'file:///etc/passwd'>",
              "a bomb inside of the stream": OPEN + BOMB, "an entity of its own": OPEN + b"<iq id='&l11;'/>"}


@pytest.mark.parametrize("said", RESTRICTED.values(), ids=RESTRICTED)
def test_restricted_xml_is_refused(xmpp, said):
    # RFC 6120 section 11.1.
    assert refusal(xmpp, said) in ("restricted-xml", "not-well-formed")
    if said.startswith(OPEN):
        assert refusal(xmpp, said.removeprefix(OPEN), signed_in=True) == "restricted-xml"
    else:
        assert refusal(xmpp, said) == "restricted-xml"


ENDLESS = {"name": (b"<", b"a" * 4096), "attribute name": (b"<a ", b"b" * 4096), "attribute": (b"<a b='", b"c" * 4096),
           "attributes": (b"<a ", b" ".join(b"a%d='1'" % i for i in range(500))), "text": (b"<iq><a>", b"t" * 4096),
           "elements": (b"<iq>", b"<a/>" * 1024), "nesting": (b"", b"<a>" * 1024), "CDATA": (b"<iq><![CDATA[", b"d" * 4096)}


@pytest.mark.parametrize("signed_in", [False, True], ids=["before sign-in", "signed in"])
def test_what_has_no_end_is_a_policy_violation(xmpp, signed_in):
    # RFC 6120 section 13.12. One stanza is at most 16 KB before sign-in, and 256 KB after it: nothing is kept beyond that.
    with Watch(xmpp, newcomer(xmpp), most_growth=8 * MEGABYTE):
        for what, (begin, more) in ENDLESS.items():
            said = (b"" if signed_in else OPEN) + begin + more * (1 + 300 * 1024 // len(more))
            assert refusal(xmpp, said, signed_in) == "policy-violation", what


def test_an_endless_header_or_stanza_is_cut_off(xmpp):
    with Watch(xmpp, newcomer(xmpp), most_growth=8 * MEGABYTE):
        for begin in (b"<stream:stream a='", OPEN + b"<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl'>"):
            with connect(xmpp.address("xmpp")) as peer:
                peer.sendall(begin)
                assert send_until_refused(peer, b"QUFB" * 4096) < 16 * MEGABYTE


def test_a_client_that_never_reads_is_not_heard_and_then_dropped(xmpp):
    # Back-pressure: its requests stay in its own buffers, and after `stalled_after` it is gone.
    with Watch(xmpp, newcomer(xmpp), most_growth=16 * MEGABYTE):
        greedy = [Client(xmpp).sign_in() for _ in range(8)]
        ping = b"<iq type='get' id='p%06d' to='localhost'><query xmlns='http://jabber.org/protocol/disco#info'/></iq>"
        pieces = b"".join(ping % i for i in range(1000))
        taken = [stuff(client.socket, pieces, 32 * MEGABYTE) for client in greedy]
        assert max(taken) < 32 * MEGABYTE, taken
        for client in greedy:
            client.socket.settimeout(8)
        assert max(time_to_end(client.socket) for client in greedy) < 8
        for client in greedy:
            client.socket.close()


def test_peers_that_say_nothing_or_half_a_handshake_are_dropped(xmpp):
    hello = half_a_handshake(xmpp)
    with Watch(xmpp, newcomer(xmpp), most_growth=16 * MEGABYTE):
        peers = [connect(xmpp.address(listener)) for listener in ("xmpp", "xmpp_tls") for _ in range(20)]
        for _ in range(20):
            peer = connect(xmpp.address("xmpp_tls"))
            peer.sendall(hello)
            peers.append(peer)
            upgrading = connect(xmpp.address("xmpp"))
            upgrading.sendall(OPEN + b"<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>")
            heard = b""
            while b"<proceed" not in heard:
                heard += upgrading.recv(4096)
            upgrading.sendall(hello)
            peers.append(upgrading)
        # request_within is 2 s here.
        began = time.monotonic()
        for peer in peers:
            peer.settimeout(6)
            read_to_end(peer)
            peer.close()
        assert 1 < time.monotonic() - began < 5


CROWD = 3000


def test_one_address_cannot_take_all_places(tmp_path):
    # Each connection is an open file here, and one of the server, which the limit is handed down to.
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    if most < CROWD + 200:
        pytest.skip(f"{CROWD} connections need as many open files, and here a process may have {most}: raise the hard limit (ulimit -Hn)")
    server = Server(tmp_path, {"roles": ["im", "admin"], "limits": {**SHORT_LIMITS, "request_within": "20s"}}).start()
    peers = []
    try:
        server.add_user("juliet@localhost", "secret")
        with Watch(server, newcomer(server), most_growth=48 * MEGABYTE):
            peers = [connect(server.address("xmpp")) for _ in range(CROWD)]
            # Places before sign-in are counted by address; those beyond are closed at once.
            closed = 0
            for peer in peers:
                peer.settimeout(0.002)
                try:
                    closed += peer.recv(1) == b""
                except TimeoutError:
                    pass
                except ConnectionError:
                    closed += 1
            assert closed >= 2500, closed
            Client(server, source=HONEST).sign_in().ping()
            for peer in peers:
                peer.close()
    finally:
        for peer in peers:
            peer.close()
        server.kill()


def test_a_signed_in_client_that_goes_on_and_on_hinders_nobody(xmpp):
    # It reads its answers, so it is heard; everyone else is served between its stanzas.
    with Watch(xmpp, newcomer(xmpp), most_growth=16 * MEGABYTE):
        busy, honest = Client(xmpp).sign_in(), Client(xmpp, source=HONEST).sign_in()
        until, slowest = time.monotonic() + 1.5, 0.0
        busy.socket.setblocking(False)
        pieces = b"".join(b"<iq type='get' id='p%04d' to='localhost'><ping xmlns='urn:xmpp:ping'/></iq>" % i for i in range(500))
        while time.monotonic() < until:
            for act in (lambda: busy.socket.send(pieces), lambda: busy.socket.recv(1 << 20)):
                try:
                    act()
                except (BlockingIOError, socket.error):
                    pass
            began = time.monotonic()
            honest.ping()
            slowest = max(slowest, time.monotonic() - began)
        assert slowest < 0.5, slowest
        for each in (busy, honest):
            each.socket.close()
