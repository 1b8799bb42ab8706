"""Reveille's programs as Python objects: started on free ports in temporary folders, stopped, killed and started again."""
import http.client
import json
import os
import queue
import shlex
import signal
import ssl
import subprocess
import threading
from pathlib import Path
from urllib.parse import quote

ROOT = Path(__file__).resolve().parent.parent.parent
LISTENERS = ("sip_udp", "sip_tcp", "sip_tls", "xmpp", "xmpp_tls", "push", "admin")


def build_folder() -> Path:
    """REVEILLE_BUILD, else the release build, else the quick one."""
    named = os.environ.get("REVEILLE_BUILD")
    if named:
        return Path(named).resolve()
    release = ROOT / "build" / "release"
    return release if (release / "reveille").exists() else ROOT / "build" / "dev"


def program(name: str) -> Path:
    return build_folder() / name


def host_and_port(address: str) -> tuple[str, int]:
    host, _, port = address.rpartition(":")
    return host.strip("[]"), int(port)


def toml_of(settings: dict) -> str:
    """Top keys first, then tables and lists of tables (JSON's texts, numbers, lists and truths are TOML's)."""
    def lines_of(name: str, table: dict) -> list[str]:
        plain = {key: value for key, value in table.items() if not is_table(value) and not is_list_of_tables(value)}
        lines = [f"{key} = {json.dumps(value)}" for key, value in plain.items()]
        for key, value in table.items():
            path = f"{name}.{key}" if name else key
            if is_table(value):
                lines += [f"[{path}]", *lines_of(path, value)]
            elif is_list_of_tables(value):
                for each in value:
                    lines += [f"[[{path}]]", *lines_of(path, each)]
        return lines

    def is_table(value) -> bool:
        return isinstance(value, dict)

    def is_list_of_tables(value) -> bool:
        return isinstance(value, list) and bool(value) and all(isinstance(each, dict) for each in value)

    return "\n".join(lines_of("", settings)) + "\n"


class NotReady(AssertionError):
    """A program ended, or said nothing, instead of being ready."""


class Program:
    """One process whose first line of output is its JSON ready line. Its log is a file: `log()`."""

    def __init__(self, name: str, command: list, folder: Path, timeout: float = 20.0):
        self.name = name
        self.command = [str(word) for word in command]
        self.folder = folder
        self.timeout = timeout
        self.log_file = folder / f"{name}.log"
        self.ready: dict = {}
        self.process: subprocess.Popen | None = None

    def start(self):
        with self.log_file.open("ab") as log:
            self.process = subprocess.Popen(self.command, stdout=subprocess.PIPE, stderr=log, text=True, cwd=self.folder)
        lines: queue.Queue = queue.Queue()
        threading.Thread(target=self._read, args=(self.process, lines), daemon=True).start()
        try:
            line = lines.get(timeout=self.timeout)
        except queue.Empty:
            line = ""
        if not line:
            self.kill()
            raise NotReady(f"{self.name} did not become ready (exit {self.process.returncode}):\n{self.log()}")
        self.ready = json.loads(line)
        return self

    @staticmethod
    def _read(process: subprocess.Popen, lines: queue.Queue) -> None:
        for line in process.stdout:
            lines.put(line)
        lines.put("")

    @property
    def listeners(self) -> dict[str, str]:
        return self.ready["listeners"]

    @property
    def ca(self) -> str:
        return self.ready["ca"]

    def address(self, listener: str) -> tuple[str, int]:
        return host_and_port(self.listeners[listener])

    def log(self) -> str:
        return self.log_file.read_text(errors="replace") if self.log_file.exists() else ""

    def stop(self, timeout: float = 15.0) -> int:
        """SIGTERM; the exit code."""
        if self.process is None:
            return 0
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(timeout)
        except subprocess.TimeoutExpired:
            self.kill()
            raise AssertionError(f"{self.name} did not stop within {timeout} s of SIGTERM:\n{self.log()}") from None

    def kill(self) -> None:
        if self.process is not None and self.process.poll() is None:
            self.process.kill()
            self.process.wait()

    def tls(self, alpn: list[str] | None = None) -> ssl.SSLContext:
        """A client's context that trusts this program's CA."""
        context = ssl.create_default_context(cafile=self.ca)
        if alpn:
            context.set_alpn_protocols(alpn)
        return context

    def https(self, listener: str, method: str, path: str, body=None, headers: dict | None = None, timeout: float = 30.0):
        """(status, headers, body): the body as JSON where it is JSON."""
        host, port = self.address(listener)
        connection = http.client.HTTPSConnection(host, port, context=self.tls(), timeout=timeout)
        return exchange(connection, method, path, body, headers)


def exchange(connection: http.client.HTTPConnection, method: str, path: str, body=None, headers: dict | None = None):
    headers = dict(headers or {})
    if isinstance(body, (dict, list)):
        body = json.dumps(body)
        headers.setdefault("Content-Type", "application/json")
    connection.request(method, path, body=body, headers=headers)
    response = connection.getresponse()
    content = response.read()
    connection.close()
    if "json" in (response.getheader("Content-Type") or "") and "ndjson" not in response.getheader("Content-Type"):
        return response.status, fields_of(response), json.loads(content)
    return response.status, fields_of(response), content.decode(errors="replace")


