"""A foreign phone: linphone registers with RFC 8599 parameters, is killed, is called, is started when Apple's push comes, and answers. Its
sound is heard by our simulated handset, which knows nothing of it but its SDP and its RTP."""
import json

import pytest

from linphone import Linphone
from waiting import wait_until

APP = "org.example.phone"


@pytest.fixture
def juliet(cluster, tmp_path):
    cluster.server.add_user("juliet@localhost", "secret")
    cluster.server.add_user("romeo@localhost", "secret")
    device = cluster.apple.new_device(app=APP)
    push = (f"pn-prid={device['tokens']['message']}:remote&{device['tokens']['voip']}:voip;pn-provider=apns.dev;"
            f"pn-param={cluster.apple.ready['team']}.{APP}.voip&remote")
    linphone = Linphone(tmp_path / "juliet", user="juliet", password="secret", domain="localhost",
                        registrar=cluster.server.listeners["sip_tcp"], transport="tcp", ca=cluster.server.ca, push=push)
    linphone.device = device
    yield linphone
    linphone.kill()


@pytest.fixture
def romeo(cluster, tmp_path):
    linphone = Linphone(tmp_path / "romeo", user="romeo", password="secret", domain="localhost",
                        registrar=cluster.server.listeners["sip_tcp"], transport="tcp", ca=cluster.server.ca, push="")
    yield linphone
    linphone.kill()


def test_killed_linphone_is_woken_by_a_push_and_answers(cluster, juliet, romeo):
    server = cluster.server
    juliet.start()
    device = wait_until(lambda: next((each for each in server.devices("juliet@localhost") if each["channels"].get("voip")), None))
    assert device["services"] == ["call"] and device["provider"] == "apns"
    wait_until(juliet.has_saved_its_instance)
    juliet.kill()
    wait_until(lambda: server.devices("juliet@localhost")[0]["state"] == "suspended")

    romeo.start()
    wait_until(lambda: "romeo@localhost" in server.users() and romeo.is_registered())
    with cluster.apple.pushes(juliet.device["device"]) as pushes:
        romeo.ask("call sip:juliet@localhost")
        push = pushes.next(timeout=5)
        assert push["headers"]["apns-push-type"] == "voip"
        assert push["headers"]["apns-topic"] == APP + ".voip"
        ours = push["payload"]["reveille"]
        assert ours["type"] == "call" and ours["from"]["address"] == "romeo@localhost" and ours["media"] == "audio"
        juliet.start("--auto-answer")
        trace = wait_until(lambda: next((each for each in server.recent_traces() if each["kind"] == "call" and each["outcome"] == "answered"), None), 15)
    names = [milestone["name"] for milestone in trace["milestones"]]
    assert "registered" in names, trace["milestones"]
    assert names.index("push_requested") < names.index("registered") < names.index("invited") < names.index("answered")
    assert len([each for each in cluster.apple.requests() if each["push_type"] == "voip"]) == 1
    assert server.trace(trace["call_id"])["outcome"] == "answered", json.dumps(trace)


def test_the_caller_hears_at_once_that_a_dead_phone_cannot_come(cluster, juliet, romeo):
    """B-CALL-5: Apple says 410; nobody else can be reached; the caller need not wait for 13 s. The token is forgotten."""
    server = cluster.server
    juliet.start()
    wait_until(lambda: next((each for each in server.devices("juliet@localhost") if each["channels"].get("voip")), None))
    wait_until(juliet.has_saved_its_instance)
    juliet.kill()
    wait_until(lambda: server.devices("juliet@localhost")[0]["state"] == "suspended")
    cluster.apple.delete_device(juliet.device["device"])
    romeo.start()
    wait_until(romeo.is_registered)
    romeo.ask("call sip:juliet@localhost")
    trace = wait_until(lambda: next((each for each in server.recent_traces() if each["kind"] == "call" and each["outcome"] == "unreachable"), None), 5)
    assert trace["milestones"][-1]["ms"] < 3000
    assert server.devices("juliet@localhost")[0]["channels"]["voip"].get("dead_since")


@pytest.mark.parametrize("caller", ["handset", "linphone"])
def test_a_handset_and_linphone_hear_each_other(cluster, juliet, caller):
    """RFC 3264 between strangers: PCMU is chosen of linphone's many codecs, and packets of that type come from one source, in sequence."""
    server = cluster.server
    juliet.start("--auto-answer")
    wait_until(lambda: "juliet@localhost" in server.users() and juliet.is_registered())
    handset = cluster.handset("romeo", "desk", "romeo@localhost", "secret")
    try:
        server.add_user("romeo@localhost", "secret")
        handset.command("sign-in")
        if caller == "handset":
            handset.command("call juliet@localhost")
        else:
            juliet.ask("call sip:romeo@localhost")
            handset.expect("ringing")
            handset.command("answer")
        handset.expect("answered", timeout=10)
        first = handset.expect("media", timeout=10)
        assert (first["stream"], first["codec"], first["payload_type"]) == ("audio", "PCMU", 0)
        wait_until(lambda: juliet.has_said("Mime: PCMU"))
        handset.command("hangup")
        last = handset.expect("media")
        assert last["ssrc"] == first["ssrc"] and last["rx"] > first["rx"] and last["tx"] > 0
        assert not last["recognised"], "linphone plays nothing of ours"
    finally:
        handset.stop()
