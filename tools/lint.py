#!/usr/bin/env python3
"""What ./dev lint runs: format, layers, house rules, headers that compile alone, clang-tidy. Prints each fault with its line; exits 1 when there is one."""
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def sources(*patterns: str) -> list[Path]:
    return sorted(path for folder in ("src", "sim", "tests") for pattern in patterns for path in (ROOT / folder).rglob(pattern)
                  if "node_modules" not in path.parts)


def check_format() -> int:
    result = subprocess.run(["clang-format-19", "--dry-run", "--Werror", *map(str, sources("*.cpp", "*.hpp"))], capture_output=True, text=True)
    faults = [line for line in result.stderr.split("\n") if "error:" in line]
    print("\n".join(faults[:20]))
    print(f"format: {len(faults)} faults")
    return len(faults)


def compiles_alone(header: Path, view: Path) -> str:
    command = ["clang++-19", "-std=c++23", "-fsyntax-only", "-Wall", "-Wextra", "-Wno-pragma-once-outside-header", "-Wno-unused",
               "-DBOOST_ASIO_SEPARATE_COMPILATION", "-DBOOST_BEAST_SEPARATE_COMPILATION", "-DBOOST_ASIO_NO_DEPRECATED", f"-I{view}", str(header)]
    result = subprocess.run(command, capture_output=True, text=True)
    return "" if result.returncode == 0 else f"{header.relative_to(ROOT)}: does not compile alone\n{result.stderr[:600]}"


def check_headers() -> int:
    with tempfile.TemporaryDirectory() as folder:
        view = Path(folder)
        for layer in (ROOT / "src").iterdir():
            (view / layer.name).symlink_to(layer)
        (view / "sim").symlink_to(ROOT / "sim")
        with ThreadPoolExecutor(2) as pool:
            faults = [text for text in pool.map(lambda header: compiles_alone(header, view), sources("*.hpp")) if text]
    print("\n".join(faults))
    print(f"headers: {len(faults)} faults")
    return len(faults)


def run(tool: str) -> int:
    return subprocess.run([sys.executable, str(ROOT / "tools" / tool)]).returncode


def main() -> int:
    faults = [check_format(), run("check_layers.py"), run("check_house.py"), check_headers(), run("check_tidy.py")]
    return 1 if any(faults) else 0


if __name__ == "__main__":
    sys.exit(main())
