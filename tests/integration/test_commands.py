"""The commands of interfaces.md, section 1, and what a server does when something is wrong: one clear sentence, and an exit code."""
import http.client
import json
import os
import re
import resource
import signal
import socket
import subprocess
from pathlib import Path

import pytest

from reveille import LISTENERS, NotReady, Server, program
from waiting import wait_until


def reveille(*words, **options) -> subprocess.CompletedProcess:
    return subprocess.run([program("reveille"), *map(str, words)], capture_output=True, text=True, **{"timeout": 60, **options})


def refusal_of(start) -> str:
    """The log of a program that must not become ready."""
    with pytest.raises(NotReady) as refused:
        start()
    return str(refused.value)


# Usage and configuration

def test_version_and_help_end_with_0_and_mistakes_with_2():
    assert re.fullmatch(r"reveille \d+\.\d+\.\d+\n", reveille("version").stdout)
    assert "version" in json.loads(reveille("version", "--json").stdout)
    assert reveille("--help").returncode == 0
    for words in ([], ["dance"], ["serve", "--loud"], ["user"], ["user", "add"], ["user", "add", "a@localhost"], ["trace"], ["check-config"]):
        mistaken = reveille(*words)
        assert mistaken.returncode == 2, words
        assert mistaken.stderr and not mistaken.stdout, words


WRONG = [
    ("domains = [\"localhost\"]\n\n[calls]\nringback = \"5s\"\n", 4, "unknown key 'calls.ringback'"),
    ("[calls]\nringback_after = 5\n", 2, "must be a time with its unit"),
    ("[calls]\ngive_up_after = \"soon\"\n", 2, "must be a time with its unit"),
    ("roles = [\"call-control\", \"king\"]\n", 1, "unknown role \"king\""),
    ("\n\n[listen]\nsip_udp = \"everywhere\"\n", 4, "must be \"ADDRESS:PORT\""),
    ("[sip]\nrequire_digest = \"yes\"\n", 2, "must be true or false"),
    ("[push]\nvia = \"carrier pigeon\"\n", 2, "must be \"in-process\" or the https URL"),
    ("[[push.apns]]\nteam = \"ABCDE12345\"\n", 1, "lacks 'key_file'"),
    ("domains = [\n", None, "this is not TOML"),
]


@pytest.mark.parametrize(("text", "line", "words"), WRONG, ids=[words for _, _, words in WRONG])
def test_a_wrong_configuration_is_refused_with_its_line(tmp_path, text, line, words):
    file = tmp_path / "wrong.toml"
    file.write_text(text)
    for command in (["check-config", file], ["serve", "--config", file], ["user", "list", "--config", file]):
        refused = reveille(*command, cwd=tmp_path)
        assert refused.returncode == 78, command
        first = refused.stderr.splitlines()[0]
        assert re.match(rf"{re.escape(str(file))}:{line if line else '[0-9]+'}: ", first), first
        assert words in refused.stderr
    assert not (tmp_path / "reveille-data").exists()


def test_check_config_names_files_that_cannot_be_read(tmp_path):
    file = tmp_path / "reveille.toml"
    file.write_text("\n[[push.apns]]\nteam = \"ABCDE12345\"\nkey_id = \"KEY1234567\"\nkey_file = \"no-such.p8\"\n")
    refused = reveille("check-config", file)
    assert refused.returncode == 78
    assert f"{file}:2: " in refused.stderr and str(tmp_path / "no-such.p8") in refused.stderr
    settings = {"[tls]": ("certificate", "key", "ca"), "[push]\nvia = \"https://localhost:1\"\nclient_id = \"c\"": ("client_secret_file", "ca_file")}
    for table, keys in settings.items():
        text = table + "".join(f'\n{key} = "no-{key}"' for key in keys)
        file.write_text(text)
        refused = reveille("check-config", file)
        for key in keys:
            line = text[:text.index(f"no-{key}")].count("\n") + 1
            assert re.search(rf"{re.escape(str(file))}:{line}: .*no-{key} cannot be read", refused.stderr), refused.stderr
    file.write_text("domains = [\"localhost\"]\n")
    assert reveille("check-config", file).returncode == 0
    assert reveille("check-config", tmp_path / "absent.toml").returncode == 78


