"""A user's app and its own devices over REST: HTTP Basic over TLS, and what presence, messages and calls make of it (B-SIGN-2, B-MODE-4, B-MODE-5)."""
import base64
import http.client
import socket
import threading
import uuid

import pytest
from push_client import PushTenant
from reveille import Server
from test_wake_path import SipSocket, voip_pushes
from xmpp_client import CLIENT, XmppClient

APP = "org.example.phone"
JULIET, ROMEO = "juliet@localhost", "romeo@localhost"


class Person(XmppClient):
    """Keeps how others are shown: the last (show, is reachable by push) of each."""

    def __init__(self, server: Server, user: str):
        super().__init__(server.address("xmpp_tls"), server.ca, user)
        self.shown: dict[str, tuple[str, bool]] = {}

    def _take(self, stanza) -> None:
        if stanza is not None and stanza.tag == CLIENT + "presence" and stanza.get("type") is None:
            show = stanza.find(CLIENT + "show")
            reachable = stanza.find("{urn:reveille:reachable:0}reachable") is not None
            self.shown[stanza.get("from").split("/")[0]] = ("" if show is None else show.text, reachable)
        super()._take(stanza)

    def until_shown(self, who: str, how: tuple[str, bool]) -> None:
        for _ in range(100):
            if self.shown.get(who) == how:
                return
            self.run(0.1)
        raise AssertionError(f"{who} is shown as {self.shown.get(who)}, not as {how}")


class App:
    """The REST side of a user's app."""

    def __init__(self, server: Server, user: str = "juliet", password: str = "secret"):
        self.server, self.user, self.password = server, user, password

    def ask(self, method: str, device: str, body=None):
        credentials = base64.b64encode(f"{self.user}:{self.password}".encode()).decode()
        status, headers, answer = self.server.https("push", method, f"/v1/devices/{device}", body, {"Authorization": "Basic " + credentials})
        return status, {name.lower(): value for name, value in headers.items()}, answer

    def register(self, apple, phone: dict, **more) -> dict:
        status, _, device = self.ask("PUT", phone["device"], {
            "app": APP, "platform": "ios", "os_version": "18.0", "provider": "apns", "environment": "sandbox", "team": apple.ready["team"],
            "channels": {"layout": "split", "voip": {"token": phone["tokens"]["voip"]}, "message": {"token": phone["tokens"]["message"]}},
            "services": ["call", "im"], "away_in_background": True, **more})
        assert status == 200, device
        return device

    def say(self, phone: dict, mode: str) -> None:
        status, _, device = self.ask("PATCH", phone["device"], {"mode": mode})
        assert (status, device["mode"]) == (200, mode), device


def device_of(server: Server, phone: dict, account: str = JULIET) -> dict:
    return next(each for each in server.devices(account) if each["instance"] == phone["device"])


@pytest.fixture
def house(tmp_path, apple):
    """One process with every role, and two users."""
    running = Server(tmp_path, {"sip": {"require_digest": False}, "push": {"apns": [apple.credential(environment="sandbox")]}}).start()
    for user in (JULIET, ROMEO):
        running.add_user(user, "secret")
    yield running
    running.kill()


def test_a_device_is_registered_and_survives_a_kill(house, apple):
    phone = apple.new_device(APP)
    told = App(house).register(apple, phone)
    assert told["account"] == JULIET and told["services"] == ["call", "im"]
    assert phone["tokens"]["voip"] not in str(told)
    house.keep_ports()
    house.kill()
    house.start()
    device = device_of(house, phone)
    assert (device["app"], device["platform"], device["os_version"], device["state"]) == (APP, "ios", "18.0", "suspended")
    assert device["services"] == ["call", "im"]
    for channel in ("voip", "message"):
        assert device["channels"][channel]["token_tail"].endswith(phone["tokens"][channel][-6:])
    assert App(house, JULIET).ask("PUT", phone["device"], {"os_version": "18.1"})[0] == 200
    device = device_of(house, phone)
    assert device["os_version"] == "18.1" and device["app"] == APP, "field by field"


