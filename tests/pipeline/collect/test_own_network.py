"""Our own network away: told once for a night, and never of sources that refuse us."""

import json
import os
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from crawlers.model.report import CrawlReport
from pipeline.collect.harvest_summary import summary_of
from pipeline.collect.own_network import (
    NO_ANSWER,
    NO_NAMES,
    NO_PROXY,
    NO_ROUTE,
    has_default_route,
    own_network_fault,
)
from pipeline.config.settings import ROOT

NOW = datetime(2026, 11, 23, tzinfo=UTC)
UNRESOLVED = (
    "https://a.example/: unreachable: the name a.example does not resolve: Temporary failure in name resolution"
)
UNROUTED = "https://a.example/: unreachable: no connection to 192.0.2.1 port 443: Network is unreachable"
REFUSED = "https://a.example/: unreachable: no connection to 192.0.2.1 port 443: Connection refused"
SLOW = "https://a.example/: unreachable: no connection to https://a.example within 20 s"
UNKNOWN_NAME = "https://a.example/: unreachable: the name a.example does not resolve: Name or service not known"
TOO_FEW = "0 records, expected at least 3"


def report(
    *failures: str, exchanges: int = 0, outcome: str = "unreachable", problem: str | None = None
) -> CrawlReport:
    return CrawlReport(
        crawl_id="01JD",
        source="a",
        started_at=NOW,
        ended_at=NOW,
        exchanges=exchanges,
        bytes=0,
        outcomes={outcome: len(failures)} if failures else {},
        files=(),
        truncated=0,
        refused=0,
        failures=failures,
        problem=problem,
    )


def proc(folder: Path, *, default: bool) -> Path:
    """Routes as the kernel lists them (proc(5))."""
    (folder / "net").mkdir()
    lines = ["Iface\tDestination\tGateway\tFlags", "lo\t0000007F\t00000000\t0001"]
    lines += ["eth0\t00000000\t010200C0\t0003"] if default else []
    (folder / "net" / "route").write_text("\n".join(lines))
    return folder


@pytest.mark.parametrize(
    ("crawl", "fault"),
    [
        (report(UNRESOLVED, TOO_FEW), NO_NAMES),
        (report(UNROUTED), NO_ROUTE),
        (report(SLOW), NO_ANSWER),
        (report(problem="egress profile 'tor': the egress proxy cannot be reached: Connection refused"), NO_PROXY),
        (report(REFUSED), None),
        (report(UNKNOWN_NAME), None),
        (report(UNRESOLVED, REFUSED), None),
        (report(UNRESOLVED, exchanges=1), None),
        (report("https://a.example/: blocked: status 403", outcome="blocked", exchanges=1), None),
        (report(problem="No space left on device"), None),
    ],
)
def test_a_host_that_refuses_us_has_been_reached(crawl: CrawlReport, fault: str | None, tmp_path: Path) -> None:
    assert own_network_fault(crawl, proc=proc(tmp_path, default=True)) == fault


def test_that_the_machine_has_no_way_out_is_said_beside_it(tmp_path: Path) -> None:
    away = proc(tmp_path, default=False)
    assert own_network_fault(report(UNRESOLVED), proc=away) == f"{NO_NAMES}; this machine has no default route"
    assert not has_default_route(away)


def row(source_id: str, network: str | None) -> dict[str, object]:
    counts = dict.fromkeys(("pages", "exchanges", "captures", "bytes", "truncated", "refused"), 0)
    failed: dict[str, object] = {
        "problem": f"https://{source_id}.example/: unreachable: ...",
        "network": network,
        "keys": [],
    }
    return {"source_id": source_id, "crawl_id": source_id, **failed, **counts}


def test_the_night_says_it_once_and_blames_no_source() -> None:
    summary = summary_of([["a"], ["b"], ["c"]], [[row(name, NO_NAMES)] for name in "abc"])

    assert summary.sentence() == (
        "3 of 3 sources did not come through:\n"
        "Our own network is away: no name resolves. No host of any of the 3 sources was reached, so nothing is "
        "known of the sources themselves. Mend the network or its name server, then `letapis harvest`."
    )
    assert summary.table().count("unreachable") == 0


@pytest.mark.parametrize("networks", [(NO_NAMES,), (NO_NAMES, None), (None, None)])
def test_where_one_source_was_reached_each_is_named_for_itself(networks: tuple[str | None, ...]) -> None:
    names = "abc"[: len(networks)]
    summary = summary_of(
        [[name] for name in names], [[row(name, fault)] for name, fault in zip(names, networks, strict=True)]
    )
    assert summary.network is None
    assert summary.sentence().count("unreachable") == len(networks)


WATCHLIST = """
defaults: {delay_s: 0.01, robots: ignore, limits: {pages: 5, seconds: 60}}
sources:
  - {id: named, kind: court_list, pages: ["https://sud.pryklad.example/"]}
  - {id: numbered, kind: court_list, pages: ["https://192.0.2.7/"]}
"""


LOOPBACK_UP = """
import fcntl, os, socket, struct, sys
# SIOCSIFFLAGS with IFF_UP (netdevice(7))
fcntl.ioctl(socket.socket(), 0x8914, struct.pack("16sh22x", b"lo", 1))
os.execv(sys.argv[1], sys.argv[1:])
"""


@pytest.mark.root
def test_crawls_without_any_network_meet_what_the_night_knows_them_by(tmp_path: Path) -> None:
    """In a network namespace of its own, in which there is loopback and nothing else."""
    watchlist = tmp_path / "watchlist.yaml"
    watchlist.write_text(WATCHLIST, "utf-8")
    asked = [
        sys.executable,
        *("-m", "pipeline.cli", "crawl", "--json", "--watchlist", str(watchlist)),
        *("--spool", str(tmp_path / "spool"), "--allow-address", "192.0.2.0/24"),
    ]
    ran = subprocess.run(
        ["unshare", "--net", sys.executable, "-c", LOOPBACK_UP, *asked],
        cwd=ROOT,
        env={**os.environ, "LETAPIS_DATA": str(tmp_path / "data")},
        capture_output=True,
        text=True,
        timeout=240,
    )
    rows = [json.loads(line) for line in ran.stdout.splitlines()]
    met = {each["source"]: each["failures"] for each in rows}
    assert set(met) == {"named", "numbered"}, ran.stderr
    for failures in met.values():
        assert own_network_fault(report(*failures)) is not None, failures
