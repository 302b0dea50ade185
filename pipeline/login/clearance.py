"""The last look at the WARC files of a crawl with a login, before anything may be deposited.

Sites renew what they gave, and a value that comes at the end of a crawl may stand in what was kept before. In: the
closed files, every value that is known by then. Out: the files that show none of them. Another is sealed apart as
a whole and removed from the spool, with all that lies beside it.
"""

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Final

from pipeline.login.credential_guard import MOST_DECODED_BYTES, MOST_READ_BYTES, contents_of_mhtml
from pipeline.login.kept_apart import PART_BYTES, KeptApart
from pipeline.login.secret_values import SecretValues
from processors.http.message import UndecodableEntity, entity, parse_response
from storage.warc.reader import WarcReader
from storage.warc.writer import ClosedFile

MHTML: Final = "multipart/related"


def cleared(
    files: Iterable[ClosedFile], values: SecretValues, kept: KeptApart, withheld: Callable[[str], None]
) -> tuple[ClosedFile, ...]:
    """Those that show nothing; ``withheld`` gets a sentence about each other one."""
    clear = []
    for file in files:
        if not shows_any(file.path, values):
            clear.append(file)
            continue
        row = {"what": "file", "name": file.path.name, "sha256": str(file.sha256), "records": file.records}
        with file.path.open("rb") as stream:
            kept.add_bytes(row, iter(lambda: stream.read(PART_BYTES), b""))
        for beside in file.path.parent.glob(f"{file.path.name}*"):
            beside.unlink()
        withheld(
            f"{file.path.name} is kept sealed, outside of the archive: a value that the site gave later in the "
            "crawl stands in it"
        )
    return tuple(clear)


def shows_any(path: Path, values: SecretValues) -> bool:
    """Whether any value stands in any record: in its head, its block, a body behind codings, a part of MHTML."""
    overlap = values.longest_form
    with path.open("rb") as stream:
        reader = WarcReader(stream, path.name)
        while (head := reader.next_record()) is not None:
            if any(values.are_in(f"{name}: {value}".encode("utf-8", "replace")) for name, value in head.fields):
                return True
            end, length = b"", 0
            block: list[bytes] = []
            for view in reader.block():
                piece = bytes(view)
                if values.are_in(end + piece):
                    return True
                end = (end + piece)[-overlap:] if overlap else b""
                length += len(piece)
                if length <= MOST_READ_BYTES:
                    block.append(piece)
            if head.record_type == "response" and length <= MOST_READ_BYTES:
                try:
                    content = entity(parse_response(b"".join(block)), MOST_DECODED_BYTES)
                except UndecodableEntity:
                    return True  # the guard lets none of these pass
                if values.are_in(content):
                    return True
            elif (head.value("Content-Type") or "").startswith(MHTML) and any(
                map(values.are_in, contents_of_mhtml(b"".join(block)))
            ):
                return True
            reader.end_record()
    return False
