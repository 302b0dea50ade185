"""Search by the index beside PostgreSQL's full text and SQLite FTS5, over the same records, in the same run.

Run: ``python -m benchmarks.search [--records N] [--asked N] [--analysts N] [--json]``. Starts a PostgreSQL of its
own in a temporary folder. Each question is asked once to warm up and then timed: hits on a page of twenty with
their words marked, the number of all, and for the index also every facet and a histogram by month; the index is
asked through `storage.queries.search`, so each hit is read from the database under the viewer's rights. Quoted are
the median and the 95th percentile over all questions of a kind, in ms: of the clock, and of the CPU of the process
that asks, which other work on the machine does not stretch (PostgreSQL's own processes are not in it).
``--analysts``: so many ask the JSON API of a server of its own at once and pause five seconds between questions.
"""

import argparse
import json
import os
import platform
import random
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import urllib.parse
import urllib.request
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.search.material import Made, fill_catalogue, records
from benchmarks.search.questions import KINDS, questions
from pipeline.config.archive_factory import opened_archive
from pipeline.config.settings import OwnedDatabase, Settings
from pipeline.devstack.postgres import PostgresServer
from storage.access_labels import Role, Viewer
from storage.archive import Archive
from storage.migrations import migrate
from storage.queries.full_text import search_database
from storage.queries.search import search
from storage.search_index.folder import current_index
from storage.search_index.question import FACETS, SearchQuery
from storage.search_index.words import parse_words
from storage.search_index.writer import WritableIndex

READER = Viewer("analyst", Role.READER)
PAUSE_S = 5.0
ROUNDS_OF_ANALYSTS = 8
SLOWEST_MS = 20_000.0
"""A way that is slower than this at one question is not asked the others of its kind."""


def settings_of(database: OwnedDatabase, folder: Path) -> Settings:
    """An archive without a store: search asks none."""
    return Settings(
        data=folder,
        s3_endpoint="http://127.0.0.1:9",
        s3_access_key="none",
        s3_secret_key="none",
        lock_mode="governance",
        lock_days=1,
        database_writer_url=database.writer_url,
        database_reader_url=database.reader_url,
    )


def by_index(archive: Archive) -> Callable[[SearchQuery], int]:
    def ask(query: SearchQuery) -> int:
        answer = search(archive, query, viewer=READER, limit=20, facets=FACETS, histogram="month")
        assert answer.answered_by == "index", answer.because
        return answer.total

    return ask


def by_index_without_facets(archive: Archive) -> Callable[[SearchQuery], int]:
    return lambda query: search(archive, query, viewer=READER, limit=20).total


def by_postgres(archive: Archive) -> Callable[[SearchQuery], int]:
    def ask(query: SearchQuery) -> int:
        with archive.reader.connect() as connection:
            return search_database(connection, query, viewer=READER, limit=20).total

    return ask


def by_sqlite(path: Path) -> Callable[[SearchQuery], int]:
    connection = sqlite3.connect(path)

    def ask(query: SearchQuery) -> int:
        conditions, values = ["1"], []
        if query.text:
            conditions.append("words MATCH ?")
            values.append(_fts5(query.text))
        for column, chosen in (("kind", query.kind), ("source", query.source)):
            if chosen:
                conditions.append(f"{column} = ?")
                values.append(chosen[0])
        if query.since:
            conditions.append("dated >= ?")
            values.append(query.since.isoformat())
        where = " AND ".join(conditions)
        order = "dated DESC" if query.order == "newest" or not query.text else "rank"
        shown = "snippet(words, 0, '[', ']', '…', 24)" if query.text else "substr(text, 1, 300)"
        page = f"SELECT {shown} FROM words WHERE {where} ORDER BY {order} LIMIT 20"
        connection.execute(page, values).fetchall()
        (total,) = connection.execute(f"SELECT count(*) FROM words WHERE {where}", values).fetchone()
        return int(total)

    return ask


def _fts5(text: str) -> str:
    """The same question in FTS5's words, which knows no forms of words."""
    (group,) = parse_words(text)
    parts = [f'"{" ".join(clause.exact)}"{"*" if clause.prefix else ""}' for clause in group.with_]
    left_out = "".join(f' NOT "{" ".join(clause.exact)}"' for clause in group.without)
    return " AND ".join(parts) + left_out


def fill_sqlite(path: Path, made: Sequence[Made]) -> None:
    with sqlite3.connect(path) as connection:
        connection.execute(
            "CREATE VIRTUAL TABLE words USING fts5(text, kind UNINDEXED, source UNINDEXED, dated UNINDEXED)"
        )
        rows = ((each.text, each.kind, each.source, each.dated) for each in made)
        connection.executemany("INSERT INTO words VALUES (?, ?, ?, ?)", rows)
        connection.execute("INSERT INTO words(words) VALUES ('optimize')")


@dataclass(frozen=True, slots=True)
class Took:
    """Milliseconds of one question."""

    clock: float
    cpu: float


def timed(ask: Callable[[SearchQuery], int], asked: Sequence[SearchQuery]) -> list[Took]:
    """Each question, the second time that it is asked."""
    took = []
    for query in asked:
        first = _once(ask, query)
        if first.clock > SLOWEST_MS:
            return [*took, first]
        took.append(_once(ask, query))
    return took


