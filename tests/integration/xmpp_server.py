"""A server of one's own for a test: started on free ports, with users, stopped and started again on the same data."""
import json
import os
import subprocess
from pathlib import Path

BUILD = Path(os.environ.get("REVEILLE_BUILD", "build/release"))
CONFIG = """
roles = ["im"]
[listen]
xmpp = "127.0.0.1:0"
xmpp_tls = "127.0.0.1:0"
push = "127.0.0.1:0"
"""


class Server:
    def __init__(self, data: Path, users: list[str]):
        self.data = data
        self.users = users
        self.config = data / "reveille.toml"
        self.config.write_text(CONFIG)

    def __enter__(self):
        self.start()
        for user in self.users:
            subprocess.run([str(BUILD / "reveille"), "user", "add", f"{user}@localhost", "--password-stdin", "--data", str(self.data / "store")],
                           input="secret\n", text=True, check=True, capture_output=True)
        return self

    def __exit__(self, *_):
        self.stop()

    def start(self):
        self.process = subprocess.Popen([str(BUILD / "reveille"), "serve", "--config", str(self.config), "--data", str(self.data / "store")],
                                        stdout=subprocess.PIPE, text=True)
        ready = json.loads(self.process.stdout.readline())
        self.ca = ready["ca"]
        self.host, port = ready["listeners"]["xmpp"].rsplit(":", 1)
        self.port = int(port)

    def stop(self):
        self.process.terminate()
        assert self.process.wait(10) == 0

    def kill(self):
        self.process.kill()
        self.process.wait()

    def restart(self):
        self.stop()
        self.start()
