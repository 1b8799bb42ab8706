"""Where phones are told that the server is: listeners at every address, with and without [sip] public_host. The phones here are scripted, so that every
byte of SIP that the server says is seen."""
import re
import socket
import ssl
import uuid

import pytest
from reveille import Server, host_and_port

APP = "org.example.phone"
NOWHERE = ("0.0.0.0", "[::]", "::ffff:")


def header(message: str, name: str) -> list[str]:
    """The values of every field of that name."""
    return re.findall(rf"^{name}: ([^\r]*)\r$", message, re.MULTILINE)


def first_hop(message: str) -> tuple[str, int]:
    """Where the topmost Record-Route leads."""
    return host_and_port(re.match(r"<sip:[^@>]*@([^;>]*)", header(message, "Record-Route")[0]).group(1))


class ScriptedPhone:
    """One account at one SIP socket. Everything that it hears is kept in `heard`."""

    def __init__(self, user: str, transport: str):
        self.user, self.transport, self.heard = user, transport, []

    def request(self, method: str, uri: str, call_id: str, to: str, cseq: int, *headers: str, tag: str = "") -> None:
        host, port = self.local
        lines = [f"{method} {uri} SIP/2.0", f"Via: SIP/2.0/{self.transport} {host}:{port};rport;branch=z9hG4bK{uuid.uuid4().hex}", "Max-Forwards: 70",
                 f"From: <sip:{self.user}@localhost>;tag={tag or 'f' + call_id[:8]}", f"To: {to}", f"Call-ID: {call_id}", f"CSeq: {cseq} {method}",
                 *headers, "Content-Length: 0", "", ""]
        self.send("\r\n".join(lines))

    def respond(self, status: int, request: str, *headers: str) -> None:
        copied = [f"{name}: {value}" + (f";tag=t{self.user}" if name == "To" and "tag=" not in value else "")
                  for name in ("Via", "Record-Route", "From", "To", "Call-ID", "CSeq") for value in header(request, name)]
        self.send("\r\n".join([f"SIP/2.0 {status} Whatever", *copied, *headers, "Content-Length: 0", "", ""]))

    def hear(self, start: str) -> str:
        """The next message that begins so."""
        while True:
            self.heard.append(self.receive())
            if self.heard[-1].startswith(start):
                return self.heard[-1]


class UdpPhone(ScriptedPhone):
    def __init__(self, user: str, server_at: tuple[str, int], hears_all: bool = True):
        """`hears_all`: false behind a NAT, which lets in only what comes from where the phone sent to."""
        super().__init__(user, "UDP")
        family, _, _, _, self.server_at = socket.getaddrinfo(*server_at, type=socket.SOCK_DGRAM)[0]
        self.socket = socket.socket(family, socket.SOCK_DGRAM)
        self.socket.settimeout(10)
        self.socket.bind(("127.0.0.1" if family == socket.AF_INET else "::1", 0))
        host, port = self.socket.getsockname()[:2]
        self.local = (host if family == socket.AF_INET else f"[{host}]", port)
        if not hears_all:
            self.socket.connect(self.server_at)

    def send(self, text: str) -> None:
        self.socket.sendto(text.encode(), self.server_at)

    def receive(self) -> str:
        return self.socket.recv(65536).decode()


class TlsPhone(ScriptedPhone):
    def __init__(self, user: str, server_at: tuple[str, int], tls: ssl.SSLContext):
        super().__init__(user, "TLS")
        self.socket = tls.wrap_socket(socket.create_connection(server_at, timeout=10), server_hostname=server_at[0])
        host, port = self.socket.getsockname()[:2]
        self.local, self._bytes = (f"[{host}]" if ":" in host else host, port), b""

    def send(self, text: str) -> None:
        self.socket.sendall(text.encode())

    def receive(self) -> str:
        while b"\r\n\r\n" not in self._bytes:  # nothing here has a body
            more = self.socket.recv(65536)
            assert more, "the server closed the connection"
            self._bytes += more
        message, _, self._bytes = self._bytes.partition(b"\r\n\r\n")
        return message.decode() + "\r\n\r\n"

    def register(self, apple, phone: dict) -> None:
        tokens, (host, port) = phone["tokens"], self.local
        pn = f";pn-provider=apns.dev;pn-param={apple.ready['team']}.{APP}.voip&remote;pn-prid={tokens['voip']}:voip&{tokens['message']}:remote"
        self.request("REGISTER", "sip:localhost", uuid.uuid4().hex, f"<sip:{self.user}@localhost>", 1,
                     f'Contact: <sip:{self.user}@{host}:{port};transport=tls{pn}>;+sip.instance="<urn:uuid:{phone["device"]}>";reveille-os="ios/18.0"',
                     "Expires: 600", "Supported: path, outbound")
        assert self.hear("SIP/2.0").startswith("SIP/2.0 200")


@pytest.mark.parametrize("listen, public_host, named", [
    ("*:0", None, "localhost"), ("[::]:0", None, "localhost"), ("*:0", "127.0.0.2", "127.0.0.2"), ("[::]:0", "::1", "::1"),
    ("127.0.0.1:0", None, "127.0.0.1"), ("127.0.0.1:0", "localhost", "localhost")])
