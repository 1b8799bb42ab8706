"""The push service as its tenants see it, with Apple's cloud behind it: B-PUSH-1 to B-PUSH-6, B-PUSH-8, interfaces section 3."""
import http.client
import json
import socket
import ssl
import subprocess
import uuid

import pytest
from push_client import ENDS, TOPIC, PushTenant, a_call, a_message, in_seconds, push_service, target


@pytest.fixture
def push(tmp_path, apple):
    running = push_service(tmp_path, apple)
    yield running
    running.kill()


@pytest.fixture
def tenant(push):
    return PushTenant(push, "romeo")


def sent_to_apple(apple, identifier: str) -> list[dict]:
    return [request for request in apple.requests() if request["id"] == identifier]


def names(view: dict) -> list[str]:
    return [milestone["name"] for milestone in view["milestones"]]


# --- signing in -------------------------------------------------------------------------------------------------------

def test_a_client_gets_a_token_by_basic_or_by_form(tenant):
    form = f"grant_type=client_credentials&client_id={tenant.client_id}&client_secret={tenant.secret}"
    for body, headers in (("grant_type=client_credentials", tenant.basic()), (form, {})):
        status, answer_headers, answer = tenant.ask_for_token(body, headers)
        assert status == 200
        assert answer["token_type"] == "Bearer" and 0 < answer["expires_in"] <= 3600
        assert {name.lower(): value for name, value in answer_headers.items()}["cache-control"] == "no-store"
        tenant.token = answer["access_token"]
        assert tenant.ask("GET", "/v1/providers") == (200, {"providers": ["apns"], "apns": ["sandbox"]})


@pytest.mark.parametrize("body, status, error", [
    ("grant_type=client_credentials&client_id=nobody&client_secret=x", 401, "invalid_client"),
    ("grant_type=password&username=a&password=b", 400, "unsupported_grant_type"),
    ("", 400, "invalid_request")])
def test_who_is_no_client_gets_none(tenant, body, status, error):
    answer = tenant.ask_for_token(body)
    assert (answer[0], answer[2]) == (status, {"error": error})


def test_nothing_is_done_without_a_token(tenant):
    for token in ("forged", "eyJhbGciOiJub25lIn0.e30.", ""):
        headers = {"Authorization": "Bearer " + token} if token else {}
        status, _, problem = tenant.push.https("push", "POST", "/v1/notifications", {"class": "call"}, headers)
        assert status == 401
        assert problem["type"].startswith("urn:reveille:problem:")


def test_a_token_outlives_a_restart(push, tenant):
    tenant.sign_in()
    push.restart()
    assert tenant.ask("GET", "/v1/providers")[0] == 200


# --- asking -----------------------------------------------------------------------------------------------------------

def test_a_call_wakes_the_phone_and_its_verdict_is_told(apple, tenant):
    device = apple.new_device()
    key = str(uuid.uuid4())
    with apple.pushes(device["device"]) as phone:
        status, answer = tenant.notify(a_call(apple, device, tracking_id="t1"), wait=10, key=key)
        pushed = phone.next()
    assert status == 200
    assert answer == {"id": key, "state": "accepted_by_provider", "verdict": {"provider_status": 200, "reason": "", "token": "alive"}}
    assert pushed["id"] == key
    assert pushed["headers"]["apns-push-type"] == "voip" and pushed["headers"]["apns-topic"] == TOPIC + ".voip"
    assert pushed["headers"]["apns-priority"] == "10"
    assert pushed["payload"]["reveille"]["from"] == {"name": "Romeo"}
    # `sending` is in the record that is stored: there is one commit before the first byte leaves.
    assert names(tenant.fate(key)) == ["accepted", "sending", "stored", "sent", "accepted_by_provider"]


def test_a_message_is_an_alert_that_collapses_by_conversation(apple, tenant):
    device = apple.new_device()
    with apple.pushes(device["device"]) as phone:
        tenant.notify(a_message(apple, device, conversation="c1", badge=3), wait=10)
        pushed = phone.next()
    assert pushed["headers"]["apns-push-type"] == "alert" and pushed["headers"]["apns-collapse-id"]
    assert pushed["payload"]["aps"]["alert"] == {"title": "Romeo", "body": "Art thou not sleepy?"}
    assert pushed["payload"]["aps"]["badge"] == 3


def test_who_does_not_wait_reads_its_fate_later(apple, tenant):
    status, answer = tenant.notify(a_call(apple, apple.new_device(), seconds=2))
    assert status == 202 and answer["state"] in ("accepted", "sending", "accepted_by_provider")
    view = tenant.fate_when(answer["id"], ENDS)
    assert view["state"] == "unconfirmed"
    assert sum(name in ENDS for name in names(view)) == 1


