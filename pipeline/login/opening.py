"""Opens what crawls with a login have kept out of the archive: lists it, and writes it to a folder.

In: the store of profiles, whose keys open it. Out: a `KeptThing` for each withheld answer, rendering, request,
note or file, and for the covered values of each exchange. Guaranteed: a listing holds no covered value and no byte
of a body; what is written is for its owner alone, in a folder that was not there before, and each digest that was
noted when it was kept is looked at again. Nothing is changed or removed. Raises `ProfileError`.
"""

import base64
import hashlib
import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO, Any, Final

from ulid import ULID

from crawlers.model.iso_time import time_text
from pipeline.login.kept_apart import FOLDER, kept_of_crawl
from pipeline.login.profiles import ProfileError, ProfileStore
from storage.private_folder import new_closed_folder

ENDING: Final = ".kept"
ID_LENGTH: Final = 26
"""Characters of the id of a crawl, a ULID."""
REDACTED: Final = "redacted.jsonl"
"""The file of covered values, with the salts that open their commitments."""


@dataclass(frozen=True, slots=True)
class KeptThing:
    """One thing that was kept apart, without its content.

    ``what`` is ``redacted``, ``exchange``, ``rendering``, ``request``, ``note`` or ``file``; ``number`` its row.
    ``url`` may show a value of the login itself. ``values`` counts covered values, ``length_bytes`` what was
    withheld. ``whole``: whether it has the digest that was noted; None where none was, or it was not written.
    """

    crawl_id: str
    number: int
    what: str
    url: str | None
    at: str | None
    reason: str | None
    name: str | None
    values: int
    length_bytes: int
    whole: bool | None = None
    files: tuple[str, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """JSON-ready values."""
        return {"kind": "kept_apart", **asdict(self), "files": list(self.files)}


@dataclass(frozen=True, slots=True)
class KeptCrawl:
    """A crawl that has kept something apart; ``began_at`` is the time of its id (ISO 8601)."""

    crawl_id: str
    began_at: str
    sealed_bytes: int

    def as_json(self) -> dict[str, Any]:
        """JSON-ready values."""
        return {"kind": "kept_crawl", **asdict(self)}


def kept_crawls(store: ProfileStore) -> tuple[KeptCrawl, ...]:
    """The crawls that have kept something apart, the oldest first; nothing is opened for it."""
    found = []
    for path in sorted((store.folder / FOLDER).glob(f"{'?' * ID_LENGTH}{ENDING}")):
        crawl_id, size = path.name.removesuffix(ENDING), path.stat().st_size
        if size:
            found.append(KeptCrawl(crawl_id, time_text(ULID.from_str(crawl_id).datetime), size))
    return tuple(found)


def things_of_crawl(store: ProfileStore, crawl_id: str) -> Iterator[KeptThing]:
    """What one crawl has kept apart, in the order it came."""
    for row, parts in _things(store, crawl_id):
        yield _thing(crawl_id, row, sum(len(part) for part in parts))


def write_things(store: ProfileStore, crawl_id: str, folder: Path) -> Iterator[KeptThing]:
    """Write each thing to a new folder as it is given; raises ``FileExistsError`` where it is there."""
    begun = False
    for row, parts in _things(store, crawl_id):
        if not begun:
            new_closed_folder(folder)  # not before the first row has opened
            begun = True
        if row["what"] == "redacted":
            with _private(folder / REDACTED) as file:
                shown = {name: row[name] for name in ("number", "url", "at", "spans")}
                file.write(json.dumps(shown, ensure_ascii=False).encode() + b"\n")
            yield _thing(crawl_id, row, 0, files=(REDACTED,))
            continue
        length = sum(len(part) for part in _write(folder, row, parts))
        written = _written(folder, row)
        yield _thing(crawl_id, row, length, files=written, whole=_whole(folder, row, written))


def _things(store: ProfileStore, crawl_id: str) -> Iterator[tuple[Mapping[str, Any], Iterator[bytes]]]:
    """Each row with the pieces of its content, which are to be read before the next row."""
    rows = _Ahead(kept_of_crawl(store, _checked_id(store, crawl_id)))
    while (row := rows.take()) is not None:
        parts = _parts(rows, row["number"])
        yield row, parts
        for _ in parts:  # what nobody has read
            pass


class _Ahead:
    """Rows, of which the next one can be looked at before it is taken."""

    def __init__(self, rows: Iterator[Mapping[str, Any]]) -> None:
        self._rows = rows
        self.next = next(rows, None)

    def take(self) -> Mapping[str, Any] | None:
        """The next row; None after the last."""
        taken, self.next = self.next, next(self._rows, None)
        return taken


def _parts(rows: _Ahead, number: int) -> Iterator[bytes]:
    while rows.next is not None and rows.next["what"] == "part" and rows.next["of"] == number:
        part = rows.take()
        assert part is not None
        yield base64.b64decode(part["base64"])


def _checked_id(store: ProfileStore, crawl_id: str) -> str:
    """The id, which is no path; raises `ProfileError` where the crawl has kept nothing."""
    if crawl_id not in (each.crawl_id for each in kept_crawls(store)):
        raise ProfileError(
            f"Crawl {crawl_id[:64]}: expected the id of a crawl that has kept something apart, in "
            f"{store.folder / FOLDER}, found none of this name. `letapis kept-apart` lists "
            "them. Nothing was written."
        )
    return crawl_id


def _thing(
    crawl_id: str,
    row: Mapping[str, Any],
    length_bytes: int,
    *,
    files: tuple[str, ...] = (),
    whole: bool | None = None,
) -> KeptThing:
    return KeptThing(
        crawl_id,
        row["number"],
        row["what"],
        row.get("url"),
        row.get("at"),
        row.get("reason"),
        row.get("name") or row.get("kind_of"),
        len(row.get("spans", ())),
        length_bytes,
        whole,
        files,
    )


def _names(row: Mapping[str, Any]) -> tuple[str, ...]:
    """The files of a thing: of an exchange request and response, as they came."""
    number = f"{row['number']:06d}"
    if row["what"] == "exchange":
        return f"{number}-request", f"{number}-response"
    if row["what"] == "file":
        return (f"{number}-{Path(row['name']).name}",)
    kind = f"-{row['kind_of']}" if row.get("kind_of") else ""
    return (f"{number}-{row['what']}{kind}",)


def _write(folder: Path, row: Mapping[str, Any], parts: Iterator[bytes]) -> Iterator[bytes]:
    """Write the pieces to the thing's files, and pass them on; the request is the first bytes of an exchange."""
    paths = [folder / name for name in _names(row)]
    first = row["request_length"] if row["what"] == "exchange" else None
    for part in parts:
        yield part
        head, rest = (part, b"") if first is None else (part[:first], part[first:])
        first = None if first is None else first - len(head)
        for path, piece in zip(paths, (head, rest), strict=False):
            if piece:
                with _private(path) as file:
                    file.write(piece)


def _written(folder: Path, row: Mapping[str, Any]) -> tuple[str, ...]:
    return tuple(name for name in _names(row) if (folder / name).exists())


def _whole(folder: Path, row: Mapping[str, Any], written: tuple[str, ...]) -> bool | None:
    """Whether the files have the digests that were noted; None where none was."""
    keys = {"exchange": ("request_sha256", "response_sha256"), "file": ("sha256",)}.get(row["what"])
    if keys is None:
        return None
    found = [_sha256(folder / name) if name in written else _EMPTY for name in _names(row)]
    return found == [row[key] for key in keys]


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return f"sha256:{hashlib.file_digest(file, 'sha256').hexdigest()}"


_EMPTY: Final = f"sha256:{hashlib.sha256().hexdigest()}"


def _private(path: Path) -> IO[bytes]:
    """The file, open for what is added at its end; its owner's alone."""
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600), "wb")
