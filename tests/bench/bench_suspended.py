"""100,000 sleeping phones: memory each, time until a restart serves them again, and what they cost while they sleep."""
import subprocess
import time
from pathlib import Path

from measure import Figure, cpu_seconds, resident_bytes
from reveille import Server
from waiting import pass_time

PHONES, WATCHED_SECONDS = 100_000, 20
MOST_BYTES, MOST_SECONDS, MOST_LOAD = 1536, 3.0, 0.001


def run(build: Path, folder: Path) -> list[Figure]:
    settings = {"roles": ["call-control", "im", "admin"]}
    empty = Server(folder, settings, name="empty")
    empty.start()
    base = resident_bytes(empty.process.pid)
    empty.stop()

    server = Server(folder, settings, name="full")
    server.start()
    server.stop()
    subprocess.run([build / "tests/bench/bench_seed", server.data / "server.db", "localhost", "secret", str(PHONES), str(PHONES)], check=True)
    server.start()
    server.kill()
    began = time.monotonic()
    server.start()
    back = time.monotonic() - began
    each = (resident_bytes(server.process.pid) - base) / PHONES
    before = cpu_seconds(server.process.pid)
    pass_time(WATCHED_SECONDS, "what they cost in it is measured")
    load = (cpu_seconds(server.process.pid) - before) / WATCHED_SECONDS
    server.stop()
    return [
        Figure("suspended_memory", round(each), "bytes per sleeping phone", "limit", MOST_BYTES, round(each / MOST_BYTES, 3),
               f"at most {MOST_BYTES}", each <= MOST_BYTES),
        Figure("suspended_restart", round(back, 2), "s from start to ready after a kill", "limit", MOST_SECONDS, round(back / MOST_SECONDS, 3),
               f"at most {MOST_SECONDS}", back <= MOST_SECONDS),
        Figure("suspended_load", round(load, 5), "cores while they sleep", "limit", MOST_LOAD, round(load / MOST_LOAD, 3),
               f"below {MOST_LOAD}", load < MOST_LOAD),
    ]
