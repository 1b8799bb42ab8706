"""100,000 sleeping phones: memory each, time until a restart serves them again, and what they cost while they sleep.

`suspended_memory` is the worse of two states: as a start finds them, and after each has registered once over TCP and lost its connection
(their suspended XMPP sessions are unpacked and packed again by that, but no stream is opened). Medians of five starts, after each of which the
phones are awake once and are watched while they sleep again. Beside the load is told what a process costs in the same seconds that does nothing
but wake once a second: some machines charge a millisecond for that alone."""
import shutil
import statistics
import subprocess
import sys
import time
from pathlib import Path

from measure import PAIRS, Figure, cpu_seconds, resident_bytes
import waiting
from reveille import Apple, Server
from waiting import pass_time

PHONES, AT_ONCE = 100_000, 200
WATCHED_SECONDS = 60  # what is done once a minute is in it
MOST_BYTES, MOST_SECONDS, MOST_LOAD = 1536, 3.0, 0.001
SETTLED_AFTER = 30  # seconds: sessions are packed after ten, written at leisure within one, memory is given back after ten more
WAKER = "from waiting import pass_time\nwhile True: pass_time(1, 'the wake is what is measured')"
DOMAIN, PASSWORD = "localhost", "secret"


def wake_all(build: Path, server: Server) -> None:
    done = subprocess.run([build / "tests/bench/bench_waking_load", str(server.address("sip_tcp")[1]), DOMAIN, PASSWORD, str(PHONES), str(AT_ONCE)],
                          capture_output=True, text=True)
    if done.returncode != 0:
        raise RuntimeError(f"not all of {PHONES} phones were registered: {done.stdout}{done.stderr}")


def put_back(saved: Path, server: Server) -> None:
    """The database as it was seeded."""
    for old in server.data.glob("server.db*"):
        old.unlink()
    shutil.copy(saved, server.data / "server.db")


def watch(processes: list[int], seconds: int) -> list[float]:
    """The cores that each takes meanwhile."""
    before = [cpu_seconds(each) for each in processes]
    pass_time(seconds, "what they cost in it is measured")
    return [(cpu_seconds(each) - began) / seconds for each, began in zip(processes, before)]


def run(build: Path, folder: Path) -> list[Figure]:
    # A provider credential, so that the phones' RFC 8599 parameters are answered as in service.
    apple = Apple(folder)
    apple.start()
    settings = {"roles": ["call-control", "im", "admin"], "push": {"apns": [apple.credential(environment="production")]}}
    empty = Server(folder, settings, name="empty")
    server = Server(folder, settings, name="full")
    waker = subprocess.Popen([sys.executable, "-c", WAKER], cwd=Path(waiting.__file__).parent)
    try:
        server.start()
        server.stop()
        subprocess.run([build / "tests/bench/bench_seed", server.data / "server.db", DOMAIN, PASSWORD, str(PHONES), str(PHONES)], check=True)
        saved = folder / "seeded.db"
        server.start()
        server.stop()
        shutil.copy(server.data / "server.db", saved)
        found, awoken, back, loads, wakes = [], [], [], [], []
        for _ in range(PAIRS):
            empty.start()
            base = resident_bytes(empty.process.pid)
            empty.stop()
            put_back(saved, server)
            server.start()
            server.kill()
            began = time.monotonic()
            server.start()
            back.append(time.monotonic() - began)
            found.append((resident_bytes(server.process.pid) - base) / PHONES)
            wake_all(build, server)
            pass_time(SETTLED_AFTER, "sessions are packed and memory given back when it is calm")
            awoken.append((resident_bytes(server.process.pid) - base) / PHONES)
            load, wake = watch([server.process.pid, waker.pid], WATCHED_SECONDS)
            loads.append(load)
            wakes.append(wake)
            server.stop()
    finally:
        waker.kill()
        server.kill()
        apple.stop()
    as_found, after_waking, seconds = statistics.median(found), statistics.median(awoken), statistics.median(back)
    load, wake = statistics.median(loads), statistics.median(wakes)
    each = max(as_found, after_waking)
    return [
        Figure("suspended_memory", round(each),
               f"bytes per sleeping phone ({round(as_found)} as a start finds it, {round(after_waking)} after it was awake)", "limit", MOST_BYTES,
               round(each / MOST_BYTES, 3), f"at most {MOST_BYTES}", each <= MOST_BYTES),
        Figure("suspended_restart", round(seconds, 2), "s from start to ready after a kill", "limit", MOST_SECONDS, round(seconds / MOST_SECONDS, 3),
               f"at most {MOST_SECONDS}", seconds <= MOST_SECONDS),
        Figure("suspended_load", round(load, 5), f"cores while they sleep (a process that wakes once a second: {wake:.5f})", "limit", MOST_LOAD, round(load / MOST_LOAD, 3),
               f"below {MOST_LOAD}", load < MOST_LOAD),
    ]
