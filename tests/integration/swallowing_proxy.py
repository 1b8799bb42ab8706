"""A TCP proxy whose connections can die as a cut cable lets them die: bytes go nowhere, and neither FIN nor RST tells."""
import socket
import threading


class SwallowingProxy:
    def __init__(self, target: tuple[str, int]):
        self.target = target
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.address = "{}:{}".format(*self.listener.getsockname())
        self._dead = threading.Event()  # of the connections made until now
        self._sockets: list[socket.socket] = []
        threading.Thread(target=self._accept, daemon=True).start()

    def cut(self) -> int:
        """Every connection of now swallows from here on; later ones work. How many that are."""
        self._dead.set()
        self._dead = threading.Event()
        cut, self._sockets = len(self._sockets) // 2, []
        return cut

    def close(self) -> None:
        self.listener.close()

    def _accept(self) -> None:
        while True:
            try:
                near = self.listener.accept()[0]
                far = socket.create_connection(self.target)
            except OSError:
                return
            self._sockets += [near, far]
            for one, other in ((near, far), (far, near)):
                threading.Thread(target=self._pass_on, args=(one, other, self._dead), daemon=True).start()

    @staticmethod
    def _pass_on(one: socket.socket, other: socket.socket, dead: threading.Event) -> None:
        try:
            while data := one.recv(65536):
                if not dead.is_set():
                    other.sendall(data)
            if not dead.is_set():
                other.shutdown(socket.SHUT_WR)
        except OSError:
            pass