def fields_of(response: http.client.HTTPResponse) -> dict[str, str]:
    """A field that comes several times is the list of its values (RFC 9110 section 5.3)."""
    fields: dict[str, str] = {}
    for name, value in response.getheaders():
        fields[name] = f"{fields[name]}, {value}" if name in fields else value
    return fields


class Server(Program):
    """`reveille serve` with a configuration of its own. Every listener has port 0 unless the settings say otherwise."""

    def __init__(self, folder: Path, settings: dict | None = None, name: str = "server"):
        folder.mkdir(parents=True, exist_ok=True)
        self.data = folder / f"{name}-data"
        self.config = folder / f"{name}.toml"
        self.settings = {"data": str(self.data), **(settings or {})}
        self.settings["listen"] = {**{each: "127.0.0.1:0" for each in LISTENERS}, **self.settings.get("listen", {})}
        super().__init__(name, [program("reveille"), "serve", "--config", self.config], folder)

    def start(self):
        self._write_config()
        return super().start()

    def _write_config(self) -> None:
        """Whole or not at all: commands beside the server may be reading it."""
        text = toml_of(self.settings)
        if self.config.exists() and self.config.read_text() == text:
            return
        draft = self.config.with_suffix(".draft")
        draft.write_text(text)
        draft.replace(self.config)

    def restart(self):
        """Stops and starts on the same data; ports may differ."""
        self.stop()
        return self.start()

    def keep_ports(self) -> None:
        """From the next start on, listen where it listens now."""
        self.settings["listen"] = {**self.settings["listen"], **self.listeners}

    def words(self, *words) -> list[str]:
        return [str(word) for word in (program("reveille"), *words, "--config", self.config)]

    def command_line(self, *words) -> str:
        """As one types it, from where this program runs."""
        here = Path.cwd()
        words = (Path(word).relative_to(here) if Path(word).is_relative_to(here) else word for word in self.words(*words))
        return shlex.join(map(str, words))

    def run(self, *words, check: bool = True, **options) -> subprocess.CompletedProcess:
        """A command beside the server: run("user", "list")."""
        self._write_config()
        done = subprocess.run(self.words(*words), capture_output=True, text=True, timeout=60, **options)
        if check and done.returncode != 0:
            raise AssertionError(f"reveille {' '.join(map(str, words))}: exit {done.returncode}\n{done.stderr}")
        return done

    def objects(self, *words) -> list[dict]:
        return [json.loads(line) for line in self.run(*words, "--json").stdout.splitlines()]

    def add_user(self, address: str, password: str) -> None:
        self.run("user", "add", address, "--password-stdin", input=password + "\n")

    def users(self) -> list[str]:
        return [each["account"] for each in self.objects("user", "list")]

    def devices(self, address: str = "") -> list[dict]:
        return self.objects("devices", *([address] if address else []))

    def trace(self, identifier: str) -> dict:
        """By tracking id, SIP Call-ID, archive id or push id."""
        return self.objects("trace", identifier)[0]

    def push_test(self, device: str) -> dict:
        return self.objects("push", "test", device)[0]

    def add_client(self, name: str) -> tuple[str, Path]:
        """Credentials for a server that uses this push service: the client id, and the file that holds the secret. Kept from one start to the next."""
        secret, known = self.folder / f"{name}.secret", self.folder / f"{name}.client"
        if not known.exists():
            secret.unlink(missing_ok=True)
            known.write_text(self.objects("client", "add", name, "--secret-file", secret)[0]["client_id"])
        return known.read_text(), secret

    def admin(self, path: str):
        host, port = self.address("admin")
        return exchange(http.client.HTTPConnection(host, port, timeout=30), "GET", path)

    def healthz(self) -> dict:
        return self.admin("/healthz")[2]

    def metrics(self) -> dict[str, float]:
        """Every sample by its name with labels, as Prometheus writes it."""
        lines = [line for line in self.admin("/metrics")[2].splitlines() if line and not line.startswith("#")]
        return {name: float(value) for name, _, value in (line.rpartition(" ") for line in lines)}

    def recent_traces(self, most: int = 100) -> list[dict]:
        """Newest first."""
        return [json.loads(line) for line in self.admin(f"/v1/traces?most={most}")[2].splitlines()]


