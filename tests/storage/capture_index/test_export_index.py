"""The index of captures as Parquet: what is in it, what is not, and that it is whole or as it was."""

import json
from pathlib import Path
from typing import Any

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from processors.digest import sha256
from storage.capture_index.export import (
    MANIFEST,
    FolderTarget,
    Manifest,
    NotAnIndexError,
    StoreTarget,
    export_index,
)
from storage.capture_index.rows import COLUMNS
from storage.parquet import Column, write_parquet
from tests.storage.labelled_archive import OPEN, SECRET, Labelled

EVERYBODYS = frozenset({"default"})


def exported(labelled: Labelled, folder: Path, labels: frozenset[str] | None = EVERYBODYS, **how: Any) -> Manifest:
    with labelled.archive.reader.connect() as connection:
        return export_index(connection, FolderTarget(folder), labels=labels, **how)[0]


def ask(question: str, folder: Path) -> list[tuple[Any, ...]]:
    everything = f"read_parquet('{folder}/subset=*/crawl=*/*.parquet', hive_partitioning = true)"
    return rows_of(question.format(index=everything))


def rows_of(question: str) -> list[tuple[Any, ...]]:
    with duckdb.connect() as connection:
        return connection.execute(question).fetchall()


def files_of(folder: Path) -> dict[str, bytes]:
    return {each.relative_to(folder).as_posix(): each.read_bytes() for each in folder.rglob("*") if each.is_file()}


def test_duckdb_finds_each_capture_in_its_partition_sorted_by_surt(labelled: Labelled, tmp_path: Path) -> None:
    manifest = exported(labelled, tmp_path)
    found = ask("SELECT subset, crawl, url_surtkey, fetch_status, outcome, records FROM {index}", tmp_path)
    article = "example,vesnik)/%d0%bf%d0%bb%d0%be%d1%89%d0%b0"
    assert sorted(found, key=str) == [
        ("crawldiagnostics", "2026-11", "1,0,0,127:8443)/x?y=1", None, "unreachable", 0),
        ("crawldiagnostics", "2026-11", "example,vesnik)/gone", 404, None, 0),
        ("robotstxt", "2026-11", "example,vesnik)/robots.txt", 200, None, 0),
        ("warc", "2026-11", article, 200, "content", 1),
        ("warc", "2026-11", "example,vesnik)/a.png", 200, None, 0),
        ("warc", "2026-12", article, 200, "content", 1),
    ]
    assert manifest.rows == 6
    for file in tmp_path.rglob("*.parquet"):
        keys = [key for (key,) in rows_of(f"SELECT url_surtkey FROM '{file}'")]
        assert keys == sorted(keys)


def test_a_row_says_where_the_record_lies_and_what_the_address_is_made_of(
    labelled: Labelled, tmp_path: Path
) -> None:
    exported(labelled, tmp_path)
    ((url, host, tld, protocol, port, path, query, mime, detected, key, offset, length),) = ask(
        "SELECT url, url_host_name, url_host_tld, url_protocol, url_port, url_path, url_query, content_mime_type, "
        "content_mime_detected, warc_filename, warc_record_offset, warc_record_length FROM {index} "
        "WHERE url LIKE '%a.png'",
        tmp_path,
    )
    assert (url, host, tld, protocol, port, path, query) == (
        "https://vesnik.example/a.png",
        "vesnik.example",
        "example",
        "https",
        None,
        "/a.png",
        None,
    )
    assert (mime, detected) == ("image/png", "image/png")
    head = next(iter(labelled.archive.objects.list(key)))
    record = labelled.archive.objects.read(key, head.version_id, offset=offset, length=length)
    assert record.startswith(b"\x1f\x8b")
    failed = ask("SELECT url_host_tld, url_port, url_query FROM {index} WHERE outcome = 'unreachable'", tmp_path)
    assert failed == [(None, 8443, "y=1")]


def test_what_has_another_label_is_left_out_unless_it_is_named(labelled: Labelled, tmp_path: Path) -> None:
    exported(labelled, tmp_path / "open")
    exported(labelled, tmp_path / "case", frozenset({"default", labelled.label}))
    exported(labelled, tmp_path / "all", None)
    hosts = "SELECT DISTINCT access_label, url_host_name FROM {index} WHERE subset = 'warc' ORDER BY ALL"
    assert ask(hosts, tmp_path / "open") == [("default", "vesnik.example")]
    both = sorted([("default", "vesnik.example"), (labelled.label, "secret.example")])
    assert sorted(ask(hosts, tmp_path / "case")) == sorted(ask(hosts, tmp_path / "all")) == both
    assert b"secret" not in b"".join(files_of(tmp_path / "open").values())
    assert SECRET not in str(ask("SELECT url FROM {index}", tmp_path / "open"))


