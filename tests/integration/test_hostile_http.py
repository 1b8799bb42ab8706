"""Bad input to the HTTP listeners (push REST, admin, Apple's simulator): refused as RFC 9110, 9112 and 9113 say, at a bounded price."""
import http.client
import socket
import struct
import subprocess
import time

import pytest

from hostile import MEGABYTE, SHORT_LIMITS, Watch, connect, connect_tls, half_a_handshake, read_to_end, send_until_refused, stuff
from reveille import Apple, Server, exchange
from waiting import pass_time

HONEST = "127.0.0.2"  # another address than the attackers'
PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
DATA, HEADERS, RST_STREAM, SETTINGS, PING, GOAWAY, WINDOW_UPDATE, CONTINUATION = 0, 1, 3, 4, 6, 7, 8, 9
END_STREAM, END_HEADERS, ACKNOWLEDGED = 1, 4, 1
ENHANCE_YOUR_CALM = 11


@pytest.fixture
def push(tmp_path):
    server = Server(tmp_path, {"roles": ["push", "admin"], "limits": SHORT_LIMITS}).start()
    yield server
    server.kill()


def honest(server: Server):
    """Somebody who asks for health, and of the push service what it can do."""
    def probe() -> None:
        assert server.admin("/healthz")[0] == 200
        host, port = server.address("push")
        connection = http.client.HTTPSConnection(host, port, context=server.tls(), timeout=5, source_address=(HONEST, 0))
        assert exchange(connection, "GET", "/openapi.json")[0] == 200
    return probe


def reach(server: Server, listener: str) -> socket.socket:
    return connect(server.address("admin")) if listener == "admin" else connect_tls(server, "push", alpn=["http/1.1"])


def status(answer: bytes) -> int:
    return int(answer.split(b" ", 2)[1]) if answer.startswith(b"HTTP/1.1 ") else 0


# HTTP/1.1

