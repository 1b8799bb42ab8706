"""A tenant of the push service (interfaces, section 3): OAuth, notifications, devices, receipts."""
import base64
import http.client
import json
import threading
import uuid
from datetime import datetime, timedelta, timezone
from pathlib import Path

from reveille import Apple, Server
from waiting import wait_until

ENDS = {"acknowledged", "unconfirmed", "expired", "refused", "unknown", "taken_back"}
TOPIC = "org.example.phone"


def in_seconds(seconds: float) -> str:
    """RFC 3339, that far from now."""
    return (datetime.now(timezone.utc) + timedelta(seconds=seconds)).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def target(apple: Apple, device: dict, channel: str = "voip", **more) -> dict:
    suffix = ".voip" if channel == "voip" else ""
    return {"provider": "apns", "token": device["tokens"][channel], "topic": TOPIC + suffix, "team": apple.ready["team"], "environment": "sandbox",
            **more}


def a_call(apple: Apple, device: dict, seconds: float = 13, **more) -> dict:
    return {"target": target(apple, device), "class": "call", "expires_at": in_seconds(seconds),
            "payload": {"v": 1, "type": "call", "from": {"name": "Romeo"}}, **more}


def a_message(apple: Apple, device: dict, seconds: float = 60, **more) -> dict:
    return {"target": target(apple, device, "message"), "class": "message", "expires_at": in_seconds(seconds),
            "alert": {"title": "Romeo", "body": "Art thou not sleepy?"}, "payload": {"v": 1, "type": "message"}, **more}


class PushTenant:
    """Asks over TLS, with one connection a thread, made anew when the service has ended meanwhile, and one token."""

    def __init__(self, push: Server, name: str):
        self.push = push
        self.client_id, secret = push.add_client(name)
        self.secret = Path(secret).read_text().strip()
        self.token = ""
        self._here = threading.local()

    def basic(self) -> dict:
        pair = f"{self.client_id}:{self.secret}".encode()
        return {"Authorization": "Basic " + base64.b64encode(pair).decode()}

    def ask_for_token(self, body: str, headers: dict | None = None):
        return self.push.https("push", "POST", "/oauth2/token", body, {"Content-Type": "application/x-www-form-urlencoded", **(headers or {})})

    def sign_in(self) -> None:
        status, _, answer = self.ask_for_token("grant_type=client_credentials", self.basic())
        assert status == 200, answer
        self.token = answer["access_token"]

    def ask(self, method: str, path: str, body=None, headers: dict | None = None) -> tuple[int, dict]:
        """(status, JSON or {}). Raises OSError or HTTPException where the service is away."""
        if not self.token:
            self.sign_in()
        text = body if body is None or isinstance(body, str) else json.dumps(body)
        try:
            return self._exchange(method, path, text, headers or {})
        except (OSError, http.client.HTTPException):
            if not self._here.was_used:
                raise
            # Kept alive too long: the service has ended meanwhile.
            return self._exchange(method, path, text, headers or {})

    def _exchange(self, method: str, path: str, text: str | None, headers: dict) -> tuple[int, dict]:
        connection = getattr(self._here, "connection", None)
        self._here.was_used = connection is not None
        if connection is None:
            host, port = self.push.address("push")
            connection = http.client.HTTPSConnection(host, port, context=self.push.tls(), timeout=30)
        self._here.connection = None
        try:
            connection.request(method, path, text, {"Authorization": "Bearer " + self.token, **headers})
            response = connection.getresponse()
            content = response.read()
        except (OSError, http.client.HTTPException):
            connection.close()
            raise
        self._here.connection = connection
        return response.status, json.loads(content) if content else {}

    def notify(self, body, wait: int | None = None, key: str = "") -> tuple[int, dict]:
        headers = {"Idempotency-Key": key or str(uuid.uuid4())}
        if wait is not None:
            headers["Prefer"] = f"wait={wait}"
        return self.ask("POST", "/v1/notifications", body, headers)

    def fate(self, identifier: str) -> dict:
        status, view = self.ask("GET", f"/v1/notifications/{identifier}")
        assert status == 200, view
        return view

    def fate_when(self, identifier: str, states: set[str], timeout: float = 20) -> dict:
        """What became of it, once it is in one of these states."""
        def view_at_its_end():
            view = self.fate(identifier)
            return view if view["state"] in states else None

        return wait_until(view_at_its_end, timeout, otherwise=f"{identifier} is in none of {states}")


def push_service(folder: Path, apple: Apple, **credential) -> Server:
    """A push service alone, on ports that it keeps over restarts."""
    settings = {"roles": ["push", "admin"], "push": {"apns": [apple.credential(environment="sandbox", **credential)]}}
    running = Server(folder, settings, name="push").start()
    running.keep_ports()
    return running