def test_who_waits_in_vain_hears_what_is_known(apple, tenant):
    apple.fault(latency_ms=3000)
    status, answer = tenant.notify(a_call(apple, apple.new_device()), wait=1)
    assert status == 202 and answer["state"] == "sending"


def test_a_receipt_ends_it_acknowledged(apple, tenant):
    device = apple.new_device()
    _, by_id = tenant.notify(a_call(apple, device), wait=10)
    _, by_tracking = tenant.notify(a_call(apple, device, tracking_id="t2"), wait=10)
    assert tenant.ask("POST", "/v1/receipts", {"id": by_id["id"]})[1]["state"] == "acknowledged"
    assert tenant.ask("POST", "/v1/receipts", {"tracking_id": "t2"})[1]["state"] == "acknowledged"
    assert tenant.fate(by_tracking["id"])["state"] == "acknowledged"
    assert tenant.ask("POST", "/v1/receipts", {"tracking_id": "none"})[0] == 404


def test_a_push_without_a_tracking_id_is_counted_and_traced(apple, push, tenant):
    _, answer = tenant.notify(a_message(apple, apple.new_device(), seconds=2), wait=10)
    tenant.fate_when(answer["id"], ENDS)
    assert push.metrics()['reveille_outcomes_total{kind="push",outcome="unconfirmed"}'] == 1
    trace = push.trace(answer["id"])
    assert trace["outcome"] == "unconfirmed" and trace["kind"] == "push"


def test_a_key_names_one_request(apple, push, tenant):
    body = a_call(apple, apple.new_device())
    first = tenant.notify(body, wait=10, key="order 66")
    assert tenant.notify(body, wait=10, key="order 66") == first
    push.restart()
    assert tenant.notify(body, wait=10, key="order 66") == first
    assert len(sent_to_apple(apple, first[1]["id"])) == 1
    status, problem = tenant.notify({**body, "badge": 1}, key="order 66")
    assert status == 422 and problem["field"] == "Idempotency-Key"


@pytest.mark.parametrize("change, field", [
    ({"class": "shout"}, "class"), ({"class": None}, "class"), ({"badge": "3"}, "badge"), ({"badge": -1}, "badge"),
    ({"expires_at": "tomorrow"}, "expires_at"), ({"expires_at": in_seconds(40 * 86400)}, "expires_at"), ({"colour": "red"}, "colour"),
    ({"device": "no uuid"}, "device"), ({"target": {"provider": "apns", "topic": "t"}}, "target.token"), ({"target": None}, "target"),
    ({"payload": {"text": "x" * 6000}}, "payload"), ({"conversation": "c" * 65}, "conversation")])
def test_what_is_wrong_is_named(apple, tenant, change, field):
    body = {name: value for name, value in {**a_call(apple, apple.new_device()), **change}.items() if value is not None}
    status, problem = tenant.notify(body)
    assert status == 422, problem
    assert problem["field"] == field and problem["type"].startswith("urn:reveille:problem:")
    assert apple.requests() == []


@pytest.mark.parametrize("body", ["", "{", "[]", "\"text\"", "{\"class\":\"call\",}", "[" * 5000, "{\"class\":\"call\",\"class\":\"call\"}"])
def test_a_body_that_is_no_object_is_refused(tenant, body):
    status, problem = tenant.notify(body)
    assert status in (400, 422), problem


@pytest.mark.parametrize("version", ["1.1", "2"])
def test_bodies_and_header_fields_have_their_limits(tenant, version):
    host, port = tenant.push.address("push")
    command = ["curl", "-sS", f"--http{version}", "--cacert", tenant.push.ca, "--write-out", "\n%{http_version} %{response_code} %{content_type}"]
    for arguments, body, status, name in ((["--data-binary", "@-"], "x" * 66_000, 413, "content-too-large"), (["--data-binary", "@-"], "x" * 3_000_000, 413, "content-too-large"),
                                          (["-H", "x-long: " + "x" * 20_000], "", 431, "header-too-large")):
        done = subprocess.run([*command, f"https://{host}:{port}/v1/notifications", *arguments], input=body, capture_output=True, text=True, timeout=30, check=True)
        problem, _, seen = done.stdout.rpartition("\n")
        assert seen == f"{version} {status} application/problem+json"
        assert (json.loads(problem)["type"], json.loads(problem)["status"]) == (f"urn:reveille:problem:{name}", status)
    assert tenant.ask("GET", "/v1/providers")[0] == 200


def test_paths_and_methods(tenant):
    assert tenant.ask("GET", "/v2/notifications")[0] == 404
    assert tenant.ask("PUT", "/v1/notifications", {})[0] == 405
    assert tenant.ask("GET", "/v1/notifications/none")[0] == 404
    assert tenant.ask("DELETE", f"/v1/notifications/{uuid.uuid4()}")[0] == 404