PUSH_ELSEWHERE = "[push]\nvia = \"https://localhost:1\"\nclient_id = \"c\"\nclient_secret_file = \"{secret}\"\n"
APPLE = "[[push.apns]]\nteam = \"ABCDE12345\"\nkey_id = \"ABCDE12345\"\nkey_file = \"{key}\"\n"
UNFIT = [
    (APPLE + "ca_file = \"{garbage}\"\n", 3),
    (APPLE.replace("{key}", "{garbage}"), 3),
    (PUSH_ELSEWHERE + "ca_file = \"{garbage}\"\n", 7),
    (PUSH_ELSEWHERE.replace("{secret}", "{empty}"), 6),
    ("[tls]\nca = \"{garbage}\"\n" + PUSH_ELSEWHERE, 4),
]


@pytest.mark.parametrize(("text", "line"), UNFIT)
def test_what_serve_cannot_use_is_named_with_its_line_by_check_config_too(tmp_path, apple, text, line):
    files = {"key": apple.credential()["key_file"], **{name: str(tmp_path / name) for name in ("garbage", "secret", "empty")}}
    for name, content in (("garbage", "garbage\n"), ("secret", "secret\n"), ("empty", "\n")):
        (tmp_path / name).write_text(content)
    file = tmp_path / "unfit.toml"
    file.write_text("\n" + "\n" + text.format(**files))
    listen = [f"--data={tmp_path / 'data'}"]
    for command in (["check-config", file], ["serve", "--config", file, *listen]):
        refused = reveille(*command, cwd=tmp_path)
        assert refused.returncode == 78, (command, refused)
        assert refused.stderr.startswith(f"{file}:{line}: ") or f"\n{file}:{line}: " in refused.stderr, refused.stderr


# Life of a server

def test_the_ready_line_names_every_listener(server):
    assert server.ready["ready"] is True
    assert server.ready["domains"] == ["localhost"]
    assert Path(server.ready["data"]) == server.data
    assert Path(server.ca) == server.data / "ca.pem" and Path(server.ca).exists()
    assert set(server.listeners) == {"sip_udp", "sip_tcp", "sip_tls", "xmpp", "xmpp_tls", "push", "admin"}
    assert all(re.fullmatch(r"127\.0\.0\.1:[1-9]\d*", address) for address in server.listeners.values())


def test_an_address_of_ipv6_stands_in_brackets_in_the_ready_line(tmp_path):
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError:
        pytest.skip("this machine has no IPv6")
    server = Server(tmp_path)
    server.settings["listen"] = {name: "[::1]:0" for name in LISTENERS}
    try:
        server.start()
        for name in LISTENERS:
            assert re.fullmatch(r"\[::1\]:\d+", server.listeners[name]), (name, server.listeners[name])
    finally:
        server.kill()


def test_the_data_folder_is_closed_to_others(server):
    assert server.data.stat().st_mode & 0o777 == 0o700
    for each in server.data.iterdir():
        assert each.name == "ca.pem" or each.stat().st_mode & 0o077 == 0, each


def test_users_are_added_listed_and_kept(server):
    server.add_user("juliet@localhost", "first")
    server.add_user("Romeo@LOCALHOST", "montague")
    assert server.users() == ["juliet@localhost", "romeo@localhost"]
    server.add_user("juliet@localhost", "second")
    assert server.stop() == 0
    # The data is there for commands without a server, and for the next one.
    assert server.users() == ["juliet@localhost", "romeo@localhost"]
    server.add_user("nurse@localhost", "angelica")
    server.start()
    assert server.users() == ["juliet@localhost", "nurse@localhost", "romeo@localhost"]
    assert server.devices() == []
    assert server.stop() == 0


def test_what_a_command_makes_is_for_its_user_alone_and_only_answers_go_to_standard_output(tmp_path):
    server = Server(tmp_path, {"roles": ["push", "admin"]})
    server.data.mkdir(mode=0o755)
    before = os.umask(0o022)
    try:
        server.add_user("juliet@localhost", "secret")
        made = [each for each in server.data.iterdir() if not each.name.endswith("lock")]
        assert made and [oct(each.stat().st_mode & 0o077) for each in made] == ["0o0"] * len(made)
    finally:
        os.umask(before)
    assert json.loads(server.run("user", "list", "--json").stdout)["account"] == "juliet@localhost"


