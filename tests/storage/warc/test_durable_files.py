"""A closed WARC file is on the disk before its name is: sync, rename, sync of the folder, in this order."""

import os
import stat
from contextlib import suppress
from pathlib import Path

import pytest

from storage.spool.recovery import recover
from storage.spool.spool import Spool
from storage.warc.writer import OpenWarc
from tests.storage.sample_exchanges import CRAWL, FACTS, exchange


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str]]:
    """Every sync, cut and rename as the operating system is asked for it, with the name of what it concerns."""
    noted: list[tuple[str, str]] = []
    sync, cut, rename = os.fsync, os.ftruncate, Path.rename

    def named(descriptor: int) -> str:
        name = Path(f"/proc/self/fd/{descriptor}").readlink().name
        return f"{name}/" if stat.S_ISDIR(os.fstat(descriptor).st_mode) else name

    def noting_sync(descriptor: int) -> None:
        noted.append(("fsync", named(descriptor)))
        sync(descriptor)

    def noting_cut(descriptor: int, length: int) -> None:
        noted.append(("ftruncate", named(descriptor)))
        cut(descriptor, length)

    def noting_rename(path: Path, target: Path) -> Path:
        noted.append(("rename", target.name))
        return rename(path, target)

    monkeypatch.setattr(os, "fsync", noting_sync)
    monkeypatch.setattr(os, "ftruncate", noting_cut)
    monkeypatch.setattr(Path, "rename", noting_rename)
    return noted


def of_warc(calls: list[tuple[str, str]], folder: str) -> list[tuple[str, str]]:
    """The calls that concern the WARC file and its folder."""
    return [(call, name) for call, name in calls if (".warc.gz" in name and ".rows" not in name) or name == folder]


def test_a_new_file_is_a_lasting_name_before_anything_is_written_to_it(
    tmp_path: Path, calls: list[tuple[str, str]]
) -> None:
    OpenWarc(tmp_path / "a.warc.gz").discard()
    assert calls == [("fsync", f"{tmp_path.name}/")]


def test_a_file_that_is_closed_or_discarded_is_held_open_no_longer(tmp_path: Path) -> None:
    OpenWarc(tmp_path / "a.warc.gz").close()
    OpenWarc(tmp_path / "b.warc.gz").discard()
    held = []
    for descriptor in Path("/proc/self/fd").iterdir():
        with suppress(FileNotFoundError):  # the one by which they are listed
            held.append(descriptor.readlink())
    assert [path for path in held if tmp_path in path.parents] == []


def test_closing_syncs_the_file_renames_it_and_syncs_the_folder(
    tmp_path: Path, calls: list[tuple[str, str]]
) -> None:
    warc = OpenWarc(tmp_path / "a.warc.gz")
    calls.clear()
    warc.close()
    assert calls == [("fsync", "a.warc.gz.open"), ("rename", "a.warc.gz"), ("fsync", f"{tmp_path.name}/")]


def test_recovery_cuts_and_syncs_a_torn_file_before_it_gets_its_name(
    tmp_path: Path, calls: list[tuple[str, str]]
) -> None:
    spool = Spool(tmp_path, CRAWL, FACTS)
    spool.keep(exchange(b"x"))
    [file] = spool.close()
    left = file.path.with_name(f"{file.path.name}.open")
    left.write_bytes(file.path.read_bytes()[:-5])
    file.path.unlink()
    calls.clear()

    recover(tmp_path)

    assert of_warc(calls, f"{CRAWL}/")[:4] == [
        ("ftruncate", left.name),
        ("fsync", left.name),
        ("rename", file.path.name),
        ("fsync", f"{CRAWL}/"),
    ]
