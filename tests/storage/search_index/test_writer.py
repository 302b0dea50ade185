"""The index is brought up to date, made anew, killed: it is always the one that the catalogue makes."""

import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete

from pipeline.config.settings import ROOT
from storage.catalogue.tables import page_texts, records, sightings, versions
from storage.search_index import folder as folders
from storage.search_index.folder import IndexBusyError, current_index
from storage.search_index.keeper import keep_index
from storage.search_index.question import FACETS
from storage.search_index.writer import Refreshed, WritableIndex
from tests.storage.search_index.conftest import Searchable

WORDS = ("суд", "трамвай", "справа", "hearing", "узор")


def test_only_what_changed_is_written(searchable: Searchable) -> None:
    with searchable.writing() as rows:
        rows.record("a", "суд")
        rows.record("b", "суд")
    assert searchable.refresh() == Refreshed(2, made_anew=True)
    assert searchable.refresh() == Refreshed()
    with searchable.writing() as rows:
        rows.record("c", "суд")
    assert searchable.refresh() == Refreshed(1)
    assert sorted(searchable.keys("суд")) == ["a", "b", "c"]


def everything_said(searchable: Searchable) -> list[object]:
    """What the index answers to many questions."""
    asked = [searchable.ask(word, facets=FACETS, histogram="day", limit=100) for word in ("", *WORDS)]
    return [
        (
            answer.total,
            answer.facets,
            answer.histogram,
            sorted(repr((hit.sighting, hit.page, hit.excerpt)) for hit in answer.hits),
        )
        for answer in asked
    ]


CHANGES = st.lists(
    st.tuples(
        st.sampled_from(("record", "page", "relabel", "withdraw", "refresh")),
        st.sampled_from("abc"),
        st.sampled_from(WORDS),
        st.sampled_from(("default", "case-1")),
    ),
    max_size=14,
)


@settings(max_examples=8, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(changes=CHANGES)
def test_brought_up_to_date_it_is_the_index_that_is_made_anew(
    searchable: Searchable, changes: list[tuple[str, str, str, str]]
) -> None:
    with searchable.archive.writer.begin() as connection:
        for table in (page_texts, sightings, versions, records):
            connection.execute(delete(table))
    searchable.refresh()
    made: dict[str, str] = {}
    for what, key, word, label in changes:
        if what == "refresh":
            searchable.refresh()
            continue
        with searchable.writing() as rows:
            match what:
                case "record":
                    made[key] = rows.record(key, f"{word} {key}", label=label, dated="2026-05-05")
                case "page":
                    rows.page(f"{word} page", label=label)
                case "relabel" if key in made:
                    rows.relabel(made[key], label)
                case "withdraw" if key in made:
                    rows.withdraw(made.pop(key))
    searchable.refresh()
    kept_up_to_date = everything_said(searchable)
    with WritableIndex(searchable.archive.reader, searchable.folder) as index:
        index.make_anew()
    assert kept_up_to_date == everything_said(searchable)


KILLED = """
import sys
from pathlib import Path
from sqlalchemy import create_engine
from storage.search_index import writer
writer.BATCH, writer.COMMIT_EVERY = 5, 20
with writer.WritableIndex(create_engine(sys.argv[1]), Path(sys.argv[2])) as index:
    print("begun", flush=True)
    index.refresh(lambda written: print(written, flush=True))
    print("done", flush=True)
"""


def lines_of(child: "subprocess.Popen[str]") -> Iterator[str]:
    assert child.stdout is not None
    return iter(child.stdout.readline, "")


@pytest.mark.parametrize("after", ["5\n", "40\n"])
def test_killed_at_any_moment_it_goes_on_to_the_same_index(searchable: Searchable, after: str) -> None:
    searchable.refresh()
    with searchable.writing() as rows:
        for number in range(60):
            rows.record(f"record-{number}", f"суд номер {number}")
    url = searchable.archive.reader.url.render_as_string(hide_password=False)
    child = subprocess.Popen(
        [sys.executable, "-c", KILLED, url, str(searchable.folder)], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    assert after in lines_of(child)
    child.send_signal(signal.SIGKILL)
    child.communicate()

    searchable.refresh()
    assert searchable.ask("суд").total == 60
    kept = everything_said(searchable)
    with WritableIndex(searchable.archive.reader, searchable.folder) as index:
        index.make_anew()
    assert kept == everything_said(searchable)


def test_records_of_the_same_words_are_all_found(searchable: Searchable) -> None:
    with searchable.writing() as rows:
        for key in "abc":
            rows.record(key, "суд адклаў справу")
    searchable.refresh()
    assert sorted(searchable.keys("справа")) == ["a", "b", "c"]


def test_one_writes_at_a_time_and_the_others_are_told(searchable: Searchable) -> None:
    with (
        WritableIndex(searchable.archive.reader, searchable.folder),
        pytest.raises(IndexBusyError, match="Another process writes the search index"),
        WritableIndex(searchable.archive.reader, searchable.folder),
    ):
        pass


def test_an_index_of_another_version_is_made_anew_and_asked_for_only_then(
    searchable: Searchable, monkeypatch: pytest.MonkeyPatch
) -> None:
    with searchable.writing() as rows:
        rows.record("a", "суд")
    searchable.refresh()
    old = current_index(searchable.folder)
    monkeypatch.setattr(folders, "index_version", lambda: "0123456789ab")

    assert current_index(searchable.folder) is None
    assert searchable.refresh().made_anew
    new = current_index(searchable.folder)
    assert searchable.keys("суд") == ["a"]
    assert old is not None
    assert (new != old, old.exists()) == (True, False)


def test_one_that_serves_pages_finds_a_record_within_seconds(searchable: Searchable) -> None:
    keep_index(searchable.archive.reader, searchable.folder)
    until(lambda: current_index(searchable.folder) is not None)
    with searchable.writing() as rows:
        rows.record("a", "суд")
    until(lambda: searchable.keys("суд") == ["a"])


def until(is_so: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.1)


def test_the_folder_is_closed_to_others(searchable: Searchable) -> None:
    searchable.refresh()
    index = current_index(searchable.folder)
    assert index is not None
    assert [oct(Path(each).stat().st_mode & 0o777) for each in (searchable.folder, index)] == ["0o700", "0o700"]
