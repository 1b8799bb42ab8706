"""Bad input to the SIP listeners: refused as RFC 3261 says, or not answered at all, at a bounded price, while others are served."""
import itertools
import random
import re
import socket
import time

import pytest

from hostile import MEGABYTE, SHORT_LIMITS, Watch, connect, connect_tls, half_a_handshake, read_to_end, send_until_refused, stuff
from reveille import Server
from test_sip_flood import Client as Phone
from waiting import pass_time, wait_until

HONEST = "127.0.0.2"  # another address than the attackers'


def request(method: str = "OPTIONS", uri: str = "sip:localhost", transport: str = "TCP", number: int = 0, extra: str = "",
            length: str | None = "0") -> bytes:
    lines = [f"{method} {uri} SIP/2.0", f"Via: SIP/2.0/{transport} 127.0.0.1;rport;branch=z9hG4bK{method}{number}", "Max-Forwards: 70",
             "From: <sip:mercutio@localhost>;tag=m", f"To: <{uri}>", f"Call-ID: {method}-{number}", f"CSeq: 1 {method}",
             "Contact: <sip:mercutio@127.0.0.1>"]
    lines += [extra] if extra else []
    lines += [f"Content-Length: {length}"] if length is not None else []
    return "\r\n".join([*lines, "", ""]).encode()


def status(answer: bytes) -> int:
    return int(re.match(rb"SIP/2\.0 (\d{3}) ", answer).group(1)) if answer else 0


def options(server: Server):
    """Somebody who asks over UDP and over a new TCP connection."""
    server.asked = 0

    def ask(peer: socket.socket, transport: str) -> None:
        server.asked += 1
        question = request(transport=transport, number=server.asked)
        for _ in range(4):
            peer.send(question)
            try:
                while f"OPTIONS-{server.asked}\r\n".encode() not in (answer := peer.recv(8192)):
                    assert answer, "closed"
                assert status(answer) == 200, answer
                return
            except TimeoutError:
                assert transport == "UDP"  # lost: it is sent again (timer E)
        raise AssertionError("no answer over UDP in 2 s")

    def probe() -> None:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as peer:
            peer.bind((HONEST, 0))
            peer.settimeout(0.5)
            peer.connect(server.address("sip_udp"))
            ask(peer, "UDP")
        with connect(server.address("sip_tcp"), 5, HONEST) as peer:
            ask(peer, "TCP")
    return probe


def reach(server: Server, transport: str) -> socket.socket:
    return connect(server.address("sip_tcp")) if transport == "TCP" else connect_tls(server, "sip_tls")


@pytest.fixture
def sip(tmp_path):
    server = Server(tmp_path, {"roles": ["call-control", "admin"], "limits": SHORT_LIMITS}).start()
    server.add_user("romeo@localhost", "secret")
    yield server
    server.kill()


@pytest.mark.parametrize("transport", ["TCP", "TLS"])
def test_a_header_section_without_end_closes_the_connection(sip, transport):
    # One message is at most 64 KB; where it would end cannot be known, so nothing more is read.
    with Watch(sip, options(sip), most_growth=8 * MEGABYTE):
        for begin, more in ((b"OPTIONS ", b"a" * 8192), (request()[:-2] + b"Subject: ", b"x" * 8192),
                            (request()[:-2], b"X-Header: 1\r\n" * 600), (b"", b"\x00\xff nonsense " * 600)):
            with reach(sip, transport) as peer:
                peer.sendall(begin)
                assert send_until_refused(peer, more) < 8 * MEGABYTE


# RFC 3261 sections 18.3, 20.14 and 21.5.14: what can be answered is, and then the connection is closed.
FATAL = {"a body larger than a message may be": (request(length="70000"), 513), "a length that no number holds": (request(length="9" * 40), 400),
         "a negative length": (request(length="-1"), 400), "no length": (request(length=None), 400),
         "two lengths": (request(extra="Content-Length: 5"), 400), "300 header fields": (request(extra="\r\n".join(["X: 1"] * 300)), 513)}


@pytest.mark.parametrize("transport", ["TCP", "TLS"])
def test_a_message_whose_end_is_unknown_is_answered_and_ends_the_connection(sip, transport):
    for what, (said, expected) in FATAL.items():
        with reach(sip, transport) as peer:
            peer.settimeout(1)
            peer.sendall(said + request(number=9))
            heard = read_to_end(peer)
            assert status(heard) == expected and b"OPTIONS-9" not in heard, (what, heard[:200])


