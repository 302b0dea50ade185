"""Re-hashes WARC files, or the whole archive, against index, custody and locks; says what it found.

In: an archive, and paths or keys. Out: `Verified`, one per thing looked at. Looking at the whole archive is itself
an act that custody keeps: the entry ``verified`` says how many things were looked at and which were wrong.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

from storage.archive import Archive
from storage.keys import WARC_PREFIX
from storage.ledger import record
from storage.verification import verify_archive, verify_file, verify_key
from storage.verified import Verified

WHOLE_ARCHIVE: Final = "archive"
"""Subject of the custody entry about a verification of everything."""
NAMED_AT_MOST: Final = 100


def verify(
    archive: Archive,
    what: Sequence[str] = (),
    *,
    actor: str = "letapis",
    on_each: Callable[[Verified], None] | None = None,
    roots: Mapping[str, bytes] = MappingProxyType({}),
) -> tuple[Verified, ...]:
    """Look at files (paths) and deposited files (keys), or without any at everything.

    ``roots`` are the certificates (PEM) that time authorities, by URL, are held to.
    """
    found: list[Verified] = []
    for verified in _named(archive, what) if what else verify_archive(archive, roots):
        found.append(verified)
        if on_each is not None:
            on_each(verified)
    if not what:
        wrong = [verified.subject for verified in found if not verified.ok]
        details = {"looked_at": len(found), "wrong": len(wrong), "subjects": wrong[:NAMED_AT_MOST]}
        record(archive, "verified", subject_id=WHOLE_ARCHIVE, actor=actor, details=details)
    return tuple(found)


def _named(archive: Archive, what: Sequence[str]) -> Iterator[Verified]:
    for each in what:
        if Path(each).is_file():
            yield verify_file(archive, Path(each))
        elif each.startswith(WARC_PREFIX):
            yield verify_key(archive, each)
        else:
            raise FileNotFoundError(f"{each}: neither a file here nor a key of the archive ({WARC_PREFIX}...)")


def verified_json(verified: Verified) -> dict[str, Any]:
    """The JSON keys of kind ``verify``."""
    problems = [{"what": each.what, "expected": each.expected, "found": each.found} for each in verified.problems]
    return {"kind": "verify", "subject": verified.subject, "ok": verified.ok, "problems": problems}