REFUSED = {"nonsense": (b"\x16\x03\x01 what is this\r\n\r\n", 400), "a header field without a name": (b"GET / HTTP/1.1\r\n: x\r\n\r\n", 400),
           "a long target": (b"GET /" + b"a" * 20_000 + b" HTTP/1.1\r\n\r\n", 431), "long fields": (b"GET / HTTP/1.1\r\nX: " + b"a" * 20_000, 431),
           "many fields": (b"GET / HTTP/1.1\r\n" + b"X: 1\r\n" * 5000, 431),
           "a body too large": (b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9999999\r\n\r\nx", 413),
           "a chunk too large": (b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n989680\r\nx", 413),
           "a length that is none": (b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n", 400),
           "length and chunks": (b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400)}


@pytest.mark.parametrize("listener", ["admin", "push"])
def test_requests_that_are_none_are_refused_and_end_the_connection(push, listener):
    for what, (said, expected) in REFUSED.items():
        with reach(push, listener) as peer:
            peer.settimeout(5)
            peer.sendall(said)
            heard = read_to_end(peer)
            assert status(heard) == expected, (what, heard[:200])
            assert b"connection: close" in heard.lower(), what
            assert b"content-type: application/problem+json" in heard, what


@pytest.mark.parametrize("listener", ["admin", "push"])
def test_pipelined_requests_are_answered_in_order_until_one_is_nonsense(push, listener):
    with reach(push, listener) as peer:
        peer.settimeout(5)
        peer.sendall(b"GET /nothing HTTP/1.1\r\nHost: a\r\n\r\n" * 20 + b"\r\n\r\n\x00nonsense\r\n\r\n" + b"GET /nothing HTTP/1.1\r\nHost: a\r\n\r\n")
        heard = read_to_end(peer)
    known = b"HTTP/1.1 404" if listener == "admin" else b"HTTP/1.1 401"
    assert heard.count(known) == 20 and heard.count(b"HTTP/1.1 400") == 1 and heard.count(b"HTTP/1.1 ") == 21, heard[-300:]


def test_slow_and_silent_peers_are_dropped(push):
    # handshake_within and request_within are 2 s here; the server looks once a second.
    hello = half_a_handshake(push)
    with Watch(push, honest(push), most_growth=16 * MEGABYTE):
        peers = [reach(push, listener) for listener in ("admin", "push") for _ in range(20)]
        unshaken = [connect(push.address("push")) for _ in range(40)]
        for peer in unshaken[:20]:
            peer.sendall(hello)
        for listener in ("admin", "push"):
            for said in (b"GET / HTTP/1.1\r\nX: ", b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\n"):
                for _ in range(5):
                    peers.append(reach(push, listener))
                    peers[-1].sendall(said)
        slow, began = {peers[-1]: 0.0, peers[-6]: 0.0, peers[-11]: 0.0, peers[-16]: 0.0}, time.monotonic()
        while not all(slow.values()) and time.monotonic() < began + 8:
            for peer in (peer for peer, ended in slow.items() if not ended):
                try:
                    peer.sendall(b"a")
                except OSError:
                    slow[peer] = time.monotonic() - began
            pass_time(0.05, "a slow peer")
        assert all(1 < ended < 6 for ended in slow.values()), slow.values()
        for peer in peers + unshaken:
            peer.settimeout(3)
            assert read_to_end(peer) == b""
            peer.close()


@pytest.mark.parametrize("listener", ["admin", "push"])
def test_a_peer_that_asks_and_never_reads_is_dropped(push, listener):
    # Of its answers, 256 KB are kept; what it asks beyond that is not read, and after `stalled_after` (2 s here) it is gone.
    with Watch(push, honest(push), most_growth=16 * MEGABYTE) as watch:
        path = b"/metrics" if listener == "admin" else b"/openapi.json"
        greedy = [reach(push, listener) for _ in range(4)]
        taken = [stuff(peer, (b"GET " + path + b" HTTP/1.1\r\nHost: a\r\n\r\n") * 1000, 32 * MEGABYTE) for peer in greedy]
        assert max(taken) < 32 * MEGABYTE, taken
        watch.files_come_back()
        for peer in greedy:
            peer.close()


# HTTP/2 (RFC 9113)

def frame(kind: int, flags: int = 0, stream: int = 0, payload: bytes = b"") -> bytes:
    return struct.pack(">I", len(payload))[1:] + bytes([kind, flags]) + struct.pack(">I", stream) + payload


def literal(name: bytes, value: bytes) -> bytes:
    """A header field, not indexed (RFC 7541 section 6.2.2), of less than 127 octets each."""
    return b"\x00" + bytes([len(name)]) + name + bytes([len(value)]) + value


# :method GET and :scheme https are in the static table.
ASK = b"\x82\x87" + literal(b":path", b"/v1/providers") + literal(b":authority", b"localhost")


class Http2:
    """A peer that speaks HTTP/2 frame by frame, and as wrongly as it is told to."""

    def __init__(self, server, listener: str, settings: bytes = b""):
        self.socket = connect_tls(server, listener, alpn=["h2"])
        assert self.socket.selected_alpn_protocol() == "h2"
        self.socket.sendall(PREFACE + frame(SETTINGS, payload=settings))

    def until_pong(self) -> list[tuple[int, int, int, bytes]]:
        """Asks for an acknowledgement, and gives all that comes before it: what was sent until now is dealt with."""
        self.socket.sendall(frame(PING, payload=b"watchman"))
        heard, found = b"", []
        while True:
            piece = self.socket.recv(65536)
            assert piece, found
            heard += piece
            while len(heard) >= 9 and len(heard) >= (end := 9 + int.from_bytes(heard[:3])):
                each, heard = (heard[3], heard[4], int.from_bytes(heard[5:9]), heard[9:end]), heard[end:]
                if each == (PING, ACKNOWLEDGED, 0, b"watchman"):
                    return found
                found.append(each)

    def frames(self, most: int = 1 << 20) -> list[tuple[int, int, int, bytes]]:
        """Everything until the other side closes: (type, flags, stream, payload)."""
        heard, found = read_to_end(self.socket, most), []
        while len(heard) >= 9:
            size = int.from_bytes(heard[:3])
            found.append((heard[3], heard[4], int.from_bytes(heard[5:9]), heard[9:9 + size]))
            heard = heard[9 + size:]
        return found


@pytest.fixture(params=["push", "apns"])
def http2(request, tmp_path):
    """(program, listener, honest exchange): the push service, and Apple's simulator."""
    if request.param == "push":
        program = Server(tmp_path, {"roles": ["push", "admin"], "limits": SHORT_LIMITS}).start()
        probe = honest(program)
    else:
        program = Apple(tmp_path).start()

        def probe() -> None:
            assert program.https("device", "GET", "/sim/requests")[0] == 200
    yield program, request.param, probe
    program.kill()


def rapid_reset(ids):
    return b"".join(frame(HEADERS, END_HEADERS | END_STREAM, i, ASK) + frame(RST_STREAM, 0, i, struct.pack(">I", 8)) for i in ids)


FLOODS = {"rapid reset": lambda start: rapid_reset(range(start, start + 400, 2)),
          "settings": lambda _: frame(SETTINGS, payload=struct.pack(">HI", 4, 65535)) * 400, "pings": lambda _: frame(PING, payload=b"12345678") * 400,
          "empty data": lambda _: frame(DATA, 0, 1) * 400, "continuations": lambda _: frame(CONTINUATION, 0, 1, literal(b"x", b"y" * 100)) * 40}


# Legal as long as they last: they keep nothing, and cost no more than what is sent.
HARMLESS = ("empty data", "settings", "pings")


@pytest.mark.parametrize("flood", FLOODS)
def test_floods_of_frames_are_bounded(http2, flood):
    # RFC 9113 section 10.5: no flood keeps memory or keeps others waiting, whether or not its answers are read.
    program, listener, probe = http2
    with Watch(program, probe, most_growth=16 * MEGABYTE):
        peer = Http2(program, listener)
        with peer.socket:
            if flood == "continuations":
                peer.socket.sendall(frame(HEADERS, 0, 1, ASK))
            if flood == "empty data":
                peer.socket.sendall(frame(HEADERS, END_HEADERS, 1, b"\x83\x87" + ASK[2:]))
            until, start = time.monotonic() + 1.0, 1
            peer.socket.settimeout(0.3)
            try:
                while time.monotonic() < until:
                    peer.socket.sendall(FLOODS[flood](start))
                    start += 400
                ended = False
            except (OSError, TimeoutError):
                ended = True
            assert ended or flood in HARMLESS


@pytest.mark.parametrize("said", [b"\x00" * 64, frame(HEADERS, END_HEADERS, 0, ASK), frame(DATA, 0, 1, b"x"), frame(SETTINGS, 0, 0, b"123"),
                                  frame(WINDOW_UPDATE, 0, 0, b"\0\0\0\0"), frame(HEADERS, END_HEADERS, 1, b"\xff" * 40),
                                  b"\xff\xff\xff" + b"\x00" * 40])
def test_broken_frames_end_the_connection_with_goaway(http2, said):
    program, listener, probe = http2
    peer = Http2(program, listener)
    with peer.socket:
        peer.socket.settimeout(5)
        peer.socket.sendall(said)
        kinds = [kind for kind, *_ in peer.frames()]
    assert GOAWAY in kinds, kinds
    probe()


def test_requests_of_http2_that_do_not_end_are_kept_up_to_1_mb(push):
    post = b"\x83\x87" + literal(b":path", b"/v1/notifications") + literal(b":authority", b"localhost")
    streams, body, fit = range(1, 700, 2), b"x" * 4000, 250
    with Watch(push, honest(push), most_growth=16 * MEGABYTE, slowest=2.0):
        peer = Http2(push, "push")
        with peer.socket:
            peer.socket.settimeout(5)
            unfinished = [frame(HEADERS, END_HEADERS, stream, post) + frame(DATA, 0, stream, body) for stream in streams]
            peer.socket.sendall(b"".join(unfinished[:fit]))
            assert ends(peer.until_pong()) == []
            peer.socket.sendall(b"".join(unfinished[fit:]))
            heard = peer.until_pong()
            assert GOAWAY not in [kind for kind, *_ in heard]
            # Those that came too late, each with its reason, and no other; the rest are kept still.
            refused = [stream for stream, _ in ends(heard)]
            assert {code for _, code in ends(heard)} == {ENHANCE_YOUR_CALM}
            assert refused == [stream for stream in streams if stream >= refused[0]]
            assert MEGABYTE - 100 * fit <= len(body) * streams.index(refused[0]) <= MEGABYTE + 64 * 1024


def ends(frames) -> list[tuple[int, int]]:
    """The streams that were reset, and why."""
    return [(stream, int.from_bytes(payload)) for kind, _, stream, payload in frames if kind == RST_STREAM]


def test_fields_of_http2_are_at_most_16_kb(http2):
    program, listener, probe = http2
    host, port = program.address(listener)
    for size, is_refused in ((12_000, False), (20_000, True)):
        asked = subprocess.run(["curl", "--silent", "--http2", "--cacert", program.ca, "--header", "X-Long: " + "a" * size, "--write-out",
                                "%{http_version} %{http_code}", "--output", "/dev/null", f"https://{host}:{port}/v1/providers"],
                               capture_output=True, text=True, timeout=20)
        version, code = asked.stdout.split()
        assert version == "2" and (code == "431") == is_refused, (size, asked)
    probe()


def test_answers_that_are_not_taken_are_given_up(push):
    # A window of 0 (RFC 9113 section 6.9.2): the answers cannot leave. After `stalled_after` (2 s here) their streams are reset.
    with Watch(push, honest(push), most_growth=16 * MEGABYTE):
        peer = Http2(push, "push", settings=struct.pack(">HI", 4, 0))
        ask = b"\x82\x87" + literal(b":path", b"/openapi.json") + literal(b":authority", b"localhost")
        with peer.socket:
            peer.socket.sendall(b"".join(frame(HEADERS, END_HEADERS | END_STREAM, stream, ask) for stream in range(1, 400, 2)))
            peer.socket.settimeout(8)
            heard, resets = b"", 0
            while resets < 200:
                piece = peer.socket.recv(65536)
                assert piece
                heard += piece
                while len(heard) >= 9 and len(heard) >= 9 + (size := int.from_bytes(heard[:3])):
                    resets += heard[3] == RST_STREAM
                    assert heard[3] != DATA
                    heard = heard[9 + size:]
