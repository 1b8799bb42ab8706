"""From a caller's INVITE for a sleeping phone to the push at the provider, 200 calls a second, the push service a process of its own."""
import json
import statistics
import subprocess
from pathlib import Path

from measure import PAIRS, Figure, percentile
from reveille import Cluster

RATE, CALLS = 200, 2000
DOMAIN, PASSWORD, MOST_MS = "localhost", "secret", 6.0
APP, ENVIRONMENT = "org.example.phone", "production"


def seed(build: Path, folder: Path, cluster: Cluster) -> list[str]:
    """A sleeping phone for each user that is called, known to Apple; their VoIP tokens."""
    phones = cluster.apple.https("device", "POST", "/sim/devices", {"app": APP, "platform": "ios", "os_version": "18.0", "environment": ENVIRONMENT,
                                                                    "count": CALLS + 1})[2]["devices"]
    tokens = folder / "tokens"
    tokens.write_text("".join(f"{phone['tokens']['voip']} {phone['tokens']['message']}\n" for phone in phones))
    cluster.server.stop()
    subprocess.run([build / "tests/bench/bench_seed", cluster.server.data / "server.db", DOMAIN, PASSWORD, str(CALLS + 1), str(CALLS + 1),
                    cluster.apple.ready["team"], tokens], check=True)
    cluster.server.start()
    cluster.server.add_user(f"caller@{DOMAIN}", PASSWORD)
    return [phone["tokens"]["voip"] for phone in phones]


def round_of_calls(build: Path, cluster: Cluster, voip_tokens: list[str]) -> list[float]:
    """Milliseconds from each INVITE to its push. Call number i is for user i, so its push is known by its token."""
    cluster.apple.https("device", "DELETE", "/sim/requests")
    port = cluster.server.address("sip_udp")[1]
    load = subprocess.run([build / "tests/bench/bench_wake_load", str(port), DOMAIN, "caller", PASSWORD, str(CALLS + 1), str(RATE), str(CALLS)],
                          check=True, capture_output=True, text=True)
    pushed: dict[str, int] = {}
    for request in cluster.apple.requests():
        if request["push_type"] == "voip":
            pushed.setdefault(request["token"], request["at_us"])
    waits = []
    for index, line in enumerate(load.stdout.splitlines(), start=1):
        token = voip_tokens[index]
        if token not in pushed:
            raise RuntimeError(f"call {index} woke nobody; {len(pushed)} of {CALLS} phones got a push\n{load.stderr[-500:]}\n{cluster.server.log()[-2000:]}")
        waits.append((pushed[token] - json.loads(line)["sent_us"]) / 1000)
    return waits


def raw_sync_p99(build: Path, folder: Path) -> float:
    done = subprocess.run([build / "tests/bench/bench_fdatasync", folder / "raw", str(CALLS)], check=True, capture_output=True, text=True)
    return json.loads(done.stdout)["p99_us"] / 1000


def run(build: Path, folder: Path) -> list[Figure]:
    cluster = Cluster(folder, environment=ENVIRONMENT)
    try:
        cluster.start()
        tokens = seed(build, folder, cluster)
        ours, raw, middle = [], [], []
        for _ in range(PAIRS):
            waits = round_of_calls(build, cluster, tokens)
            ours.append(percentile(waits, 0.99))
            middle.append(statistics.median(waits))
            raw.append(raw_sync_p99(build, folder))
    finally:
        cluster.kill()
    value, beside = statistics.median(ours), statistics.median(raw)
    limit = MOST_MS + beside
    return [Figure("wake", round(value, 2), f"ms from INVITE to push, p99 (median {statistics.median(middle):.2f})",
                   f"{MOST_MS:g} ms + raw fdatasync p99 ({beside:.2f})", round(limit, 2), round(value / limit, 3), "at most that", value <= limit)]
