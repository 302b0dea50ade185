"""What a backup holds, as bytes and back: the manifest, and each kept thing under its name.

In and out: `Contents` and its bytes (JSON). Raises `BackupFileError` of bytes that are something else, and of
things whose digest is not the one that the manifest states.
"""

import base64
import binascii
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Final

from pipeline.backup.sealed_file import ANOTHER_COPY, BackupFileError
from processors.digest import Digest, sha256

FORMS: Final = "letapis/backup/"
FORM: Final = f"{FORMS}1"


class OfNewerVersionError(BackupFileError):
    """The backup has what this version does not know; the operator installs the version that made it."""

    def __init__(self, found: str) -> None:
        super().__init__(
            "a backup of this version of Letapis, or of one before it",
            f"{found}, which a newer version has made",
            "Install that version, and use the backup with it.",
        )


@dataclass(frozen=True, slots=True)
class KeptThing:
    """One thing that is kept: ``what`` it is, in words, and where it lay.

    ``name`` says what it is to the program; ``path`` is where it lay, for a person, and of a file that a setting
    names by its path also where it goes back to.
    """

    name: str
    what: str
    path: str | None
    sha256: str
    length_bytes: int


@dataclass(frozen=True, slots=True)
class Absence:
    """Something that is not in a backup, and why; ``lost`` where an archive would lack it after a recovery."""

    name: str
    reason: str
    lost: bool


@dataclass(frozen=True, slots=True)
class OfArchive:
    """To which archive a backup belongs; what the database alone knows is None where it did not answer."""

    store: str | None
    second_store: str | None
    custody_entries: int | None
    newest_digest: str | None
    verifier_key: str | None
    problem: str | None


@dataclass(frozen=True, slots=True)
class BackupManifest:
    """What a backup is: ``made_at`` as ISO 8601 in UTC, ``software`` and ``schema`` as they were."""

    id: str
    made_at: str
    software: str
    schema: str
    archive: OfArchive
    things: tuple[KeptThing, ...]
    absent: tuple[Absence, ...]


@dataclass(frozen=True, slots=True)
class Contents:
    """The manifest, and the bytes of each thing by its name."""

    manifest: BackupManifest
    bytes_of: Mapping[str, bytes] = field(repr=False)

    def as_bytes(self) -> bytes:
        """As they stand in the sealed file."""
        held = {name: base64.b64encode(content).decode() for name, content in self.bytes_of.items()}
        whole = {"form": FORM, "manifest": asdict(self.manifest), "contents": held}
        return json.dumps(whole, ensure_ascii=False).encode()


def kept_thing(name: str, what: str, path: str | None, content: bytes) -> KeptThing:
    """A thing with the digest and length of its bytes."""
    return KeptThing(name, what, path, str(sha256(content)), len(content))


def read_contents(opened: bytes) -> Contents:
    """The contents of an opened backup."""
    try:
        whole = json.loads(opened)
        if (form := str(whole["form"])) != FORM:
            if not form.startswith(FORMS):
                raise ValueError(form)
            raise OfNewerVersionError(f"contents in the form {form}")
        manifest = _manifest(whole["manifest"])
        held = {name: base64.b64decode(text, validate=True) for name, text in whole["contents"].items()}
        stated = {each.name: Digest.parse(each.sha256) for each in manifest.things}
    except (ValueError, KeyError, TypeError, AttributeError, binascii.Error) as problem:
        raise BackupFileError("the contents of a backup", "something else", ANOTHER_COPY) from problem
    found = {name: sha256(content) for name, content in held.items()}
    if found != stated:
        wrong = ", ".join(
            sorted(name for name in found.keys() | stated.keys() if found.get(name) != stated.get(name))
        )
        raise BackupFileError("the things that its manifest states", f"others: {wrong}", ANOTHER_COPY)
    return Contents(manifest, held)


def _manifest(stated: Any) -> BackupManifest:
    return BackupManifest(
        id=str(stated["id"]),
        made_at=str(stated["made_at"]),
        software=str(stated["software"]),
        schema=str(stated["schema"]),
        archive=OfArchive(**stated["archive"]),
        things=tuple(KeptThing(**each) for each in stated["things"]),
        absent=tuple(Absence(**each) for each in stated["absent"]),
    )