def test_the_description_names_what_there_is(push):
    status, _, description = push.https("push", "GET", "/openapi.json")
    assert status == 200 and description["openapi"].startswith("3.")
    assert set(description["paths"]) >= {"/oauth2/token", "/v1/notifications", "/v1/notifications/{id}", "/v1/devices/{device}", "/v1/receipts"}


def test_tenants_do_not_see_each_other(apple, push, tenant):
    other = PushTenant(push, "paris")
    body = a_call(apple, apple.new_device())
    _, mine = tenant.notify(body, wait=10, key="same key")
    assert other.ask("GET", f"/v1/notifications/{mine['id']}")[0] == 404
    assert other.ask("DELETE", f"/v1/notifications/{mine['id']}")[0] == 404
    assert other.ask("POST", "/v1/receipts", {"id": mine["id"]})[0] == 404
    status, theirs = other.notify({**body, "badge": 1}, wait=10, key="same key")
    assert status == 200 and theirs["id"] != mine["id"]


# --- verdicts ---------------------------------------------------------------------------------------------------------

def test_a_dead_token_is_told_and_remembered(apple, tenant):
    phone, instance = apple.new_device(), str(uuid.uuid4())
    device = {"account": "juliet@localhost", "app": TOPIC, "platform": "ios", "os_version": "18.0", "provider": "apns", "environment": "sandbox",
              "team": apple.ready["team"], "channels": {"layout": "split", "voip": {"token": phone["tokens"]["voip"]}}, "services": ["call"]}
    assert tenant.ask("PUT", f"/v1/devices/{instance}", device)[0] == 200
    by_device = {"device": instance, "class": "call", "expires_at": in_seconds(13)}
    assert tenant.notify(by_device, wait=10)[1]["state"] == "accepted_by_provider"
    apple.delete_device(phone["device"])
    _, answer = tenant.notify(by_device, wait=10)
    assert answer["state"] == "refused"
    verdict = answer["verdict"]
    assert (verdict["provider_status"], verdict["reason"], verdict["token"]) == (410, "Unregistered", "dead")
    assert verdict["dead_since"]
    seen = len(apple.requests())
    status, problem = tenant.notify(by_device, wait=10)
    assert status == 422 and problem["type"] == "urn:reveille:problem:token-dead"
    assert len(apple.requests()) == seen, "Apple is not asked again"
    fresh = apple.new_device()
    tenant.ask("PUT", f"/v1/devices/{instance}", {"account": "juliet@localhost", "channels": {"voip": {"token": fresh["tokens"]["voip"]}}})
    assert tenant.notify(by_device, wait=10)[1]["state"] == "accepted_by_provider"
    assert tenant.ask("DELETE", f"/v1/devices/{instance}")[0] == 204
    assert tenant.notify(by_device, wait=10)[0] == 422


def test_a_wrong_token_is_quarantined(apple, tenant):
    _, answer = tenant.notify({"target": target(apple, {"tokens": {"voip": "ab" * 32}}), "class": "call"}, wait=10)
    assert answer["state"] == "refused"
    assert answer["verdict"] == {"provider_status": 400, "reason": "BadDeviceToken", "token": "quarantined"}


def test_a_mode_is_set(apple, tenant):
    instance = str(uuid.uuid4())
    tenant.ask("PUT", f"/v1/devices/{instance}", {"account": "juliet@localhost", "app": TOPIC, "provider": "apns"})
    status, device = tenant.ask("PATCH", f"/v1/devices/{instance}", {"account": "juliet@localhost", "mode": "background"})
    assert status == 200 and device["mode"] == "background"


def test_a_failing_provider_is_asked_again_while_there_is_time(apple, tenant):
    apple.fault(status=503, reason="ServiceUnavailable", count=3)
    status, answer = tenant.notify(a_call(apple, apple.new_device()), wait=10)
    assert status == 200 and answer["state"] == "accepted_by_provider"
    assert [request["status"] for request in sent_to_apple(apple, answer["id"])] == [503, 503, 503, 200]


def test_deadlines_end_everything(apple, tenant):
    apple.fault(status=503, reason="ServiceUnavailable", count=-1)
    status, answer = tenant.notify(a_call(apple, apple.new_device(), seconds=2), wait=10)
    assert status == 200 and answer["state"] == "expired"
    late = a_call(apple, apple.new_device(), seconds=-5)
    assert tenant.notify(late, wait=10)[1]["state"] == "expired"


def test_what_waits_can_be_taken_back(apple, tenant):
    apple.fault(status=503, reason="ServiceUnavailable", count=-1)
    _, answer = tenant.notify(a_message(apple, apple.new_device()), wait=1)
    assert answer["state"] in ("accepted", "sending"), "it waits for its next attempt"
    status, view = tenant.ask("DELETE", f"/v1/notifications/{answer['id']}")
    assert status == 200 and view["state"] == "taken_back"
    seen = len(sent_to_apple(apple, answer["id"]))
    _, sent = tenant.notify(a_call(apple, apple.new_device(), seconds=4), wait=5)
    assert sent["state"] == "expired" and len(sent_to_apple(apple, answer["id"])) == seen


