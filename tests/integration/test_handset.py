"""The simulated handset: the OS's rules over Apple's simulator alone, then calls and messages for each way in which a suspended connection ends."""
import json
import subprocess
from contextlib import contextmanager

import pytest
from handset import Handset
from reveille import Apple, Cluster, program
from test_apple_simulator import curl

APP = "org.reveille.jabber"
PASSWORD = "a-password-for-tests"
SOON = ["--suspend-after", "0.2"]


class Alone:
    """A phone with nobody but Apple."""

    def __init__(self, cloud: Apple, state, *more: str):
        self.cloud, self.state = cloud, state
        self.handset = Handset(program("reveille-sim"), "juliet", [
            "--profile", "jabber-ios", "--account", "juliet@localhost", "--apple", cloud.ready["listeners"]["device"], "--apple-ca", cloud.ca,
            "--environment", "sandbox", "--state-file", str(state), *SOON, *more], PASSWORD)

    def sign_in(self) -> "Alone":
        self.handset.try_command("sign-in")
        self.handset.expect("cloud_online")
        return self

    @property
    def kept(self) -> dict:
        return json.loads(self.state.read_text())

    def push(self, kind: str, payload: dict, *more: str) -> None:
        token = self.kept["token_voip" if kind == "voip" else "token_message"]
        topic = APP + (".voip" if kind == "voip" else "")
        priority = "5" if kind == "background" else "10"
        status, _, answer = curl(self.cloud, f"/3/device/{token}", "-H", f"apns-topic: {topic}", "-H", f"apns-push-type: {kind}",
                                 "-H", f"apns-priority: {priority}", *more, body=json.dumps(payload))
        assert status == 200, answer

    def fall_asleep(self) -> None:
        mark = self.handset.mark()
        self.handset.command("home")
        self.handset.expect("app_state", state="suspended", since=mark)


@pytest.fixture(scope="module")
def cloud(tmp_path_factory):
    running = Apple(tmp_path_factory.mktemp("apple")).start()
    yield running
    running.kill()


@pytest.fixture
def alone(cloud, tmp_path):
    phone = Alone(cloud, tmp_path / "phone.json").sign_in()
    yield phone
    phone.handset.stop()


ALERT = {"aps": {"alert": {"title": "Romeo", "body": "But soft"}, "badge": 2, "mutable-content": 1},
         "reveille": {"v": 1, "type": "message", "conversation": "romeo@localhost", "archive_id": "a1", "unread": 2}}


def test_the_os_shows_an_alert_and_a_tap_opens_the_app(alone):
    phone = alone.handset
    alone.fall_asleep()
    mark = phone.mark()
    alone.push("alert", ALERT, "-H", "apns-collapse-id: romeo")
    shown = phone.expect("notification", since=mark)
    assert (shown["title"], shown["body"], shown["badge"], shown["conversation"]) == ("Romeo", "But soft", 2, "romeo@localhost")
    assert not phone.seen("app_state", mark), "an alert woke the app"
    alone.push("alert", ALERT, "-H", "apns-collapse-id: romeo")
    phone.expect("notification", since=phone.events.index(shown) + 1)
    phone.command("tap")
    assert phone.expect("app_state", state="foreground", since=mark)["notifications"] == 0
    assert not phone.try_command("tap")["ok"]


def test_an_app_that_reports_no_call_is_killed_and_gets_no_more(alone):
    phone = alone.handset  # without call control it has no call to report
    alone.fall_asleep()
    for _ in range(3):
        mark = phone.mark()
        alone.push("voip", {"aps": {}, "reveille": {"v": 1, "type": "call", "call_uuid": "u"}})
        phone.expect("app_killed_by_os", since=mark)
    mark = phone.mark()
    alone.push("voip", {"aps": {}, "reveille": {"v": 1, "type": "call", "call_uuid": "u"}})
    assert "no VoIP push" in phone.expect("push_dropped", since=mark)["why"]


def test_an_app_that_the_user_ended_gets_alerts_and_no_background_pushes(alone):
    phone = alone.handset
    phone.command("kill")
    mark = phone.mark()
    alone.push("background", {"aps": {"content-available": 1}})
    phone.expect("push_dropped", since=mark)
    alone.push("alert", {"aps": {"alert": "Mind the gap"}})
    assert phone.expect("notification", since=mark)["body"] == "Mind the gap"
    alone.push("alert", {"aps": {"badge": 0}})
    phone.expect("notification_cleared", since=mark)


def test_background_pushes_have_a_budget(alone):
    phone = alone.handset
    alone.fall_asleep()
    for _ in range(3):
        mark = phone.mark()
        alone.push("background", {"aps": {"content-available": 1}})
        phone.expect("app_state", state="background", since=mark)
        phone.expect("app_state", state="suspended", since=mark)
    mark = phone.mark()
    alone.push("background", {"aps": {"content-available": 1}})
    assert "budget" in phone.expect("push_dropped", since=mark)["why"]


