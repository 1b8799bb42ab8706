"""A disk that is full while the server serves, that fails, or is damaged: one clear sentence, and nothing lost."""
import resource
import subprocess
import uuid
from pathlib import Path

import pytest

from hostile import reason_of
from push_client import PushTenant, a_call, a_message
from reveille import Apple, NotReady, Server
from test_hostile_xmpp import Client as XmppClient
from test_operators_push import SipUser
from waiting import wait_until
from xmpp_client import XmppClient as ArchiveClient


class SmallDisk:
    """A file system of 24 MB of its own (which takes root), or a process whose files may not grow: write(2) fails in both."""

    def __init__(self, folder: Path, of_its_own: bool):
        self.folder = folder
        folder.mkdir()
        self.is_mounted = of_its_own and subprocess.run(["mount", "-t", "tmpfs", "-o", "size=24m", "tmpfs", folder], capture_output=True).returncode == 0

    def fill(self, server: Server) -> None:
        if not self.is_mounted:
            return self._limit(server, 1)
        with (self.folder / "ballast").open("wb", buffering=0) as ballast:
            for size in (1 << 20, 4096):
                try:
                    while True:
                        ballast.write(b"x" * size)
                except OSError:
                    pass

    def make_room(self, server: Server) -> None:
        if self.is_mounted:
            (self.folder / "ballast").unlink()
        else:
            self._limit(server, resource.RLIM_INFINITY)

    @staticmethod
    def _limit(server: Server, size: int) -> None:
        hard = resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE)[1]
        resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE, (size, hard))

    def end(self) -> None:
        if self.is_mounted:
            subprocess.run(["umount", "--lazy", self.folder], check=True)


@pytest.fixture(params=["full", "limited"])
def disk(request, tmp_path):
    small = SmallDisk(tmp_path / "disk", of_its_own=request.param == "full")
    yield small
    small.end()


class Phone(SipUser):
    def __init__(self, server: Server, user: str):
        super().__init__(server.address("sip_tcp"), user, "secret")
        self.instance = uuid.uuid4()

    def register(self) -> str:
        """The final answer to a REGISTER, after the challenge."""
        return self.ask("REGISTER", "sip:localhost", f"sip:{self.user}@localhost",
                        f'Contact: <{self.contact()}>;+sip.instance="<urn:uuid:{self.instance}>";expires=3600')


def message(client: XmppClient, *texts: str) -> str:
    """What the server says to them within the order of the stream: the stanzas before the pong."""
    client.say("".join(f"<message type='chat' id='{text[:10]}' to='romeo@localhost'><body>{text}</body></message>" for text in texts) +
               "<iq type='get' id='after' to='localhost'><ping xmlns='urn:xmpp:ping'/></iq>")
    return client.until("<iq [^>]*id=['\"]after['\"][^>]*(/>|>)")


def test_a_full_disk_refuses_what_it_cannot_keep_and_loses_nothing(tmp_path, disk):
    server = Server(tmp_path, {"roles": ["call-control", "im", "admin"], "data": str(disk.folder / "data")}).start()
    try:
        for user in ("romeo", "juliet"):
            server.add_user(f"{user}@localhost", "secret")
        known, newcomer = Phone(server, "romeo"), Phone(server, "juliet")
        assert known.register().startswith("SIP/2.0 200")
        juliet = XmppClient(server).sign_in()
        assert "error" not in message(juliet, "before")
        assert server.healthz()["reasons"] == [] or not reason_of(server, "disk")

        disk.fill(server)
        for _ in range(2):  # the second time too: what was refused is not there
            refused = newcomer.register()
            assert refused.startswith("SIP/2.0 500") and "Retry-After:" in refused, refused
        assert "The disk is full" in wait_until(lambda: reason_of(server, "disk"))
        assert server.healthz()["status"] == "degraded" and server.admin("/healthz")[0] == 200
        assert server.metrics()["reveille_degraded"] >= 1
        # A message is refused to its sender, who stays; what needs no disk goes on.
        assert "resource-constraint" in message(juliet, "meanwhile")
        assert known.register().startswith("SIP/2.0 200")
        added = server.run("user", "add", "nurse@localhost", "--password-stdin", check=False, input="angelica\n")
        assert added.returncode == 1 and "full" in added.stderr, added
        assert server.users() == ["juliet@localhost", "romeo@localhost"]

        disk.make_room(server)
        wait_until(lambda: not reason_of(server, "disk"))  # by itself: nobody has asked for anything
        assert newcomer.register().startswith("SIP/2.0 200")
        assert "error" not in message(juliet, "after")
        if disk.is_mounted:
            assert server.log().count("The disk is full") == 1 and "written again" in server.log()

        server.kill()
        server.start()
        assert server.users() == ["juliet@localhost", "romeo@localhost"]
        assert len(server.devices("romeo@localhost")) == 1 and len(server.devices("juliet@localhost")) == 1
        juliet = XmppClient(server).sign_in()
        juliet.say("<iq type='set' id='a'><query xmlns='urn:xmpp:mam:2'/></iq>")
        archive = juliet.until("<fin ")
        assert "before" in archive and "after" in archive and "meanwhile" not in archive
    finally:
        server.kill()


