#!/usr/bin/env python3
"""clang-tidy (.clang-tidy) over the pure layers as the release build compiles them; with --all over everything in src and sim, which takes half an hour
the first time. Tests are left out.

A file that was clean is not read again until it, a header of ours that it includes, or .clang-tidy has changed: build/tidy holds what was clean.
"""
import hashlib
import os
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BUILD = ROOT / "build" / "release"
CLEAN = ROOT / "build" / "tidy"


PURE = ("src/base", "src/wire", "src/model", "src/decide")


def sources(folders: tuple[str, ...]) -> list[Path]:
    return sorted(path for folder in folders for path in (ROOT / folder).rglob("*.cpp") if not path.name.endswith("_test.cpp"))


def includes() -> dict[Path, list[Path]]:
    """Each source's headers of ours, as the build saw them."""
    told = subprocess.run(["ninja", "-C", BUILD, "-t", "deps"], capture_output=True, text=True, check=True).stdout
    found: dict[Path, list[Path]] = {}
    for block in told.split("\n\n"):
        name, *lines = block.splitlines() or [""]
        source = re.search(r"\.dir/(.+\.cpp)\.o:", name)
        if not source:
            continue
        paths = (Path(os.path.normpath(BUILD / line.strip())) for line in lines)
        found[ROOT / source[1]] = sorted({path.resolve() for path in paths if path.is_relative_to(ROOT)})
    return found


def stamp_of(source: Path, read: list[Path]) -> Path:
    told = hashlib.sha256()
    for path in [ROOT / ".clang-tidy", source, *read]:
        told.update(path.read_bytes())
    return CLEAN / told.hexdigest()


def check(source: Path, stamp: Path) -> str:
    if stamp.exists():
        return ""
    done = subprocess.run(["clang-tidy-19", "-p", BUILD, "--quiet", source], capture_output=True, text=True)
    if done.returncode == 0:
        stamp.touch()
        return ""
    return done.stdout or done.stderr


def main() -> int:
    CLEAN.mkdir(parents=True, exist_ok=True)
    read = includes()
    chosen = sources(("src", "sim") if "--all" in sys.argv[1:] else PURE)
    stamps = {source: stamp_of(source, read.get(source, [])) for source in chosen}
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        faults = [text for text in pool.map(check, stamps, stamps.values()) if text]
    print("\n".join(faults))
    print(f"tidy: {len(stamps)} files, {len(faults)} with faults")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
