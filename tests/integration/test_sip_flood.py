"""A flood of REGISTERs with wrong passwords: refused, others are served meanwhile, and nothing is kept of it."""
import hashlib
import re
import socket
import threading
from collections import Counter

import pytest

from hostile import MEGABYTE, Watch
from reveille import Server
from waiting import pass_time


def field(text: str, name: str) -> str:
    return re.search(rf'{name}="?([^",\s]+)', text).group(1)


def digest(user: str, password: str, challenge: str, count: int) -> str:
    """RFC 7616, SHA-256, qop=auth."""
    def hexed(text: str) -> str:
        return hashlib.sha256(text.encode()).hexdigest()
    realm, nonce, cnonce, nc = field(challenge, "realm"), field(challenge, "nonce"), "c0ffee", f"{count:08x}"
    secret = hexed(f"{user}:{realm}:{password}")
    answer = hexed(f"{secret}:{nonce}:{nc}:{cnonce}:auth:{hexed('REGISTER:sip:localhost')}")
    return (f'Authorization: Digest username="{user}", realm="{realm}", nonce="{nonce}", uri="sip:localhost", response="{answer}", '
            f'algorithm=SHA-256, qop=auth, cnonce="{cnonce}", nc={nc}')


class Client:
    """Over UDP or TCP."""

    def __init__(self, server: Server, user: str, password: str, transport: str = "udp"):
        self.user, self.password, self.cseq, self.challenge, self.transport = user, password, 0, "", transport
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM if transport == "udp" else socket.SOCK_STREAM)
        self.socket.settimeout(0.5)
        self.socket.connect(server.address(f"sip_{transport}"))
        self.host, self.port = self.socket.getsockname()
        self.heard = b""

    def send(self, *extra: str, name: str = "") -> None:
        self.cseq += 1
        user = name or self.user
        self.sent = "\r\n".join([
            "REGISTER sip:localhost SIP/2.0",
            f"Via: SIP/2.0/{self.transport.upper()} {self.host}:{self.port};rport;branch=z9hG4bK{self.port}.{self.cseq}",
            "Max-Forwards: 70", f"From: <sip:{user}@localhost>;tag=t", f"To: <sip:{user}@localhost>",
            f"Call-ID: {user}-{self.port}", f"CSeq: {self.cseq} REGISTER", f"Contact: <sip:{user}@{self.host}:{self.port}>",
            *extra, "Content-Length: 0", "", ""]).encode()
        self.socket.send(self.sent) if self.transport == "udp" else self.socket.sendall(self.sent)

    def receive(self) -> tuple[int, str]:
        """None of our answers has a body."""
        if self.transport == "udp":
            self.heard = self.socket.recv(8192)
        while b"\r\n\r\n" not in self.heard:
            received = self.socket.recv(65536)
            if not received:
                raise AssertionError("the connection has ended")
            self.heard += received
        answer, _, self.heard = self.heard.partition(b"\r\n\r\n")
        self.last = answer.decode() + "\r\n"
        return int(self.last.split(" ")[1]), self.last

    def answer(self) -> tuple[int, str]:
        """As any client over UDP: what is lost is sent again (timer E)."""
        for _ in range(8):
            try:
                while f"CSeq: {self.cseq} " not in (answer := self.receive())[1]:
                    pass
                return answer
            except TimeoutError:
                if self.transport == "udp":
                    self.socket.send(self.sent)
        raise AssertionError("no answer in 4 s")

    def register(self) -> int:
        """Asks for a challenge and answers it."""
        self.send()
        status, text = self.answer()
        assert status == 401
        self.challenge = re.search(r"WWW-Authenticate: (.*algorithm=SHA-256.*)", text).group(1)
        self.send(digest(self.user, self.password, self.challenge, 1))
        return self.answer()[0]


def flood(client: Client, name_of, over: threading.Event, statuses: Counter, faults: list) -> None:
    """Every other one with a nonce of the server's own, so that the password itself is looked at."""
    count = 1
    try:
        client.register()
        while not over.is_set():
            client.socket.settimeout(2)
            for _ in range(20):
                count += 1
                challenge = client.challenge if count % 2 else client.challenge.replace(field(client.challenge, "nonce"), "Zm9yZ2Vk")
                client.send(digest(name_of(count), "wrong", challenge, count), name=name_of(count))
            client.socket.settimeout(0)
            try:
                while True:
                    statuses[client.receive()[0]] += 1
            except BlockingIOError:
                over.wait(0.005)
    except Exception as fault:  # whatever it is, the test must hear of it
        faults.append(repr(fault))


@pytest.mark.parametrize("transport", ["udp", "tcp"])
def test_a_flood_of_wrong_passwords_hinders_nobody_and_leaves_nothing(tmp_path, transport):
    server = Server(tmp_path, {"roles": ["call-control", "admin"]}).start()
    over, statuses, faults = threading.Event(), Counter(), []
    try:
        for user in ("romeo", "juliet"):
            server.add_user(f"{user}@localhost", "secret")
        # One account, one that is not there, and a new name each time: nothing is kept of any of them.
        names = [lambda _: "juliet", lambda _: "nobody", lambda count: f"nobody{count}"]
        attackers = [threading.Thread(target=flood, args=(Client(server, name(0), "wrong", transport), name, over, statuses, faults)) for name in names]
        honest = [Client(server, user, "secret", transport) for user in ("romeo", "juliet")]

        def exchange() -> None:
            # Juliet herself too: guessing at an account does not lock it.
            for client in honest:
                assert client.register() == 200, client.last

        watch = Watch(server, exchange, most_growth=4 * MEGABYTE, slowest=2.5)
        with watch:
            for attacker in attackers:
                attacker.start()
            pass_time(3, "the flood lasts")
            over.set()
            for attacker in attackers:
                attacker.join()
        print(statuses)
        assert faults == []
        assert set(statuses) == {401}, statuses
        assert statuses[401] > 1000 and len(watch.waits) > 3, (statuses, watch.waits)
        assert server.users() == ["juliet@localhost", "romeo@localhost"]
        assert {device["account"] for device in server.devices()} <= {"juliet@localhost", "romeo@localhost"}
    finally:
        over.set()
        server.kill()
