#!/usr/bin/env python3
"""./dev bench [NAME…] [--json FILE]: measures each figure beside a peer or a limit. Exit status 1 when one misses its goal."""
import argparse
import importlib
import json
import os
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "integration")]

FIGURES = tuple(sorted(path.stem.removeprefix("bench_") for path in HERE.glob("bench_*.py")))


def main() -> int:
    parser = argparse.ArgumentParser(prog="./dev bench", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"which figures (default: all): {', '.join(FIGURES)}")
    parser.add_argument("--build", type=Path, required=True, help=argparse.SUPPRESS)
    parser.add_argument("--json", type=Path, help="write the figures to this file")
    arguments = parser.parse_args()
    unknown = set(arguments.names) - set(FIGURES)
    if unknown:
        parser.error(f"there is no figure named {', '.join(sorted(unknown))}; there are: {', '.join(FIGURES)}")
    build = arguments.build.resolve()
    os.environ["REVEILLE_BUILD"] = str(build)

    figures = []
    for name in arguments.names or FIGURES:
        with tempfile.TemporaryDirectory(prefix=f"reveille-bench-{name}-") as folder:
            measured = importlib.import_module(f"bench_{name}").run(build, Path(folder))
        for figure in measured:
            print(f"{'ok  ' if figure.ok else 'MISS'} {figure.name:<20} {figure.value:>10} {figure.unit}; {figure.beside} "
                  f"{figure.beside_value}; ratio {figure.ratio}; goal: {figure.goal}", flush=True)
        figures += measured
    if arguments.json:
        arguments.json.write_text(json.dumps([figure.as_json() for figure in figures], indent=1, ensure_ascii=False) + "\n")
    return 0 if all(figure.ok for figure in figures) else 1


if __name__ == "__main__":
    sys.exit(main())
