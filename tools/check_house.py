#!/usr/bin/env python3
"""House rules that a machine can check: sizes, banned words, sleeps in tests, log formats, bool parameters,
metrics that the reference leaves out."""
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FILE_FAIL, FUNCTION_FAIL, MACHINE_FAIL, INCLUDES_FAIL = 600, 60, 120, 15
PURE = ("src/base", "src/wire", "src/model", "src/decide")
# A pure machine that reads in its RFC's order may be longer than other functions.
MACHINE = re.compile(r"^(on|resume|on_[a-z_]+)$")
SOURCES = ("src/", "sim/", "tests/", "tools/play/")

BANNED = [
    (re.compile(r"\b\w*(Manager|Helper|Util|Utils)\b"), "Manager, Helper and Util name nothing; use the noun or the verb"),
    (re.compile(r"\b(TODO|XXX|HACK)\b"), "unfinished work is `FIXME: <step of the standard>` and nothing else"),
    (re.compile(r"^\s*#\s*if 0"), "dead code"),
    (re.compile(r"spdlog::(trace|debug|info|warn|error|critical)\(\s*[^\"\s]"), "a log message is a literal, its data are fields"),
    (re.compile(r"\bcatch\s*\(\.\.\.\)\s*\{\s*\}"), "an exception is swallowed"),
]
IN_TESTS = [(re.compile(r"sleep_for|usleep\(|this_thread::sleep|\btime\.sleep\(|from time import.*sleep"), "a test waits for an event, it does not sleep")]
# A time given to wait() is a sleep unless what is waited for can happen: the end of a process, a stop (`over`), a change.
IN_PYTHON_TESTS = [(re.compile(r"(?<!process)(?<!over)(?<!changed)\.wait\([^)]|select\(\[\], \[\], \[\], |sched_yield"),
                    "a test waits for an event: wait_until of tests/integration/waiting.py; pass_time, with its reason, where time is the matter")]
WAITING = "tests/integration/waiting.py"  # the one place where they do wait
IN_HEADERS = [(re.compile(r"[(,]\s*bool\s+\w+\s*[,)=]"), "a bool parameter says nothing at the call; use a two-value enum")]


def tracked() -> list[Path]:
    names = subprocess.run(["git", "ls-files", "--cached", "--others", "--exclude-standard"], cwd=ROOT, capture_output=True, text=True, check=True)
    return [ROOT / name for name in names.stdout.split("\n") if name and (ROOT / name).exists()]


def functions_of(paths: list[Path]) -> list[tuple[Path, str, int, int]]:
    listing = subprocess.run(
        ["ctags", "-L", "-", "--fields=+ne", "--kinds-C++=f", "-o", "-"], input="\n".join(map(str, paths)), capture_output=True, text=True)
    found = []
    for row in listing.stdout.split("\n"):
        fields = row.split("\t")
        places = dict(field.split(":", 1) for field in fields[3:] if ":" in field)
        if "line" in places and "end" in places:
            found.append((Path(fields[1]), fields[0], int(places["line"]), int(places["end"])))
    return found


def check_text(path: Path) -> list[str]:
    place = path.relative_to(ROOT).as_posix()
    lines = path.read_text(errors="replace").splitlines()
    faults = []
    if len(lines) > FILE_FAIL and "generated" not in "".join(lines[:3]):
        faults.append(f"{place}:1: {len(lines)} lines; a file has at most {FILE_FAIL}")
    is_test = place.startswith(("tests/", "tools/play/")) or re.search(r"_test\.\w+$", place)
    is_nap_banned = is_test and path.suffix == ".py" and place != WAITING
    rules = BANNED + (IN_TESTS if is_test else []) + (IN_PYTHON_TESTS if is_nap_banned else []) + (IN_HEADERS if path.suffix == ".hpp" else [])
    includes = 0
    for number, line in enumerate(lines, 1):
        includes += line.startswith("#include")
        for pattern, why in rules:
            if pattern.search(line) and "check_house" not in line:
                faults.append(f"{place}:{number}: {why}")
    if path.suffix == ".cpp" and includes > INCLUDES_FAIL:
        faults.append(f"{place}:1: {includes} includes; a source has at most {INCLUDES_FAIL}")
    if path.suffix == ".hpp" and lines and not lines[0].startswith("//"):
        faults.append(f"{place}:1: a header opens with its promise")
    return faults


def check_metrics(paths: list[Path]) -> list[str]:
    """Every name of a metric in the code stands in docs/reference/metrics.md."""
    documented = (ROOT / "docs/reference/metrics.md").read_text()
    faults = []
    for path in paths:
        place = path.relative_to(ROOT).as_posix()
        if not place.startswith("src/") or place.endswith("_test.cpp"):
            continue
        for number, line in enumerate(path.read_text(errors="replace").splitlines(), 1):
            faults += [f"{place}:{number}: {name} is not in docs/reference/metrics.md"
                       for name in re.findall(r'"((?:reveille|process)_[a-z0-9_]+)"', line) if not re.search(rf"`{name}[`{{]", documented)]
    return faults


def main() -> int:
    paths = [path for path in tracked()
             if path.suffix in (".cpp", ".hpp", ".py", ".ts") and path.relative_to(ROOT).as_posix().startswith(SOURCES)]
    faults = [fault for path in paths for fault in check_text(path)] + check_metrics(paths)
    for path, name, first, last in functions_of([path for path in paths if path.suffix in (".cpp", ".hpp")]):
        place = path.relative_to(ROOT).as_posix()
        pure = place.startswith(PURE) and MACHINE.match(name)
        limit = MACHINE_FAIL if pure else FUNCTION_FAIL
        if last - first + 1 > limit and not name.startswith("TEST"):
            faults.append(f"{place}:{first}: {name} has {last - first + 1} lines; at most {limit}")
    for fault in faults:
        print(fault)
    print(f"house: {len(paths)} files, {len(faults)} faults")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