class Apple(Program):
    """`reveille-sim apple`: Apple's push cloud, and the side that phones connect to."""

    def __init__(self, folder: Path, name: str = "apple", ports: tuple[int, int] = (0, 0)):
        folder.mkdir(parents=True, exist_ok=True)
        self.data = folder / f"{name}-data"
        command = [program("reveille-sim"), "apple", "--data", self.data, "--port", ports[0], "--device-port", ports[1]]
        super().__init__(name, command, folder)

    def credential(self, environment: str = "production", **more) -> dict:
        """A [[push.apns]] table with the key that this cloud accepts."""
        host, port = self.address(f"apns_{environment}")
        return {"environment": environment, "team": self.ready["team"], "key_id": self.ready["key_id"], "key_file": self.ready["key_file"], "host": host, "port": port,
                "ca_file": self.ca, **more}

    def new_device(self, app: str = "org.example.phone", platform: str = "ios", os_version: str = "18.0", environment: str = "sandbox") -> dict:
        """{device, tokens:{voip, message}}"""
        status, _, made = self.https("device", "POST", "/sim/devices",
                                     {"app": app, "platform": platform, "os_version": os_version, "environment": environment})
        assert status in (200, 201), made
        return made

    def delete_device(self, device: str) -> None:
        """Its tokens are dead from now on: 410."""
        assert self.https("device", "DELETE", f"/sim/devices/{quote(device)}")[0] < 300

    def requests(self) -> list[dict]:
        """Every request that this cloud has seen, and its verdict."""
        content = self.https("device", "GET", "/sim/requests")[2]
        if isinstance(content, str):
            return [json.loads(line) for line in content.splitlines()]
        return content["requests"] if isinstance(content, dict) else content

    def ask(self, method: str, path: str, body: dict | None = None, expect: int | None = None):
        """A request to the side that phones and tests connect to: what it answers, which is a success unless another status is expected."""
        status, _, answer = self.https("device", method, path, body)
        assert status == expect if expect else status < 300, (status, answer)
        return answer

    def fault(self, **fault) -> None:
        self.ask("POST", "/sim/faults", fault)

    def clear_faults(self) -> None:
        self.ask("DELETE", "/sim/faults")

    def pushes(self, device: str) -> "Pushes":
        """The phone is online while this stream is open."""
        return Pushes(self, device)


class Pushes:
    """What a phone receives from its cloud, in order. A context; next() waits."""

    def __init__(self, apple: Apple, device: str):
        host, port = apple.address("device")
        self._connection = http.client.HTTPSConnection(host, port, context=apple.tls(), timeout=60)
        self._connection.request("GET", f"/sim/devices/{quote(device)}/pushes")
        self._response = self._connection.getresponse()
        assert self._response.status == 200, self._response.status
        self._lines: queue.Queue = queue.Queue()
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        try:
            while line := self._response.readline():
                if line.strip():
                    self._lines.put(json.loads(line))
        except (OSError, ValueError, AttributeError):
            pass

    def next(self, timeout: float = 10.0) -> dict:
        try:
            return self._lines.get(timeout=timeout)
        except queue.Empty:
            raise AssertionError(f"no push within {timeout} s") from None

    def none_waiting(self) -> bool:
        return self._lines.empty()

    def close(self) -> None:
        if self._connection.sock is not None:
            self._connection.sock.shutdown(2)
        self._connection.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


class Cluster:
    """Apple's cloud, the push service and the server (call control and IM), each a process; the server reaches the push service over TLS with OAuth."""

    def __init__(self, folder: Path, environment: str = "sandbox", server_settings: dict | None = None, push_settings: dict | None = None):
        self.apple = Apple(folder)
        self.push = Server(folder, {"roles": ["push", "admin"], **(push_settings or {})}, name="push")
        self.server = Server(folder, {"roles": ["call-control", "im", "admin"], **(server_settings or {})})
        self.environment = environment

    def start(self):
        self.apple.start()
        self.push.settings["push"] = {"apns": [self.apple.credential(environment=self.environment)]}
        self.push.start()
        client, secret = self.push.add_client("cluster")
        self.server.settings["push"] = {"via": "https://" + self.push.listeners["push"], "client_id": client, "client_secret_file": str(secret),
                                        "ca_file": self.push.ca}
        self.server.start()
        return self

    def handset(self, name: str, profile: str, account: str, password: str, more: list[str] | None = None, sip: str = ""):
        """A phone of that profile, not signed in yet. `sip`: where it is told to find call control, if elsewhere than at the listener."""
        from handset import Handset
        sip = sip or self.server.listeners["sip_tls" if profile != "desk" else "sip_udp"]
        arguments = ["--profile", profile, "--account", account, "--sip", sip, "--xmpp", self.server.listeners["xmpp_tls"],
                     "--ca", self.server.ca]
        if profile != "desk":
            arguments += ["--apple", self.apple.listeners["device"], "--apple-ca", self.apple.ca, "--team", self.apple.ready["team"],
                          "--environment", self.environment]
        return Handset(program("reveille-sim"), name, arguments + list(more or []), password)

    def stop(self) -> None:
        codes = {each.name: each.stop() for each in (self.server, self.push)}
        self.apple.stop()
        assert not any(codes.values()), f"exit codes {codes}:\n{self.server.log()}\n{self.push.log()}"

    def kill(self) -> None:
        for each in (self.server, self.push, self.apple):
            each.kill()


