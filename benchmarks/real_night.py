"""A night in a real stack: hundreds of sources on local sites, from the harvest's start to the last record.

``python -m benchmarks.real_night [--channels N] [--sites N] [--lists N] [--nights N] [--delay-s S] [--json]``
starts `letapis up` over copies of the sample sites: each channel, site and list has a name of its own and the
pages of a sample. It harvests each night by `letapis harvest`, and waits until the DAG `process` has read it.
Prints for each night how long both took, what came of it, and the CPU and the memory of the stack's processes;
the sites' own CPU is not in it. Unlike `benchmarks.night`, nothing is simulated but the pace: ``delay_s`` is
short, since a pause costs time and no work, and answers come over loopback.
"""

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import yaml

from benchmarks.stacks import running_stack, stack_cpu_s
from pipeline.airflow_api import ENDED, AirflowApi
from pipeline.config.settings import ROOT, Settings
from pipeline.supervise.processes import processes_of_data_folder
from samples.hosts import site_of
from samples.messages import Answer, Request, Response, not_found
from samples.sites import SampleSites

CHANNEL: Final = "pryklad_vestki"
NEWS: Final = "vesnik.pryklad.example"
COURT: Final = "sud.pryklad.example"
DOMAIN: Final = "many.example"
LOOK_EVERY_S: Final = 5.0

QUIET_S: Final = 15.0
"""Without a run of `process` for so long, all is read: a deposit starts one within seconds."""

_CHANNEL = re.compile(r"kanal_\d{3}")
_COPY = re.compile(r"(?P<kind>navina|sud)-\d{3}\." + re.escape(DOMAIN))
_ORIGINALS = {"navina": NEWS, "sud": COURT}


class ManySites(SampleSites):
    """The sample sites, and any number of copies of three of them under other names."""

    @property
    def hosts(self) -> tuple[str, ...]:
        """Names of the certificate; one wildcard stands for every copy, or it would be as long as a page."""
        return (*super().hosts, f"*.{DOMAIN}")

    def _answer(self, request: Request) -> Answer:
        """The sample's own answer with the copy's name in the place of the sample's."""
        copy = _COPY.fullmatch(request.host)
        if copy is not None:
            original = _ORIGINALS[copy["kind"]]
            return renamed(replace(request, host=original), original, request.host)
        channel = _CHANNEL.search(request.target) if request.host == "t.me" else None
        if channel is not None:
            target = request.target.replace(channel[0], CHANNEL)
            return renamed(replace(request, target=target), CHANNEL, channel[0])
        site = site_of(request.host)
        return site(request) if site is not None else not_found(request)


def renamed(request: Request, original: str, name: str) -> Answer:
    """The answer to a sample's request, in which it has another name; every page of theirs extends ASCII."""
    site = site_of(request.host)
    assert site is not None
    answer = site(request)
    if not isinstance(answer, Response) or not (answer.content_type or "").startswith(("text/", "application/")):
        return answer
    return replace(
        answer,
        body=answer.body.replace(original.encode(), name.encode()),
        headers=tuple((key, value.replace(original, name)) for key, value in answer.headers),
    )


def watch_list(channels: int, sites: int, lists: int, delay_s: float) -> dict[str, Any]:
    """The watch-list of so many sources, with the samples' layouts and limits."""
    sample = yaml.safe_load((ROOT / "samples" / "watchlist.yaml").read_text("utf-8"))
    named = {source["id"]: source for source in sample["sources"]}
    sources: list[dict[str, Any]] = []
    for kind, count, origin in (
        ("kanal", channels, "tg-vestki"),
        ("navina", sites, "vesnik"),
        ("sud", lists, "sud-zavadski"),
    ):
        for number in range(1, count + 1):
            source = yaml.safe_load(
                yaml.safe_dump({**named[origin], "id": f"{kind}-{number:03}"}, allow_unicode=True)
                .replace(CHANNEL, f"kanal_{number:03}")
                .replace(NEWS, f"navina-{number:03}.{DOMAIN}")
                .replace(COURT, f"sud-{number:03}.{DOMAIN}")
            )
            source.pop("mirrors", None)
            sources.append(source)
    defaults = {**sample["defaults"], "delay_s": delay_s}
    return {"defaults": defaults, "layouts": sample["layouts"], "sources": sources}