def test_a_restarted_handset_is_the_same_phone(alone, cloud):
    before = alone.kept
    alone.handset.stop()
    again = Alone(cloud, alone.state)
    try:
        assert again.handset.expect("ready")["instance"] == before["instance"]
        again.handset.expect("cloud_online")
        again.push("alert", {"aps": {"alert": "Still you?"}})
        again.handset.expect("notification")
    finally:
        again.handset.stop()


def test_bad_command_lines_and_commands_are_refused(tmp_path):
    for words in (["--account", "nobody"], ["--account", "a@b", "--profile", "pager"], ["--account", "a@b", "--os", "7"],
                  ["--account", "a@b", "--sip", "nowhere"], ["--account", "a@b", "--instance", "7"], ["--account", "a@b", "--ca", "/nowhere"]):
        done = subprocess.run([program("reveille-sim"), "handset", *words, "--password-stdin"], input="x\n", capture_output=True, text=True, timeout=20)
        assert done.returncode == 2 and done.stderr, words
    phone = Handset(program("reveille-sim"), "nobody", ["--account", "a@b"], PASSWORD)
    try:
        assert not phone.try_command("dance")["ok"]
        assert not phone.try_command("call nobody")["ok"]
        assert not phone.try_command("answer")["ok"]
        phone.command("status")
    finally:
        phone.stop()


# ---- with the whole cluster ------------------------------------------------------------------------------------------


@contextmanager
def phones(cluster, *more: str):
    """Romeo at his desk and Juliet with an iPhone, both signed in."""
    for user in ("romeo", "juliet"):
        cluster.server.add_user(f"{user}@localhost", PASSWORD)
    romeo = cluster.handset("romeo", "desk", "romeo@localhost", PASSWORD)
    juliet = cluster.handset("juliet", "jabber-ios", "juliet@localhost", PASSWORD, [*SOON, *more])
    try:
        romeo.command("sign-in")
        juliet.command("sign-in")
        yield romeo, juliet
    finally:
        romeo.stop()
        juliet.stop()


def fall_asleep(phone) -> int:
    mark = phone.mark()
    phone.command("home")
    phone.expect("app_state", state="suspended", since=mark)
    return phone.mark()


@pytest.mark.parametrize("suspend", ["frozen", "closed", "gone"])
def test_a_suspended_phone_is_called_and_written_to(cluster, suspend):
    with phones(cluster, "--suspend", suspend) as (romeo, juliet):
        for _ in range(2):
            heard, said = fall_asleep(juliet), romeo.mark()
            romeo.command("call juliet@localhost")
            juliet.expect("call_screen", since=heard, timeout=5)
            juliet.command("answer")
            romeo.expect("answered", since=said, timeout=10)
            romeo.expect("media", since=said, recognised=True)
            juliet.expect("media", since=heard, recognised=True)
            assert len(juliet.seen("call_screen", heard)) == 1
            juliet.command("hangup")
            assert romeo.expect("call_ended", since=said)["why"] == "remote_hangup"
            juliet.expect("app_state", state="suspended", since=heard)

            heard = juliet.mark()
            romeo.command("send juliet@localhost Parting is such sweet sorrow")
            juliet.expect("notification", since=heard, timeout=20)
            assert not juliet.seen("message", heard)
            juliet.command("tap")
            assert juliet.expect("message", since=heard)["text"] == "Parting is such sweet sorrow"
            juliet.expect("signed_in", since=heard, resumed=True)
            assert len(juliet.seen("message", heard)) == 1


def test_an_ended_app_catches_up_from_the_archive(cluster):
    with phones(cluster) as (romeo, juliet):
        mark = juliet.mark()
        romeo.command("send juliet@localhost one")
        juliet.expect("message", since=mark, text="one")
        juliet.command("kill")
        mark = juliet.mark()
        for text in ("two", "three", "four"):
            romeo.command(f"send juliet@localhost {text}")
        juliet.expect("notification", since=mark, timeout=20)
        juliet.command("tap")
        juliet.expect("signed_in", since=mark, resumed=False)
        assert [event["text"] for event in juliet.seen("message", mark)] == ["two", "three", "four"]


def test_media_is_secure_where_both_sign_by_tls(cluster):
    with phones(cluster) as (romeo, juliet):
        said = romeo.mark()
        juliet.command("call romeo@localhost video")
        romeo.expect("ringing", since=said)
        romeo.command("answer")
        for stream in ("audio", "video"):
            assert romeo.expect("media", since=said, stream=stream, recognised=True)["secure"]
        romeo.command("hangup")
        juliet.expect("call_ended")
        heard, said = juliet.mark(), romeo.mark()
        romeo.command("call juliet@localhost")  # the desk signs by UDP, and offers none
        juliet.expect("ringing", since=heard)
        juliet.command("answer")
        assert not romeo.expect("media", since=said, recognised=True)["secure"]


