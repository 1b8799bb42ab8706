"""Credentials that are missing, wrong or expired: one clear sentence in check-config, the log and /healthz, and what can be served is."""
import os
import signal
import socket
import ssl
import subprocess
from pathlib import Path

import pytest

from hostile import reason_of
from push_client import PushTenant, a_call, push_service
from reveille import Apple, NotReady, Server, program
from test_wake_path import sleeping_phone
from waiting import wait_until


def check_config(file) -> tuple[int, str]:
    checked = subprocess.run([program("reveille"), "check-config", file], capture_output=True, text=True, timeout=30)
    return checked.returncode, checked.stderr


def certificate(folder: Path, name: str, days: int) -> dict:
    """A certificate of its own for localhost that ends in so many days, in a [tls] table."""
    key, request, made = folder / f"{name}.key", folder / f"{name}.csr", folder / f"{name}.pem"
    subprocess.run(["openssl", "req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", key, "-out", request,
                    "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"], check=True, capture_output=True)
    subprocess.run(["openssl", "x509", "-req", "-in", request, "-signkey", key, "-days", str(days), "-copy_extensions", "copy", "-out", made],
                   check=True, capture_output=True)
    return {"certificate": str(made), "key": str(key), "ca": str(made)}


def test_an_expired_certificate_is_said_everywhere_and_replaced_while_serving(tmp_path):
    expired = certificate(tmp_path, "expired", -1)
    server = Server(tmp_path, {"roles": ["im", "admin"], "tls": expired}).start()
    try:
        sentence = f"The certificate {expired['certificate']} has expired"
        assert sentence in reason_of(server, "certificate") and server.admin("/healthz")[0] == 200
        assert sentence in server.log()
        code, said = check_config(server.config)
        assert code == 78 and sentence in said, said
        fresh = certificate(tmp_path, "fresh", 30)
        os.replace(fresh["key"], expired["key"])
        os.replace(fresh["certificate"], expired["certificate"])
        server.process.send_signal(signal.SIGHUP)
        wait_until(lambda: not reason_of(server, "certificate"))
        assert check_config(server.config)[0] == 0
    finally:
        server.kill()


def serial_of(file: str) -> int:
    told = subprocess.run(["openssl", "x509", "-noout", "-serial", "-in", file], check=True, capture_output=True, text=True).stdout
    return int(told.removeprefix("serial="), 16)


def serials(server: Server, ca: str) -> dict[str, int]:
    """The serial number of the certificate that a new connection to each listener is shown; 0 when it is not by that CA."""
    shown = {}
    for listener in ("sip_tls", "xmpp_tls", "push"):
        try:
            with socket.create_connection(server.address(listener), 10) as raw:
                with ssl.create_default_context(cafile=ca).wrap_socket(raw, server_hostname="localhost") as peer:
                    shown[listener] = int(peer.getpeercert()["serialNumber"], 16)
        except ssl.SSLCertVerificationError:
            shown[listener] = 0
    return shown


def test_every_listener_shows_the_new_certificate_after_sighup(tmp_path):
    first, second = certificate(tmp_path, "first", 30), certificate(tmp_path, "second", 30)
    before, after = serial_of(first["certificate"]), serial_of(second["certificate"])
    assert before != after
    server = Server(tmp_path, {"tls": first}).start()
    try:
        old = tmp_path / "old.pem"
        old.write_bytes(Path(first["certificate"]).read_bytes())
        assert set(serials(server, str(old)).values()) == {before}
        os.replace(second["key"], first["key"])
        os.replace(second["certificate"], first["certificate"])
        assert set(serials(server, str(old)).values()) == {before}  # not before it is told
        server.process.send_signal(signal.SIGHUP)
        wait_until(lambda: "certificates read again" in server.log())
        assert serials(server, first["certificate"]) == dict.fromkeys(("sip_tls", "xmpp_tls", "push"), after)
    finally:
        server.kill()


def test_check_config_says_when_certificate_and_key_are_no_pair(tmp_path):
    one, other = certificate(tmp_path, "one", 30), certificate(tmp_path, "other", 30)
    file = tmp_path / "reveille.toml"
    file.write_text(f"[tls]\ncertificate = \"{one['certificate']}\"\nkey = \"{other['key']}\"\n")
    code, said = check_config(file)
    assert code == 78 and other["key"] in said, said