def test_a_suspended_phone_is_called_where_it_was_told_to_come(tmp_path, apple, listen, public_host, named):
    sip = {"require_digest": False, **({"public_host": public_host} if public_host else {})}
    server = Server(tmp_path, {"sip": sip, "push": {"apns": [apple.credential(environment="sandbox")]},
                               "listen": dict.fromkeys(("sip_udp", "sip_tcp", "sip_tls"), listen)}).start()
    try:
        for user in ("romeo", "juliet"):
            server.add_user(f"{user}@localhost", "secret")
        udp_port, tls_port = server.address("sip_udp")[1], server.address("sip_tls")[1]
        device = apple.new_device(APP)
        asleep = TlsPhone("juliet", ("127.0.0.1" if "[" not in listen else "::1", tls_port), server.tls())
        asleep.register(apple, device)
        asleep.socket.close()

        romeo, call = UdpPhone("romeo", (named if ":" in named else "127.0.0.1", udp_port)), uuid.uuid4().hex
        at_romeo = f"sip:romeo@{romeo.local[0]}:{romeo.local[1]}"
        with apple.pushes(device["device"]) as stream:
            romeo.request("INVITE", f"sip:juliet@{romeo.local[0]}:{udp_port}", call, "<sip:juliet@localhost>", 1, f"Contact: <{at_romeo}>")
            nodes = stream.next()["payload"]["reveille"]["nodes"]
        assert nodes == [f"[{named}]:{tls_port}" if ":" in named else f"{named}:{tls_port}"]

        juliet = TlsPhone("juliet", host_and_port(nodes[0]), server.tls())
        juliet.register(apple, device)
        at_juliet = f"sip:juliet@{juliet.local[0]}:{juliet.local[1]};transport=tls"
        invite = juliet.hear("INVITE")
        juliet.respond(200, invite, f"Contact: <{at_juliet}>")
        success = romeo.hear("SIP/2.0 200")
        to, route = header(success, "To")[0], f"Route: {', '.join(reversed(header(success, 'Record-Route')))}"

        # In-dialog requests on new sockets, to where the Routes lead (RFC 3261 section 12.2.1.1): ACK from him, BYE from her.
        assert first_hop(success) == (named, udp_port)
        also_romeo = UdpPhone("romeo", first_hop(success))
        also_romeo.request("ACK", at_juliet, call, to, 1, route)
        assert not header(juliet.hear("ACK"), "Route")
        assert first_hop(invite) == (named, tls_port)
        also_juliet = TlsPhone("juliet", first_hop(invite), server.tls())
        also_juliet.request("BYE", at_romeo, call, header(invite, "From")[0], 2, f"Route: {header(invite, 'Record-Route')[0]}", tag="tjuliet")
        romeo.respond(200, romeo.hear("BYE"))
        also_juliet.hear("SIP/2.0 200")

        said = [message for phone in (asleep, romeo, juliet, also_romeo, also_juliet) for message in phone.heard]
        vias = {host_and_port(re.match(r"SIP/2.0/\w+ ([^;]*)", header(message, "Via")[0]).group(1)) for message in said if not message.startswith("SIP/2.0")}
        assert vias == {(named, udp_port), (named, tls_port)}
        assert [message for message in said if any(each in message for each in NOWHERE)] == []
    finally:
        server.kill()


@pytest.mark.parametrize("listen", ["*:0", "[::]:0"])
def test_a_listener_at_every_address_answers_from_the_one_that_was_spoken_to(tmp_path, listen):
    server = Server(tmp_path, {"sip": {"require_digest": False}, "listen": {"sip_udp": listen}}).start()
    try:
        for user in ("romeo", "juliet"):
            server.add_user(f"{user}@localhost", "secret")
        server.keep_ports()
        port = server.address("sip_udp")[1]
        juliet = UdpPhone("juliet", ("127.0.0.2", port), hears_all=False)
        juliet.request("REGISTER", "sip:localhost", uuid.uuid4().hex, "<sip:juliet@localhost>", 1, f"Contact: <sip:juliet@192.0.2.1:{juliet.local[1]}>",
                       "Expires: 600")
        assert juliet.hear("SIP/2.0").startswith("SIP/2.0 200")
        for _ in ("before", "after a restart"):
            romeo, call = UdpPhone("romeo", ("127.0.0.3", port), hears_all=False), uuid.uuid4().hex
            romeo.request("INVITE", "sip:juliet@localhost", call, "<sip:juliet@localhost>", 1, f"Contact: <sip:romeo@127.0.0.1:{romeo.local[1]}>")
            juliet.respond(486, juliet.hear("INVITE"))
            juliet.hear("ACK")
            romeo.hear("SIP/2.0 486")
            server.kill()
            server.start()
    finally:
        server.kill()


def test_phones_that_cannot_find_the_server_are_warned_of(tmp_path):
    listen = {"sip_tls": "*:0"}
    for folder, settings, warns in (("a", {}, True), ("b", {"sip": {"public_host": "sip.example.org"}}, False), ("c", {"domains": ["example.org"]}, False)):
        server = Server(tmp_path / folder, {"listen": listen, **settings}).start()
        server.stop()
        assert ("[sip] public_host" in server.log()) == warns