def _once(ask: Callable[[SearchQuery], int], query: SearchQuery) -> Took:
    clock, cpu = time.perf_counter(), time.process_time()
    ask(query)
    return Took((time.perf_counter() - clock) * 1000, (time.process_time() - cpu) * 1000)


def middle_and_late(took: Sequence[Took]) -> dict[str, list[float]]:
    """The median and the 95th percentile, by the clock and of CPU."""
    return {
        name: [round(statistics.median(values), 1), round(sorted(values)[int(len(values) * 0.95)], 1)]
        for name, values in (("clock", [each.clock for each in took]), ("cpu", [each.cpu for each in took]))
    }


SERVED = """
import os, uvicorn
from pathlib import Path
from access.app import create_app
from pipeline.config.archive_factory import open_archive
from pipeline.config.settings import load_settings
from storage.access_labels import Role, Viewer
app = create_app(lambda: open_archive(load_settings()), lambda: Viewer("analyst", Role.READER))
uvicorn.run(app, host="127.0.0.1", port=int(os.environ["PORT"]), log_level="warning")
"""


def by_analysts(settings: Settings, made: Sequence[Made], analysts: int, path: str) -> list[Took]:
    """Milliseconds of whole answers of a server, asked by several at once who pause between questions."""
    port = random.randrange(20_000, 40_000)
    env = {**os.environ, "PORT": str(port), "LETAPIS_DATA": str(settings.data)}
    for name in ("s3_endpoint", "s3_access_key", "s3_secret_key", "lock_mode", "lock_days"):
        env[f"LETAPIS_{name.upper()}"] = str(getattr(settings, name))
    for name in ("database_writer_url", "database_reader_url"):
        env[f"LETAPIS_{name.upper()}"] = str(getattr(settings, name))
    server = subprocess.Popen([sys.executable, "-c", SERVED], env=env)
    took: list[Took] = []
    try:
        _wait_for(port)
        asked = [query for kind in KINDS for query in questions(kind, made, 12)]
        random.Random(2).shuffle(asked)

        def analyst(number: int) -> None:
            time.sleep(number * PAUSE_S / analysts)
            for query in asked[number::analysts][:ROUNDS_OF_ANALYSTS]:
                started = time.perf_counter()
                with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}{_parameters(query)}") as answer:
                    answer.read()
                took.append(Took((time.perf_counter() - started) * 1000, 0.0))
                time.sleep(PAUSE_S)

        threads = [threading.Thread(target=analyst, args=(number,)) for number in range(analysts)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        server.terminate()
        server.wait()
    return took


def _parameters(query: SearchQuery) -> str:
    given = [("q", query.text), ("order", query.order), ("most", "20"), ("histogram", "month")]
    given += [("kind", each) for each in query.kind] + [("source", each) for each in query.source]
    given += [("since", query.since.isoformat())] if query.since else []
    return "?" + urllib.parse.urlencode([*given, *(("facet", each) for each in FACETS)])


def _wait_for(port: int) -> None:
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{port}/api/search?q=x").read()
        except OSError:
            time.sleep(0.5)
        else:
            return
    raise TimeoutError("the server did not start")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--records", type=int, default=1_000_000)
    parser.add_argument("--asked", type=int, default=20, help="questions of each kind")
    parser.add_argument("--analysts", type=int, default=16)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    said: dict[str, object] = {"records": options.records, "python": platform.python_version()}
    with tempfile.TemporaryDirectory(prefix="letapis-search-") as name:
        folder = Path(name)
        folder.chmod(0o711)
        with PostgresServer(folder / "postgres") as server:
            database = server.create_database("search_benchmark")
            migrate(database.owner_url)
            said["postgres_s"] = _seconds(lambda: fill_catalogue(database.owner_url, options.records))
            made = list(records(options.records))
            said["sqlite_s"] = _seconds(lambda: fill_sqlite(folder / "fts5.sqlite", made))
            settings = settings_of(database, folder / "data")
            with opened_archive(settings) as archive:
                assert archive.search_folder is not None
                with WritableIndex(archive.reader, archive.search_folder) as index:
                    cpu = time.process_time()
                    said["index_s"] = _seconds(lambda: index.make_anew())
                    said["index_cpu_s"] = round(time.process_time() - cpu, 1)
                in_use = current_index(archive.search_folder)
                assert in_use is not None
                said["index_mb"] = round(sum(file.stat().st_size for file in in_use.iterdir()) / 1e6)
                ways = {
                    "index": by_index(archive),
                    "index, no facets": by_index_without_facets(archive),
                    "postgres": by_postgres(archive),
                    "sqlite": by_sqlite(folder / "fts5.sqlite"),
                }
                sample = random.Random(3).sample(made, min(len(made), 2000))
                table = {
                    kind: {way: timed(ask, questions(kind, sample, options.asked)) for way, ask in ways.items()}
                    for kind in KINDS
                }
            every = {way: [each for of_kind in table.values() for each in of_kind[way]] for way in ways}
            said["all"] = {way: middle_and_late(took) for way, took in every.items()}
            if options.analysts:
                took = by_analysts(settings, sample, options.analysts, "/api/search")
                said["analysts"] = middle_and_late(took)["clock"]
            said["by_kind"] = {
                kind: {way: middle_and_late(t) for way, t in of_kind.items()} for kind, of_kind in table.items()
            }
    print(json.dumps(said, ensure_ascii=False, indent=None if options.json else 1))


def _seconds(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return round(time.perf_counter() - started, 1)


if __name__ == "__main__":
    main()
