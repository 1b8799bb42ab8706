"""linphone-daemon as a phone: a real client with RFC 8599 parameters. A killed one is a realistic suspended phone: binding alive, socket dead."""
import os
import queue
import subprocess
import threading
import wave
from pathlib import Path

CONFIGURATION = """[sip]
sip_port=-1
sip_tcp_port=-1
sip_tls_port=-1
default_proxy=0
media_encryption=none
root_ca={ca}
[net]
push_notification={notify}
[auth_info_0]
username={user}
passwd={password}
realm={domain}
[proxy_0]
reg_proxy=<sip:{registrar};transport={transport}>
reg_route=<sip:{registrar};transport={transport};lr>
reg_identity=sip:{user}@{domain}
reg_expires=600
reg_sendregister=1
publish=0
{allowed}[sound]
hold_music={sound}
[storage]
uri=null
call_logs_db_uri=null
friends_db_uri=null
[video]
capture=0
display=0
"""


def write_noise(path: Path) -> None:
    """A second of noise, which is no phone's tone. A machine without a sound card has nothing else to say."""
    with wave.open(str(path), "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(8000)
        state, samples = 1, bytearray()
        for _ in range(8000):
            state = (state * 1103515245 + 12345) % 2**31
            samples += ((state >> 15) % 8192 - 4096).to_bytes(2, "little", signed=True)
        sound.writeframes(bytes(samples))


class Linphone:
    """start() runs the program on a configuration; kill() is what the OS does to it; the next start() is the wake-up."""

    def __init__(self, folder: Path, *, user: str, password: str, domain: str, registrar: str, transport: str, ca: str, push: str):
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self.configuration = folder / "linphonerc"
        write_noise(folder / "noise.wav")
        self.configuration.write_text(CONFIGURATION.format(
            user=user, password=password, domain=domain, registrar=registrar, transport=transport, ca=ca, sound=folder / "noise.wav",
            notify=int(bool(push)), allowed=f"push_notification_allowed=1\npush_parameters={push};\n" if push else ""))
        self.process = None
        self.lines: queue.Queue[str] = queue.Queue()

    def start(self, *options: str) -> None:
        self.process = subprocess.Popen(
            ["linphone-daemon", "--config", str(self.configuration), *options], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL, text=True, bufsize=1, env=dict(os.environ, HOME=str(self.folder)))
        threading.Thread(target=self._read, args=(self.process.stdout,), daemon=True).start()

    def _read(self, stream) -> None:
        for line in stream:
            self.lines.put(line.rstrip())

    def ask(self, command: str) -> None:
        self.process.stdin.write(command + "\n")
        self.process.stdin.flush()

    def has_said(self, line: str) -> bool:
        """Since somebody read its lines last."""
        return line in list(self.lines.queue)

    def is_registered(self) -> bool:
        """Asks the program; its answer to the question before this one may be read too."""
        self.ask("register-status ALL")
        try:
            while True:
                if "LinphoneRegistrationOk" in self.lines.get(timeout=1):
                    return True
        except queue.Empty:
            return False

    def has_saved_its_instance(self) -> bool:
        """The program writes its file a while after it has made its instance id; killed before, it would come back as another phone."""
        return "uuid=" in self.configuration.read_text()

    def kill(self) -> None:
        if self.process and self.process.poll() is None:
            self.process.kill()
            self.process.wait()