def test_the_manifest_names_each_file_with_its_digest_and_a_second_export_changes_no_byte(
    labelled: Labelled, tmp_path: Path
) -> None:
    exported(labelled, tmp_path)
    before = files_of(tmp_path)
    named = json.loads(before[MANIFEST])["files"]
    assert {each["path"]: each["sha256"] for each in named} == {
        path: sha256(content).hex for path, content in before.items() if path.endswith(".parquet")
    }
    exported(labelled, tmp_path)
    assert files_of(tmp_path) == before


def test_an_export_after_one_that_was_killed_leaves_nothing_of_either(labelled: Labelled, tmp_path: Path) -> None:
    exported(labelled, tmp_path)
    before = files_of(tmp_path)
    partition = tmp_path / "subset=warc/crawl=2026-11"
    (partition / ".part-00000.parquet.7.lines.part").write_bytes(b"{")
    (partition / "part-00000.parquet").write_bytes(b"half")
    (partition / "part-00001.parquet").write_bytes(b"of a larger index")
    exported(labelled, tmp_path)
    assert files_of(tmp_path) == before


def test_a_partition_of_many_rows_becomes_files_in_order(labelled: Labelled, tmp_path: Path) -> None:
    manifest = exported(labelled, tmp_path, rows_of_file=1)
    assert [each.path for each in manifest.files if each.path.startswith("subset=crawldiagnostics")] == [
        "subset=crawldiagnostics/crawl=2026-11/part-00000.parquet",
        "subset=crawldiagnostics/crawl=2026-11/part-00001.parquet",
    ]
    assert {each.rows for each in manifest.files} == {1}
    exported(labelled, tmp_path)
    assert not list(tmp_path.rglob("part-00001.parquet"))


def test_a_folder_with_other_things_is_left_as_it_is(labelled: Labelled, tmp_path: Path) -> None:
    (tmp_path / "letter.txt").write_text("mine")
    with pytest.raises(NotAnIndexError, match=r"letter\.txt"):
        exported(labelled, tmp_path)
    assert files_of(tmp_path) == {"letter.txt": b"mine"}


def test_in_the_store_each_index_has_its_own_place_and_is_stored_once(labelled: Labelled, tmp_path: Path) -> None:
    archive = labelled.archive
    places = []
    for _ in range(2):
        with archive.reader.connect() as connection:
            manifest, place = export_index(connection, StoreTarget(archive.objects), labels=EVERYBODYS)
        places.append(place)
    assert places[0] == places[1]
    prefix = places[0].removeprefix(f"s3://{archive.objects.bucket}/")
    stored = {each.key.removeprefix(prefix): each for each in archive.objects.list("index/")}
    assert set(stored) == {MANIFEST, *(each.path for each in manifest.files)}
    local = tmp_path / "local.parquet"
    name = "subset=warc/crawl=2026-11/part-00000.parquet"
    local.write_bytes(b"".join(archive.objects.stream(f"{prefix}{name}", stored[name].version_id)))
    assert (OPEN,) in rows_of(f"SELECT url FROM '{local}'")


@settings(max_examples=25)  # each makes two files and a database
@given(
    st.lists(
        st.tuples(
            st.none() | st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00")),
            st.none() | st.integers(-(2**63), 2**63 - 1),
            st.none() | st.floats(allow_nan=False, allow_infinity=False),
            st.none() | st.booleans(),
        ),
        max_size=20,
    )
)
def test_any_rows_are_read_back_as_they_were_written(
    tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[Any, ...]]
) -> None:
    path = tmp_path_factory.getbasetemp() / "any.parquet"
    columns = [
        Column("te\"x't", "VARCHAR"),
        Column("number", "BIGINT"),
        Column("share", "DOUBLE"),
        Column("is", "BOOLEAN"),
    ]
    assert write_parquet(path, columns, rows).rows == len(rows)
    assert rows_of(f"SELECT * FROM '{path}'") == rows


def test_the_columns_are_those_of_the_documentation() -> None:
    page = Path(__file__).parents[3].joinpath("docs", "api.md").read_text("utf-8")
    assert [each.name for each in COLUMNS if each.name not in page] == []
