#!/usr/bin/env python3
"""Checks every #include against the drawing in ARCHITECTURE.md. The include paths of the build keep out whole folders; this is finer,
and names the line."""
import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FOLDERS = {name: ROOT / "src" / name for name in
           ("base", "wire", "model", "edge", "arrive", "decide", "dispatch", "deliver", "store", "bus", "admin", "node")}
FOLDERS["sim"] = ROOT / "sim"

MAY_INCLUDE = {
    "base": set(),
    "wire": {"base"},
    "model": {"base", "wire"},
    "decide": {"base", "wire", "model"},
    "edge": {"base", "wire"},
    "arrive": {"base", "model", "wire", "edge"},
    "deliver": {"base", "model", "wire", "edge"},
    "store": {"base", "model"},
    "bus": {"base", "model"},
    "dispatch": {"base", "model", "decide"},
    "admin": {"base", "model", "dispatch", "store", "bus", "edge"},
    "node": set(FOLDERS) - {"sim"},
    "sim": {"base", "wire", "edge"},
}
# Single headers that a layer may include although it may not include their folder.
MAY_ALSO_INCLUDE = {"dispatch": {"store/store.hpp", "bus/bus.hpp", "deliver/deliver.hpp"}}
# A test may stand on the fake back ends.
TESTS_MAY_ALSO_INCLUDE = {"dispatch": {"store/memory/memory_store.hpp"}}
# These decide by meaning and speak no protocol.
NO_WIRE = ("decide/wake", "decide/messages")
PURE = {"base", "wire", "model", "decide"}
NOT_IN_PURE = re.compile(r"^(boost/(asio|beast)|sqlite3|nghttp2|spdlog|openssl/ssl|sys/socket|netinet)")

INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^">]+)[">]')


def faults_of(path: Path, layer: str) -> list[str]:
    faults = []
    place = path.relative_to(ROOT)
    within = path.relative_to(FOLDERS[layer].parent).as_posix()
    for number, line in enumerate(path.read_text().splitlines(), 1):
        match = INCLUDE.match(line)
        if not match:
            continue
        kind, target = match.groups()
        if kind == "<":
            if layer in PURE and NOT_IN_PURE.match(target):
                faults.append(f"{place}:{number}: {layer} is pure and may not include <{target}>")
            continue
        other = target.split("/")[0]
        if other == layer or target in MAY_ALSO_INCLUDE.get(layer, ()):
            continue
        if path.stem.endswith("_test") and target in TESTS_MAY_ALSO_INCLUDE.get(layer, ()):
            continue
        if other not in FOLDERS:
            faults.append(f'{place}:{number}: "{target}" names no layer; write the path from src/')
        elif other not in MAY_INCLUDE[layer]:
            faults.append(f"{place}:{number}: {layer} may not include {target}")
        elif other == "wire" and within.startswith(NO_WIRE):
            faults.append(f"{place}:{number}: {'/'.join(within.split('/')[:2])} speaks no protocol and may not include {target}")
    return faults


def main() -> int:
    faults, files = [], 0
    for layer, folder in FOLDERS.items():
        for path in sorted(folder.rglob("*.[ch]pp")):
            files += 1
            faults += faults_of(path, layer)
    for fault in faults:
        print(fault)
    print(f"layers: {files} files, {len(faults)} faults")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
