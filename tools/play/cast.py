"""The cast of the demo: the server, the push service, Apple's simulated cloud, and phones, each a process of its own."""
import shutil
import tempfile
import threading
from pathlib import Path

from handset import Handset
from reveille import Cluster

PASSWORD = "a-password-for-the-demo"
DOMAIN = "localhost"


class Cast:
    """Use with `with`: everything starts on entry and has ended on exit."""

    def __init__(self, data: Path | None):
        self.keep = data is not None
        self.folder = data or Path(tempfile.mkdtemp(prefix="reveille-demo-"))
        self.cluster: Cluster | None = None
        self.handsets: list[Handset] = []
        self.password = PASSWORD
        self.addresses: list[str] = []
        self._lock = threading.Lock()

    def __enter__(self) -> "Cast":
        self.cluster = Cluster(self.folder)
        try:
            self.cluster.start()
            self.visitor = self.add_user("visitor")
        except BaseException:
            self.cluster.kill()
            raise
        self.addresses.clear()
        return self

    def __exit__(self, *_) -> None:
        for handset in self.handsets:
            handset.stop()
        if self.cluster:
            self.cluster.stop()
        if not self.keep:
            shutil.rmtree(self.folder, ignore_errors=True)

    def add_user(self, user: str) -> str:
        address = f"{user}@{DOMAIN}"
        self.cluster.server.add_user(address, PASSWORD)
        with self._lock:
            self.addresses.append(address)
        return address

    def phone(self, name: str, account: str, *more: str, os_version: str = "18.0") -> Handset:
        return self._add(name, account, "jabber-ios", "--os", os_version, *more)

    def desk(self, name: str, account: str, *more: str) -> Handset:
        return self._add(name, account, "desk", *more)

    def _add(self, name: str, account: str, profile: str, *more: str) -> Handset:
        handset = self.cluster.handset(name, profile=profile, account=account, password=PASSWORD, more=list(more))
        with self._lock:
            self.handsets.append(handset)
        return handset

    def wait(self) -> None:
        """Until the server ends: it does not, unless it is told to."""
        self.cluster.server.process.wait()