def test_no_credentials_are_made_where_their_secret_has_no_place(tmp_path):
    server = Server(tmp_path, {"roles": ["push", "admin"]})
    taken = tmp_path / "taken"
    taken.write_text("mine")
    for place in (taken, tmp_path / "nowhere" / "secret"):
        refused = server.run("client", "add", "tenant", "--secret-file", place, check=False)
        assert refused.returncode == 1 and "No credentials were made." in refused.stderr, refused
    assert taken.read_text() == "mine"
    fresh = tmp_path / "fresh"
    assert server.run("client", "add", "local", "--secret-file", fresh, check=False).returncode == 1
    assert not fresh.exists()
    server.add_client("tenant")
    assert (tmp_path / "tenant.secret").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_stops_it_cleanly(server, how):
    server.process.send_signal(how)
    assert server.process.wait(10) == 0
    assert not (server.data / "control").exists()


def test_it_stops_while_the_name_servers_are_silent(tmp_path, monkeypatch):
    # The C library waits for a name server for half a minute and more; the next start must not.
    silence = tmp_path / "silent_dns.so"
    subprocess.run(["clang++-19", "-shared", "-fPIC", "-o", silence, Path(__file__).parent / "silent_dns.cpp"], check=True)
    key = tmp_path / "key.p8"
    subprocess.run(["openssl", "ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", key], check=True)
    credential = {"team": "TEAM123456", "key_id": "KEY1234567", "key_file": str(key), "apps": ["org.example.phone"]}
    server = Server(tmp_path, {"push": {"via": "in-process", "apns": [credential]}})
    try:
        with monkeypatch.context() as while_it_runs:
            while_it_runs.setenv("LD_PRELOAD", str(silence))
            server.start()
            wait_until(lambda: "APNs cannot be reached" in str(server.healthz()["reasons"]), 15)
        assert server.stop(timeout=10) == 0
    finally:
        server.kill()


def test_a_killed_server_starts_again_on_its_data(server):
    server.add_user("juliet@localhost", "secret")
    server.kill()
    server.start()
    assert server.users() == ["juliet@localhost"]


@pytest.mark.parametrize(("address", "words"), [
    ("juliet@example.org", "has no domain 'example.org'"), ("juliet", ""), ("@localhost", ""), ("a b@localhost", "")])
def test_a_user_who_cannot_be_is_refused(server, address, words):
    refused = server.run("user", "add", address, "--password-stdin", check=False, input="secret\n")
    assert refused.returncode == 1 and refused.stderr.strip() and words in refused.stderr
    assert server.users() == []


def test_no_password_is_no_user(server):
    refused = server.run("user", "add", "juliet@localhost", "--password-stdin", check=False, input="")
    assert refused.returncode == 1 and "password" in refused.stderr
    assert server.users() == []


def test_passwords_are_nowhere(server):
    server.add_user("juliet@localhost", "whereforeartthou")
    server.stop()
    for each in server.folder.rglob("*"):
        assert not each.is_file() or b"whereforeartthou" not in each.read_bytes(), each


def test_what_is_unknown_is_said(server):
    for words in (["trace", "nothing"], ["devices", "nobody@localhost"], ["push", "test", "6a1c4f5e-0000-4000-8000-000000000001"]):
        refused = server.run(*words, check=False)
        assert refused.returncode == 1 and refused.stderr.startswith("reveille: "), words


@pytest.mark.parametrize("words", [("user", "list"), ("devices",), ("trace", "x")])
def test_commands_in_a_folder_without_data_say_so_and_make_none(tmp_path, words):
    empty = tmp_path / "empty"
    empty.mkdir()
    for folder in (tmp_path / "none", empty):
        refused = reveille(*words, "--data", folder)
        assert refused.returncode == 1 and f"There are no data in {folder}" in refused.stderr
    assert not (tmp_path / "none").exists() and not any(empty.iterdir())


# Devices

def device_states(server) -> dict[str, int]:
    """The gauge of devices by state."""
    told = server.metrics()
    return {state: int(told[f'reveille_devices{{state="{state}"}}']) for state in ("foreground", "background", "suspended", "signed_out")}


