"""From an INVITE to Apple, with the push service in the server's own process, and with one that is away for a while."""
import socket
import uuid

import pytest
from reveille import Server
from swallowing_proxy import SwallowingProxy
from waiting import wait_until

APP = "org.example.phone"


class SipSocket:
    """Requests over UDP from a port of its own; digest is off."""

    def __init__(self, server: Server, user: str):
        self.user, self.call_id = user, uuid.uuid4().hex
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.settimeout(10)
        self.socket.connect(server.address("sip_udp"))
        self.host, self.port = self.socket.getsockname()

    def send(self, method: str, uri: str, to: str, *headers: str) -> None:
        lines = [f"{method} {uri} SIP/2.0", f"Via: SIP/2.0/UDP {self.host}:{self.port};rport;branch=z9hG4bK{self.call_id}", "Max-Forwards: 70",
                 f"From: <sip:{self.user}@localhost>;tag=t{self.call_id[:8]}", f"To: <sip:{to}@localhost>", f"Call-ID: {self.call_id}",
                 f"CSeq: 1 {method}", *headers, "Content-Length: 0", "", ""]
        self.socket.send("\r\n".join(lines).encode())

    def status(self, at_least: int = 200) -> int:
        while True:
            status = int(self.socket.recv(65536).split()[1])
            if status >= at_least:
                return status

    def register(self, *contact_parameters: str, pn: str = "") -> int:
        contact = f"<sip:{self.user}@{self.host}:{self.port}{pn}>" + "".join(";" + each for each in contact_parameters)
        self.send("REGISTER", "sip:localhost", self.user, f"Contact: {contact}", "Expires: 600", "Supported: path, outbound")
        return self.status()

    def invite(self, callee: str) -> None:
        self.send("INVITE", f"sip:{callee}@localhost", callee, f"Contact: <sip:{self.user}@{self.host}:{self.port}>")

    def cancel(self, callee: str) -> None:
        self.send("CANCEL", f"sip:{callee}@localhost", callee)


def awake_phone(server: Server, apple, user: str, phone: dict) -> SipSocket:
    """Registered with RFC 8599 parameters."""
    tokens = phone["tokens"]
    pn = (f";pn-provider=apns.dev;pn-param={apple.ready['team']}.{APP}.voip&remote"
          f";pn-prid={tokens['voip']}:voip&{tokens['message']}:remote")
    sip = SipSocket(server, user)
    assert sip.register(f'+sip.instance="<urn:uuid:{phone["device"]}>"', 'reveille-os="ios/18.0"', pn=pn) == 200
    return sip


def register_phone(server: Server, apple, user: str, phone: dict) -> None:
    """Then it is heard of no more."""
    awake_phone(server, apple, user, phone).socket.close()


def sleeping_phone(server: Server, apple, user: str) -> dict:
    phone = apple.new_device(APP)
    register_phone(server, apple, user, phone)
    return phone


def add_users(server: Server) -> None:
    for user in ("romeo", "juliet"):
        server.add_user(f"{user}@localhost", "secret")


def wait_for_milestone(server: Server, call_id: str, name: str) -> None:
    wait_until(lambda: name in [each["name"] for each in server.admin(f"/v1/traces/{call_id}")[2].get("milestones", [])],
               otherwise=f"no {name} of {call_id}")


def voip_pushes(apple) -> list[dict]:
    return [request for request in apple.requests() if request["push_type"] == "voip"]


def test_one_process_does_all(tmp_path, apple):
    server = Server(tmp_path, {"sip": {"require_digest": False}, "push": {"apns": [apple.credential(environment="sandbox")]}}).start()
    try:
        add_users(server)
        phone = sleeping_phone(server, apple, "juliet")
        with apple.pushes(phone["device"]) as stream:
            romeo = SipSocket(server, "romeo")
            romeo.invite("juliet")
            pushed = stream.next()
        assert pushed["headers"]["apns-push-type"] == "voip"
        assert pushed["payload"]["reveille"]["type"] == "call"
        trace = server.trace(romeo.call_id)
        assert "push_requested" in [milestone["name"] for milestone in trace["milestones"]]
    finally:
        server.kill()


