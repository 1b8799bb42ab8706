"""A foreign phone, woken: linphone registers with RFC 8599 parameters, is killed, is called, is started when Apple's push comes, and answers."""
import pytest

from linphone import Linphone

APP = "org.example.phone"


@pytest.fixture
def phone(cluster, tmp_path):
    cluster.server.add_user("juliet@localhost", "secret")
    cluster.server.add_user("romeo@localhost", "secret")
    device = cluster.apple.add_device(app=APP, os_version="18.0", environment="production")
    push = (f"pn-prid={device['tokens']['message']}:remote&{device['tokens']['voip']}:voip;pn-provider=apns;"
            f"pn-param={cluster.apple.team}.{APP}.voip&remote")
    linphone = Linphone(tmp_path / "linphone", user="juliet", password="secret", domain="localhost",
                        registrar=cluster.server.listeners["sip_tcp"], transport="tcp", ca=cluster.server.ca, push=push)
    linphone.device = device
    yield linphone
    linphone.kill()


def test_killed_linphone_is_woken_by_a_push_and_answers(cluster, phone):
    phone.start()
    cluster.server.wait_for_device("juliet@localhost", lambda device: device["channels"]["voip"]["token_tail"])
    phone.kill()

    romeo = cluster.handset("romeo", profile="desk", account="romeo@localhost", password="secret")
    romeo.command("sign-in")
    with cluster.apple.pushes(phone.device["device"]) as pushes:
        romeo.command("call juliet@localhost")
        push = pushes.next(timeout=5)
        assert push["headers"]["apns-push-type"] == "voip"
        assert push["headers"]["apns-topic"] == APP + ".voip"
        assert push["payload"]["reveille"]["from"]["address"] == "romeo@localhost"
        phone.start("--auto-answer")
        romeo.expect("answered", timeout=12)

    romeo.command("hangup")
    trace = cluster.server.last_trace("call")
    assert trace["outcome"] == "answered"
    names = [milestone["name"] for milestone in trace["milestones"]]
    assert names.index("push_requested") < names.index("invited") < names.index("answered")
