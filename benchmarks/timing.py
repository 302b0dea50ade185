"""Times ways of doing one thing beside each other, so that the ratio holds on a noisy machine.

In: named ways, each a call that does the work once and gives its `Cost`. Every way runs once per round, in turned
order, after one round that does not count; a ratio is taken within each round, and medians are quoted with the
least and the most. CPU is user and system time of every process and thread that the work needed.
"""

import json
import os
import platform
import resource
import statistics
import subprocess
import sys
import time
from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

TICKS_PER_S = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class Cost:
    """What one run took. ``units`` is how much work it did; ``facts`` is what else it saw (sizes, memory)."""

    cpu_s: float
    wall_s: float
    units: float
    facts: Mapping[str, float] = field(default_factory=dict)

    @property
    def cpu_each(self) -> float:
        return self.cpu_s / self.units

    @property
    def wall_each(self) -> float:
        return self.wall_s / self.units


@dataclass(frozen=True, slots=True)
class Ratio:
    """How a way of ours stands to a peer: ``measure`` is ``cpu`` or ``wall``; the target is on peer / ours."""

    ours: str
    peer: str
    measure: str
    at_least: float | None


Way = Callable[[], Cost]


def cpu_s() -> float:
    """CPU of this process, its threads, and its children that have ended."""
    own, children = resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN)
    return own.ru_utime + own.ru_stime + children.ru_utime + children.ru_stime


def cpu_of(pid: int) -> float:
    """CPU of another process that still runs, its threads included (proc(5), fields 14 and 15 of stat)."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS_PER_S


def idle(pid: int, *, still_s: float = 0.4) -> None:
    """Return when the process has done nothing for a while: what it does behind the last answer counts, too."""
    last, since = cpu_of(pid), time.monotonic()
    while time.monotonic() - since < still_s:
        time.sleep(0.05)
        now = cpu_of(pid)
        if now - last > 0.02:
            last, since = now, time.monotonic()


def here(work: Callable[[], float]) -> Way:
    """A way that runs in this process; ``work`` returns its units."""

    def run() -> Cost:
        began, cpu = time.perf_counter(), cpu_s()
        units = work()
        return Cost(cpu_s() - cpu, time.perf_counter() - began, units)

    return run


def told_by(command: Sequence[str | Path]) -> Way:
    """A way that runs in a process of its own and prints its cost as JSON on its last line."""

    def run() -> Cost:
        done = subprocess.run([str(part) for part in command], stdout=subprocess.PIPE, text=True)
        if done.returncode:
            sys.exit(f"{command[0]} ended with code {done.returncode}")
        return Cost(**json.loads(done.stdout.strip().splitlines()[-1]))

    return run


def rounds_of(ways: Mapping[str, Way], rounds: int, *, warm: bool = True) -> dict[str, list[Cost]]:
    """Run every way once per round."""
    names = list(ways)
    taken: dict[str, list[Cost]] = {name: [] for name in names}
    for number in range(-1 if warm else 0, rounds):
        turned = names[number % len(names) :] + names[: number % len(names)]
        for name in turned:
            cost = ways[name]()
            if number >= 0:
                taken[name].append(cost)
            print(f"  round {number + 1 if number >= 0 else 'warm-up'}: {name}", file=sys.stderr, flush=True)
    return taken


def spread(values: Sequence[float]) -> dict[str, float]:
    """Median, least and most."""
    return {"median": statistics.median(values), "min": min(values), "max": max(values)}


def report(
    title: str, unit: str, taken: Mapping[str, list[Cost]], ratios: Sequence[Ratio], *, as_json: bool, scale: str
) -> None:
    """Print what was measured; ``scale`` is ``ms`` or ``s`` per unit."""
    factor = {"ms": 1000.0, "s": 1.0}[scale]
    row: dict[str, Any] = {"what": title, "unit": unit, "rounds": len(next(iter(taken.values()))), **machine()}
    row["ways"] = {
        name: {
            f"cpu_{scale}": spread([cost.cpu_each * factor for cost in costs]),
            f"wall_{scale}": spread([cost.wall_each * factor for cost in costs]),
            **{fact: spread([cost.facts[fact] for cost in costs]) for fact in costs[0].facts},
        }
        for name, costs in taken.items()
    }
    row["ratios"] = []
    for ratio in ratios:
        each = {"cpu": Cost.cpu_each, "wall": Cost.wall_each}[ratio.measure].fget  # type: ignore[attr-defined] # a property
        pairs = [each(b) / each(a) for a, b in zip(taken[ratio.ours], taken[ratio.peer], strict=True)]
        found = spread(pairs)
        met = None if ratio.at_least is None else found["median"] >= ratio.at_least
        row["ratios"].append(
            {
                "ours": ratio.ours,
                "peer": ratio.peer,
                "of": ratio.measure,
                **found,
                "target": ratio.at_least,
                "met": met,
            }
        )
    if as_json:
        print(json.dumps(row, ensure_ascii=False))
        return
    print(f"{title}; {row['rounds']} rounds; {row['machine']}; load {row['load']}")
    for name, figures in row["ways"].items():
        parts = [
            f"{key} {value['median']:.3f} ({value['min']:.3f}-{value['max']:.3f})"
            for key, value in figures.items()
        ]
        print(f"  {name}, per {unit}: " + ", ".join(parts))
    for found in row["ratios"]:
        wanted = (
            ""
            if found["target"] is None
            else f", target {found['target']:g}: {'met' if found['met'] else 'MISSED'}"
        )
        print(
            f"  {found['peer']} / {found['ours']} ({found['of']}): {found['median']:.2f} "
            f"({found['min']:.2f}-{found['max']:.2f}){wanted}"
        )


def machine() -> dict[str, Any]:
    """What this ran on."""
    facts = Path("/proc/cpuinfo").read_text()
    model = next(
        (line.partition(":")[2].strip() for line in facts.splitlines() if line.startswith("model name")), ""
    )
    flags = set(next((line for line in facts.splitlines() if line.startswith("flags")), "").split())
    known = [name for name in ("avx2", "avx512f", "sha_ni") if name in flags]
    return {
        "machine": f"{os.cpu_count()} cores {model or platform.machine()} ({' '.join(known)})",
        "python": platform.python_version(),
        "kernel": platform.release(),
        "load": f"{os.getloadavg()[0]:.1f}",
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
    }


def arguments(
    docstring: str | None, *, rounds: int, peers: bool = False
) -> tuple[ArgumentParser, Callable[[], Namespace]]:
    """The options that every benchmark has."""
    parser = ArgumentParser(description=(docstring or "").partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=rounds)
    parser.add_argument("--json", action="store_true", help="one JSON object instead of text")
    if peers:
        parser.add_argument(
            "--peers", type=Path, default=Path.home() / ".cache" / "letapis-peers", metavar="FOLDER"
        )
    return parser, parser.parse_args