def test_a_first_start_on_a_full_disk_says_what_to_do(tmp_path, disk):
    server = Server(tmp_path, {"roles": ["im", "admin"], "data": str(disk.folder / "data")})
    if disk.is_mounted:
        disk.fill(server)
    else:  # no file may grow beyond its first page
        server.command = ["prlimit", "--fsize=4096", *server.command]
    with pytest.raises(NotReady) as refused:
        server.start()
    said = str(refused.value)
    assert f"The disk is full: {server.settings['data']}/server.db cannot be written. Make room; " in said and "must be started again." in said, said
    assert server.process.returncode == 1


def test_a_full_disk_of_the_push_service_loses_no_notification(tmp_path, disk):
    apple = Apple(tmp_path).start()
    push = Server(tmp_path, {"roles": ["push", "admin"], "data": str(disk.folder / "data"), "push": {"apns": [apple.credential(environment="sandbox")]}},
                  name="push").start()
    push.keep_ports()
    try:
        tenant, device = PushTenant(push, "tenant"), apple.new_device()
        status, accepted = tenant.notify(a_message(apple, device))
        assert status == 202, accepted

        disk.fill(push)
        for _ in range(3):
            key = str(uuid.uuid4())
            status, problem = tenant.notify(a_call(apple, device), key=key)
            assert status == 503 and problem["type"] == "urn:reveille:problem:storage", problem
            assert tenant.ask("GET", f"/v1/notifications/{key}")[0] == 404
        assert "The disk is full" in wait_until(lambda: reason_of(push, "push_disk"))
        assert tenant.ask("GET", "/v1/providers")[0] == 200

        disk.make_room(push)
        wait_until(lambda: not reason_of(push, "push_disk"))
        status, later = tenant.notify(a_call(apple, device), wait=5, key=key)
        assert status == 200 and later["state"] in ("accepted_by_provider", "acknowledged", "unconfirmed"), later
        push.kill()
        push.start()
        for each in (accepted, later):
            assert tenant.fate(each["id"])["state"] in ("accepted_by_provider", "acknowledged", "unconfirmed", "unknown"), each
        # What was refused reached nobody.
        assert len(apple.requests()) == 2
    finally:
        push.kill()
        apple.kill()


@pytest.fixture(scope="module")
def failing_sync(tmp_path_factory) -> Path:
    library = tmp_path_factory.mktemp("library") / "failing_sync.so"
    subprocess.run(["clang++-19", "-shared", "-fPIC", "-o", library, Path(__file__).parent / "failing_sync.cpp"], check=True)
    return library


def archived(server: Server) -> list[str]:
    juliet = ArchiveClient(server.address("xmpp_tls"), server.ca, "juliet")
    juliet.connect()
    return juliet.archive()


def test_a_database_that_cannot_be_synced_is_said_and_its_log_is_kept_for_the_next_start(tmp_path, monkeypatch, failing_sync):
    server = Server(tmp_path, {"roles": ["im", "admin"]})
    fails = tmp_path / "fails"
    log = server.data / "server.db-wal"
    try:
        with monkeypatch.context() as while_it_fails:
            for name, value in {"LD_PRELOAD": failing_sync, "FAILING_FILE": server.data / "server.db", "FAILING_WHILE": fails}.items():
                while_it_fails.setenv(name, str(value))
            server.start()
            for user in ("romeo", "juliet"):
                server.add_user(f"{user}@localhost", "secret")
            juliet = XmppClient(server).sign_in()
            fails.touch()
            sent = []
            while not reason_of(server, "disk"):
                some = [f"{len(sent) + number:010}" * 4000 for number in range(20)]
                assert "error" not in message(juliet, *some)
                sent += some
                assert len(sent) < 2000, "a log of 80 MB, and its copy was not seen to fail"
            fails.unlink()  # Linux says it once, too
            sent.append("last")
            assert "error" not in message(juliet, "last")  # it goes on
            assert "server.db could not be written to the disk" in reason_of(server, "disk")
            assert server.healthz()["status"] == "degraded" and server.admin("/healthz")[0] == 200
            length = log.stat().st_size
            assert server.stop() == 0
            assert log.stat().st_size >= length
        server.start()
        assert not reason_of(server, "disk")
        assert [each[:10] for each in archived(server)] == [each[:10] for each in sent]
    finally:
        server.kill()


def test_a_damaged_page_of_the_database_is_said_at_the_start_and_left_alone(tmp_path):
    server = Server(tmp_path, {"roles": ["call-control", "admin"]}).start()
    try:
        for number in range(40):
            server.add_user(f"user{number}@localhost", "secret")
        server.stop()
        database = server.data / "server.db"
        whole = database.read_bytes()
        broken = whole[:4096] + b"\xa5" * (len(whole) - 4096)
        database.write_bytes(broken)
        for each in server.data.glob("server.db-*"):
            each.unlink()
        with pytest.raises(NotReady) as refused:
            server.start()
        assert server.process.returncode == 1
        said = str(refused.value)
        assert "server.db" in said and "backup" in said, said
        assert database.read_bytes() == broken
    finally:
        server.kill()