def test_slow_and_silent_peers_are_dropped(sip):
    # handshake_within and request_within are 2 s here.
    hello = half_a_handshake(sip)
    with Watch(sip, options(sip), most_growth=16 * MEGABYTE):
        silent = [reach(sip, transport) for transport in ("TCP", "TLS") for _ in range(20)]
        unshaken = [connect(sip.address("sip_tls")) for _ in range(40)]
        for peer in unshaken[:20]:
            peer.sendall(hello)
        bodiless = [reach(sip, transport) for transport in ("TCP", "TLS") for _ in range(10)]
        for peer in bodiless:
            peer.sendall(request(length="1000") + b"v=0")
        slow = [reach(sip, transport) for transport in ("TCP", "TLS") for _ in range(10)]
        began, closed = time.monotonic(), {}
        drops = iter(range(10_000))
        while len(closed) < len(slow) and time.monotonic() < began + 6:
            at = next(drops)
            for peer in slow:
                try:
                    if peer not in closed:
                        peer.sendall(request()[at:at + 1])
                except OSError:
                    closed[peer] = time.monotonic() - began
            pass_time(0.05, "a slow peer")
        assert len(closed) == len(slow) and 1 < max(closed.values()) < 4, closed.values()
        for peer in silent + unshaken + bodiless:
            peer.settimeout(0.5)
            assert read_to_end(peer) == b""
            peer.close()


@pytest.mark.parametrize("transport", ["TCP", "TLS"])
def test_a_peer_that_asks_and_never_reads_is_dropped(sip, transport):
    # Its answers wait in at most 512 KB; then it is not heard, and after `stalled_after` (2 s here) it is gone.
    with Watch(sip, options(sip), most_growth=16 * MEGABYTE):
        greedy = [reach(sip, transport) for _ in range(6)]
        questions = b"".join(request(transport=transport, number=i) for i in range(200))
        taken = [stuff(peer, questions, 64 * MEGABYTE) for peer in greedy]
        assert max(taken) < 64 * MEGABYTE, taken
        wait_until(lambda: sip.metrics()["reveille_sip_connections"] <= 1, within=6)
        for peer in greedy:
            peer.close()


def test_keep_alives_without_end_are_answered_or_held_back(sip):
    # RFC 5626 section 3.5.1: each double CRLF is a ping.
    with Watch(sip, options(sip), most_growth=16 * MEGABYTE):
        with connect(sip.address("sip_tcp")) as reader, connect(sip.address("sip_tcp")) as greedy:
            for number in range(50):
                # A stranger is kept for what he asks, not for his keep-alives.
                reader.sendall(b"\r\n\r\n" * 2000 + request(number=number))
                heard = b""
                while f"OPTIONS-{number}\r\n".encode() not in heard:
                    heard += reader.recv(65536)
                assert heard.startswith(b"\r\n" * 2000 + b"SIP/2.0 200")
            assert stuff(greedy, b"\r\n" * 40_000, 64 * MEGABYTE) < 64 * MEGABYTE


def test_keep_alives_alone_keep_no_stranger(sip):
    # Nobody has proved there who he is: 250 connections from one address, and 2 s (request_within) after the last request.
    def lives(peer: socket.socket) -> bool:
        try:
            peer.sendall(b"\r\n\r\n")
            return bool(peer.recv(64))
        except OSError:
            return False

    with Watch(sip, options(sip), most_growth=16 * MEGABYTE):
        strangers = [connect(sip.address("sip_tcp")) for _ in range(300)]

        def are_gone() -> bool:
            strangers[:] = [peer for peer in strangers if lives(peer) or peer.close()]
            assert len(strangers) <= 250
            return not strangers
        wait_until(are_gone, within=10, otherwise="keep-alives alone keep a connection")


UNANSWERABLE = {"a Call-ID that fills the message": request("INVITE", "sip:juliet@localhost").replace(b"INVITE-0", b"x" * 65_200),
                "options without end": request("INVITE", "sip:juliet@localhost", extra="Proxy-Require: a" + ",a" * 31_000),
                "a tag that fills the message": request("INVITE", "sip:juliet@localhost").replace(b"tag=m", b"tag=" + b"x" * 65_000),
                "routes that fill the message": request("INVITE", "sip:juliet@localhost", extra=f"Record-Route: <sip:h;x={'x' * 60_000}>")}