def test_after_one_refusal_the_next_call_tries_the_key_anew(tmp_path, apple):
    server = Server(tmp_path, {"sip": {"require_digest": False}, "push": {"apns": [apple.credential(environment="sandbox")]}}).start()
    try:
        add_users(server)
        server.add_user("nurse@localhost", "secret")
        juliet, nurse = sleeping_phone(server, apple, "juliet"), sleeping_phone(server, apple, "nurse")
        apple.fault(match={"device": juliet["device"]}, reason="InvalidProviderToken")  # once
        first = SipSocket(server, "romeo")
        first.invite("juliet")
        assert first.status() == 480
        with apple.pushes(nurse["device"]) as stream:
            SipSocket(server, "romeo").invite("nurse")
            assert stream.next(5)["payload"]["reveille"]["type"] == "call"
    finally:
        server.kill()


@pytest.fixture
def apart(cluster):
    cluster.push.keep_ports()
    cluster.server.settings["sip"] = {"require_digest": False}
    cluster.server.restart()
    add_users(cluster.server)
    return cluster


def test_a_call_outlasts_a_restart_of_the_push_service(apart):
    phone = sleeping_phone(apart.server, apart.apple, "juliet")
    apart.push.kill()
    romeo = SipSocket(apart.server, "romeo")
    romeo.invite("juliet")
    wait_until(lambda: apart.server.healthz()["status"] == "degraded")
    with apart.apple.pushes(phone["device"]) as stream:
        apart.push.start()
        stream.next(timeout=10)
    assert len(voip_pushes(apart.apple)) == 1


def test_a_caller_who_gives_up_meanwhile_rings_nobody_later(apart):
    apart.server.add_user("nurse@localhost", "secret")
    sleeping_phone(apart.server, apart.apple, "juliet")
    nurse = sleeping_phone(apart.server, apart.apple, "nurse")
    apart.push.kill()
    romeo = SipSocket(apart.server, "romeo")
    romeo.invite("juliet")
    wait_for_milestone(apart.server, romeo.call_id, "push_requested")
    romeo.cancel("juliet")
    romeo.status()
    # Of a call that came after it the push goes out: by then the other one would have, too.
    SipSocket(apart.server, "romeo").invite("nurse")
    with apart.apple.pushes(nurse["device"]) as stream:
        apart.push.start()
        stream.next(timeout=12)
    assert [each["token"] for each in voip_pushes(apart.apple)] == [nurse["tokens"]["voip"]]
    assert apart.server.trace(romeo.call_id)["outcome"] == "cancelled"


def test_a_woken_phone_that_clears_its_bindings_first_gets_its_call(apart):
    device = sleeping_phone(apart.server, apart.apple, "juliet")
    with apart.apple.pushes(device["device"]) as stream:
        romeo = SipSocket(apart.server, "romeo")
        romeo.invite("juliet")
        stream.next()
    # RFC 3261 section 10.2.2: what a client that has just started knows nothing of.
    starting = SipSocket(apart.server, "juliet")
    starting.send("REGISTER", "sip:localhost", "juliet", "Contact: *", "Expires: 0")
    assert starting.status() == 200
    phone = awake_phone(apart.server, apart.apple, "juliet", device)
    assert phone.socket.recv(65536).startswith(b"INVITE sip:juliet@")


def test_a_call_outlasts_a_push_service_that_vanishes_without_a_word(apart):
    proxy = SwallowingProxy(apart.push.address("push"))
    apart.server.settings["push"]["via"] = "https://" + proxy.address
    apart.server.restart()
    phone = sleeping_phone(apart.server, apart.apple, "juliet")
    with apart.apple.pushes(phone["device"]) as stream:
        SipSocket(apart.server, "romeo").invite("juliet")
        stream.next()
        assert proxy.cut() >= 1
        SipSocket(apart.server, "romeo").invite("juliet")
        stream.next(timeout=4)
    assert len(voip_pushes(apart.apple)) == 2
    proxy.close()


def test_an_acknowledgement_outlasts_an_absence_of_the_push_service(apart):
    phone = sleeping_phone(apart.server, apart.apple, "juliet")
    romeo = SipSocket(apart.server, "romeo")
    with apart.apple.pushes(phone["device"]) as stream:
        romeo.invite("juliet")
        stream.next()
    apart.push.kill()
    register_phone(apart.server, apart.apple, "juliet", phone)
    wait_for_milestone(apart.server, romeo.call_id, "registered")
    assert apart.server.metrics()["reveille_wake_seconds_count"] == 1
    assert "The phone registered: the push woke it." in apart.server.run("trace", romeo.call_id).stdout
    apart.push.start()
    tracking = apart.server.trace(romeo.call_id)["tracking_id"]
    wait_until(lambda: "acknowledged" in [each["outcome"] for each in apart.push.objects("trace", tracking)])
