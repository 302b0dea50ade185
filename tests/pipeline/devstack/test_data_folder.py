"""The data folder holds evidence, hashes and secrets: others read nothing of it, whatever the umask was."""

import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from pipeline.config.settings import Settings
from pipeline.devstack.data_folder import PRIVATE_FOLDERS, make_data_folder, write_stack_file
from storage.archive import Archive
from storage.private_folder import closed_folder, new_closed_folder
from storage.similarity.hash_index import refresh
from tests.storage.crawled_files import crawl_one, exchange, response


@pytest.fixture
def careless_umask() -> Iterator[None]:
    """As a service manager or a container may start a process: every new file is open to everybody."""
    before = os.umask(0)
    yield
    os.umask(before)


def open_to_others(folder: Path) -> list[str]:
    """What another user who may pass ``folder`` can read or enter, below it."""
    found = []
    for path in folder.iterdir():
        mode = path.lstat().st_mode
        if mode & 0o077:
            found.append(f"{path.relative_to(folder)} {stat.filemode(mode)}")
        # A closed folder closes all that lies in it.
        if path.is_dir() and mode & 0o007:
            found += open_to_others(path)
    return found


def fill(settings: Settings, archive: Archive) -> None:
    """What crawls, deposits and questions leave in a data folder."""
    make_data_folder(settings.data)
    write_stack_file(settings)
    crawl_one(settings.spool_dir, [exchange("https://t.me/s/kanal", response(b"page"))])
    with archive.reader.connect() as connection:
        refresh(connection, archive.hash_folder)


@pytest.mark.usefixtures("careless_umask")
def test_others_read_nothing_of_spool_hashes_and_addresses(stored_settings: Settings, archive: Archive) -> None:
    fill(stored_settings, archive)

    assert {"spool", "hashes", "stack.json"} <= {path.name for path in stored_settings.data.iterdir()}
    assert open_to_others(stored_settings.data) == []


@pytest.mark.usefixtures("careless_umask")
def test_what_an_earlier_version_left_open_is_closed(stored_settings: Settings, archive: Archive) -> None:
    for name in PRIVATE_FOLDERS:
        (stored_settings.data / name).mkdir(mode=0o777, parents=True, exist_ok=True)
        (stored_settings.data / name).chmod(0o777)
    assert len(open_to_others(stored_settings.data)) == len(PRIVATE_FOLDERS)

    fill(stored_settings, archive)

    assert open_to_others(stored_settings.data) == []


@pytest.mark.usefixtures("careless_umask")
def test_folders_on_the_way_are_closed_too_and_those_there_before_stay(tmp_path: Path) -> None:
    there = tmp_path / "there"
    there.mkdir(mode=0o755)

    closed_folder(there / "a" / "b")
    new_closed_folder(there / "c" / "d")

    modes = {name: stat.S_IMODE((there / name).stat().st_mode) for name in ("", "a", "a/b", "c", "c/d")}
    assert modes == {"": 0o755, "a": 0o700, "a/b": 0o700, "c": 0o700, "c/d": 0o700}
    with pytest.raises(FileExistsError):
        new_closed_folder(there / "a" / "b")
