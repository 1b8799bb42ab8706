"""REGISTER refresh over UDP with digest: processor time each, ours beside Kamailio's with its fast allocator.

`register` is a refresh for which nothing is written; `register_written` is what one costs on average to phones that refresh when nine tenths
of their time are over: every second one is written. For that our wall clock is moved on before each round; Kamailio, which keeps all in
memory, has no such difference, so its clock is left alone."""
import json
import os
import socket
import subprocess
import sys
import time
from pathlib import Path

from measure import Figure, cpu_seconds, interleaved
from reveille import Apple, Server
from waiting import pass_time

USERS, WINDOW = 20_000, 64
ROUNDS = 5  # of all users, in one measurement
EXPIRES, REFRESHED_AFTER = 600, 540  # seconds
CLOCK_FOLLOWS = 1.5  # seconds
WRITES_SETTLE = 1.5  # seconds: what is written at leisure is on disk
PASSWORD, DOMAIN, GOAL = "secret", "localhost", 0.7
HERE = Path(__file__).resolve().parent


class Load:
    """One load client against one registrar; refresh() is processor time per REGISTER in microseconds."""

    def __init__(self, build: Path, port: int, process: int):
        self.server = process
        self.client = subprocess.Popen([build / "tests/bench/bench_register_load", str(port), DOMAIN, PASSWORD, str(EXPIRES)],
                                       stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def say(self, command: str) -> None:
        self.client.stdin.write(command + "\n")
        self.client.stdin.flush()

    def register(self) -> dict:
        self.say(f"register 0 {USERS} {WINDOW}")
        done = json.loads(self.client.stdout.readline())
        if done["ok"] != USERS:
            raise RuntimeError(f"only {done['ok']} of {USERS} were registered: {done['last_refusal']}")
        return done

    def measured(self) -> dict:
        """A round that is measured: one request a phone."""
        done = self.register()
        if done["challenged"]:
            raise RuntimeError(f"{done['challenged']} nonces have grown old in the middle of a measurement")
        return done

    def refresh(self) -> float:
        before = cpu_seconds(self.server)
        rounds = [self.measured() for _ in range(ROUNDS)]
        return (cpu_seconds(self.server) - before) / sum(done["sent"] - done["resent"] for done in rounds) * 1e6

    def refresh_twice(self, clock: "MovedClock | None") -> float:
        """Both when the time is nearly over: one of them is written. What is written later is counted too."""
        # A nonce lasts an hour, which is soon over when the clock is moved.
        self.say("forget")
        self.register()
        used = 0.0
        for _ in range(2):
            if clock:
                clock.advance(REFRESHED_AFTER)
                pass_time(CLOCK_FOLLOWS, "the server looks at the wall clock once a second")
            before = cpu_seconds(self.server)
            done = self.measured()
            if clock:
                pass_time(WRITES_SETTLE, "what is written at leisure tells nobody")
            used += (cpu_seconds(self.server) - before) / (done["sent"] - done["resent"]) * 1e6
        return used / 2

    def stop(self) -> None:
        self.client.stdin.close()
        self.client.wait()


class MovedClock:
    """The wall clock of a program that is started meanwhile, ahead of ours (moved_clock/)."""

    def __init__(self, build: Path, folder: Path):
        self.file = folder / "clock"
        self.ahead = 0
        self.advance(0)
        self.environment = {"LD_PRELOAD": str(build / "tests/bench/libbench_moved_clock.so"), "MOVED_CLOCK": str(self.file)}

    def advance(self, seconds: int) -> None:
        self.ahead += seconds
        with self.file.open("r+b" if self.file.exists() else "wb") as out:
            out.write(self.ahead.to_bytes(8, sys.byteorder))

    def __enter__(self):
        os.environ.update(self.environment)
        return self

    def __exit__(self, *_):
        for name in self.environment:
            del os.environ[name]


def free_udp_port() -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def start_kamailio(folder: Path) -> tuple[subprocess.Popen, int]:
    port = free_udp_port()
    configuration = folder / "kamailio.cfg"
    configuration.write_text((HERE / "kamailio.cfg").read_text().replace("PORT", str(port)))
    with (folder / "kamailio.log").open("wb") as log:
        process = subprocess.Popen(["kamailio", "-DD", "-E", "-f", configuration, "-m", "1024", "-M", "16", "-x", "tlsf",
                                    "-P", folder / "kamailio.pid", "-Y", folder], stdout=log, stderr=log)
    deadline = time.monotonic() + 10
    probe = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    probe.settimeout(0.2)
    probe.connect(("127.0.0.1", port))
    while time.monotonic() < deadline:
        try:
            probe.send(b"OPTIONS sip:localhost SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1;rport;branch=z9hG4bKp\r\nMax-Forwards: 5\r\n"
                       b"From: <sip:p@localhost>;tag=p\r\nTo: <sip:p@localhost>\r\nCall-ID: p\r\nCSeq: 1 OPTIONS\r\nContent-Length: 0\r\n\r\n")
            probe.recv(2000)
            return process, port
        except OSError:
            pass
    process.kill()
    raise RuntimeError("Kamailio did not start:\n" + (folder / "kamailio.log").read_text()[-2000:])


def run(build: Path, folder: Path) -> list[Figure]:
    # A provider credential, so that the phones' RFC 8599 parameters are answered as in service.
    apple = Apple(folder)
    apple.start()
    server = Server(folder, {"roles": ["call-control"], "push": {"apns": [apple.credential(environment="production")]}})
    server.start()
    server.stop()
    subprocess.run([build / "tests/bench/bench_seed", server.data / "server.db", DOMAIN, PASSWORD, str(USERS), "0"], check=True)
    clock = MovedClock(build, folder)
    with clock:
        server.start()
    kamailio, port = start_kamailio(folder)
    loads = [Load(build, server.address("sip_udp")[1], server.process.pid), Load(build, port, kamailio.pid)]
    try:
        for load in loads:
            load.register()
            load.register()
        ours, theirs, ratio = interleaved(loads[0].refresh, loads[1].refresh)
        written, beside, written_ratio = interleaved(lambda: loads[0].refresh_twice(clock), lambda: loads[1].refresh_twice(None))
    finally:
        for load in loads:
            load.stop()
        kamailio.terminate()
        kamailio.wait()
        server.stop()
        apple.stop()
    return [
        Figure("register", round(ours, 2), "µs of CPU per REGISTER refresh", "Kamailio -x tlsf", round(theirs, 2), round(ratio, 3),
               f"at most {GOAL} of the peer's", ratio <= GOAL),
        Figure("register_written", round(written, 2), "µs of CPU per REGISTER refresh, every second one written", "Kamailio -x tlsf, in memory",
               round(beside, 2), round(written_ratio, 3), "none: told beside it", True),
    ]
