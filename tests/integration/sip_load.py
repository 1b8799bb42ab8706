"""SIP over UDP for tests of our own: phones that ring and answer, and callers who remember what they were told. No digest."""
import random
import re
import socket
import threading
import time
import uuid

from waiting import pass_time


def headers_of(message: str, name: str) -> list[str]:
    return re.findall(rf"(?im)^{name}:[ \t]*(.*?)\r?$", message)


def header_of(message: str, name: str) -> str:
    return (headers_of(message, name) or [""])[0]


class Peer:
    """One UDP socket that talks to the server."""

    def __init__(self, server_address, user: str):
        self.user, self.server = user, server_address
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 0))
        self.host, self.port = self.socket.getsockname()
        self.contact = f"<sip:{user}@{self.host}:{self.port}>"

    def send(self, lines: list[str]) -> None:
        self.socket.sendto("\r\n".join([*lines, "Content-Length: 0", "", ""]).encode(), self.server)

    def receive(self, timeout: float) -> str:
        """"" when nothing comes in time."""
        self.socket.settimeout(max(timeout, 0.001))
        try:
            return self.socket.recv(65536).decode()
        except TimeoutError:
            return ""

    def request(self, method: str, uri: str, to: str, call_id: str, cseq: int, *more: str, tag: str = "", branch: str = "") -> list[str]:
        return [f"{method} {uri} SIP/2.0", f"Via: SIP/2.0/UDP {self.host}:{self.port};rport;branch={branch or 'z9hG4bK' + uuid.uuid4().hex}",
                "Max-Forwards: 70", f"From: <sip:{self.user}@localhost>;tag={tag or 't' + call_id[:8]}", f"To: {to}", f"Call-ID: {call_id}",
                f"CSeq: {cseq} {method}", *more]

    def ask(self, lines: list[str], patience: float = 15) -> str:
        """Repeats the request until a final response comes; "" when none does."""
        method, until = lines[0].split()[0], time.monotonic() + patience
        while time.monotonic() < until:
            self.send(lines)
            answer = self.receive(0.5)
            if answer.startswith("SIP/2.0") and not answer.startswith("SIP/2.0 1") and header_of(answer, "CSeq").endswith(method):
                return answer
        return ""

    def register(self, *contact_parameters: str, pn: str = "", patience: float = 15) -> str:
        contact = f"<sip:{self.user}@{self.host}:{self.port}{pn}>" + "".join(";" + each for each in contact_parameters)
        return self.ask(self.request("REGISTER", "sip:localhost", f"<sip:{self.user}@localhost>", uuid.uuid4().hex, 1, f"Contact: {contact}",
                                     "Expires: 3600", "Supported: path, outbound"), patience)


def reply(peer: Peer, request: str, status: str, tag: str, *more: str) -> list[str]:
    to = header_of(request, "To")
    return [f"SIP/2.0 {status}", *("Via: " + via for via in headers_of(request, "Via")),
            *("Record-Route: " + route for route in headers_of(request, "Record-Route")), f"From: {header_of(request, 'From')}",
            f"To: {to}" if "tag=" in to else f"To: {to};tag={tag}", f"Call-ID: {header_of(request, 'Call-ID')}",
            f"CSeq: {header_of(request, 'CSeq')}", *more]


class DeskPhone(Peer, threading.Thread):
    """Rings for every call; answers those that it is told to, after that many seconds."""

    def __init__(self, server_address, user: str, answers_after: float | None):
        Peer.__init__(self, server_address, user)
        threading.Thread.__init__(self, daemon=True)
        self.answers_after = answers_after
        self.calls: dict[str, dict] = {}  # by Call-ID: state, branch, last response
        self.merged: set[str] = set()
        self.over = threading.Event()

    def run(self) -> None:
        while not self.over.is_set():
            message = self.receive(0.02)
            if message:
                self._on_request(message)
            for call in list(self.calls.values()):
                if call["state"] == "ringing" and call["answer_at"] and time.monotonic() >= call["answer_at"]:
                    call["state"] = "answered"
                    call["last"] = reply(self, call["invite"], "200 OK", "desk", f"Contact: {self.contact}")
                    self.send(call["last"])

    def _on_request(self, message: str) -> None:
        method, call_id = message.split(" ", 1)[0], header_of(message, "Call-ID")
        if method == "INVITE":
            return self._on_invite(message, call_id)
        call = self.calls.get(call_id)
        if method == "CANCEL":
            branch = re.search(r"branch=([^;]+)", header_of(message, "Via")).group(1)
            if call is None or call["branch"] != branch:
                return self.send(reply(self, message, "481 No Such Call", "desk"))
            self.send(reply(self, message, "200 OK", "desk"))
            if call["state"] == "ringing":
                call.update(state="cancelled", reason=header_of(message, "Reason"), last=reply(self, call["invite"], "487 Cancelled", "desk"))
                self.send(call["last"])
        if method == "BYE":
            self.send(reply(self, message, "200 OK" if call else "481 No Such Call", "desk"))
            if call:
                call["state"] = "ended"
        return None

    def _on_invite(self, message: str, call_id: str) -> None:
        branch = re.search(r"branch=([^;]+)", header_of(message, "Via")).group(1)
        call = self.calls.get(call_id)
        if "tag=" in header_of(message, "To"):  # a re-INVITE
            return self.send(reply(self, message, "200 OK", "desk", f"Contact: {self.contact}"))
        if call is not None and call["branch"] == branch:
            return self.send(call["last"])
        if call is not None:  # RFC 3261 section 8.2.2.2
            self.merged.add(call_id)
            return self.send(reply(self, message, "482 Loop Detected", "desk"))
        ringing = reply(self, message, "180 Ringing", "desk", f"Contact: {self.contact}")
        self.calls[call_id] = {"state": "ringing", "branch": branch, "invite": message, "last": ringing,
                               "answer_at": self.answers_after is not None and time.monotonic() + self.answers_after}
        self.send(ringing)
        return None

    def in_state(self, state: str) -> set[str]:
        return {call_id for call_id, call in list(self.calls.items()) if call["state"] == state}


