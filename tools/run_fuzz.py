#!/usr/bin/env python3
"""Runs every fuzz target of a build for a number of seconds on its kept corpus (tests/fuzz/corpus/TARGET). Exits 1 at the first finding."""
import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", type=Path, required=True)
    parser.add_argument("--seconds", type=int, default=20)
    arguments = parser.parse_args()
    targets = sorted(path for path in (arguments.build / "tests/fuzz").glob("fuzz_*") if path.is_file() and path.stat().st_mode & 0o100)
    failed = 0
    for target in targets:
        corpus = ROOT / "tests/fuzz/corpus" / target.name.removeprefix("fuzz_")
        with tempfile.TemporaryDirectory() as grown:
            command = [str(target.resolve()), f"-max_total_time={arguments.seconds}", "-max_len=70000", "-timeout=5", "-print_final_stats=1",
                       "-rss_limit_mb=2048", grown]
            if corpus.is_dir():
                command.append(str(corpus))
            result = subprocess.run(command, capture_output=True, text=True, cwd=grown)
        units = next((line.split()[-1] for line in result.stderr.split("\n") if "number_of_executed_units" in line), "0")
        print(f"{target.name}: {'ok' if result.returncode == 0 else 'FAILED'}, {units} inputs", flush=True)
        if result.returncode != 0:
            print(result.stderr[-3000:])
            failed += 1
    print(f"{len(targets) - failed} passed, {failed} failed")
    return 1 if failed or not targets else 0


if __name__ == "__main__":
    sys.exit(main())
