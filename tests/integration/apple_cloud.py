"""Apple's simulated cloud as a Python object: `reveille-sim apple` and its device side (interfaces.md, section 5)."""
import http.client
import json
import os
import ssl
import subprocess
import threading
from pathlib import Path

BUILD = Path(os.environ.get("REVEILLE_BUILD", Path(__file__).resolve().parents[2] / "build/release"))
READY_SECONDS = 20


class AppleCloud:
    """One `reveille-sim apple` process. Use it as a context manager."""

    def __init__(self, data: Path):
        self.process = subprocess.Popen([str(BUILD / "reveille-sim"), "apple", "--data", str(data)], stdout=subprocess.PIPE, text=True)
        watchdog = threading.Timer(READY_SECONDS, self.process.kill)
        watchdog.start()
        line = self.process.stdout.readline()
        watchdog.cancel()
        self.ready = json.loads(line)
        self.ca = self.ready["ca"]
        self.key_file, self.key_id, self.team = (self.ready[name] for name in ("key_file", "key_id", "team"))
        self.host, port = self.ready["listeners"]["apns"].rsplit(":", 1)
        self.port = int(port)
        self.tls = ssl.create_default_context(cafile=self.ca)

    def __enter__(self) -> "AppleCloud":
        return self

    def __exit__(self, *_) -> None:
        self.stop()

    def port_of(self, listener: str) -> int:
        return int(self.ready["listeners"][listener].rsplit(":", 1)[1])

    def stop(self) -> int:
        self.process.terminate()
        try:
            return self.process.wait(10)
        finally:
            self.process.kill()
            self.process.stdout.close()

    def connection(self, timeout: float = 10) -> http.client.HTTPSConnection:
        host, port = self.ready["listeners"]["device"].rsplit(":", 1)
        return http.client.HTTPSConnection(host, int(port), context=self.tls, timeout=timeout)

    def ask(self, method: str, path: str, body: dict | None = None, expect: int | None = None):
        """One request to the device side; the JSON of the answer, or None."""
        connection = self.connection()
        try:
            connection.request(method, path, None if body is None else json.dumps(body))
            answer = connection.getresponse()
            text = answer.read()
        finally:
            connection.close()
        assert expect is None and answer.status < 300 or answer.status == expect, (answer.status, text)
        return json.loads(text) if text else None

    def add_device(self, app: str = "org.example.phone", environment: str = "sandbox", os_version: str = "18.0") -> dict:
        return self.ask("POST", "/sim/devices", {"app": app, "platform": "ios", "os_version": os_version, "environment": environment})

    def remove_device(self, device: dict) -> None:
        self.ask("DELETE", f"/sim/devices/{device['device']}")

    def fault(self, **fields) -> None:
        self.ask("POST", "/sim/faults", fields)

    def clear_faults(self) -> None:
        self.ask("DELETE", "/sim/faults")

    def requests(self, since: int = 0) -> list[dict]:
        return self.ask("GET", f"/sim/requests?since={since}")

    def newest(self) -> int:
        """The number of the last request seen: requests(since=…) then gives those that follow."""
        seen = self.requests()
        return seen[-1]["number"] if seen else 0

    def online(self, device: dict) -> "Phone":
        return Phone(self, device)


class Phone:
    """A device's open stream of pushes: while it is open the device is online."""

    def __init__(self, cloud: AppleCloud, device: dict):
        self._connection = cloud.connection()
        self._connection.request("GET", f"/sim/devices/{device['device']}/pushes")
        self._answer = self._connection.getresponse()
        assert self._answer.status == 200, self._answer.status

    def __enter__(self) -> "Phone":
        return self

    def __exit__(self, *_) -> None:
        self.close()

    def next(self) -> dict:
        """The next push; waits for it at most as long as the connection's time-out."""
        line = self._answer.readline()
        assert line, "the stream has ended"
        return json.loads(line)

    def close(self) -> None:
        self._answer.close()
        self._connection.close()
