"""What an operator sees of a phone and of its pushes: devices, push test, trace; and a call that wakes it."""
import hashlib
import re
import socket
import uuid

import pytest

INSTANCE = "6a1c4f5e-0000-4000-8000-000000000001"
APP = "org.example.phone"


def digest_of(challenge: str, user: str, password: str, method: str, uri: str) -> str:
    """RFC 7616 with qop=auth, SHA-256."""
    fields = dict(re.findall(r'(\w+)="?([^",]+)"?', challenge))

    def hashed(text: str) -> str:
        return hashlib.sha256(text.encode()).hexdigest()

    ha1, ha2 = hashed(f"{user}:{fields['realm']}:{password}"), hashed(f"{method}:{uri}")
    response = hashed(f"{ha1}:{fields['nonce']}:00000001:cafe:auth:{ha2}")
    return (f'Digest username="{user}", realm="{fields["realm"]}", nonce="{fields["nonce"]}", uri="{uri}", algorithm=SHA-256, qop=auth, '
            f'nc=00000001, cnonce="cafe", response="{response}"')


class SipUser:
    """The least of a SIP client, over TCP."""

    def __init__(self, address: tuple[str, int], user: str, password: str):
        self.user, self.password = user, password
        self.call_id = uuid.uuid4().hex
        self.sequence = 0
        self.socket = socket.create_connection(address, timeout=20)
        self.received = b""

    def contact(self) -> str:
        host, port = self.socket.getsockname()
        return f"sip:{self.user}@{host}:{port};transport=tcp"

    def send(self, method: str, uri: str, to: str, *headers: str, body: str = "") -> None:
        host, port = self.socket.getsockname()
        lines = [f"{method} {uri} SIP/2.0", f"Via: SIP/2.0/TCP {host}:{port};branch=z9hG4bK{uuid.uuid4().hex};rport", "Max-Forwards: 70",
                 f"From: <sip:{self.user}@localhost>;tag=t{self.call_id[:8]}", f"To: <{to}>", f"Call-ID: {self.call_id}",
                 f"CSeq: {self.sequence} {method}", *headers, f"Content-Length: {len(body)}"]
        self.socket.sendall(("\r\n".join(lines) + "\r\n\r\n" + body).encode())

    def message(self) -> str:
        while b"\r\n\r\n" not in self.received:
            more = self.socket.recv(65536)
            assert more, "the server closed the connection"
            self.received += more
        head, _, rest = self.received.partition(b"\r\n\r\n")
        length = int(re.search(rb"(?im)^content-length:\s*(\d+)", head).group(1))
        assert len(rest) >= length, "a body in pieces"
        self.received = rest[length:]
        return head.decode()

    def final(self) -> str:
        while True:
            message = self.message()
            if not message.startswith("SIP/2.0 1"):
                return message

    def ask(self, method: str, uri: str, to: str, *headers: str, body: str = "") -> str:
        """The final response, after one challenge."""
        self.sequence += 1
        self.send(method, uri, to, *headers, body=body)
        answer = self.final()
        challenge = re.search(r"(?im)^(www|proxy)-authenticate: *(Digest .*SHA-256.*)$", answer)
        if not challenge:
            return answer
        name = "Authorization" if challenge.group(1).lower() == "www" else "Proxy-Authorization"
        self.sequence += 1
        proof = digest_of(challenge.group(2), self.user, self.password, method, uri)
        self.send(method, uri, to, *headers, f"{name}: {proof}", body=body)
        return self.final()

    def register(self, tokens: dict[str, str], team: str) -> str:
        push = f";pn-provider=apns.dev;pn-param={team}.{APP}.voip&remote;pn-prid={tokens['voip']}:voip&{tokens['message']}:remote"
        return self.ask("REGISTER", "sip:localhost", f"sip:{self.user}@localhost",
                        f'Contact: <{self.contact()}{push}>;+sip.instance="<urn:uuid:{INSTANCE}>";reveille-os="ios/18.0";expires=3600')


