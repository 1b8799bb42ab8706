#!/usr/bin/env python3
"""Runs every test program of a build and the integration tests, and ends in one line: N passed, N failed.

Unit tests are GoogleTest programs NAME_test in the build folder; integration tests are pytest files in tests/integration.
The same unit tests of other builds (with sanitizers) can be run as well, and are counted as well.
Tests that were skipped are listed before that line. A skip counts as failed unless its reason is one of MAY_BE_SKIPPED.
Exit status: 0 when at least one test ran and none failed.
"""
import argparse
import os
import subprocess
import sys
import tempfile
import time
import xml.etree.ElementTree as ElementTree
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
UNIT_TEST_SECONDS = 300
MAY_BE_SKIPPED = ("the messages of RFC 4475 are not here", "the sanitizer ", "this machine has no IPv6")


@dataclass
class Outcome:
    passed: int = 0
    failed: int = 0
    skipped: list[str] = field(default_factory=list)  # each with its reason

    def __add__(self, other: "Outcome") -> "Outcome":
        return Outcome(self.passed + other.passed, self.failed + other.failed, self.skipped + other.skipped)


def reason_of(skip: ElementTree.Element) -> str:
    """GoogleTest writes the place, then the reason; pytest's message is the reason."""
    message = skip.get("message", "")
    return message if skip.get("type") else message.partition("\n")[2] or message


def read_report(report: Path, program: str) -> Outcome:
    """A report as JUnit writes it, which both GoogleTest and pytest can."""
    outcome = Outcome()
    for case in ElementTree.parse(report).getroot().iter("testcase"):
        skip = case.find("skipped")
        if case.find("failure") is not None or case.find("error") is not None:
            outcome.failed += 1
        elif skip is None and case.get("status") != "notrun":
            outcome.passed += 1
        else:
            reason = "disabled" if skip is None else " ".join(reason_of(skip).split())
            allowed = reason.startswith(MAY_BE_SKIPPED)
            outcome.failed += not allowed
            outcome.skipped.append(f"skipped{'' if allowed else ' (counted as failed)'}: {program} {case.get('classname')}.{case.get('name')}: {reason}")
    return outcome


def run_unit(program: Path) -> Outcome:
    if not program.exists():
        print(f"{program}: not built")
        return Outcome(failed=1)
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.xml"
        command = [str(program), "--gtest_shuffle", "--gtest_brief=1", f"--gtest_output=xml:{report}"]
        try:
            code = subprocess.run(command, cwd=ROOT, timeout=UNIT_TEST_SECONDS).returncode
        except subprocess.TimeoutExpired:
            print(f"{program.name}: no end after {UNIT_TEST_SECONDS} s")
            return Outcome(failed=1)
        if not report.exists():
            print(f"{program.name}: ended with {code} and no report")
            return Outcome(failed=1)
        outcome = read_report(report, program.name)
    if code != 0 and outcome.failed == 0:
        outcome.failed = 1
    print(f"{program.parent.name}/{program.name}: {outcome.passed} passed, {outcome.failed} failed in {time.monotonic() - began:.1f} s")
    return outcome


def run_integration(build: Path) -> Outcome:
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.xml"
        environment = dict(os.environ, REVEILLE_BUILD=str(build.resolve()))
        command = [sys.executable, "-m", "pytest", "-q", "-rs", "-p", "no:cacheprovider", "--continue-on-collection-errors", "--tb=short",
                   "--durations=8", f"--junitxml={report}", "tests/integration"]
        code = subprocess.run(command, cwd=ROOT, env=environment).returncode
        if not report.exists():
            return Outcome(failed=1)
        outcome = read_report(report, "pytest")
    if code not in (0, 5) and outcome.failed == 0:
        outcome.failed = 1
    return outcome


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", type=Path, required=True)
    parser.add_argument("--only", help="unit tests of these layers only, no integration tests")
    parser.add_argument("--also", type=Path, action="append", default=[], metavar="BUILD", help="every unit test of that build too")
    arguments = parser.parse_args()

    if arguments.only:
        programs = [arguments.build / f"{name}_test" for name in arguments.only.split(",")]
    else:
        programs = sorted(program for build in [arguments.build, *arguments.also] for program in build.glob("*_test"))
    outcome = sum((run_unit(program) for program in programs), Outcome())
    if not arguments.only and any((ROOT / "tests/integration").glob("test_*.py")):
        outcome += run_integration(arguments.build)

    for line in outcome.skipped:
        print(line)
    print(f"{outcome.passed} passed, {outcome.failed} failed", flush=True)
    return 0 if outcome.failed == 0 and outcome.passed > 0 else 1


if __name__ == "__main__":
    sys.exit(main())
