"""The register of what was handed over, and what has changed of it since.

In: an archive, a built package with its selection, or a recipient's name. Out: `Disclosure`s, `ChangedExhibit`s,
and the `Choice` of a supplement. What has changed is found by choosing the same subjects again under the same
rules: what goes now and did not go then was added, what went and does not go now is gone. Raises
`ChoiceRefusedError`.
"""

import json
from dataclasses import dataclass, replace
from typing import Any

from pipeline.handover.choosing import NOTHING_DISCLOSED, WORDS, Choice, ChoiceRefusedError, preview
from pipeline.handover.selection import Exhibit, FrozenSelection, LeftOutItem, WhyLeftOut
from processors.digest import Digest
from storage.access_labels import Viewer
from storage.archive import Archive
from storage.ledger.disclosures import (
    Disclosure,
    disclosure_of_package,
    disclosures_to,
    register_disclosure,
)
from storage.queries.neighbours import labels_of_captures


@dataclass(frozen=True, slots=True)
class ChangedExhibit:
    """An exhibit that a recipient has, as they received it last, and what of it is otherwise now.

    ``added`` are ids of captures that would go along now, ``gone`` of those that would not any more;
    ``gone_because`` says why the whole exhibit would not.
    """

    exhibit: Exhibit
    received: Disclosure
    added: tuple[str, ...]
    gone: tuple[str, ...]
    gone_because: LeftOutItem | None

    @property
    def changed(self) -> bool:
        """Whether anything is otherwise."""
        return bool(self.added or self.gone)


def register_package(archive: Archive, selection: FrozenSelection, digest: Digest, *, actor: str) -> Disclosure:
    """Write down that the package of this digest was handed over; the same twice is one disclosure."""
    ids = [capture.capture_id for each in selection.exhibits for capture in each.captures]
    with archive.reader.connect() as connection:
        labels = labels_of_captures(connection, ids)
    return register_disclosure(archive, json.loads(selection.to_json()), digest, labels=labels, actor=actor)


def selection_of(disclosure: Disclosure) -> FrozenSelection:
    """The frozen selection of a disclosure."""
    return FrozenSelection.from_json(json.dumps(disclosure.selection).encode())


def changes_since(archive: Archive, recipient: str, *, viewer: Viewer) -> tuple[ChangedExhibit, ...]:
    """Every exhibit that the recipient has received, by its number, with what has changed since."""
    with archive.reader.connect() as connection:
        received = disclosures_to(connection, recipient, viewer=viewer)
    if not received:
        raise ChoiceRefusedError(
            f"{recipient}: nothing that you may know of was handed over to a recipient of this name. "
            f"{NOTHING_DISCLOSED}"
        )
    newest: dict[str, tuple[Exhibit, Disclosure, FrozenSelection]] = {}
    for disclosure in received:
        selection = selection_of(disclosure)
        for exhibit in selection.exhibits:
            newest.setdefault(exhibit.number, (exhibit, disclosure, selection))
    found = []
    for number in sorted(newest):
        exhibit, disclosure, selection = newest[number]
        found.append(_compared(archive, exhibit, disclosure, selection, viewer))
    return tuple(found)


def choice_of_supplement(archive: Archive, package_id: str, *, viewer: Viewer) -> tuple[Choice, Disclosure]:
    """What of a package has come since, as a choice of the same exhibits; raises where nothing has."""
    with archive.reader.connect() as connection:
        disclosure = disclosure_of_package(connection, package_id, viewer=viewer)
    if disclosure is None:
        raise ChoiceRefusedError(
            f"Package {package_id}: expected one of the register of disclosures, found none that you may know of. "
            f"{NOTHING_DISCLOSED}"
        )
    selection = selection_of(disclosure)
    compared = [_compared(archive, each, disclosure, selection, viewer) for each in selection.exhibits]
    added = tuple(each.exhibit.number for each in compared if each.added)
    if not added:
        raise ChoiceRefusedError(f"Package {package_id}: nothing has come to it since. {NOTHING_DISCLOSED}")
    return replace(_choice(selection.query), ids=added), disclosure


def _compared(
    archive: Archive, exhibit: Exhibit, disclosure: Disclosure, selection: FrozenSelection, viewer: Viewer
) -> ChangedExhibit:
    choice = replace(_choice(selection.query), ids=(exhibit.number,))
    now = preview(archive, choice, selection.recipient.level, viewer=viewer)
    before = [each.capture_id for each in exhibit.captures]
    there = [each.capture_id for each in now.exhibits[0].draft.captures] if now.exhibits else []
    because = None if now.exhibits else now.left_out[0] if now.left_out else _missing(exhibit)
    return ChangedExhibit(
        exhibit,
        disclosure,
        tuple(each for each in there if each not in before),
        tuple(each for each in before if each not in there),
        because,
    )


def _choice(query: Any) -> Choice:
    """The rules under which it was chosen; what was searched for is not searched for again."""
    return Choice(
        case=query.get("case"),
        context=query.get("context") is not False,
        with_original=query.get("with_original") is True,
    )


def _missing(exhibit: Exhibit) -> LeftOutItem:
    return LeftOutItem(exhibit.kind, exhibit.subject_id, WhyLeftOut.MISSING, WORDS[WhyLeftOut.MISSING])


def disclosure_row(disclosure: Disclosure) -> dict[str, Any]:
    """JSON-ready row of kind ``disclosure``."""
    return {
        "kind": "disclosure",
        "package_id": disclosure.package_id,
        "at": disclosure.at,
        "actor": disclosure.actor,
        "recipient": disclosure.recipient,
        "level": disclosure.level,
        "request": disclosure.request,
        "package_digest": str(disclosure.package_digest),
        "exhibits": [each["number"] for each in disclosure.selection["exhibits"]],
        "supplement_of": disclosure.selection["supplement_of"],
        "custody_seq": disclosure.seq,
    }


def changed_row(changed: ChangedExhibit) -> dict[str, Any]:
    """JSON-ready row of kind ``received_exhibit``."""
    return {
        "kind": "received_exhibit",
        "number": changed.exhibit.number,
        "title": changed.exhibit.title,
        "package_id": changed.received.package_id,
        "received_at": changed.received.at,
        "added": list(changed.added),
        "gone": list(changed.gone),
        "gone_because": None if changed.gone_because is None else changed.gone_because.words,
    }
