"""tools/run_tests.py itself: its last line counts every test, and a skip that nobody foresaw is a failure."""
import subprocess
import sys

from reveille import ROOT

REPORT = """<?xml version="1.0"?><testsuites tests="3"><testsuite name="Group" tests="3">
<testcase name="Works" status="run" result="completed" classname="Group" />{more}</testsuite></testsuites>"""
SKIPPED = """<testcase name="Waits" status="run" result="skipped" classname="Group"><skipped message="../group_test.cpp:7&#x0A;{reason}" /></testcase>"""
DISABLED = """<testcase name="Rests" status="notrun" result="suppressed" classname="Group" />"""
BROKEN = """<testcase name="Breaks" status="run" classname="Group"><failure message="3 is not 4" type="" /></testcase>"""


def run(build, only: str) -> tuple[int, list[str]]:
    command = [sys.executable, str(ROOT / "tools/run_tests.py"), "--build", str(build), "--only", only]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=30)
    return ended.returncode, ended.stdout.splitlines()


def add_program(build, name: str, more: str, code: int = 0) -> None:
    """A test program that writes the report which GoogleTest would write."""
    (build / f"{name}.xml").write_text(REPORT.format(more=more))
    program = build / f"{name}_test"
    program.write_text(f"""#!/bin/sh
for word in "$@"; do case $word in --gtest_output=xml:*) cp {build}/{name}.xml "${{word#--gtest_output=xml:}}";; esac; done
exit {code}
""")
    program.chmod(0o755)


def test_all_passed(tmp_path):
    add_program(tmp_path, "base", "")
    add_program(tmp_path, "wire", "")
    code, lines = run(tmp_path, "base,wire")
    assert (code, lines[-1]) == (0, "2 passed, 0 failed")


def test_a_failure_is_counted(tmp_path):
    add_program(tmp_path, "base", BROKEN, code=1)
    code, lines = run(tmp_path, "base")
    assert (code, lines[-1]) == (1, "1 passed, 1 failed")


def test_what_may_be_skipped_is_listed(tmp_path):
    add_program(tmp_path, "wire", SKIPPED.format(reason="the messages of RFC 4475 are not here: nowhere"))
    code, lines = run(tmp_path, "wire")
    assert (code, lines[-1]) == (0, "1 passed, 0 failed")
    assert lines[-2] == "skipped: wire_test Group.Waits: the messages of RFC 4475 are not here: nowhere"


def test_any_other_skip_fails(tmp_path):
    for more, reason in ((SKIPPED.format(reason="too busy"), "Group.Waits: too busy"), (DISABLED, "Group.Rests: disabled")):
        add_program(tmp_path, "wire", more)
        code, lines = run(tmp_path, "wire")
        assert (code, lines[-1]) == (1, "1 passed, 1 failed")
        assert lines[-2] == f"skipped (counted as failed): wire_test {reason}"


def test_a_layer_without_a_program_fails(tmp_path):
    add_program(tmp_path, "base", "")
    code, lines = run(tmp_path, "base,wire")
    assert (code, lines[-1]) == (1, "1 passed, 1 failed")
    assert any(line.endswith("wire_test: not built") for line in lines)


def test_a_program_that_dies_fails(tmp_path):
    add_program(tmp_path, "base", "", code=139)
    code, lines = run(tmp_path, "base")
    assert (code, lines[-1]) == (1, "1 passed, 1 failed")