def test_a_declined_call_screen_ends_the_call(cluster):
    with phones(cluster) as (romeo, juliet):
        heard, said = fall_asleep(juliet), romeo.mark()
        romeo.command("call juliet@localhost")
        juliet.expect("call_screen", since=heard)
        juliet.command("decline")
        assert "declined" in romeo.expect("call_ended", since=said, timeout=10)["why"]
        assert len(juliet.seen("call_ended", heard)) == 1


def test_a_phone_that_signed_out_is_not_pushed(cluster):
    with phones(cluster) as (romeo, juliet):
        juliet.command("sign-out")
        fall_asleep(juliet)
        heard, said = juliet.mark(), romeo.mark()
        romeo.command("call juliet@localhost")
        assert romeo.expect("call_ended", since=said, timeout=3)["status"] in (404, 480)
        assert not juliet.seen("push_received", heard)


def test_a_phone_in_a_call_stays_awake_though_locked(cluster):
    with phones(cluster) as (romeo, juliet):
        said, heard = romeo.mark(), juliet.mark()
        romeo.command("call juliet@localhost")
        juliet.expect("ringing", since=heard)
        juliet.command("answer")
        juliet.expect("media", since=heard, recognised=True)
        juliet.command("lock")
        romeo.command("hangup")
        juliet.expect("call_ended", since=heard)
        juliet.expect("app_state", state="suspended", since=heard)
        states = [event["state"] for event in juliet.seen("app_state", heard)]
        assert states.index("suspended") > states.index("background")
        romeo.expect("call_ended", since=said)


@pytest.mark.parametrize("listen, public_host", [("*:0", None), ("[::]:0", None), ("*:0", "127.0.0.2")])
def test_a_woken_phone_comes_where_the_push_says_and_its_requests_go_where_their_routes_lead(tmp_path, listen, public_host):
    """Romeo dials the name that the server gives itself; Juliet's app knows another, until the push tells her."""
    cluster = Cluster(tmp_path, server_settings={"listen": {"sip_udp": listen, "sip_tls": listen}, "sip": {"public_host": public_host} if public_host else {}})
    try:
        cluster.start()
        for user in ("romeo", "juliet"):
            cluster.server.add_user(f"{user}@localhost", PASSWORD)
        udp, tls = (cluster.server.address(name)[1] for name in ("sip_udp", "sip_tls"))
        named, transport = (f"{public_host}:{tls}", "tls") if public_host else (f"localhost:{udp}", "udp")
        romeo = cluster.handset("romeo", "desk", "romeo@localhost", PASSWORD, ["--transport", transport], sip=named)
        juliet = cluster.handset("juliet", "jabber-ios", "juliet@localhost", PASSWORD, SOON, sip=f"localhost:{tls}")
        try:
            romeo.command("sign-in")
            juliet.command("sign-in")
            for caller, who_ends in ((romeo, juliet), (romeo, romeo)):
                heard, said = fall_asleep(juliet), romeo.mark()
                caller.command("call juliet@localhost")
                juliet.expect("call_screen", since=heard)
                juliet.command("answer")
                romeo.expect("answered", since=said)
                juliet.expect("answered", since=heard)
                who_ends.command("hangup")
                ends = {phone.name: phone.expect("call_ended", since=mark)["why"] for phone, mark in ((romeo, said), (juliet, heard))}
                assert ends == {phone.name: "hangup" if phone is who_ends else "remote_hangup" for phone in (romeo, juliet)}
                juliet.expect("app_state", state="suspended", since=heard)
            assert romeo.seen("error") == juliet.seen("error") == []
        finally:
            romeo.stop()
            juliet.stop()
    finally:
        cluster.kill()


def test_the_next_node_is_tried_where_one_does_not_answer(cluster, tmp_path):
    state = tmp_path / "juliet.json"
    with phones(cluster, "--state-file", str(state)) as (_, juliet):
        mark = fall_asleep(juliet)
        nodes = ["nowhere", "127.0.0.1:1", cluster.server.listeners["sip_tls"]]
        payload = {"aps": {}, "reveille": {"v": 1, "type": "call", "call_uuid": "u", "nodes": nodes}}
        status, _, answer = curl(cluster.apple, f"/3/device/{json.loads(state.read_text())['token_voip']}", "-H", f"apns-topic: {APP}.voip",
                                 "-H", "apns-push-type: voip", "-H", "apns-priority: 10", body=json.dumps(payload))
        assert status == 200, answer
        juliet.expect("registered", since=mark)
        assert [event["what"] for event in juliet.seen("error", mark)] == ["sip_connection", "sip_connection"]


def test_a_call_whose_nodes_lead_nowhere_fails(cluster):
    """The phone does not fall back on what it was told before: such a fault of the server must be seen."""
    cluster.server.keep_ports()
    cluster.server.settings["sip"] = {"public_host": "127.0.0.3"}
    cluster.server.restart()
    with phones(cluster) as (romeo, juliet):
        heard, said = fall_asleep(juliet), romeo.mark()
        romeo.command("call juliet@localhost")
        juliet.expect("error", what="sip_connection", since=heard)
        assert romeo.expect("call_ended", since=said, timeout=25)["why"] == "480 unreachable"
