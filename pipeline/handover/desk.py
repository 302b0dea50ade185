"""The desk of a running installation behind the page Hand over.

In: forms of the page, whom the answer is for. Out: rows and frozen selections. It builds nothing: a package
is large, and leaves the house by the hand of whoever runs a command. Raises `ChoiceRefusedError`.
"""

from typing import Any

from access.handover_desk import FrozenFile, HandoverForm
from pipeline.handover.choosing import Choice, preview
from pipeline.handover.freezing import freeze, recipient_of
from pipeline.handover.preview_rows import preview_rows
from pipeline.handover.register import changed_row, changes_since, choice_of_supplement, disclosure_row
from pipeline.handover.selection import DisclosureLevel
from storage.access_labels import Viewer
from storage.archive import Archive
from storage.ledger.disclosures import disclosures_to


class ExportDesk:
    """Chooses under the rights of the person who looks at the page."""

    def preview(self, archive: Archive, form: HandoverForm, viewer: Viewer) -> list[dict[str, Any]]:
        """As `access.handover_desk.HandoverDesk` has it; without a level what the public would receive."""
        level = DisclosureLevel(form.level) if form.level in set(DisclosureLevel) else DisclosureLevel.PUBLIC
        return list(preview_rows(preview(archive, _choice(archive, form, viewer), level, viewer=viewer)))

    def freeze(self, archive: Archive, form: HandoverForm, viewer: Viewer) -> FrozenFile:
        """As `access.handover_desk.HandoverDesk` has it."""
        recipient = recipient_of(form.recipient, form.level or None, form.request, form.language)
        choice = _choice(archive, form, viewer)
        supplement_of = form.supplement_of or None
        frozen = freeze(archive, choice, recipient, viewer=viewer, supplement_of=supplement_of)
        return FrozenFile(f"selection-{frozen.package_id}.json", frozen.to_json())

    def disclosures(self, archive: Archive, viewer: Viewer) -> list[dict[str, Any]]:
        """As `access.handover_desk.HandoverDesk` has it."""
        with archive.reader.connect() as connection:
            return [disclosure_row(each) for each in disclosures_to(connection, viewer=viewer)]

    def changes(self, archive: Archive, recipient: str, viewer: Viewer) -> list[dict[str, Any]]:
        """As `access.handover_desk.HandoverDesk` has it."""
        return [changed_row(each) for each in changes_since(archive, recipient, viewer=viewer)]


def _choice(archive: Archive, form: HandoverForm, viewer: Viewer) -> Choice:
    if form.supplement_of:
        return choice_of_supplement(archive, form.supplement_of, viewer=viewer)[0]
    return Choice(
        text=form.text,
        source=form.source or None,
        since=form.since,
        until=form.until,
        case=form.case or None,
        ids=tuple(dict.fromkeys(form.ids.split())),
        context=form.context,
    )