def test_a_call_that_cannot_be_answered_in_full_keeps_nothing(sip):
    with Watch(sip, options(sip), most_growth=16 * MEGABYTE):
        for what, call in UNANSWERABLE.items():
            for number in range(20):
                with connect(sip.address("sip_tcp")) as peer:
                    peer.sendall(call + request(number=number))
                    heard = b""
                    while f"OPTIONS-{number}\r\n".encode() not in heard:
                        more = peer.recv(65536)
                        assert more, what
                        heard += more
                    assert status(heard) in (200, 513), (what, heard[:100])
        assert sip.metrics()["reveille_sip_server_transactions"] == 0


def flood(server: Server, datagrams, seconds: float) -> int:
    """As many as go out in that time; what is answered is not read."""
    sent, until = 0, time.monotonic() + seconds
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as peer:
        peer.connect(server.address("sip_udp"))
        while time.monotonic() < until:
            for _ in range(100):
                try:
                    peer.send(next(datagrams))
                    sent += 1
                except ConnectionRefusedError:
                    pass
            pass_time(0.002, "a flood that leaves this machine some processor time")
    return sent


def nonsense():
    chance = random.Random(4)
    good = request(transport="UDP")
    while True:
        yield chance.randbytes(chance.randrange(1, 1400))
        yield good[:chance.randrange(len(good))]
        yield b"SIP/2.0 999 What\r\n" + good
        yield bytes(255 if chance.random() < 0.05 else byte for byte in good)
        yield request(method="\x00", transport="UDP", number=chance.randrange(1 << 30))
        yield b"\r\n" * 700
        yield request(transport="UDP", number=chance.randrange(1 << 30), length="99999")
        yield b"A" * 65_507


def test_others_register_while_nonsense_comes_over_udp(sip):
    phone = Phone(sip, "romeo", "secret")

    def probe() -> None:
        assert phone.register() == 200
    with Watch(sip, probe, most_growth=16 * MEGABYTE, slowest=2.0):
        assert flood(sip, nonsense(), 3) > 3000
    assert sip.metrics()["reveille_sip_server_transactions"] < 1000


def calls_to_nobody():
    for number in itertools.count():
        yield request("INVITE", f"sip:nobody{number}@localhost", "UDP", number)


def test_a_flood_of_calls_from_strangers_keeps_nothing(sip):
    # Each is challenged, and forgotten at once (RFC 3261 section 26.3.2.4): no transaction, no call, no trace.
    with Watch(sip, options(sip), most_growth=8 * MEGABYTE, slowest=2.0):
        assert flood(sip, calls_to_nobody(), 2) > 3000
        after = sip.metrics()
        assert after["reveille_sip_server_transactions"] < 100 and after["reveille_traces"] == 0


def open_server(folder, **limits) -> Server:
    """It asks nobody for credentials."""
    return Server(folder, {"roles": ["call-control", "admin"], "sip": {"require_digest": False}, "limits": limits}).start()


def test_a_flood_of_calls_to_nobody_from_those_we_know_is_bounded(tmp_path):
    server = open_server(tmp_path)
    try:
        # Each refusal waits for its ACK for 32 s (RFC 3261 section 17.2.1), with 2 KB.
        with Watch(server, options(server), most_growth=256 * MEGABYTE, slowest=2.0):
            assert flood(server, calls_to_nobody(), 2) > 3000
    finally:
        server.kill()


def test_more_requests_than_there_is_room_for_are_told_when_to_come_again(tmp_path):
    room, beyond = 200, 50
    server = open_server(tmp_path, sip_transactions=room)
    calls = [request("INVITE", f"sip:nobody{number}@localhost", "TCP", number) for number in range(room + beyond + 1)]

    def answer_to(peer: socket.socket, call: bytes) -> bytes:
        peer.sendall(call)
        heard = b""
        while not re.search(rb"SIP/2\.0 [2-6].*\r\n\r\n", heard, re.S):
            piece = peer.recv(65536)
            assert piece, heard
            heard += piece
        return heard[re.search(rb"SIP/2\.0 [2-6]", heard).start():]

    try:
        with connect(server.address("sip_tcp")) as peer:
            answers = [answer_to(peer, call) for call in calls[:-1]]
            assert [status(each) for each in answers] == [404] * room + [503] * beyond
            assert all(b"\r\nRetry-After: 5\r\n" in each for each in answers[room:])
            assert server.metrics()["reveille_sip_server_transactions"] == room
            # The ACK of one makes room for another (timer I is 0 over TCP).
            peer.sendall(calls[0].replace(b"INVITE sip:", b"ACK sip:", 1).replace(b"CSeq: 1 INVITE", b"CSeq: 1 ACK"))
            wait_until(lambda: server.metrics()["reveille_sip_server_transactions"] == room - 1)
            assert status(answer_to(peer, calls[-1])) == 404
    finally:
        server.kill()
