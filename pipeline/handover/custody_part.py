"""The folder ``data/custody``: what proves the files that the exhibits come from, and nothing about any other.

In: a frozen selection, keys of sealed files, the folder. Out: files, and the `CustodyProof`s by key. Proofs lead
to the checkpoint that the selection names, so that they are the same whenever the package is built. Only values
that the selection names are opened. Raises `PackageRefusedError` and the errors of `storage.log.custody_proof`.
Source: docs/custody-proof.md; decisions 33 and 40.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from pipeline.handover.package_errors import PackageRefusedError
from pipeline.handover.package_key import PackageKey
from pipeline.handover.plain_json import plain_json
from pipeline.handover.selection import FrozenSelection
from processors.digest import sha256
from storage.archive import Archive
from storage.ledger.entry_schema import REDACTED
from storage.log.checkpoints import SignedCheckpoint, checkpoint_over
from storage.log.custody_proof import CustodyProof, NotYetProvedError, prove_custody_at
from storage.objects.keys import EVIDENCE_RECORDS_PREFIX, REVOCATION_PREFIX, ROOTS_PREFIX

FOLDERS_OF_KEYS: Final = {
    ROOTS_PREFIX: "certificates",
    EVIDENCE_RECORDS_PREFIX: "evidence-records",
    REVOCATION_PREFIX: "revocation",
}
"""Where objects go along; all others are tokens."""
OPENED_FORMAT: Final = "letapis/opened/1"
COVERED_WORDS: Final = "details.covered"
"""Of a redacted copy the very words below the bars: whoever opens every detail by its name means others."""
NO_CHECKPOINT: Final = "the log had no checkpoint when the selection was frozen"


@dataclass(frozen=True, slots=True)
class CustodyPart:
    """Proofs by the key of their file, and why there is none of a file, by key."""

    proofs: dict[str, CustodyProof]
    not_proved: dict[str, str]


def write_custody(
    archive: Archive, selection: FrozenSelection, warc_keys: Iterable[str], folder: Path, key: PackageKey
) -> CustodyPart:
    """Fill the folder, which is empty."""
    (folder / "tokens").mkdir()
    (folder / "certificates").mkdir()
    (folder / "certificates" / "package-key.pem").write_bytes(key.public_pem)
    checkpoint = _frozen_checkpoint(archive, selection)
    if checkpoint is not None:
        (folder / "checkpoint.txt").write_bytes(checkpoint.note)
    proofs: dict[str, CustodyProof] = {}
    not_proved: dict[str, str] = {}
    for warc_key in sorted(warc_keys):
        if checkpoint is None:
            not_proved[warc_key] = NO_CHECKPOINT
            continue
        try:
            proof = prove_custody_at(archive, warc_key, checkpoint.size, selection.tokens)
        except NotYetProvedError as problem:
            not_proved[warc_key] = f"expected {problem.expected}, found {problem.found}"
            continue
        proofs[warc_key] = proof
        (folder / proof_name(warc_key)).write_bytes(plain_json(proof.as_json()))
        for token in proof.tokens:
            name = f"{sha256(token.roots).hex}.pem"
            (folder / "certificates" / name).write_bytes(token.roots)
    if not_proved:
        listed = [{"warc_key": warc_key, "why": why} for warc_key, why in not_proved.items()]
        (folder / "not-proved.json").write_bytes(plain_json(listed))
    opened = [each for proof in proofs.values() for each in _opened(proof, selection.opened)]
    unique = {(each["entry"], each["name"]): each for each in opened}
    values = [unique[place] for place in sorted(unique)]
    (folder / "opened.json").write_bytes(plain_json({"format": OPENED_FORMAT, "values": values}))
    _write_tokens(archive, selection, folder)
    return CustodyPart(proofs, not_proved)


def proof_name(warc_key: str) -> str:
    """The name of a file's proof: its key cannot be a name."""
    return f"proof-{sha256(warc_key.encode()).hex[:16]}.json"


def _frozen_checkpoint(archive: Archive, selection: FrozenSelection) -> SignedCheckpoint | None:
    frozen = selection.checkpoint
    if frozen is None or frozen.size == 0:
        return None
    with archive.reader.connect() as connection:
        found = checkpoint_over(connection, frozen.size)
    if found is None or found.checkpoint != frozen:
        raise PackageRefusedError(
            f"the checkpoint over {frozen.size} entries",
            "the one that the selection names",
            "none" if found is None else "one with another root",
            "run `letapis verify`, and choose anew.",
        )
    return found


def _opened(proof: CustodyProof, names: Iterable[str]) -> Iterator[dict[str, Any]]:
    """Values and salts of the entries of a proof, of those that are named and known here."""
    for each in proof.entries:
        entry = each.entry
        if entry.seal is None or entry.seal.salts is None:
            continue
        values = entry.sealed_values()
        for name in names:
            if name in values and (entry.event, name) != (REDACTED, COVERED_WORDS):
                yield {
                    "entry": entry.seq,
                    "name": name,
                    "salt": entry.seal.salts[name],
                    "value": values[name],
                }


def _write_tokens(archive: Archive, selection: FrozenSelection, folder: Path) -> None:
    for key in selection.tokens:
        head = archive.objects.head(key)
        if head is None:
            raise PackageRefusedError(
                f"the token {key}", "an object of the store", "none", "run `letapis verify`, and choose anew."
            )
        name = next((name for prefix, name in FOLDERS_OF_KEYS.items() if key.startswith(prefix)), "tokens")
        content = archive.objects.read(key, head.version_id)
        (folder / name).mkdir(exist_ok=True)
        (folder / name / key.replace("/", "_")).write_bytes(content)
