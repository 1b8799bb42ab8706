"""Call control under load, with a foreign client at both ends."""
import re
import socket
import subprocess
from pathlib import Path

from reveille import Server

SCENARIOS = Path(__file__).parent / "sipp"
RATE, CALLS = 200, 2000


def register(server: Server, user: str, contact_port: int) -> str:
    """One REGISTER without digest; the first line of the answer."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as phone:
        phone.settimeout(5)
        phone.bind(("127.0.0.1", contact_port))
        phone.connect(server.address("sip_udp"))
        phone.send("\r\n".join([
            "REGISTER sip:localhost SIP/2.0", f"Via: SIP/2.0/UDP 127.0.0.1:{contact_port};rport;branch=z9hG4bKregister", "Max-Forwards: 70",
            f"From: <sip:{user}@localhost>;tag=r", f"To: <sip:{user}@localhost>", f"Call-ID: register-{user}", "CSeq: 1 REGISTER",
            f"Contact: <sip:{user}@127.0.0.1:{contact_port}>", "Expires: 600", "Content-Length: 0", "", ""]).encode())
        return phone.recv(4096).decode().split("\r\n")[0]


def free_port() -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def test_200_calls_a_second_and_none_fails(tmp_path):
    server = Server(tmp_path, {"roles": ["call-control", "admin"], "sip": {"require_digest": False}}).start()
    callee = None
    try:
        for user in ("romeo", "juliet"):
            server.add_user(f"{user}@localhost", "secret")
        callee_port, caller_port = free_port(), free_port()
        assert register(server, "juliet", callee_port) == "SIP/2.0 200 OK"
        callee = subprocess.Popen(["sipp", "-sf", SCENARIOS / "callee.xml", "-i", "127.0.0.1", "-p", str(callee_port), "-nostdin"],
                                  stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=tmp_path)
        caller = subprocess.run(["sipp", server.listeners["sip_udp"], "-sf", SCENARIOS / "caller.xml", "-s", "juliet", "-i", "127.0.0.1",
                                 "-p", str(caller_port), "-r", str(RATE), "-m", str(CALLS), "-nostdin", "-timeout", "60"],
                                capture_output=True, text=True, cwd=tmp_path, timeout=90)
        told = {name: int(count) for name, count in re.findall(r"(Successful call|Failed call)\s*\|\s*\d+\s*\|\s*(\d+)", caller.stdout)}
        assert told == {"Successful call": CALLS, "Failed call": 0}, caller.stdout[-3000:] + caller.stderr[-1000:]
        assert server.metrics()["reveille_calls"] == 0
    finally:
        if callee:
            callee.kill()
            callee.wait()
        server.kill()
