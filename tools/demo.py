#!/usr/bin/env python3
"""./dev demo: the whole picture on this machine, each part a process of its own, and what the delivery table says of one iPhone played on it, with measured
times.

Without --once everything stays up afterwards, to play with. Exit status: 0 when every cell and scenario held.
"""
import argparse
import json
import os
import signal
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT / "tests" / "integration"), str(ROOT / "tools")]

from play import cells, scenarios, screen  # noqa: E402
from play.cast import Cast  # noqa: E402
from reveille import NotReady  # noqa: E402


def main() -> int:
    parser = argparse.ArgumentParser(prog="./dev demo", description=__doc__)
    parser.add_argument("--build", type=Path, required=True, help=argparse.SUPPRESS)
    parser.add_argument("--once", action="store_true", help="play and stop; do not stay up")
    parser.add_argument("--report", type=Path, help="write the result as JSON to this file")
    parser.add_argument("--only", default="", help="only the cells and scenarios whose id contains this text")
    parser.add_argument("--data", type=Path, help="where the servers keep their data (default: a folder that is removed at the end)")
    arguments = parser.parse_args()

    os.environ["REVEILLE_BUILD"] = str(arguments.build.resolve())
    began = time.monotonic()
    screen.opening()
    # Told to end, it ends what it has started.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    with Cast(arguments.data and arguments.data.resolve()) as cast:
        screen.cast(cast)
        results = cells.play(cast, arguments.only) + scenarios.play(cast, arguments.only)
        report = {
            "cells": results,
            "passed": sum(result["ok"] for result in results),
            "failed": sum(not result["ok"] for result in results),
        }
        if arguments.report:
            arguments.report.write_text(json.dumps(report, indent=1) + "\n")
        screen.closing(report, time.monotonic() - began)
        if not arguments.once:
            screen.play_with(cast)
            try:
                cast.wait()
            except KeyboardInterrupt:
                screen.say("Everything ends.")
    return 0 if report["failed"] == 0 and report["passed"] > 0 else 1


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
    except NotReady as trouble:
        sys.exit(f"./dev demo: {trouble}")