class Call(Peer, threading.Thread):
    """One call from its INVITE to its end: given up after a while, or answered, and hung up after another."""

    def __init__(self, server_address, user: str, callee: str, gives_up_after: float, talks_for: float):
        Peer.__init__(self, server_address, user)
        threading.Thread.__init__(self, daemon=True)
        self.callee, self.call_id = callee, uuid.uuid4().hex
        self.gives_up_after, self.talks_for = gives_up_after, talks_for
        self.told: list[int] = []
        self.answer = ""
        self.bye = 0  # status

    def run(self) -> None:
        uri, to, branch = f"sip:{self.callee}@localhost", f"<sip:{self.callee}@localhost>", "z9hG4bK" + self.call_id
        invite = self.request("INVITE", uri, to, self.call_id, 1, f"Contact: {self.contact}", branch=branch)
        began, again, pause = time.monotonic(), 0.0, 0.5
        while time.monotonic() < began + 25:
            if not self.told and time.monotonic() >= began + again:
                self.send(invite)
                again, pause = again + pause, pause * 2
            message = self.receive(0.05)
            if message.startswith("SIP/2.0") and header_of(message, "CSeq") == "1 INVITE":
                status = int(message.split()[1])
                self.told.append(status)
                if status >= 300:
                    return self.send(self.request("ACK", uri, header_of(message, "To"), self.call_id, 1, branch=branch))
                if status >= 200:
                    self.answer = message
                    return self.talk()
            if self.told and time.monotonic() > began + self.gives_up_after:
                return self.cancel(uri, to, branch)
        return None

    def cancel(self, uri: str, to: str, branch: str) -> None:
        cancel = self.request("CANCEL", uri, to, self.call_id, 1, branch=branch)
        until = time.monotonic() + 20
        while time.monotonic() < until:
            self.send(cancel)
            message = self.receive(0.5)
            while message:
                status, cseq = int(message.split()[1]), header_of(message, "CSeq")
                if cseq == "1 CANCEL" and status == 481:  # that server is no more
                    return None
                if cseq == "1 INVITE":
                    self.told.append(status)
                    if status >= 300:
                        return self.send(self.request("ACK", uri, header_of(message, "To"), self.call_id, 1, branch=branch))
                    if status >= 200:
                        self.answer = message
                        return self.talk()
                message = self.receive(0.2)
        return None

    def in_dialog(self, method: str, cseq: int) -> list[str]:
        routes = [route.strip() for line in headers_of(self.answer, "Record-Route") for route in line.split(",")]
        uri = re.search(r"<([^>]+)>", header_of(self.answer, "Contact")).group(1)
        more = ["Route: " + route for route in reversed(routes)]
        if method in ("INVITE", "ACK"):
            more.append(f"Contact: {self.contact}")
        return self.request(method, uri, header_of(self.answer, "To"), self.call_id, cseq, *more)

    def talk(self) -> None:
        self.send(self.in_dialog("ACK", 1))
        pass_time(self.talks_for, "they talk")
        bye = self.ask(self.in_dialog("BYE", 2), patience=20)
        self.bye = int(bye.split()[1]) if bye else 408


def sleeping_phone(server_address, apple, user: str, app: str = "org.example.phone") -> dict:
    """Registers with RFC 8599 parameters, and is heard of no more."""
    phone = apple.new_device(app)
    tokens, phone["instance"] = phone["tokens"], str(uuid.UUID(int=random.getrandbits(128), version=4))
    phone["pn"] = f";pn-provider=apns.dev;pn-param={apple.ready['team']}.{app}.voip&remote;pn-prid={tokens['voip']}:voip&{tokens['message']}:remote"
    phone["user"] = user
    phone["registered"] = register_and_sleep(server_address, phone)
    return phone


def register_and_sleep(server_address, phone: dict) -> bool:
    peer = Peer(server_address, phone["user"])
    try:
        return register_phone(peer, phone).startswith("SIP/2.0 200")
    finally:
        peer.socket.close()


def register_phone(peer: Peer, phone: dict) -> str:
    """That phone is where the peer is."""
    return peer.register(f'+sip.instance="<urn:uuid:{phone["instance"]}>"', 'reveille-os="ios/18.0"', pn=phone["pn"])
