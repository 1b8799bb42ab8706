#!/usr/bin/env python3
"""Runs every test program of a build and the integration tests, and ends in one line: N passed, N failed.

Unit tests are GoogleTest programs NAME_test in the build folder; integration tests are pytest files in tests/integration.
The same unit tests of other builds (with sanitizers) can be run as well, and are counted as well.
Exit status: 0 when at least one test ran and none failed.
"""
import argparse
import json
import os
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ElementTree
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
UNIT_TEST_SECONDS = 300


def run_unit(program: Path) -> tuple[int, int]:
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.json"
        command = [str(program), "--gtest_shuffle", "--gtest_brief=1", f"--gtest_output=json:{report}"]
        try:
            code = subprocess.run(command, cwd=ROOT, timeout=UNIT_TEST_SECONDS).returncode
        except subprocess.TimeoutExpired:
            print(f"{program.name}: no end after {UNIT_TEST_SECONDS} s")
            return 0, 1
        if not report.exists():
            print(f"{program.name}: ended with {code} and no report")
            return 0, 1
        counts = json.loads(report.read_text())
    failed = counts["failures"] + counts["errors"]
    skipped = sum("skipped" in test or test.get("result") == "SKIPPED" for suite in counts["testsuites"] for test in suite["testsuite"])
    passed = counts["tests"] - failed - skipped - counts.get("disabled", 0)
    if code != 0 and failed == 0:
        failed = 1
    print(f"{program.parent.name}/{program.name}: {passed} passed, {failed} failed in {counts['time']}")
    return passed, failed


def run_integration(build: Path) -> tuple[int, int]:
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.xml"
        environment = dict(os.environ, REVEILLE_BUILD=str(build.resolve()))
        command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--tb=short", "--durations=8", f"--junitxml={report}",
                   "tests/integration"]
        code = subprocess.run(command, cwd=ROOT, env=environment).returncode
        if not report.exists():
            return 0, 1
        suite = ElementTree.parse(report).getroot().find("testsuite")
    counts = {name: int(suite.get(name)) for name in ("tests", "failures", "errors", "skipped")}
    failed = counts["failures"] + counts["errors"]
    if code not in (0, 5) and failed == 0:
        failed = 1
    return counts["tests"] - failed - counts["skipped"], failed


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
    results = [run_unit(program) for program in programs if program.exists()]
    if not arguments.only and any((ROOT / "tests/integration").glob("test_*.py")):
        results.append(run_integration(arguments.build))

    passed = sum(result[0] for result in results)
    failed = sum(result[1] for result in results)
    print(f"{passed} passed, {failed} failed", flush=True)
    return 0 if failed == 0 and passed > 0 else 1


if __name__ == "__main__":
    sys.exit(main())