def provider_key(file: Path) -> Path:
    """A key that Apple has never seen."""
    subprocess.run(["openssl", "genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-out", file], check=True, capture_output=True)
    return file


def test_a_provider_key_that_apple_refuses_is_said_and_mended(tmp_path):
    apple = Apple(tmp_path).start()
    push = push_service(tmp_path, apple, key_file=str(provider_key(tmp_path / "revoked.p8")))
    try:
        tenant, device = PushTenant(push, "tenant"), apple.new_device()
        assert reason_of(push, "push_credentials") == ""
        status, view = tenant.notify(a_call(apple, device, seconds=2), wait=5)
        assert status in (200, 202) and view["state"] != "accepted_by_provider", view
        sentence = "The provider does not accept the key: check team, key id, key file and environment. (403 InvalidProviderToken)"
        assert sentence in wait_until(lambda: reason_of(push, "push_credentials"))
        assert push.healthz()["status"] == "degraded" and push.admin("/healthz")[0] == 200
        assert sentence.split(". (")[0] in push.log()
        assert tenant.ask("GET", "/v1/providers")[1] == {"providers": []}
        push.settings["push"] = {"apns": [apple.credential(environment="sandbox")]}
        push.restart()
        status, view = tenant.notify(a_call(apple, device), wait=5)
        assert (status, view["state"]) == (200, "accepted_by_provider"), view
        assert reason_of(push, "push_credentials") == ""
    finally:
        push.kill()
        apple.kill()


def test_apple_out_of_reach_is_said_and_over_when_it_is_back(tmp_path):
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    apple = Apple(tmp_path, ports=(port, 0)).start()
    push = push_service(tmp_path, apple, port=port)
    try:
        tenant = PushTenant(push, "tenant")
        assert tenant.notify(a_call(apple, apple.new_device()), wait=5)[1]["state"] == "accepted_by_provider"
        assert not reason_of(push, "push_providers")
        apple.kill()
        assert "APNs cannot be reached: " in wait_until(lambda: reason_of(push, "push_providers"))
        assert push.healthz()["status"] == "degraded"
        apple.start()
        wait_until(lambda: not reason_of(push, "push_providers"), within=20)
        assert tenant.notify(a_call(apple, apple.new_device()), wait=5)[1]["state"] == "accepted_by_provider"
    finally:
        push.kill()
        apple.kill()


def test_a_wrong_client_secret_is_said_and_mended(cluster):
    server = cluster.server
    secret = Path(server.settings["push"]["client_secret_file"])
    right = secret.read_text()
    assert not reason_of(server, "push")
    secret.write_text("wrong\n")
    server.restart()
    sentence = "the client id or secret is not accepted; make new ones with `reveille client add`"
    assert sentence in wait_until(lambda: reason_of(server, "push"))
    assert server.healthz()["status"] == "degraded" and server.admin("/healthz")[0] == 200
    assert sentence in server.log()
    secret.write_text(right)
    server.settings["sip"] = {"require_digest": False}
    server.restart()
    assert not reason_of(server, "push")
    server.add_user("juliet@localhost", "secret")
    phone = sleeping_phone(server, cluster.apple, "juliet")
    with cluster.apple.pushes(phone["device"]) as pushes:
        server.push_test(phone["device"])
        pushes.next()


def test_a_client_secret_that_is_missing_is_said_at_the_start(cluster):
    server = cluster.server
    secret = Path(server.settings["push"]["client_secret_file"])
    server.stop()
    secret.unlink()
    with pytest.raises(NotReady) as refused:
        server.start()
    sentence = f"The client secret {secret} cannot be read, or is empty. Put it there, readable for this user, or correct its path."
    assert sentence in str(refused.value)
    assert server.process.returncode == 78
    code, said = check_config(server.config)
    assert code == 78 and sentence in said, said


def test_check_config_says_that_a_provider_key_is_none(tmp_path):
    key, file = tmp_path / "AuthKey.p8", tmp_path / "reveille.toml"
    file.write_text(f"\n[[push.apns]]\nteam = \"ABCDE12345\"\nkey_id = \"KEY1234567\"\nkey_file = \"{key}\"\n")
    for content in ("", "-----BEGIN PRIVATE KEY-----\nbm90aGluZw==\n-----END PRIVATE KEY-----\n"):
        key.write_text(content)
        code, said = check_config(file)
        assert code == 78 and said.startswith(f"{file}:2: ") and str(key) in said, said
    provider_key(key)
    assert check_config(file)[0] == 0