def test_devices_tell_of_a_phones_session_awake_asleep_and_while_no_server_runs(cluster):
    for user in ("juliet", "romeo"):
        cluster.server.add_user(f"{user}@localhost", "secret")
    phone = cluster.handset("juliet", "jabber-ios", "juliet@localhost", "secret", ["--suspend-after", "0.2"])
    try:
        phone.command("sign-in")
        phone.expect("signed_in")
        [awake] = cluster.server.devices("juliet@localhost")
        assert awake["services"] == ["call", "im"] and awake["state"] == "foreground"
        assert awake["xmpp"]["jid"].startswith("juliet@localhost/") and awake["xmpp"]["resumable"] is True
        assert isinstance(awake["xmpp"]["unacked"], int)
        table = cluster.server.run("devices").stdout
        assert "XMPP" in table and awake["xmpp"]["jid"] in table
        assert device_states(cluster.server) == {"foreground": 1, "background": 0, "suspended": 0, "signed_out": 0}
        phone.command("home")
        phone.expect("app_state", state="suspended")
        [asleep] = cluster.server.devices("juliet@localhost")
        assert asleep["xmpp"]["jid"] == awake["xmpp"]["jid"]
        assert device_states(cluster.server)[asleep["state"]] == 1
    finally:
        phone.stop()
    assert cluster.server.stop() == 0
    [off] = cluster.server.devices("juliet@localhost")
    assert off["xmpp"]["jid"] == awake["xmpp"]["jid"] and off["xmpp"]["resumable"] is True
    cluster.server.start()
    assert device_states(cluster.server) == {"foreground": 0, "background": 0, "suspended": 1, "signed_out": 0}


# Health and metrics

def test_healthz_and_metrics(server):
    assert server.healthz()["status"] in ("ready", "degraded")
    before = server.metrics()
    server.add_user("juliet@localhost", "secret")
    assert server.metrics()["reveille_accounts"] == before["reveille_accounts"] + 1
    assert before["process_resident_memory_bytes"] > 0
    assert server.admin("/v1/users")[2] == {"items": [{"account": "juliet@localhost", "devices": 0}]}
    assert server.admin("/v1/traces/none")[0] == 404
    assert server.admin("/nothing")[0] == 404


def test_the_admin_server_only_answers_get(server):
    host, port = server.address("admin")
    connection = http.client.HTTPConnection(host, port, timeout=10)
    connection.request("POST", "/v1/users", body="{}")
    answer = connection.getresponse()
    assert (answer.status, answer.getheader("Allow")) == (405, "GET, HEAD")


# What goes wrong outside

@pytest.mark.parametrize("listener", LISTENERS)
def test_a_port_in_use_is_named(tmp_path, listener):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM if listener == "sip_udp" else socket.SOCK_STREAM) as taken:
        taken.bind(("127.0.0.1", 0))
        if listener != "sip_udp":
            taken.listen()
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        server = Server(tmp_path, {"listen": {listener: address}})
        said = refusal_of(server.start)
        assert f"{address}: Address already in use; choose another port or end the program that has it" in said, said
        assert server.process.returncode == 1


def test_a_second_server_on_the_same_data_is_refused(server):
    second = Server(server.folder, server.settings, name="second")
    said = refusal_of(second.start)
    assert f"is in use by process {server.process.pid}" in said and str(server.data) in said
    assert second.process.returncode == 1
    assert server.healthz()["status"] in ("ready", "degraded")


def test_a_corrupt_database_is_refused_and_left_alone(server):
    server.add_user("juliet@localhost", "secret")
    server.stop()
    for each in server.data.glob("server.db-*"):
        each.unlink()
    database = server.data / "server.db"
    broken = b"this is no database " * 1000
    database.write_bytes(broken)
    said = refusal_of(server.start)
    assert "server.db" in said and server.process.returncode == 1
    assert database.read_bytes() == broken


def test_data_that_cannot_be_written_is_refused(tmp_path):
    # /proc is a folder in which nobody makes folders.
    server = Server(tmp_path, {"data": "/proc/reveille"})
    said = refusal_of(server.start)
    assert "/proc/reveille" in said and "--data" in said
    assert server.process.returncode == 1
    file = tmp_path / "a-file"
    file.write_text("")
    assert str(file) in refusal_of(Server(tmp_path, {"data": str(file)}).start)


