"""`letapis crawl`: what it takes, what it prints, and with which code it ends."""

import json
import subprocess
from pathlib import Path

import pytest

from samples.sites import SampleSites
from tests.typed_commands import typed

pytestmark = pytest.mark.slow

ARTICLE = "https://vesnik.pryklad.example/naviny/biudzet/"
CRAWL_KEYS = {
    *("kind", "crawl_id", "source", "started_at", "ended_at", "exchanges", "bytes", "outcomes", "files"),
    *("truncated", "refused"),
}


def letapis(*arguments: str) -> subprocess.CompletedProcess[str]:
    return typed("crawl", *arguments)


def reaching(sites: SampleSites, spool: Path) -> list[str]:
    return [
        *("--spool", str(spool), "--connect-to", sites.connect_to),
        *("--allow-address", "127.0.0.0/8", "--upstream-ca", str(sites.authority)),
    ]


def test_pages_named_on_the_command_line_make_one_crawl_and_one_report(
    sample_sites: SampleSites, tmp_path: Path
) -> None:
    sample_sites.forget_requests()
    other = "https://vesnik.pryklad.example/naviny/snieh/"
    done = letapis("--url", ARTICLE, other, *reaching(sample_sites, tmp_path), "--json")
    assert done.returncode == 0, done.stderr
    (report,) = map(json.loads, done.stdout.splitlines())
    assert set(report) >= CRAWL_KEYS
    assert (report["kind"], report["exchanges"], report["outcomes"]) == ("crawl", 2, {"content": 2})
    assert sorted(request.url for request in sample_sites.requests_log) == sorted((ARTICLE, other))
    (file,) = report["files"]
    assert Path(file["path"]).is_relative_to(tmp_path)
    assert Path(file["path"]).stat().st_size == file["bytes"]
    beside = json.loads((tmp_path / report["crawl_id"] / "report.json").read_text("utf-8"))
    assert beside == report


def test_a_source_that_failed_makes_exit_code_three_and_the_others_are_crawled(
    sample_sites: SampleSites, tmp_path: Path
) -> None:
    watchlist = tmp_path / "watchlist.yaml"
    watchlist.write_text(
        """
defaults: {delay_s: 0}
sources:
  - {id: forbidden, kind: page, pages: [https://forbidden.pryklad.example/]}
  - {id: monitor, kind: telegram, channel: pryklad_monitor}
  - {id: not-asked-for, kind: telegram, channel: pryklad_vestki}
""",
        "utf-8",
    )
    chosen = ["--watchlist", str(watchlist), "--source", "forbidden", "--source", "monitor"]
    done = letapis(*chosen, *reaching(sample_sites, tmp_path / "spool"), "--json")
    reports = [json.loads(line) for line in done.stdout.splitlines()]
    assert done.returncode == 3
    assert [(report["source"], report["outcomes"]) for report in reports] == [
        ("forbidden", {"blocked": 1}),
        ("monitor", {"content": 1}),
    ]
    assert "monitor: 1 pages, 7 records" in done.stderr


def test_people_are_told_in_words(sample_sites: SampleSites, tmp_path: Path) -> None:
    done = letapis("--url", "https://forbidden.pryklad.example/", *reaching(sample_sites, tmp_path))
    assert done.returncode == 3
    assert "on-demand: 1 pages (1 blocked), 0 records, 1 exchanges" in done.stdout
    assert "failed: https://forbidden.pryklad.example/: blocked: status 403" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ([], "Expected either --watchlist FILE or --url URL"),
        (["--watchlist", "watchlist.yaml", "--url", ARTICLE], "Expected either --watchlist FILE or --url URL"),
        (["--url", ARTICLE, "--source", "a"], "--source chooses from a watch-list"),
        (
            ["--url", "javascript:alert(1)"],
            "Expected URLs like https://example.org/page, found: javascript:alert(1)",
        ),
        (["--url", "vesnik.example"], "Expected URLs like https://example.org/page, found: vesnik.example"),
        (["--watchlist", "watchlist.yaml", "--source", "nobody"], "watchlist.yaml has no source nobody. It has: "),
        (["--watchlist", "none.yaml"], "none.yaml:1: cannot be read: No such file or directory"),
        (["--url", ARTICLE, "--engine", "firefox"], "--engine: expected http, browser or direct, found 'firefox'"),
        (["--url", ARTICLE, "--connect-to", "a:b"], "connect-to rule: expected host:port:to-host:to-port"),
        (["--url", ARTICLE, "--allow-address", "300.0.0.0/8"], "300.0.0.0/8"),
        (["--url", ARTICLE, "--upstream-ca", "none.pem"], "--upstream-ca: the file none.pem does not exist"),
    ],
)
def test_wrong_use_is_told_before_anything_starts(tmp_path: Path, arguments: list[str], told: str) -> None:
    spool = tmp_path / "spool"
    done = letapis(*arguments, "--spool", str(spool))
    assert done.returncode == 2
    assert told in done.stderr
    assert not spool.exists()


def test_every_mistake_of_a_watchlist_is_told_and_nothing_starts(tmp_path: Path) -> None:
    watchlist = tmp_path / "w.yaml"
    watchlist.write_text("sources:\n  - {id: a, kind: telegram}\n  - {id: b, kind: page, pagez: []}\n", "utf-8")
    done = letapis("--watchlist", str(watchlist), "--spool", str(tmp_path / "spool"))
    assert done.returncode == 2
    assert done.stderr.splitlines() == [
        f"{watchlist}:2: sources[0].channel: missing",
        f"{watchlist}:3: sources[1].pagez: unknown field; did you mean 'pages'?",
    ]
    assert not (tmp_path / "spool").exists()
