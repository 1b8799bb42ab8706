"""The messages of RFC 4475 sent to the running server over UDP, TCP and TLS: each is answered as tests/torture/rfc4475.tsv says, and others are served."""
import os
import re
import socket
from dataclasses import dataclass
from pathlib import Path

import pytest

from hostile import SHORT_LIMITS
from reveille import ROOT, Server

TABLE = ROOT / "tests/torture/rfc4475.tsv"
MESSAGES = Path(os.environ.get("REVEILLE_TORTURE", ROOT.parent / "shared/data/rfc4475"))
PATIENCE = 8  # seconds, in which a connection that is to end has ended
MARKER = ("OPTIONS sip:example.com SIP/2.0\r\nVia: SIP/2.0/{transport} 127.0.0.1;rport;branch=z9hG4bKmarker{number}\r\nMax-Forwards: 70\r\n"
          "From: <sip:probe@example.com>;tag=p\r\nTo: <sip:example.com>\r\nCall-ID: marker-{number}\r\nCSeq: 1 OPTIONS\r\nContent-Length: 0\r\n\r\n")


@dataclass
class Row:
    message: str
    section: str
    language: str
    datagram: str
    stream: str
    what: str

    def accepted(self, transport: str) -> set[str]:
        return set((self.datagram if transport == "udp" else self.stream).split(" ")) - {"-"}

    def bytes(self) -> bytes:
        return (MESSAGES / f"{self.message}.dat").read_bytes()


def rows() -> list[Row]:
    return [Row(*line.split("\t")) for line in TABLE.read_text().splitlines() if not line.startswith("#")]


@pytest.fixture(scope="module")
def table() -> list[Row]:
    if not MESSAGES.is_dir():
        pytest.skip(f"the messages of RFC 4475 are not here: {MESSAGES}; set REVEILLE_TORTURE to their folder")
    return rows()


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    running = Server(tmp_path_factory.mktemp("torture"), {"roles": ["call-control", "admin"], "domains": ["example.com"], "limits": SHORT_LIMITS}).start()
    yield running
    running.kill()


def test_the_table_has_every_message(table):
    assert sorted(row.message for row in table) == sorted(path.stem for path in MESSAGES.glob("*.dat"))
    assert len(table) == 49


def port_in_via(message: bytes) -> int:
    """Where the answer over UDP goes (RFC 3261 section 18.2.2): none of them asks for rport."""
    found = re.search(rb"(?im)^(?:v|via)[ \t]*:\s*SIP\s*/\s*2\.0\s*/\s*UDP\s+[^;,\s]+?\s*:\s*(\d+)", message)
    return int(found.group(1)) if found else 5060


def datagram_socket(server: Server, port: int) -> socket.socket:
    """On an address of this machine where that port is free."""
    for last in range(1, 255):
        peer = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        try:
            peer.bind((f"127.44.75.{last}", port))
            peer.connect(server.address("sip_udp"))
            return peer
        except OSError:
            peer.close()
    pytest.skip(f"UDP port {port}, where the answers of RFC 4475's messages go, is taken on every address of this machine")


def open_peer(server: Server, transport: str, message: bytes) -> socket.socket:
    if transport == "udp":
        return datagram_socket(server, port_in_via(message))
    peer = socket.create_connection(server.address(f"sip_{transport}"))
    return server.tls().wrap_socket(peer, server_hostname="localhost") if transport == "tls" else peer


def finals(heard: bytes) -> list[tuple[str, bool]]:
    """Of each final response: its status, and whether it is the marker's."""
    responses = re.split(rb"(?m)^(?=SIP/2\.0 \d{3})", heard)[1:]
    assert b"".join(responses) == heard, heard
    return [(each[8:11].decode(), b"Call-ID: marker-" in each) for each in responses if each[8:9] != b"1"]


class Exchange:
    """One message, and behind it a marker, whose answer tells that nothing more is to come."""

    def __init__(self, server: Server, transport: str, row: Row, number: int):
        self.accepted = row.accepted(transport)
        self.ends = any(each.endswith("close") for each in self.accepted)
        self.peer = open_peer(server, transport, row.bytes())
        self.peer.settimeout(PATIENCE)
        self.peer.send(row.bytes())
        if not self.ends:
            self.peer.send(MARKER.format(transport=transport.upper(), number=number).encode())

    def _is_over(self, heard: bytes) -> bool:
        answers = finals(heard)
        is_answered = any(not is_marker for _, is_marker in answers)
        return not self.ends and any(is_marker for _, is_marker in answers) and (is_answered or self.accepted == {"silence"})

    def outcome(self) -> str:
        heard, end = b"", ""
        with self.peer:
            while not self._is_over(heard):
                try:
                    piece = self.peer.recv(65536)
                except TimeoutError:
                    break
                if not piece:
                    end = "close"
                    break
                heard += piece
        said = next((status for status, is_marker in finals(heard) if not is_marker), "")
        return "+".join(filter(None, [said, end])) or "silence"


@pytest.mark.parametrize("transport", ["udp", "tcp", "tls"])
def test_each_message_is_answered_as_the_table_says(table, server, transport):
    sent = [row for row in table if row.accepted(transport)]
    exchanges = [Exchange(server, transport, row, number) for number, row in enumerate(sent)]
    outcomes = {row.message: exchange.outcome() for row, exchange in zip(sent, exchanges)}
    wrong = {row.message: f"{outcomes[row.message]} instead of {row.accepted(transport)}: {row.what}" for row in sent
             if outcomes[row.message] not in row.accepted(transport)}
    assert wrong == {}
    assert server.process.poll() is None
