"""A flood of REGISTERs with wrong passwords: refused, and others are served meanwhile."""
import hashlib
import re
import socket
import threading
import time

from reveille import Server


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
    def __init__(self, server: Server, user: str, password: str):
        self.user, self.password, self.cseq, self.challenge = user, password, 0, ""
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.settimeout(0.5)
        self.socket.connect(server.address("sip_udp"))
        self.host, self.port = self.socket.getsockname()

    def send(self, *extra: str) -> None:
        self.cseq += 1
        self.sent = "\r\n".join([
            "REGISTER sip:localhost SIP/2.0", f"Via: SIP/2.0/UDP {self.host}:{self.port};rport;branch=z9hG4bK{self.port}.{self.cseq}",
            "Max-Forwards: 70", f"From: <sip:{self.user}@localhost>;tag=t", f"To: <sip:{self.user}@localhost>",
            f"Call-ID: {self.user}-{self.port}", f"CSeq: {self.cseq} REGISTER", f"Contact: <sip:{self.user}@{self.host}:{self.port}>",
            *extra, "Content-Length: 0", "", ""]).encode()
        self.socket.send(self.sent)

    def receive(self) -> tuple[int, str]:
        text = self.socket.recv(8192).decode()
        self.last = text
        return int(text.split(" ")[1]), text

    def answer(self) -> tuple[int, str]:
        """As any client over UDP: what is lost is sent again (timer E)."""
        for _ in range(8):
            try:
                while f"CSeq: {self.cseq} " not in (answer := self.receive())[1]:
                    pass
                return answer
            except TimeoutError:
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


def flood(client: Client, over: threading.Event, statuses: dict[int, int]) -> None:
    """Every other one with a nonce of the server's own, so that the password itself is looked at."""
    client.register()
    client.socket.settimeout(0)
    count = 1
    while not over.is_set():
        for _ in range(20):
            count += 1
            challenge = client.challenge if count % 2 else client.challenge.replace(field(client.challenge, "nonce"), "Zm9yZ2Vk")
            client.send(digest(client.user, "wrong", challenge, count))
        try:
            while True:
                status = client.receive()[0]
                statuses[status] = statuses.get(status, 0) + 1
        except BlockingIOError:
            over.wait(0.005)


def test_a_flood_of_wrong_passwords_hinders_nobody(tmp_path):
    server = Server(tmp_path, {"roles": ["call-control", "admin"]}).start()
    over, statuses = threading.Event(), {}
    try:
        for user in ("romeo", "juliet"):
            server.add_user(f"{user}@localhost", "secret")
        attackers = [threading.Thread(target=flood, args=(Client(server, user, "wrong"), over, statuses)) for user in ("juliet", "nobody")]
        for attacker in attackers:
            attacker.start()
        honest = [Client(server, user, "secret") for user in ("romeo", "juliet")]
        slowest, served, until = 0.0, 0, time.monotonic() + 3
        while time.monotonic() < until:
            began = time.monotonic()
            # Juliet herself too: guessing at an account does not lock it.
            for client in honest:
                status = client.register()
                assert status == 200, client.last
                served += 1
            slowest = max(slowest, time.monotonic() - began)
        over.set()
        for attacker in attackers:
            attacker.join()
        assert set(statuses) == {401}, statuses
        assert statuses[401] > 1000 and served > 5 and slowest < 2.5, (statuses, served, slowest)
    finally:
        over.set()
        server.kill()
