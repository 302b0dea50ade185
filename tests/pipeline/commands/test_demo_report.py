"""What the demo shows of a harvest: on 80 columns, each failure in words, each change with before and after."""

import json
import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest

from crawlers.model.capture import Captured
from crawlers.watchlist.loader import read_watchlist
from crawlers.watchlist.source import Source
from pipeline.commands.demo import EXAMPLES, example_commands
from pipeline.commands.demo_report import DemoResult, result_since, show
from pipeline.config.settings import ROOT, Settings
from pipeline.output import Exit
from pipeline.process.run import process_pending
from processors.kinds import KINDS
from samples import expected
from samples.__main__ import PICTURE
from samples.media.broken import bomb_png
from samples.media.files import media_file
from samples.sites import SampleSites
from storage.archive import Archive
from storage.deposit.deposit import deposit_file
from storage.queries.nightly_counts import SourceCounts, newest_deposit
from tests.pipeline.process.collector import SAMPLES, Collector
from tests.storage.crawled_files import crawl_one, exchange, no_answer, response
from tests.storage.killed_deposits import environment
from tests.typed_commands import typed

SOURCES = ("tg-vestki", expected.REGIONAL_SOURCE, expected.CITY_SOURCE)
NEWS = expected.NEWS_ADDRESS


@pytest.fixture(scope="module")
def sites() -> Iterator[SampleSites]:
    with SampleSites() as running:
        yield running


@pytest.fixture
def sources() -> dict[str, Source]:
    return {source.id: source for source in read_watchlist(SAMPLES).sources}


def harvest(archive: Archive, sites: SampleSites, sources: dict[str, Source], spool: Path, day: int) -> DemoResult:
    with archive.reader.connect() as connection:
        before = newest_deposit(connection)
    collector = Collector(sites, archive, spool)
    for source in SOURCES:
        collector.collect(sources[source], day)
    process_pending(archive)
    return result_since(archive, before, SOURCES)


def shown(result: DemoResult, capsys: pytest.CaptureFixture[str]) -> str:
    capsys.readouterr()
    show(result, as_json=False)
    return capsys.readouterr().out