def test_a_token_has_one_holder(house, apple):
    phone = apple.new_device(APP)
    App(house).register(apple, phone)
    App(house, "romeo").register(apple, phone)
    assert "token_tail" not in str(device_of(house, phone)["channels"]), "must not ring for the last user"
    assert "token_tail" in str(device_of(house, phone, ROMEO)["channels"])


def test_a_mode_moves_presence_and_messages(house, apple):
    phone = apple.new_device(APP)
    app = App(house)
    app.register(apple, phone)
    romeo, juliet = Person(house, "romeo"), Person(house, "juliet")
    romeo.connect()
    juliet.connect()
    juliet.send(f"<iq type='set' id='p'><enable xmlns='urn:xmpp:push:0' jid='push.localhost' node='{phone['device']}'/></iq>")
    romeo.send(f"<presence type='subscribe' to='{JULIET}'/>")
    juliet.run(0.3)
    juliet.send(f"<presence type='subscribed' to='{ROMEO}'/>")
    romeo.until_shown(JULIET, ("", False))
    with apple.pushes(phone["device"]) as pushes:
        app.say(phone, "background")
        assert device_of(house, phone)["state"] == "background"
        romeo.until_shown(JULIET, ("away", True))
        romeo.message("juliet", "Art thou not sleepy?")
        pushed = pushes.next()
        assert pushed["headers"]["apns-push-type"] == "alert" and pushed["payload"]["reveille"]["type"] == "message"
        app.say(phone, "foreground")
        assert device_of(house, phone)["state"] == "foreground"
        romeo.until_shown(JULIET, ("", False))
        romeo.message("juliet", "Good morrow")
        juliet.run(2.5)
        assert juliet.bodies == ["Art thou not sleepy?", "Good morrow"]
        assert pushes.none_waiting(), "who has the app on screen needs no push"


def test_a_sign_out_ends_everything(house, apple):
    phone = apple.new_device(APP)
    app = App(house)
    app.register(apple, phone)
    with apple.pushes(phone["device"]) as pushes:
        caller = SipSocket(house, "romeo")
        caller.invite("juliet")
        pushes.next()
        caller.cancel("juliet")
    assert app.ask("DELETE", phone["device"])[0] == 204
    device = device_of(house, phone)
    assert device["state"] == "signed_out" and device["services"] == [] and "token_tail" not in str(device["channels"])
    before = len(voip_pushes(apple))
    caller = SipSocket(house, "romeo")
    caller.invite("juliet")
    assert caller.status() == 480, "at once: nobody is left to be woken"
    assert len(voip_pushes(apple)) == before
    assert app.ask("DELETE", phone["device"])[0] == 204, "again: the same"


def test_a_sign_out_reaches_a_call_under_way(house, apple):
    phone = apple.new_device(APP)
    app = App(house)
    app.register(apple, phone)
    with apple.pushes(phone["device"]) as pushes:
        caller = SipSocket(house, "romeo")
        caller.invite("juliet")
        pushes.next()
        assert app.ask("DELETE", phone["device"])[0] == 204
        assert caller.status() == 480
        assert pushes.none_waiting(), f"no notice either: {pushes.next()}"


def test_only_his_own_and_only_with_his_password(house, apple):
    phone = apple.new_device(APP)
    App(house).register(apple, phone)
    romeo = App(house, "romeo")
    for method, body in (("PATCH", {"mode": "background"}), ("DELETE", None)):
        status, _, problem = romeo.ask(method, phone["device"], body)
        assert (status, problem["type"]) == (404, "urn:reveille:problem:not-found")
    status, _, problem = romeo.ask("PUT", phone["device"], {"account": JULIET, "app": "x"})
    assert (status, problem["field"]) == (422, "account")
    for user, password in (("juliet", "guess"), ("tybalt", "secret"), ("juliet@example.org", "secret"), ("", "")):
        status, headers, problem = App(house, user, password).ask("DELETE", phone["device"])
        assert (status, problem["type"]) == (401, "urn:reveille:problem:unauthorised")
        assert "Basic realm=" in headers["www-authenticate"]
    assert device_of(house, phone)["services"] == ["call", "im"]


