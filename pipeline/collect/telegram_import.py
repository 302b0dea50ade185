"""Takes a Telegram Desktop export (``result.json`` and the files beside it) into the archive.

In: the archive, the export's folder. Out: `Imported`. Every file of the folder is sealed byte for byte and
deposited as a crawl is; reading is `processors.telegram.desktop_export`'s. Files that the archive holds already
under the same address are not sealed again, so bringing the same export twice changes nothing. Links that lead out
of the folder are not followed. Raises `NotAnExportError` and the errors of `storage`.
"""

import json
import mimetypes
import platform
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Final
from urllib.parse import quote

from sqlalchemy import select

from crawlers.model.json_form import to_json
from crawlers.watchlist.source import Source
from pipeline.collect.deposit_spool import deposit_crawl
from pipeline.crawl import crawl_id_of_now
from processors.media.media_type import sniff
from processors.telegram.desktop_export import EXPORT_ADDRESS, chat_numbers
from storage.archive import Archive
from storage.catalogue.tables import captures
from storage.deposit.deposit import Deposited
from storage.errors import StorageError
from storage.ledger.entry import NOT_MEASURED, Clock
from storage.spool.user_files import FileBytes, UserFile, modified_at, write_user_files

RESULT: Final = "result.json"
HEAD_BYTES: Final = 4096


class NotAnExportError(StorageError):
    """The folder is no export; whoever brings it looks for the folder with ``result.json`` in it."""


@dataclass(frozen=True, slots=True)
class Imported:
    """What was taken in. ``deposited`` is empty where the archive held every file before."""

    source_id: str
    channel_ids: tuple[int, ...]
    files: int
    known_before: int
    deposited: tuple[Deposited, ...]


def import_export(
    archive: Archive,
    folder: Path,
    spool_dir: Path,
    *,
    source_id: str | None = None,
    actor: str,
    clock: Clock = NOT_MEASURED,
) -> Imported:
    """Take in one folder; ``source_id`` is a source of the watch-list, else one is named after the channel."""
    numbers = _numbers(folder)
    source = source_id or f"telegram-export-{abs(numbers[0])}"
    base = f"{EXPORT_ADDRESS}{'-'.join(str(abs(number)) for number in numbers[:1])}"
    files = [_user_file(path, folder, base) for path in _files(folder)]
    new = [file for file in files if not _is_archived(archive, file, source)]
    deposited: tuple[Deposited, ...] = ()
    if new:
        crawl_id = crawl_id_of_now()
        write_user_files(spool_dir, crawl_id, _facts(source), new)
        deposited = deposit_crawl(archive, spool_dir / crawl_id, actor=actor, clock=clock)
    return Imported(source, numbers, len(files), len(files) - len(new), deposited)


def _numbers(folder: Path) -> tuple[int, ...]:
    try:
        return chat_numbers((folder / RESULT).read_bytes())
    except OSError as error:
        raise NotAnExportError(
            f"{folder.name}: expected an export of Telegram Desktop with {RESULT} in it, found none "
            f"({error.strerror}). Nothing was imported. Export again as machine-readable JSON."
        ) from error
    except ValueError as error:
        raise NotAnExportError(
            f"{folder.name}/{RESULT}: expected an export of Telegram Desktop, found {error}. Nothing was imported."
        ) from error


def _files(folder: Path) -> Iterator[Path]:
    """The result first, then all files beside it, in the order of their names."""
    yield folder / RESULT
    for path in sorted(folder.rglob("*")):
        inside = path.resolve().is_relative_to(folder.resolve())
        if inside and path.is_file() and not path.is_symlink() and path != folder / RESULT:
            yield path


def _user_file(path: Path, folder: Path, base: str) -> UserFile:
    with path.open("rb") as file:
        head = file.read(HEAD_BYTES)
    guessed = mimetypes.guess_type(path.name)[0]
    media_type = guessed if path.suffix == ".json" else sniff(head) or guessed
    return UserFile(
        content=FileBytes.of(path),
        url=f"{base}/{quote(path.relative_to(folder).as_posix())}",
        media_type=media_type or "application/octet-stream",
        modified_at=modified_at(path),
    )


def _is_archived(archive: Archive, file: UserFile, source_id: str) -> bool:
    query = select(captures.c.id).where(
        captures.c.source_id == source_id,
        captures.c.url == file.url,
        captures.c.block_digest == str(file.content.digest),
    )
    with archive.reader.connect() as connection:
        return connection.execute(query.limit(1)).first() is not None


def _facts(source_id: str) -> dict[str, str]:
    """The warcinfo record: what took the files in, and as which source; nothing of who or where."""
    declared = to_json(Source(id=source_id, kind="telegram"))
    return {
        "software": f"letapis/{version('letapis')} Python/{platform.python_version()}",
        "source": json.dumps(declared, ensure_ascii=False, sort_keys=True),
        "description": "files of a Telegram Desktop export, as they were brought",
    }


def imported_json(imported: Imported) -> dict[str, object]:
    """JSON-ready row of kind ``telegram_import``."""
    return {
        "kind": "telegram_import",
        "source": imported.source_id,
        "channel_ids": list(imported.channel_ids),
        "files": imported.files,
        "known_before": imported.known_before,
        "warc_keys": [each.key for each in imported.deposited],
    }