def test_what_has_left_cannot_be_taken_back(apple, tenant):
    _, answer = tenant.notify(a_call(apple, apple.new_device()), wait=10)
    assert tenant.ask("DELETE", f"/v1/notifications/{answer['id']}")[1]["state"] == "accepted_by_provider"


@pytest.mark.parametrize("times, state, sendings", [(1, "accepted_by_provider", 2), (2, "unknown", 2)])
def test_an_unknown_fate_is_tried_once_more_and_no_more(apple, tenant, times, state, sendings):
    device = apple.new_device()
    tenant.notify(a_call(apple, device), wait=10)
    apple.fault(goaway="lost", count=times)
    status, answer = tenant.notify(a_call(apple, device), wait=12)
    assert status == 200 and answer["state"] == state
    assert len(sent_to_apple(apple, answer["id"])) == sendings


@pytest.mark.parametrize("fault", [{"goaway": "before"}, {"reset": 7}])
def test_what_was_provably_not_processed_goes_again_unmarked(apple, tenant, fault):
    device = apple.new_device()
    tenant.notify(a_call(apple, device), wait=10)
    apple.fault(**fault)
    _, answer = tenant.notify(a_call(apple, device), wait=10)
    assert answer["state"] == "accepted_by_provider"
    assert names(tenant.fate(answer["id"])).count("sending") == 1, "one commit, whatever the connection did"


def test_what_waits_for_a_connection_has_not_left(tmp_path, apple):
    push = push_service(tmp_path, apple)
    try:
        tenant, device, credential = PushTenant(push, "romeo"), apple.new_device(), push.settings["push"]["apns"][0]
        with socket.socket() as nobody:
            nobody.bind(("127.0.0.1", 0))  # and does not listen
            open_port, credential["port"] = credential["port"], nobody.getsockname()[1]
            push.restart()
            _, call = tenant.notify(a_call(apple, device))
            assert tenant.ask("DELETE", f"/v1/notifications/{call['id']}")[1]["state"] == "taken_back"
            messages = [tenant.notify(a_message(apple, device))[1]["id"] for _ in range(3)]
            push.restart()
            push.kill()
            push.start()
            assert [tenant.fate(each)["state"] for each in messages] == ["accepted"] * 3
            credential["port"] = open_port
        push.restart()
        for each in messages:
            tenant.fate_when(each, {"accepted_by_provider"})
        assert [len(sent_to_apple(apple, each)) for each in messages] == [1, 1, 1]
        assert sent_to_apple(apple, call["id"]) == []
    finally:
        push.kill()


def test_messages_in_trouble_do_not_slow_calls(apple, tenant):
    device = apple.new_device()
    apple.fault(match={"topic": TOPIC}, latency_ms=4000, count=-1)
    for _ in range(300):
        assert tenant.notify(a_message(apple, device))[0] == 202
    status, answer = tenant.notify(a_call(apple, device), wait=2)
    assert status == 200 and answer["state"] == "accepted_by_provider"


# --- TLS --------------------------------------------------------------------------------------------------------------

def test_a_caller_that_does_not_know_the_ca_is_warned(push):
    host, port = push.address("push")
    with pytest.raises(ssl.SSLCertVerificationError):
        http.client.HTTPSConnection(host, port, context=ssl.create_default_context(), timeout=10).request("GET", "/openapi.json")


def test_a_provider_with_another_ca_gets_nothing(tmp_path, apple):
    push = push_service(tmp_path, apple)
    try:
        push.settings["push"]["apns"][0]["ca_file"] = push.ca
        push.restart()
        status, answer = PushTenant(push, "romeo").notify(a_call(apple, apple.new_device(), seconds=2), wait=10)
        assert status == 200 and answer["state"] == "expired"
        assert apple.requests() == []
        assert "certificate" in push.log()
    finally:
        push.kill()


def test_a_command_beside_a_stopped_service_prints_its_answer_and_nothing_else(apple, push, tenant):
    push.add_user("juliet@localhost", "secret")
    assert tenant.notify(a_message(apple, apple.new_device()))[0] == 202
    push.kill()  # what is open then is worth a line of the log
    assert push.users() == ["juliet@localhost"]


def test_tokens_do_not_reach_the_log(apple, push, tenant):
    device = apple.new_device()
    tenant.notify(a_call(apple, device), wait=10)
    apple.delete_device(device["device"])
    tenant.notify(a_call(apple, device), wait=10)
    log = push.log()
    assert device["tokens"]["voip"] not in log and tenant.token not in log and tenant.secret not in log
    assert json.dumps(device["tokens"]["voip"]) not in log