def test_guessing_ends(house):
    guesser = App(house, password="guess")
    answers = [guesser.ask("DELETE", str(uuid.uuid4()))[0] for _ in range(11)]
    assert answers == [401] * 10 + [429]
    status, headers, _ = App(house).ask("DELETE", str(uuid.uuid4()))
    assert status == 429 and 0 < int(headers["retry-after"]) <= 600, "the right one too, from there"
    assert App(house, "romeo").ask("DELETE", str(uuid.uuid4()))[0] == 404, "others may come in"


def test_there_is_no_plain_http(house):
    host, port = house.address("push")
    with socket.create_connection((host, port), timeout=10) as plain:
        plain.sendall(b"GET /openapi.json HTTP/1.1\r\nHost: localhost\r\nAuthorization: Basic anVsaWV0OnNlY3JldA==\r\n\r\n")
        try:
            answer = plain.recv(65536)
        except ConnectionResetError:
            answer = b""
    assert not answer.startswith(b"HTTP/")


def test_tenants_and_users_share_a_listener(house, apple):
    phone = apple.new_device(APP)
    tenant = PushTenant(house, "verona")
    assert tenant.ask("GET", "/v1/providers") == (200, {"providers": ["apns"], "apns": ["sandbox"]})
    body = {"account": "juliet@verona.example", "app": APP}
    assert tenant.ask("PUT", f"/v1/devices/{phone['device']}", body)[0] == 200
    assert tenant.ask("PATCH", f"/v1/devices/{phone['device']}", {"mode": "background"})[1]["account"] == "juliet@verona.example"
    assert house.devices() == [], "a tenant's devices are no user's"
    assert App(house).ask("PATCH", phone["device"], {"mode": "background"})[0] == 404
    tenant.ask("PUT", f"/v1/devices/{phone['device']}", {"account": "nurse@verona.example"})
    status, problem = tenant.ask("PATCH", f"/v1/devices/{phone['device']}", {"mode": "background"})
    assert (status, problem["type"]) == (422, "urn:reveille:problem:no-such-device")
    status, headers, _ = house.https("push", "PUT", f"/v1/devices/{phone['device']}", {})
    assert status == 401 and "Bearer" in str(headers), "who says nothing may be either"


def test_where_the_push_service_is_elsewhere(cluster):
    cluster.server.add_user(JULIET, "secret")
    phone = cluster.apple.new_device(APP)
    App(cluster.server).register(cluster.apple, phone)
    assert device_of(cluster.server, phone)["state"] == "suspended"
    status, _, description = cluster.server.https("push", "GET", "/openapi.json")
    assert status == 200 and list(description["paths"]) == ["/v1/devices/{device}"]
    assert App(cluster.push).ask("PUT", phone["device"], {})[0] == 401, "a push service has no users"


def test_many_at_a_time(house, apple):
    """Each of several devices says its modes at once, on connections of their own; none is lost."""
    phones = [apple.new_device(APP) for _ in range(8)]
    failures = []

    def live(phone: dict) -> None:
        try:
            app = App(house)
            app.register(apple, phone)
            for mode in ("background", "foreground") * 5:
                app.say(phone, mode)
        except (AssertionError, OSError, http.client.HTTPException) as failure:
            failures.append(failure)

    threads = [threading.Thread(target=live, args=(phone,)) for phone in phones]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert {each["instance"] for each in house.devices(JULIET)} == {phone["device"] for phone in phones}
