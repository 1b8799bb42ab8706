"""The demo is the delivery table over the wire: each of its cells and scenarios must hold, and its report has the form that interfaces promise."""
import json
import shlex
import signal
import subprocess
import sys

from reveille import ROOT, build_folder

MODES = ("foreground", "off_screen", "locked", "screen_off", "killed")
EVENTS = ("voice", "video", "message", "presence")
SCENARIOS = ("caller-gives-up", "nobody-answers", "answered-elsewhere", "late-phone")


def test_every_cell_and_scenario_holds(tmp_path):
    report = tmp_path / "report.json"
    done = subprocess.run([sys.executable, ROOT / "tools" / "demo.py", "--build", build_folder(), "--once", "--report", report],
                          capture_output=True, text=True, timeout=280)
    assert report.exists(), done.stdout + done.stderr
    told = json.loads(report.read_text())
    failed = [f"{cell['id']}: {cell['why']}" for cell in told["cells"] if not cell["ok"]]
    assert not failed, "\n".join(failed)
    assert done.returncode == 0
    ids = {cell["id"] for cell in told["cells"]}
    assert ids == {f"jabber-ios-18/{mode}/{event}" for mode in MODES for event in EVENTS} | {f"scenario/{name}" for name in SCENARIOS}
    assert told["passed"] == len(ids) and told["failed"] == 0
    assert all(step["ms"] >= 0 for cell in told["cells"] for step in cell["milestones"])


class Stage:
    """The demo without --once, as one sees it in a terminal."""

    def __init__(self, data):
        command = [sys.executable, ROOT / "tools" / "demo.py", "--build", build_folder(), "--only", "foreground/message", "--data", data]
        # A shell's job in the background ignores SIGINT, and so would what it starts; in a terminal nothing does.
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT,
                                        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL))

    def says(self, end: str) -> list[str]:
        """Its lines up to the one that holds `end`."""
        lines = []
        for line in self.process.stdout:
            lines.append(line.strip())
            if end in line:
                return lines
        raise AssertionError(f"the demo ended without '{end}':\n" + "\n".join(lines))

    def ends(self, number: signal.Signals) -> int:
        self.process.send_signal(number)
        try:
            self.process.communicate(timeout=30)
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise AssertionError(f"the demo did not end within 30 s of {number.name}") from None
        return self.process.returncode

    def __enter__(self) -> "Stage":
        return self

    def __exit__(self, *_) -> None:
        if self.process.poll() is None:
            self.ends(signal.SIGTERM)


def test_it_stays_up_to_play_with_and_starts_again_on_the_same_data(tmp_path):
    for number, status in ((signal.SIGINT, 0), (signal.SIGTERM, 143)):
        with Stage(tmp_path / "data") as stage:
            lines = stage.says("as visitor@localhost")
            assert "1 passed, 0 failed" in " ".join(lines)
            for word in ("devices", "trace"):
                [command, *_] = [line for line in lines if f"reveille {word} " in line]
                told = subprocess.run(shlex.split(command), capture_output=True, text=True, timeout=20, cwd=ROOT)
                assert told.returncode == 0 and told.stdout.strip(), told.stderr
            assert stage.ends(number) == status
        assert subprocess.run(["pgrep", "-f", str(tmp_path)], capture_output=True).returncode == 1, "a process stayed behind"
