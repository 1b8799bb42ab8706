"""What an operator reads in the log, and a log that nobody reads."""
import fcntl
import json
import re
import subprocess

from reveille import Server
from test_wake_path import SipSocket, add_users, sleeping_phone, wait_for_milestone
from waiting import wait_until

F_SETPIPE_SZ = 1031


def without_digest(tmp_path, apple) -> Server:
    return Server(tmp_path, {"sip": {"require_digest": False}, "push": {"apns": [apple.credential(environment="sandbox")]}})


def cancelled_call(server: Server) -> str:
    romeo = SipSocket(server, "romeo")
    romeo.invite("juliet")
    wait_for_milestone(server, romeo.call_id, "push_requested")
    romeo.cancel("juliet")
    assert romeo.status() in (200, 487)
    return romeo.call_id


def test_the_log_tells_who_registered_and_how_a_call_ended_with_the_id_of_its_trace(tmp_path, apple):
    server = without_digest(tmp_path, apple).start()
    try:
        add_users(server)
        phone = sleeping_phone(server, apple, "juliet")
        wait_until(lambda: f'device registered: account="juliet@localhost" device="{phone["device"]}"' in server.log())
        call_id = cancelled_call(server)
        wait_until(lambda: "call ended:" in server.log())
        [line] = [line for line in server.log().splitlines() if "call ended:" in line]
        assert " info call ended: outcome=cancelled why=caller_gave_up " in line
        assert f' call_id="{call_id}"' in line
        tracking = re.search(r'tracking="([^"]+)"', line).group(1)
        assert server.trace(tracking)["call_id"] == call_id
        assert not any(token in server.log() for token in phone["tokens"].values())
    finally:
        server.kill()


def test_a_log_that_nobody_reads_stops_nothing(tmp_path, apple):
    server = without_digest(tmp_path, apple).start()
    server.kill()  # it has written its configuration
    process = subprocess.Popen(server.command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=server.folder)
    fcntl.fcntl(process.stderr, F_SETPIPE_SZ, 4096)
    try:
        server.ready = json.loads(process.stdout.readline())
        add_users(server)
        sleeping_phone(server, apple, "juliet")
        for _ in range(40):
            cancelled_call(server)
        assert server.healthz()["status"] == "ready"
        process.terminate()
        assert process.wait(timeout=10) == 0
        assert 0 < len(process.stderr.read()) <= 8192
    finally:
        process.kill()