def test_the_second_day_shows_each_change_with_before_and_after(
    archive: Archive,
    sites: SampleSites,
    sources: dict[str, Source],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    first = shown(harvest(archive, sites, sources, tmp_path, 1), capsys)
    result = harvest(archive, sites, sources, tmp_path, 2)
    text = shown(result, capsys)
    said = " ".join(text.split())

    assert "the first harvest, so there is nothing" in first
    assert "Changes since the previous harvest" not in first
    assert "Новая дата — [-пазней.-]{+26 лістапада, 14:30, зала 7.+}" in said
    assert "vanished Telegram post: Паведамляюць пра затрыманні каля вакзала." in said
    assert "moved hearing: 2-118/2026" in said
    assert "Room: 12 → 7" in said
    assert f"vanished hearing: {expected.GONE_HEARING[1]}" in said
    assert said.count("last seen 2026-11-09 21:00:0") == 2
    assert said.count("missing since 2026-11-10 21:00:0") == 2
    assert said.index("edited") < said.index("added")
    assert f"{len(expected.hearings(expected.CITY_SOURCE, 2))} hearings" in text
    assert {len(line) for line in (first + text).splitlines()} <= set(range(81))


def test_a_source_of_any_kind_fits_on_a_line_of_80_columns(capsys: pytest.CaptureFixture[str]) -> None:
    several = {kind.record.plural: 1200 for kind in KINDS.values()}
    figures = tuple(
        SourceCounts(
            "sud-zavadski", pages=120, records={name: 1200}, media=3000, new=20000, duplicates=300, failures=10
        )
        for name in several
    )
    text = shown(DemoResult((*figures, SourceCounts("many", records=several)), (), {}, first=True), capsys)
    lines = text.splitlines()
    assert max(map(len, lines)) <= 80
    assert len([line for line in lines if line.startswith("sud-zavadski ")]) == len(figures)
    assert all(f"1200 {name}" in " ".join(text.split()) for name in several)


def test_each_failure_that_is_counted_is_said_in_words(
    archive: Archive, sources: dict[str, Source], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    challenge = b"<html><title>Just a moment...</title><div id='cf-challenge'>Checking your browser</div></html>"
    items: list[Captured] = [
        exchange(f"{NEWS}/", response(challenge, status="403 Forbidden")),
        exchange(f"{NEWS}/media/bomb.png", response(bomb_png(), "image/png")),
        no_answer(f"{NEWS}/away"),
    ]
    deposit_file(archive, crawl_one(tmp_path, items, source=sources["vesnik"]))
    process_pending(archive)

    result = result_since(archive, 0, ["vesnik"])
    said = shown(result, capsys)

    (figures,) = result.figures
    assert [each.url for each in result.failures] == [
        f"{NEWS}{path}" for path in ("/", "/away", "/media/bomb.png")
    ]
    assert figures.failures == len(result.failures)
    assert [each for each in result.failures if each.reason is None] == []
    assert "not decoded: " in said
    assert {len(line) for line in said.splitlines()} <= set(range(81))


def test_programs_get_every_row_with_its_kind(
    archive: Archive,
    sites: SampleSites,
    sources: dict[str, Source],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    harvest(archive, sites, sources, tmp_path, 1)
    result = harvest(archive, sites, sources, tmp_path, 2)
    capsys.readouterr()

    show(result, as_json=True)

    rows = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [row["source_id"] for row in rows if row["kind"] == "harvested"] == list(SOURCES)
    assert {(row["source_id"], row["change"]) for row in rows if row["kind"] == "change"} == {
        ("tg-vestki", "added"),
        ("tg-vestki", "edited"),
        ("tg-vestki", "missing"),
        (expected.REGIONAL_SOURCE, "added"),
        (expected.REGIONAL_SOURCE, "moved"),
        (expected.CITY_SOURCE, "missing"),
    }


def test_what_may_be_asked_of_the_demo_has_an_answer(
    archive: Archive,
    stored_settings: Settings,
    sites: SampleSites,
    sources: dict[str, Source],
    tmp_path: Path,
) -> None:
    picture = media_file(PICTURE).content
    shown_there = exchange(f"{NEWS}/bridge.jpg", response(picture, "image/jpeg"))
    deposit_file(archive, crawl_one(tmp_path, [shown_there], source=sources["vesnik"]))
    for day in (1, 2):
        harvest(archive, sites, sources, tmp_path, day)
    (tmp_path / "sites").mkdir()
    (tmp_path / "sites" / "bridge.jpg").write_bytes(picture)

    found = {
        question: typed(*shlex.split(question.format(folder=tmp_path)), "--json", env=environment(stored_settings))
        for question in EXAMPLES
    }

    assert {question: (ran.returncode, bool(ran.stdout), ran.stderr) for question, ran in found.items()} == {
        question: (Exit.DONE, True, ran.stderr) for question, ran in found.items()
    }


def test_the_first_steps_ask_what_the_demo_says_may_be_asked() -> None:
    first_steps = (ROOT / "docs" / "getting-started.md").read_text("utf-8")
    blocks = re.findall(r"^```sh\n(.*?)^```$", first_steps, flags=re.MULTILINE | re.DOTALL)

    assert [line.strip() for line in example_commands(ROOT / ".letapis" / "demo")[1:]] in [
        block.splitlines() for block in blocks
    ]


def test_the_readme_asks_one_of_these_questions() -> None:
    first_screen = (ROOT / "README.md").read_text("utf-8").splitlines()[:20]
    asked = [line.strip().partition("  #")[0].strip() for line in first_screen if "LETAPIS_DATA=" in line]

    assert len(asked) == 1
    assert asked[0].removeprefix("LETAPIS_DATA=.letapis/demo ") in [
        line.strip().partition(" --since")[0] for line in example_commands(ROOT / ".letapis" / "demo")[2:]
    ]


def test_questions_name_the_folder_wherever_it_is(tmp_path: Path) -> None:
    folder = tmp_path / "of a person"

    said = example_commands(folder)

    assert said[1] == f"    export LETAPIS_DATA='{folder}'"
    assert said[-1] == f"    .venv/bin/letapis similar '{folder}'/sites/bridge.jpg"
