"""The demo is the delivery table over the wire: each of its cells and scenarios must hold, and its report has the form that interfaces promise."""
import json
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
