"""What every figure needs: processor time of processes, medians of interleaved pairs, and the form in which figures are told."""
import statistics
import subprocess
import time
from dataclasses import asdict, dataclass
from pathlib import Path

PAIRS = 5


@dataclass
class Figure:
    """One row of `./dev bench --json` (interfaces, section 1). `ratio` is value / beside_value."""
    name: str
    value: float
    unit: str
    beside: str
    beside_value: float
    ratio: float
    goal: str
    ok: bool

    def as_json(self) -> dict:
        return asdict(self)


def family(process: int) -> list[int]:
    """The process and everything that it started."""
    children = subprocess.run(["pgrep", "-P", str(process)], capture_output=True, text=True).stdout.split()
    return [process, *(each for child in children for each in family(int(child)))]


def cpu_seconds(process: int) -> float:
    """User and system time that the process and its children have used so far."""
    total = 0.0
    for each in family(process):
        try:
            total += time.clock_gettime(clock_of(each))
        except OSError:
            continue  # it has ended
    return total


def clock_of(process: int) -> int:
    """clock_getcpuclockid(3), which counts nanoseconds where /proc counts ticks of 10 ms."""
    whole_process_by_the_scheduler = 2
    return (~process << 3) | whole_process_by_the_scheduler


def resident_bytes(process: int) -> int:
    for line in Path(f"/proc/{process}/smaps_rollup").read_text().splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1]) * 1024
    raise RuntimeError(f"no memory figure for process {process}")


def percentile(values: list[float], part: float) -> float:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * part))]


def interleaved(ours, theirs, pairs: int = PAIRS) -> tuple[float, float, float]:
    """Runs both in turn; the median of each, and the median of the ratios pair by pair."""
    ours_values, theirs_values = [], []
    for _ in range(pairs):
        ours_values.append(ours())
        theirs_values.append(theirs())
    ratios = [one / other for one, other in zip(ours_values, theirs_values)]
    return statistics.median(ours_values), statistics.median(theirs_values), statistics.median(ratios)