@contextmanager
def stack_of_many(args: argparse.Namespace) -> Iterator[tuple[ManySites, Settings, Mapping[str, str]]]:
    """A stack over the copies."""
    with tempfile.TemporaryDirectory(prefix="letapis-night-") as name:
        folder = Path(name)
        folder.chmod(0o711)
        sources = watch_list(args.channels, args.sites, args.lists, args.delay_s)
        watchlist = folder / "watchlist.yaml"
        watchlist.write_text(yaml.safe_dump(sources, allow_unicode=True), "utf-8")
        with (
            ManySites(folder=folder / "sites") as sites,
            running_stack(folder, sites, watchlist) as (settings, variables),
        ):
            yield sites, settings, variables


class MemoryMeter(threading.Thread):
    """Looks at the stack's processes until it is stopped, for the most memory that they had at once."""

    def __init__(self, data: Path) -> None:
        super().__init__(daemon=True)
        self._data = data
        self._ending = threading.Event()
        self.most_bytes = 0

    def run(self) -> None:
        while not self._ending.wait(LOOK_EVERY_S):
            self.most_bytes = max(self.most_bytes, sum(map(_memory, processes_of_data_folder(self._data))))

    def stop(self) -> None:
        self._ending.set()
        self.join()


def _memory(pid: int) -> int:
    """Proportional set size in bytes: what processes share is counted once."""
    try:
        rolled_up = Path(f"/proc/{pid}/smaps_rollup").read_text("ascii")
    except OSError:  # ended in between
        return 0
    found = re.search(r"^Pss:\s+(\d+) kB", rolled_up, re.MULTILINE)
    return int(found[1]) * 1024 if found else 0


def command(variables: Mapping[str, str], *arguments: str) -> tuple[float, list[dict[str, Any]]]:
    """Seconds that a command took, and the objects that it printed; its progress goes to our stderr."""
    begun = time.monotonic()
    ran = subprocess.run(
        [sys.executable, "-m", "pipeline.cli", *arguments, "--json"],
        env={**os.environ, **variables},
        cwd=ROOT,
        stdout=subprocess.PIPE,
    )
    if ran.returncode not in (0, 3):
        raise SystemExit(
            f"`letapis {' '.join(arguments)}` ended with code {ran.returncode}; its words stand above."
        )
    return time.monotonic() - begun, [json.loads(line) for line in ran.stdout.splitlines()]


def seconds_until_read(settings: Settings) -> float:
    """How long the DAG `process` still works, which every deposit starts."""
    begun = last_at_work = time.monotonic()
    with AirflowApi(settings.airflow()) as api:
        while time.monotonic() - last_at_work < QUIET_S:
            if any(run["state"] not in ENDED for run in api.runs("process", newest=5)):
                last_at_work = time.monotonic()
            time.sleep(1)
    return last_at_work - begun


def play(number: int, settings: Settings, variables: Mapping[str, str], meter: MemoryMeter) -> dict[str, Any]:
    """One night as a row."""
    data = settings.data
    cpu_before = stack_cpu_s(data)
    harvest_s, sources = command(variables, "harvest")
    process_s = seconds_until_read(settings)
    problems = Counter(str(each["problem"]) for each in sources if each["problem"])
    return {
        "what": f"night {number} in a real stack",
        "sources": len(sources),
        "failed": sum(problems.values()),
        "problems": dict(problems.most_common(5)),
        "pages": sum(each["pages"] or 0 for each in sources),
        "exchanges": sum(each["exchanges"] or 0 for each in sources),
        "captures": sum(each["captures"] or 0 for each in sources),
        "harvest_s": round(harvest_s),
        "process_s": round(process_s),
        "cpu_s": round(stack_cpu_s(data) - cpu_before),
        "most_memory_mb": round(meter.most_bytes / 1e6),
        "load_1min": round(os.getloadavg()[0], 1),
    }


def main() -> None:
    """Entry point."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--channels", type=int, default=300)
    parser.add_argument("--sites", type=int, default=60)
    parser.add_argument("--lists", type=int, default=40)
    parser.add_argument("--nights", type=int, default=2, choices=(1, 2, 3))
    parser.add_argument("--delay-s", type=float, default=0.05)
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args()
    with stack_of_many(args) as (sites, settings, variables):
        meter = MemoryMeter(settings.data)
        meter.start()
        for number in range(1, args.nights + 1):
            sites.set_day(number)
            row = play(number, settings, variables, meter)
            shown = (
                f"night {number}: {row['sources']} sources, {row['failed']} failed, {row['exchanges']} exchanges, "
                f"harvest {row['harvest_s']} s, reading {row['process_s']} s more, {row['cpu_s']} s of CPU, "
                f"{row['most_memory_mb']} MB at most, load {row['load_1min']}"
            )
            print(json.dumps(row) if args.json else shown, flush=True)
        meter.stop()


if __name__ == "__main__":
    main()