def test_a_missing_certificate_is_named(tmp_path):
    server = Server(tmp_path, {"tls": {"certificate": str(tmp_path / "none.pem"), "key": str(tmp_path / "none.key")}})
    said = refusal_of(server.start)
    assert "none." in said and server.process.returncode == 78


def test_an_encrypted_key_is_refused_and_no_passphrase_waited_for(tmp_path):
    certificate, key, file = tmp_path / "server.pem", tmp_path / "key.pem", tmp_path / "reveille.toml"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-days", "2", "-subj", "/CN=localhost",
                    "-passout", "pass:secret", "-keyout", key, "-out", certificate], check=True, capture_output=True)
    file.write_text(f'data = "{tmp_path / "data"}"\n[tls]\ncertificate = "{certificate}"\nkey = "{key}"\n')
    for words in (("check-config", file), ("serve", "--config", file)):
        # Without a terminal the library would read the passphrase here, which stays open and silent.
        silent, kept_open = os.pipe()
        refused = reveille(*words, stdin=silent, start_new_session=True, timeout=20)
        os.close(silent)
        os.close(kept_open)
        assert refused.returncode == 78 and f"{file}:3: " in refused.stderr and "is encrypted" in refused.stderr, refused.stderr


def test_a_full_disk_at_the_start_is_said(tmp_path):
    server = Server(tmp_path)

    def no_file_grows():
        resource.setrlimit(resource.RLIMIT_FSIZE, (2048, 2048))

    server.config.write_text("data = \"full\"\n")
    ended = subprocess.run(server.command, cwd=tmp_path, capture_output=True, text=True, timeout=30, preexec_fn=no_file_grows)
    assert ended.returncode == 1, ended
    assert ended.stderr.startswith("reveille: ") and not ended.stdout


def offers_push(server) -> bool:
    """What a phone that registers is told (RFC 8599 section 4.1)."""
    contact = "<sip:juliet@127.0.0.1:5999;pn-provider=apns;pn-param=TEAM123456.org.example.phone;pn-prid=00112233>"
    message = ("REGISTER sip:localhost SIP/2.0", "Via: SIP/2.0/UDP 127.0.0.1:5999;rport;branch=z9hG4bK" + os.urandom(6).hex(), "Max-Forwards: 70",
               "From: <sip:juliet@localhost>;tag=1", "To: <sip:juliet@localhost>", "Call-ID: " + os.urandom(6).hex(), "CSeq: 1 REGISTER",
               f"Contact: {contact}", "Content-Length: 0", "", "")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as phone:
        phone.settimeout(10)
        phone.sendto("\r\n".join(message).encode(), server.address("sip_udp"))
        answer = phone.recv(65536).decode()
    assert answer.startswith(("SIP/2.0 200", "SIP/2.0 555")), answer
    return "feature-caps:" in answer.lower()


def test_B_PUSH_0_push_is_switched_without_a_restart(tmp_path):
    key = tmp_path / "key.p8"
    subprocess.run(["openssl", "ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", key], check=True)
    credential = {"team": "TEAM123456", "key_id": "KEY1234567", "key_file": str(key), "apps": ["org.example.phone"]}
    server = Server(tmp_path, {"sip": {"require_digest": False}, "push": {"via": "in-process", "apns": [credential]}})
    server.start()
    try:
        server.add_user("juliet@localhost", "secret")
        assert offers_push(server)
        for enabled in (False, True):
            server.settings["wake"] = {"enabled": enabled}
            server.run("user", "list")  # writes the file
            server.process.send_signal(signal.SIGHUP)
            wait_until(lambda: f"push is {'on' if enabled else 'off'}" in server.log())
            assert offers_push(server) == enabled
        server.config.write_text(server.config.read_text().replace("enabled = true", "enabled = 7"))
        server.process.send_signal(signal.SIGHUP)
        wait_until(lambda: "settings kept as they were" in server.log())
        assert offers_push(server)
    finally:
        server.stop()


def test_certificates_are_read_again_on_sighup(server):
    first = (server.data / "server.pem").read_bytes()
    server.process.send_signal(signal.SIGHUP)
    wait_until(lambda: "certificates read again" in server.log())
    assert (server.data / "server.pem").read_bytes() == first
    assert server.healthz()["status"] in ("ready", "degraded")
