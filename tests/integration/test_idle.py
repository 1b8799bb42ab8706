"""A server to which nothing happens does nothing: an idle process that wakes keeps a processor awake."""
from pathlib import Path

from reveille import Server
from waiting import pass_time

# What looks at something each second is found out; twice in that time it is looked how much memory is to be given back, and once there is a sweep.
WATCHED_SECONDS, MOST_WAKES = 12, 9
SETTLED_AFTER = 3


def wakes(process: int) -> int:
    """How often its threads have waited for something, and have been woken."""
    lines = [line for task in Path(f"/proc/{process}/task").iterdir() for line in (task / "status").read_text().splitlines()]
    return sum(int(line.split()[1]) for line in lines if line.startswith("voluntary_ctxt_switches"))


def test_a_server_to_which_nothing_happens_hardly_wakes(tmp_path, apple):
    server = Server(tmp_path, {"push": {"apns": [apple.credential()]}}).start()
    try:
        assert server.healthz()["status"] == "ready"
        pass_time(SETTLED_AFTER, "its start and the connection of the question are behind it")
        before = wakes(server.process.pid)
        pass_time(WATCHED_SECONDS, "nothing is to happen in it")
        assert wakes(server.process.pid) - before <= MOST_WAKES
    finally:
        server.stop()
