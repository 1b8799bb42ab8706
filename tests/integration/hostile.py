"""What the tests of bad input share: a server under watch (memory, files, and an honest client's waiting time), and raw peers."""
import os
import select
import socket
import ssl
import threading
import time
from pathlib import Path

from reveille import Server
from waiting import wait_until

MEGABYTE = 1 << 20
# Limits that a test can wait for; the defaults are in docs/reference/limits.md.
SHORT_LIMITS = {"handshake_within": "2s", "request_within": "2s", "stalled_after": "2s"}


def resident(pid: int) -> int:
    """Bytes of memory that the process holds (VmRSS)."""
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


def open_files(pid: int) -> int:
    return len(os.listdir(f"/proc/{pid}/fd"))


def reason_of(server: Server, part: str) -> str:
    return next((each["reason"] for each in server.healthz()["reasons"] if each["part"] == part), "")


class Watch:
    """While it is open, an honest client is served again and again; afterwards: nothing died, grew beyond `most_growth`, or stayed open.

    `probe()` is one honest exchange, or raises; `slowest` is how long one may take. One exchange comes before, so that what the first
    use of a server makes is not counted as growth.
    """

    def __init__(self, server: Server, probe, most_growth: int, slowest: float = 1.0):
        self.server, self.probe, self.most_growth, self.slowest = server, probe, most_growth, slowest
        self.waits: list[float] = []
        self.peak = 0
        self.trouble = ""
        self._over = threading.Event()

    def __enter__(self):
        for _ in range(3):
            self.probe()
        self.pid = self.server.process.pid
        self.memory, self.files = resident(self.pid), open_files(self.pid)
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()
        return self

    def _serve(self) -> None:
        while not self._over.is_set() and not self.trouble:
            began = time.monotonic()
            try:
                self.probe()
                self.peak = max(self.peak, resident(self.pid))
            except Exception as error:  # whatever it is, the test must hear of it
                self.trouble = f"after {time.monotonic() - began:.2f} s: {error!r}"
            self.waits.append(time.monotonic() - began)
            self._over.wait(0.02)

    def __exit__(self, kind, *_):
        self._over.set()
        self._thread.join(30)
        if kind is not None:
            return
        grown = max(self.peak, resident(self.pid)) - self.memory
        print(f"[{self.server.name}] honest exchanges {len(self.waits)}, slowest {max(self.waits):.3f} s; "
              f"memory +{grown / MEGABYTE:.1f} MB of {self.most_growth / MEGABYTE:.0f} MB")
        assert self.server.process.poll() is None, self.server.log()[-4000:]
        assert not self.trouble, f"the honest client was not served: {self.trouble}"
        assert max(self.waits) <= self.slowest, f"an honest client waited {max(self.waits):.2f} s"
        assert grown <= self.most_growth, f"memory grew by {grown / MEGABYTE:.1f} MB"
        self.files_come_back(slack=2)

    def files_come_back(self, within: float = 10.0, slack: int = 4) -> None:
        """No more are open than before, but for those of the honest client."""
        wait_until(lambda: open_files(self.pid) <= self.files + slack, within, otherwise=f"more files are open than the {self.files} before")


def connect(address: tuple[str, int], timeout: float = 10.0, source: str = "127.0.0.1") -> socket.socket:
    """A TCP connection; every address of 127.0.0.0/8 is this machine."""
    return socket.create_connection(address, timeout, (source, 0))


def connect_tls(server: Server, listener: str, timeout: float = 10.0, alpn: list[str] | None = None, source: str = "127.0.0.1"):
    raw = connect(server.address(listener), timeout, source)
    return server.tls(alpn).wrap_socket(raw, server_hostname="localhost")


def half_a_handshake(server: Server) -> bytes:
    """The first half of a ClientHello."""
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    client = server.tls().wrap_bio(incoming, outgoing, server_hostname="localhost")
    try:
        client.do_handshake()
    except ssl.SSLWantReadError:
        pass
    hello = outgoing.read()
    return hello[:len(hello) // 2]


def read_to_end(peer: socket.socket, most: int = 1 << 20) -> bytes:
    """All that comes until the other side closes; TimeoutError when it does not."""
    heard = b""
    while len(heard) < most:
        try:
            piece = peer.recv(65536)
        except (ConnectionError, ssl.SSLError):
            return heard
        if not piece:
            return heard
        heard += piece
    return heard


def time_to_end(peer: socket.socket) -> float:
    """How long until the other side closes."""
    began = time.monotonic()
    read_to_end(peer)
    return time.monotonic() - began


def send_until_told(peer: socket.socket, said: bytes, word: bytes, piece: int = 8192) -> bytes:
    """Sends all of it, or as much as there is time for until the other side has said `word`; then all that it says until it closes."""
    heard = b""
    for at in range(0, len(said), piece):
        if select.select([peer], [], [], 0)[0]:
            heard += peer.recv(65536)
        if word in heard:
            break
        try:
            peer.sendall(said[at:at + piece])
        except (ConnectionError, ssl.SSLError):
            break  # closed: what it said before stands to be read
    return heard + read_to_end(peer)


def send_until_refused(peer: socket.socket, piece: bytes, most: int = 64 * MEGABYTE) -> int:
    """Sends the piece again and again until the other side has closed; how much it took."""
    sent = 0
    try:
        while sent < most:
            sent += peer.send(piece)
    except (ConnectionError, ssl.SSLError, BrokenPipeError):
        return sent
    raise AssertionError(f"{sent} bytes were taken without an end")


def stuff(peer: socket.socket, piece: bytes, most: int, patience: float = 0.5) -> int:
    """Sends without reading until the other side takes no more for `patience` seconds; how much it took."""
    peer.settimeout(patience)
    sent = 0
    try:
        while sent < most:
            sent += peer.send(piece)
    except (TimeoutError, ssl.SSLWantWriteError):
        pass
    except (ConnectionError, ssl.SSLError):
        pass
    return sent
