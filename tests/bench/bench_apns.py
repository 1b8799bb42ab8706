"""APNs sender alone: its processor time for a notification beside h2load's for a request, on the same server, body and paths."""
import hashlib
import json
import re
import resource
import socket
import subprocess
from pathlib import Path

from measure import Figure, interleaved
from waiting import wait_until

NUMBER, PATHS, BODY_BYTES, STREAMS, MOST_RATIO = 200_000, 2000, 250, 1000, 1.25
WAIT_SECONDS = 20


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def make_files(folder: Path, port: int) -> None:
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", folder / "key.pem",
                    "-out", folder / "cert.pem", "-days", "30", "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"],
                   check=True, capture_output=True)
    devices = folder / "www/3/device"
    devices.mkdir(parents=True)
    tokens = [hashlib.sha256(str(number).encode()).hexdigest() for number in range(PATHS)]
    for token in tokens:
        (devices / token).touch()
    (folder / "uris").write_text("".join(f"https://127.0.0.1:{port}/3/device/{token}\n" for token in tokens))
    (folder / "body").write_text("x" * BODY_BYTES)


def listens(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=0.05).close()
        return True
    except OSError:
        return False


def child_cpu() -> float:
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def sender_cost(build: Path, folder: Path, port: int) -> float:
    command = [build / "tests/bench/bench_apns_sender", "127.0.0.1", str(port), folder / "cert.pem", str(NUMBER), str(PATHS), str(BODY_BYTES)]
    return json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)["cpu_us"]


def h2load_cost(folder: Path, port: int) -> float:
    fields = ["apns-topic: com.example.app.voip", "apns-push-type: voip", "apns-priority: 10", "apns-expiration: 0",
              "apns-id: 00000000-0000-8000-8000-000000000000", "authorization: bearer " + "x" * 196]
    command = ["h2load", "-n", str(NUMBER), "-c", "1", "-m", str(STREAMS), "-t", "1", "-d", folder / "body", "-i", folder / "uris"]
    for field in fields:
        command += ["-H", field]
    before = child_cpu()
    told = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    served = re.search(r"status codes: (\d+) 2xx", told)
    if served is None or int(served.group(1)) != NUMBER:
        raise RuntimeError(f"h2load was not served in full:\n{told}")
    return (child_cpu() - before) * 1e6 / NUMBER


def run(build: Path, folder: Path) -> list[Figure]:
    port = free_port()
    make_files(folder, port)
    server = subprocess.Popen(["nghttpd", "-n1", "-d", folder / "www", "-m", str(STREAMS), "--address=127.0.0.1", str(port),
                               folder / "key.pem", folder / "cert.pem"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        wait_until(lambda: listens(port), WAIT_SECONDS, otherwise="nghttpd does not listen")
        ours, theirs, ratio = interleaved(lambda: sender_cost(build, folder, port), lambda: h2load_cost(folder, port))
    finally:
        server.terminate()
        server.wait()
    return [Figure("apns_sender", round(ours, 2), "µs of processor time a notification", "h2load", round(theirs, 2), round(ratio, 3),
                   f"at most {MOST_RATIO} of h2load", ratio <= MOST_RATIO)]
