"""The messages of RFC 4475 sent to the running server over UDP and TCP: whatever comes, it stays up and serves others.

What each of them must be answered with is the table in src/wire/sip/torture_test.cpp; here the running server must agree that it is a SIP
server: what it answers is SIP, and an OPTIONS from another phone is answered all the while.
"""
import socket
from pathlib import Path

import pytest

from reveille import ROOT, Server

MESSAGES = ROOT.parent / "shared" / "data" / "rfc4475"
OPTIONS = ("OPTIONS sip:localhost SIP/2.0\r\nVia: SIP/2.0/{transport} 127.0.0.1;rport;branch=z9hG4bKoptions{number}\r\nMax-Forwards: 70\r\n"
           "From: <sip:probe@localhost>;tag=p\r\nTo: <sip:localhost>\r\nCall-ID: probe-{number}\r\nCSeq: 1 OPTIONS\r\nContent-Length: 0\r\n\r\n")


def messages() -> list[Path]:
    found = sorted(MESSAGES.glob("*.dat")) if MESSAGES.is_dir() else []
    if not found:
        pytest.skip("the messages of RFC 4475 are not in shared/data/rfc4475 beside the project")
    return found


def is_served(server: Server, number: int) -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.settimeout(2)
        probe.connect(server.address("sip_udp"))
        probe.send(OPTIONS.format(transport="UDP", number=number).encode())
        return probe.recv(4096).startswith(b"SIP/2.0 200 ")


def answers(connection: socket.socket) -> bytes:
    try:
        return connection.recv(65536)
    except (TimeoutError, ConnectionError):
        return b""


@pytest.mark.parametrize("transport", ["udp", "tcp"])
def test_torture_messages_leave_the_server_standing(tmp_path, transport):
    sent = messages()
    server = Server(tmp_path, {"roles": ["call-control", "admin"]}).start()
    try:
        for number, path in enumerate(sent):
            kind = socket.SOCK_DGRAM if transport == "udp" else socket.SOCK_STREAM
            with socket.socket(socket.AF_INET, kind) as peer:
                peer.settimeout(0.2)
                peer.connect(server.address(f"sip_{transport}"))
                peer.send(path.read_bytes())
                answer = answers(peer)
            assert not answer or answer.startswith(b"SIP/2.0 "), (path.name, answer[:80])
            assert is_served(server, number), path.name
        assert server.process.poll() is None
        assert server.stop() == 0
    finally:
        server.kill()
