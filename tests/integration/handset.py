"""A simulated handset as a Python object: commands in, JSON events out (interfaces.md, section 5)."""
import json
import os
import signal
import subprocess
import threading
import time
from pathlib import Path


class Missing(AssertionError):
    """An event that did not come in time."""


class Handset:
    """One `reveille-sim handset` process. Every event is kept; expect() waits for one and moves on behind it.

    Two readers that wait independently use different `mark`s: expect(…, since=mark).
    """

    def __init__(self, program: Path, name: str, arguments: list[str], password: str):
        self.name = name
        self.events: list[dict] = []
        self._next = 0
        self._changed = threading.Condition()
        self.process = subprocess.Popen(
            [str(program), "handset", *arguments, "--password-stdin"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1)
        self.process.stdin.write(password + "\n")
        self.process.stdin.flush()
        self._reader = threading.Thread(target=self._read, name=f"events of {name}", daemon=True)
        self._reader.start()

    def _read(self) -> None:
        for line in self.process.stdout:
            try:
                event = json.loads(line)
            except ValueError:
                event = {"event": "not_json", "line": line}
            with self._changed:
                self.events.append(event)
                self._changed.notify_all()
        with self._changed:
            self.events.append({"event": "process_ended", "code": self.process.wait(), "ms": time.time() * 1000})
            self._changed.notify_all()

    def command(self, line: str, timeout: float = 10.0) -> dict:
        """Gives a command and waits for its `done`, which must be ok."""
        answer = self.try_command(line, timeout)
        if not answer["ok"]:
            raise AssertionError(f"{self.name}: '{line}' was refused: {answer.get('why')}")
        return answer

    def try_command(self, line: str, timeout: float = 10.0) -> dict:
        mark = self.mark()
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()
        return self.expect("done", command=line.split()[0], timeout=timeout, since=mark)

    def mark(self) -> int:
        with self._changed:
            return len(self.events)

    def expect(self, event: str, timeout: float = 10.0, since: int | None = None, **fields) -> dict:
        """The next event of that name whose fields have these values. Without `since`, the search goes on behind the last find."""
        deadline = time.monotonic() + timeout
        at = self._next if since is None else since
        with self._changed:
            while True:
                while at < len(self.events):
                    found = self.events[at]
                    at += 1
                    if found["event"] == event and all(found.get(key) == value for key, value in fields.items()):
                        if since is None:
                            self._next = at
                        return found
                left = deadline - time.monotonic()
                if left <= 0 or not self._changed.wait(left):
                    wanted = " ".join([event, *(f"{key}={value}" for key, value in fields.items())])
                    seen = [entry["event"] for entry in self.events[(self._next if since is None else since):]]
                    raise Missing(f"{self.name}: no '{wanted}' within {timeout} s; since then: {', '.join(seen) or 'nothing'}")

    def seen(self, event: str, since: int = 0) -> list[dict]:
        with self._changed:
            return [entry for entry in self.events[since:] if entry["event"] == event]

    def freeze(self) -> None:
        """The phone is in a tunnel: its process stands still."""
        os.kill(self.process.pid, signal.SIGSTOP)

    def thaw(self) -> None:
        os.kill(self.process.pid, signal.SIGCONT)

    def stop(self) -> None:
        if self.process.poll() is None:
            try:
                self.process.stdin.write("quit\n")
                self.process.stdin.flush()
                self.process.wait(3)
            except (OSError, subprocess.TimeoutExpired):
                self.process.kill()
                self.process.wait()