@pytest.fixture
def phone(cluster):
    """A phone of Juliet's that has registered and gone to sleep: its tokens."""
    made = cluster.apple.new_device(APP)
    for user in ("juliet", "romeo"):
        cluster.server.add_user(f"{user}@localhost", "secret")
    sip = SipUser(cluster.server.address("sip_tcp"), "juliet", "secret")
    answer = sip.register(made["tokens"], cluster.apple.ready["team"])
    assert answer.startswith("SIP/2.0 200"), answer
    sip.socket.close()
    return made


def test_a_device_shows_what_it_registered_and_no_whole_token(cluster, phone):
    [device] = cluster.server.devices("juliet@localhost")
    assert (device["account"], device["instance"], device["app"]) == ("juliet@localhost", INSTANCE, APP)
    assert (device["platform"], device["provider"], device["environment"]) == ("ios", "apns", "sandbox")
    assert device["services"] == ["call"]
    assert device["state"] in ("background", "suspended", "foreground")
    assert phone["tokens"]["voip"].endswith(device["channels"]["voip"]["token_tail"].lstrip("…"))
    said = cluster.server.run("devices").stdout + cluster.server.run("devices", "--json").stdout
    assert not any(token in said or token in cluster.server.log() for token in phone["tokens"].values())
    assert "pn-prid" not in said


def test_a_test_push_reaches_the_phone_and_is_traced(cluster, phone):
    with cluster.apple.pushes(phone["device"]) as pushes:
        sent = cluster.server.push_test(INSTANCE)
        assert sent["state"] == "accepted_by_provider", sent
        assert sent["provider_status"] == 200
        push = pushes.next()
    assert push["payload"]["aps"]["alert"]["title"] == "Reveille"
    assert push["payload"]["reveille"]["type"] == "test"
    trace = cluster.push.trace(sent["id"])
    assert trace["kind"] == "push"
    names = [milestone["name"] for milestone in trace["milestones"]]
    assert names[0] == "accepted" and "accepted_by_provider" in names, names


def test_a_test_push_that_the_provider_refuses_is_a_failure(cluster, phone):
    cluster.apple.delete_device(phone["device"])
    done = cluster.server.run("push", "test", INSTANCE, check=False)
    assert done.returncode == 1 and "410" in done.stdout, done


def test_a_call_wakes_the_phone_and_its_trace_says_how(cluster, phone):
    caller = SipUser(cluster.server.address("sip_tcp"), "romeo", "secret")
    with cluster.apple.pushes(phone["device"]) as pushes:
        answer = caller.ask("INVITE", "sip:juliet@localhost", "sip:juliet@localhost", f"Contact: <{caller.contact()}>")
        push = pushes.next()
    assert push["headers"]["apns-push-type"] == "voip"
    call = push["payload"]["reveille"]
    assert call["type"] == "call" and call["from"]["address"] == "romeo@localhost"
    # Nobody came: 480 after 13 s.
    assert answer.startswith("SIP/2.0 480"), answer
    trace = cluster.server.trace(caller.call_id)
    assert (trace["kind"], trace["outcome"], trace["ended"]) == ("call", "unreachable", True)
    assert (trace["from"], trace["to"]) == ("romeo@localhost", "juliet@localhost")
    assert trace["tracking_id"] == call["tracking_id"]
    asked = next(milestone for milestone in trace["milestones"] if milestone["name"] == "push_requested")
    assert (asked["device"], asked["why"]) == (INSTANCE, "incoming_call")
    story = cluster.server.run("trace", call["tracking_id"]).stdout
    assert "No phone could be reached" in story and "push_requested" in story
    assert "[6a1c4f5e] This device was given up: its deadline had passed." in story
    assert cluster.server.metrics()['reveille_outcomes_total{kind="call",outcome="unreachable"}'] == 1
    # The push is known to both: the call it belongs to, and its own life at the push service.
    assert cluster.server.trace(push["id"])["call_id"] == caller.call_id
    assert cluster.push.trace(push["id"])["kind"] == "push"
