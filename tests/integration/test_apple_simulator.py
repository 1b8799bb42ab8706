"""Apple's simulated cloud, judged by clients that are not ours: node-apn (a provider library), curl and h2load (nghttp2)."""
import base64
import json
import re
import subprocess
import time
import uuid
from pathlib import Path

import pytest
from reveille import Apple

HERE = Path(__file__).resolve().parent
APP = "org.example.phone"
ALERT = {"aps": {"alert": {"title": "Romeo", "body": "But soft"}}}


@pytest.fixture(scope="module")
def cloud(tmp_path_factory):
    running = Apple(tmp_path_factory.mktemp("apple")).start()
    yield running
    running.kill()


@pytest.fixture(autouse=True)
def no_faults(cloud):
    yield
    cloud.clear_faults()


def node_apn(cloud: Apple, requests: list[dict], parallel: bool = False, **changes) -> list[dict]:
    job = {"host": "localhost", "port": cloud.address("apns")[1], "ca": cloud.ca, "key": cloud.ready["key_file"], "keyId": cloud.ready["key_id"], "team": cloud.ready["team"],
           "requests": requests, "parallel": parallel} | changes
    done = subprocess.run(["node", str(HERE / "apns_sender.mjs")], input=json.dumps(job), capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def alert(device: dict, **changes) -> dict:
    return {"token": device["tokens"]["message"], "topic": APP, "pushType": "alert", "payload": ALERT} | changes


def voip(device: dict, **changes) -> dict:
    call = {"aps": {}, "reveille": {"v": 1, "type": "call"}}
    return {"token": device["tokens"]["voip"], "topic": f"{APP}.voip", "pushType": "voip", "priority": 10, "expiry": 0, "payload": call} | changes


def provider_token(cloud: Apple, issued_at: int, key_file: str | None = None, key_id: str = "", **claims) -> str:
    """A token made with OpenSSL's command line."""
    def packed(value: dict) -> str:
        return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()

    text = packed({"alg": "ES256", "kid": key_id or cloud.ready["key_id"]}) + "." + packed({"iss": cloud.ready["team"], "iat": issued_at} | claims)
    der = subprocess.run(["openssl", "dgst", "-sha256", "-sign", key_file or cloud.ready["key_file"]], input=text.encode(), capture_output=True, check=True).stdout
    listing = subprocess.run(["openssl", "asn1parse", "-inform", "DER"], input=der, capture_output=True, check=True).stdout.decode()
    numbers = re.findall(r"INTEGER\s+:([0-9A-F]+)", listing)
    signature = b"".join(bytes.fromhex(number.rjust(64, "0")) for number in numbers)
    return text + "." + base64.urlsafe_b64encode(signature).rstrip(b"=").decode()


def curl(cloud: Apple, path: str, *arguments: str, token: str | None = "", body: str = json.dumps(ALERT), method: str = "POST",
         listener: str = "apns") -> tuple[int, dict, dict]:
    """One request with curl: status, header fields, body."""
    url = f"https://localhost:{cloud.address(listener)[1]}{path}"
    command = ["curl", "-sS", "--http2", "--cacert", cloud.ca, "-i", "-X", method, url, "--data-binary", "@-"]
    if token is not None:
        command += ["-H", f"authorization: bearer {token or provider_token(cloud, int(time.time()))}"]
    done = subprocess.run([*command, *arguments], input=body.encode(), capture_output=True, check=True, timeout=30)
    head, _, rest = done.stdout.decode().partition("\r\n\r\n")
    lines = head.split("\r\n")
    fields = dict(line.split(": ", 1) for line in lines[1:])
    return int(lines[0].split()[1]), fields, json.loads(rest) if rest else {}


def test_a_push_reaches_the_phone_that_is_online(cloud):
    device = cloud.new_device()
    push_id = str(uuid.uuid4())
    with cloud.pushes(device["device"]) as phone:
        assert node_apn(cloud, [voip(device, id=push_id)]) == [{"sent": True}]
        push = phone.next()
    assert push["id"] == push_id
    assert push["payload"]["reveille"]["type"] == "call"
    assert push["headers"] == {"apns-push-type": "voip", "apns-topic": f"{APP}.voip", "apns-priority": "10", "apns-expiration": "0"}
    seen = cloud.requests()[-1]
    assert (seen["status"], seen["fate"], seen["id"]) == (200, "delivered", push_id)


def test_what_is_stored_for_an_offline_phone_is_the_newest_and_not_the_expired(cloud):
    device = cloud.new_device()
    later = int(time.time()) + 600
    numbered = [{"aps": {"alert": str(number)}} for number in range(4)]
    requests = [alert(device, expiry=later, payload=numbered[0]), alert(device, expiry=later, payload=numbered[1], collapseId="talk"),
                alert(device, expiry=0, payload=numbered[2]), voip(device)]
    assert node_apn(cloud, requests) == [{"sent": True}] * 4
    assert [entry["fate"] for entry in cloud.requests()[-4:]] == ["stored", "stored", "dropped", "dropped"]
    with cloud.pushes(device["device"]) as phone:
        first = phone.next()
        assert first["payload"] == numbered[1]
        assert first["headers"]["apns-collapse-id"] == "talk"
        assert node_apn(cloud, [alert(device, payload=numbered[3])]) == [{"sent": True}]
        assert phone.next()["payload"] == numbered[3]


def test_refusals_that_a_foreign_library_understands(cloud):
    device, gone, other_app = cloud.new_device(), cloud.new_device(), cloud.new_device(app="org.example.other")
    before = time.time() * 1000
    cloud.delete_device(gone["device"])
    cases = [
        (alert(device, token="00" * 32), 400, "BadDeviceToken"),
        (alert(device, token="abc"), 400, "BadDeviceToken"),
        (alert(gone), 410, "Unregistered"),
        (alert(other_app), 400, "DeviceTokenNotForTopic"),
        (alert(device, token=device["tokens"]["voip"]), 400, "DeviceTokenNotForTopic"),
        (alert(device, topic=f"{APP}.voip"), 400, "TopicDisallowed"),
        (alert(device, topic="not a topic"), 400, "BadTopic"),
        (alert(device, pushType="nonsense"), 400, "InvalidPushType"),
        (alert(device, pushType="background", priority=10, payload={"aps": {"content-available": 1}}), 400, "BadPriority"),
        (alert(device, pushType="background", priority=5), 400, "InvalidPushType"),
        (alert(device, priority=7), 400, "BadPriority"),
        (alert(device, collapseId="x" * 65), 400, "BadCollapseId"),
        (alert(device, id="no-uuid"), 400, "BadMessageId"),
        (alert(device, payload={"aps": {"alert": "x" * 4096}}), 413, "PayloadTooLarge"),
        (voip(device, payload={"aps": {}, "x": "x" * 5120}), 413, "PayloadTooLarge"),
        (voip(device, payload={"aps": {}, "x": "x" * 5000}), None, None),
        (alert(device, pushType="background", priority=5, payload={"aps": {"content-available": 1}}), None, None),
    ]
    answers = node_apn(cloud, [request for request, _, _ in cases])
    assert [(answer.get("status"), answer.get("reason")) for answer in answers] == [(status, reason) for _, status, reason in cases]
    assert before <= answers[2]["timestamp"] <= time.time() * 1000


def test_provider_tokens_are_checked(cloud, tmp_path):
    device = cloud.new_device()
    path = f"/3/device/{device['tokens']['message']}"
    now = int(time.time())
    foreign = tmp_path / "foreign.p8"
    subprocess.run(["openssl", "genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-out", str(foreign)], check=True, capture_output=True)
    topic = ["-H", f"apns-topic: {APP}"]
    cases = [
        (provider_token(cloud, now), 200, None),
        (provider_token(cloud, now - 3700), 403, "ExpiredProviderToken"),
        (provider_token(cloud, now + 3700), 403, "InvalidProviderToken"),
        (provider_token(cloud, 2**63 - 1), 403, "InvalidProviderToken"),
        (provider_token(cloud, -2**63), 403, "ExpiredProviderToken"),
        (provider_token(cloud, now, key_file=str(foreign)), 403, "InvalidProviderToken"),
        (provider_token(cloud, now, iss="ANOTHER123"), 403, "InvalidProviderToken"),
        ("no.token.atall", 403, "InvalidProviderToken"),
        (None, 403, "MissingProviderToken"),
    ]
    for token, status, reason in cases:
        got, _, body = curl(cloud, path, *topic, token=token)
        assert (got, body.get("reason")) == (status, reason)


def test_each_environment_knows_its_own_tokens_only(cloud):
    topic = ["-H", f"apns-topic: {APP}"]
    for own, other in (("sandbox", "production"), ("production", "sandbox")):
        device = cloud.new_device(environment=own)
        path = f"/3/device/{device['tokens']['message']}"
        status, fields, _ = curl(cloud, path, *topic, listener=f"apns_{own}")
        assert (status, "apns-unique-id" in fields) == (200, own == "sandbox")
        assert curl(cloud, path, *topic)[0] == 200
        status, _, body = curl(cloud, path, *topic, listener=f"apns_{other}")
        assert (status, body) == (400, {"reason": "BadDeviceToken"})
        cloud.delete_device(device["device"])
        assert curl(cloud, path, *topic, listener=f"apns_{other}")[0] == 400, "nor that it was one once"


def test_a_key_may_be_good_for_one_environment_only(cloud, tmp_path):
    made = cloud.ask("POST", "/sim/keys", {"team": cloud.ready["team"], "environment": "sandbox"})
    key_file = tmp_path / "scoped.p8"
    key_file.write_text(made["key"])
    token = provider_token(cloud, int(time.time()), key_file=str(key_file), key_id=made["key_id"])
    topic = ["-H", f"apns-topic: {APP}"]
    for environment, wanted in (("sandbox", (200, {})), ("production", (403, {"reason": "BadEnvironmentKeyIdInToken"}))):
        device = cloud.new_device(environment=environment)
        status, _, body = curl(cloud, f"/3/device/{device['tokens']['message']}", *topic, token=token, listener=f"apns_{environment}")
        assert (status, body) == wanted
    cloud.ask("POST", "/sim/keys", {"environment": "elsewhere"}, expect=400)


def test_an_app_is_pushed_by_its_own_team_only(cloud, tmp_path):
    made = cloud.ask("POST", "/sim/keys", {})
    key_file = tmp_path / "other.p8"
    key_file.write_text(made["key"])
    token = provider_token(cloud, int(time.time()), key_file=str(key_file), key_id=made["key_id"], iss=made["team"])
    ours = cloud.new_device()
    status, _, body = curl(cloud, f"/3/device/{ours['tokens']['message']}", "-H", f"apns-topic: {APP}", token=token)
    assert (status, body) == (400, {"reason": "TopicDisallowed"})
    theirs = cloud.ask("POST", "/sim/devices", {"app": "org.example.theirs", "team": made["team"]})
    path, topic = f"/3/device/{theirs['tokens']['voip']}", ["-H", "apns-topic: org.example.theirs.voip"]
    assert curl(cloud, path, *topic, token=token)[0] == 200
    assert curl(cloud, path, *topic)[2] == {"reason": "TopicDisallowed"}
    cloud.ask("POST", "/sim/devices", {"app": "org.example.theirs"}, expect=409)


def test_too_many_pushes_in_a_row_to_one_token(cloud):
    device, other = cloud.new_device(), cloud.new_device()
    cloud.ask("POST", "/sim/limits", {"burst": 3, "per_second": 0})
    try:
        answers = node_apn(cloud, [alert(device)] * 5 + [voip(device), alert(other)])
        refused = {"status": 429, "reason": "TooManyRequests"}
        assert answers == [{"sent": True}] * 3 + [refused] * 2 + [{"sent": True}] * 2
        cloud.ask("POST", "/sim/limits", {"burst": 3, "per_second": 1_000_000})
        assert node_apn(cloud, [alert(device)]) == [{"sent": True}]
        cloud.ask("POST", "/sim/limits", {"burst": -1}, expect=400)
        cloud.ask("POST", "/sim/limits", {"nonsense": 1}, expect=400)
    finally:
        cloud.ask("POST", "/sim/limits", {})


def test_paths_methods_and_header_fields_as_apns_reads_them(cloud):
    device = cloud.new_device()
    path = f"/3/device/{device['tokens']['message']}"
    push_id = str(uuid.uuid4())
    topic = ["-H", f"apns-topic: {APP}"]
    status, fields, body = curl(cloud, path, *topic, "-H", f"apns-id: {push_id}")
    assert (status, fields["apns-id"], body) == (200, push_id, {})
    assert uuid.UUID(fields["apns-unique-id"])
    cases = [
        (("/3/device/", *topic), {}, 400, "MissingDeviceToken"),
        (("/4/device/x", *topic), {}, 404, "BadPath"),
        ((path, *topic), {"method": "GET"}, 405, "MethodNotAllowed"),
        ((path,), {}, 400, "MissingTopic"),
        ((path, *topic, "-H", "apns-priority: 5", "-H", "apns-priority: 10"), {}, 400, "DuplicateHeaders"),
        ((path, *topic, "-H", "apns-expiration: soon"), {}, 400, "BadExpirationDate"),
        ((path, *topic, "-H", f"apns-expiration: {2**63 - 1}"), {}, 400, "BadExpirationDate"),
        ((path, *topic), {"body": ""}, 400, "PayloadEmpty"),
        ((path, *topic, "-H", "content-encoding: gzip"), {}, 400, "PayloadEmpty"),
        ((path, *topic), {"body": json.dumps({"aps": {"alert": "x" * 70_000}})}, 413, "PayloadTooLarge"),
    ]
    for arguments, options, wanted, reason in cases:
        status, fields, body = curl(cloud, *arguments, "-H", f"apns-id: {push_id}", **options)
        assert (status, body["reason"], fields["apns-id"]) == (wanted, reason, push_id)
        assert (cloud.requests()[-1]["status"], cloud.requests()[-1]["reason"]) == (wanted, reason)
    production = cloud.new_device(environment="production")
    _, fields, _ = curl(cloud, f"/3/device/{production['tokens']['message']}", *topic)
    assert "apns-unique-id" not in fields


def test_a_sender_that_names_no_type_is_judged_by_its_payload(cloud):
    device = cloud.new_device()
    path = f"/3/device/{device['tokens']['message']}"
    silent = json.dumps({"aps": {"content-available": 1}})
    cases = [(silent, 5, 200, {}), (silent, 10, 400, {"reason": "BadPriority"}), (json.dumps(ALERT), 10, 200, {}), ('{"aps":{},"own":1}', 10, 200, {})]
    types = []
    with cloud.pushes(device["device"]) as phone:
        for body, priority, status, answer in cases:
            got, _, said = curl(cloud, path, "-H", f"apns-topic: {APP}", "-H", f"apns-priority: {priority}", body=body)
            assert (got, said) == (status, answer), body
            if status == 200:
                types.append(phone.next()["headers"]["apns-push-type"])
    assert types == ["background", "alert", "alert"]


def test_a_client_without_alpn_is_heard(cloud):
    device = cloud.new_device()
    status, _, _ = curl(cloud, f"/3/device/{device['tokens']['message']}", "-H", f"apns-topic: {APP}", "--http2-prior-knowledge", "--no-alpn")
    assert status == 200


def test_http_1_is_not_heard(cloud):
    path = f"/3/device/{cloud.new_device()['tokens']['message']}"
    seen = len(cloud.requests())
    for arguments in (["--http1.1"], ["--http1.1", "--no-alpn"]):
        with pytest.raises(subprocess.CalledProcessError):
            curl(cloud, path, "-H", f"apns-topic: {APP}", *arguments)
    assert len(cloud.requests()) == seen


HOST_WITHOUT_AUTHORITY = """
import http2 from 'node:http2';
import { readFileSync } from 'node:fs';
const [url, ca, path, authorization, topic] = process.argv.slice(1);
const session = http2.connect(url, { ca: readFileSync(ca) });
session.once('remoteSettings', () => {
  const request = session.request({ ':method': 'POST', ':path': path, host: 'api.push.apple.com', authorization, 'apns-topic': topic });
  request.on('response', (fields) => { console.log(fields[':status']); request.resume(); });
  request.on('end', () => session.close());
  request.end('{"aps":{"alert":"x"}}');
});
"""


def test_host_may_stand_for_authority(cloud):
    device = cloud.new_device()
    arguments = [f"https://localhost:{cloud.address('apns')[1]}", cloud.ca, f"/3/device/{device['tokens']['message']}",
                 f"bearer {provider_token(cloud, int(time.time()))}", APP]
    done = subprocess.run(["node", "--input-type=module", "-e", HOST_WITHOUT_AUTHORITY, *arguments], capture_output=True, text=True, timeout=30)
    assert done.stdout == "200\n", done.stderr


def test_an_error_is_one_data_frame_that_ends_the_stream(cloud, tmp_path):
    body = tmp_path / "body"
    body.write_text(json.dumps(ALERT))
    command = ["nghttp", "-v", f"https://localhost:{cloud.address('apns')[1]}/3/device/{'00' * 32}", "-H", ":method: POST", "-d", str(body), "-H", f"apns-topic: {APP}",
               "-H", f"authorization: bearer {provider_token(cloud, int(time.time()))}"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=30)
    frames = re.findall(r"recv DATA frame <length=(\d+), flags=(0x\d\d)", done.stdout)
    assert frames == [(str(len('{"reason":"BadDeviceToken"}')), "0x01")], done.stdout


def test_one_connection_keeps_to_one_token_for_20_minutes(cloud, tmp_path):
    device = cloud.new_device()
    url = f"https://localhost:{cloud.address('apns')[1]}/3/device/{device['tokens']['message']}"
    now = int(time.time())
    config = tmp_path / "two.curl"
    parts = []
    older, newer = provider_token(cloud, now - 60), provider_token(cloud, now)
    for token in (older, newer, older):
        parts.append(f'url = "{url}"\nhttp2\ncacert = "{cloud.ca}"\ndata = "{{\\"aps\\":{{\\"alert\\":\\"x\\"}}}}"\n'
                     f'header = "authorization: bearer {token}"\nheader = "apns-topic: {APP}"\nwrite-out = "%{{http_code}} %{{num_connects}}\\n"\n')
    config.write_text("next\n".join(parts))
    done = subprocess.run(["curl", "-sS", "-K", str(config)], capture_output=True, text=True, check=True, timeout=30)
    assert re.findall(r"(\d{3}) (\d)\n", done.stdout) == [("200", "1"), ("429", "0"), ("200", "0")]


def test_streams_open_up_after_the_first_valid_token(cloud):
    fleet = cloud.ask("POST", "/sim/devices", {"app": APP, "platform": "ios", "count": 200})["devices"]
    assert node_apn(cloud, [alert(device) for device in fleet], parallel=True) == [{"sent": True}] * len(fleet)


def test_h2load_is_served_in_full(cloud, tmp_path):
    fleet = cloud.ask("POST", "/sim/devices", {"app": APP, "platform": "ios", "count": 500})["devices"]
    uris = tmp_path / "uris"
    uris.write_text("".join(f"https://localhost:{cloud.address('apns')[1]}/3/device/{device['tokens']['voip']}\n" for device in fleet))
    body = tmp_path / "body"
    body.write_text('{"aps":{}}')
    command = ["h2load", "-n", "5000", "-c", "2", "-m", "100", "-t", "1", "-d", str(body), "-i", str(uris), "-H", f"apns-topic: {APP}.voip",
               "-H", "apns-push-type: voip", "-H", "apns-expiration: 0", "-H", f"authorization: bearer {provider_token(cloud, int(time.time()))}"]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
    # What h2load sends before it has heard our SETTINGS (one stream) is refused; all else is served.
    served, refused = (int(number) for number in re.search(r"(\d+) succeeded, (\d+) failed", done.stdout).groups())
    assert served + refused == 5000 and refused <= 2 * 99, done.stdout
    assert f"status codes: {served} 2xx, 0 3xx, 0 4xx, 0 5xx" in done.stdout, done.stdout


def test_a_connection_with_too_many_under_way_is_left_when_streams_are_lowered(cloud, tmp_path):
    fleet = cloud.ask("POST", "/sim/devices", {"app": APP, "platform": "ios", "count": 20})["devices"]
    cloud.fault(match={"device": fleet[-1]["device"]}, streams=1)
    cloud.fault(latency_ms=300, count=-1)
    body = tmp_path / "body"
    body.write_text(json.dumps(ALERT))
    uris = [f"https://localhost:{cloud.address('apns')[1]}/3/device/{device['tokens']['message']}" for device in fleet]
    # It opens one stream, as Apple says at first, until it has heard our SETTINGS.
    seen = subprocess.run(["nghttp", "-nv", "-M", "1", "-d", str(body), "-H", f"apns-topic: {APP}", "-H", f"authorization: bearer {provider_token(cloud, int(time.time()))}", *uris],
                          capture_output=True, text=True, timeout=30).stdout
    assert "recv GOAWAY frame" in seen and "Maximum active streams violated" in seen, seen[-2000:]


def test_a_fault_is_for_one_device_or_one_connection(cloud):
    one, other = cloud.new_device(), cloud.new_device()
    cloud.fault(match={"device": one["device"]}, reason="Shutdown", count=-1)
    answers = node_apn(cloud, [alert(other), alert(one)])
    assert [answer.get("status") for answer in answers] == [None, 503]
    cloud.clear_faults()
    cloud.fault(match={"connection": cloud.requests()[-1]["connection"] + 1000}, reason="Shutdown", count=-1)
    assert node_apn(cloud, [alert(one)]) == [{"sent": True}]


def test_faults_are_played_as_told(cloud):
    device = cloud.new_device()
    token = device["tokens"]["message"]
    cloud.fault(match={"token": token}, reason="ExpiredToken", count=2)
    answers = node_apn(cloud, [alert(device)] * 3)
    assert [(answer.get("status"), answer.get("reason")) for answer in answers] == [(410, "ExpiredToken")] * 2 + [(None, None)]
    cloud.fault(match={"token": token}, reason="BadEnvironmentKeyInToken", status=403)
    assert node_apn(cloud, [alert(device)]) == [{"status": 403, "reason": "BadEnvironmentKeyInToken"}]
    cloud.fault(match={"token": token}, latency_ms=300)
    began = time.monotonic()
    assert node_apn(cloud, [alert(device)]) == [{"sent": True}]
    assert time.monotonic() - began >= 0.3
    cloud.fault(match={"token": token}, goaway="lost")
    assert "sent" not in curl_failure(cloud, token)
    assert cloud.requests()[-1]["fate"] == "stored"
    cloud.ask("POST", "/sim/faults", {"reason": "Nonsense"}, expect=400)
    cloud.ask("POST", "/sim/faults", {"nonsense": 1}, expect=400)


def curl_failure(cloud: Apple, token: str) -> str:
    with pytest.raises(subprocess.CalledProcessError) as failed:
        curl(cloud, f"/3/device/{token}", "-H", f"apns-topic: {APP}")
    return failed.value.stderr.decode()


def test_the_key_and_the_authority_are_kept(apple):
    def identity() -> tuple:
        return apple.ready["key_id"], apple.ready["team"], Path(apple.ready["key_file"]).read_text(), Path(apple.ca).read_text()

    before = identity()
    assert apple.stop() == 0
    apple.start()
    assert identity() == before
