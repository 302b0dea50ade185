"""The desk of a running installation behind the page Hand over.

In: forms of the page, whom the answer is for. Out: rows, frozen selections, orders of packages. It builds nothing:
Airflow is handed the id of an order and nothing else, with the installation's own access, and a task builds it
(`pipeline.handover.ordered_build`). An order is shown to those alone who may see everything that goes along, as in
the register of disclosures. Raises `HandoverRefusedError`, and `storage.errors.StorageError`s where store or disk
are not as they should be.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import Any, Final

from access.handover_desk import (
    BuildState,
    FrozenFile,
    HandoverForm,
    HandoverRefusedError,
    PackageBuild,
    PackageFile,
)
from pipeline.airflow_api import AirflowApi, AirflowRefused, AirflowUnreachable
from pipeline.config.settings import Settings, SettingsError, load_settings
from pipeline.handover.choosing import (
    NOTHING_DISCLOSED,
    Choice,
    ChoiceRefusedError,
    preview,
    sentence_against,
)
from pipeline.handover.freezing import freeze, recipient_of
from pipeline.handover.ordered_packages import OrderedPackages, PackageOrder
from pipeline.handover.preview_rows import preview_rows
from pipeline.handover.register import changed_row, changes_since, choice_of_supplement, disclosure_row
from pipeline.handover.selection import DisclosureLevel, FrozenSelection
from pipeline.validation.release_report import release_report
from storage.access_labels import Viewer, labels_of
from storage.archive import Archive
from storage.ledger.disclosures import disclosures_to
from storage.queries.neighbours import labels_of_captures

DAG: Final = "handover"
MEGABYTE: Final = 10**6
LARGEST_PART_MB: Final = 1_000_000
MOST_LISTED: Final = 50
"""Orders on the page, the newest; older ones are reached by the address of their package."""


class ExportDesk:
    """Chooses under the rights of the person who looks at the page, for the installation of these settings."""

    def __init__(self, load: Callable[[], Settings] = load_settings) -> None:
        self._load = load

    def preview(self, archive: Archive, form: HandoverForm, viewer: Viewer) -> list[dict[str, Any]]:
        """As `access.handover_desk.HandoverDesk` has it; without a level what the public would receive."""
        level = DisclosureLevel(form.level) if form.level in set(DisclosureLevel) else DisclosureLevel.PUBLIC
        with _refusals():
            return list(preview_rows(preview(archive, _choice(archive, form, viewer), level, viewer=viewer)))

    def freeze(self, archive: Archive, form: HandoverForm, viewer: Viewer) -> FrozenFile:
        """As `access.handover_desk.HandoverDesk` has it."""
        frozen = self._frozen(archive, form, viewer)
        return FrozenFile(f"selection-{frozen.package_id}.json", frozen.to_json())

    def order(self, archive: Archive, form: HandoverForm, viewer: Viewer) -> str:
        """As `access.handover_desk.HandoverDesk` has it."""
        part_bytes = _part_bytes(form.part_mb)
        with self._packages().new_order() as new:
            frozen = self._frozen(archive, form, viewer, reserve=new.reserve)
            ids = {capture.capture_id for each in frozen.exhibits for capture in each.captures}
            with archive.reader.connect() as connection:
                labels = labels_of_captures(connection, ids)
            order = PackageOrder(
                frozen.package_id, viewer.name, datetime.now(UTC), part_bytes, tuple(sorted(labels))
            )
            new.keep(frozen, order)
        self._start(frozen.package_id)
        return frozen.package_id

    def builds(self, archive: Archive, viewer: Viewer) -> list[PackageBuild]:
        """As `access.handover_desk.HandoverDesk` has it."""
        packages = self._packages()
        found = (self._seen(archive, packages, each, viewer) for each in packages.ids())
        return [
            _described(packages, each) for each in islice((one for one in found if one is not None), MOST_LISTED)
        ]

    def build(self, archive: Archive, package_id: str, viewer: Viewer) -> PackageBuild | None:
        """As `access.handover_desk.HandoverDesk` has it."""
        packages = self._packages()
        order = self._seen(archive, packages, package_id, viewer)
        return None if order is None else _described(packages, order)

    def start(self, archive: Archive, package_id: str, viewer: Viewer) -> None:
        """As `access.handover_desk.HandoverDesk` has it."""
        packages = self._packages()
        if self._seen(archive, packages, package_id, viewer) is None:
            return
        if packages.standing(package_id).state not in (BuildState.READY, BuildState.BUILDING):
            packages.note_waiting(package_id)
            self._start(package_id)

    def file(self, archive: Archive, package_id: str, name: str, viewer: Viewer) -> Path | None:
        """As `access.handover_desk.HandoverDesk` has it."""
        packages = self._packages()
        if self._seen(archive, packages, package_id, viewer) is None:
            return None
        path = packages.file(package_id, name)
        if path is not None:
            against = sentence_against(archive, packages.selection(package_id), viewer=viewer)
            if against is not None:
                raise HandoverRefusedError(f"{against} So this package is not given out any more.")
        return path

    def selection(self, archive: Archive, package_id: str, viewer: Viewer) -> bytes | None:
        """As `access.handover_desk.HandoverDesk` has it."""
        packages = self._packages()
        order = self._seen(archive, packages, package_id, viewer)
        return None if order is None else packages.selection_bytes(package_id)

    def remove(self, archive: Archive, package_id: str, viewer: Viewer) -> None:
        """As `access.handover_desk.HandoverDesk` has it."""
        packages = self._packages()
        if self._seen(archive, packages, package_id, viewer) is not None:
            packages.remove_files(package_id)

    def _packages(self) -> OrderedPackages:
        return OrderedPackages(self._load().packages_folder)

    def _seen(
        self, archive: Archive, packages: OrderedPackages, package_id: str, viewer: Viewer
    ) -> PackageOrder | None:
        """The order, where the viewer may see everything that goes along."""
        order = packages.order(package_id)
        if order is None:
            return None
        with archive.reader.connect() as connection:
            seen = labels_of(connection, viewer)
        return order if seen is None or seen >= set(order.labels) else None

    def _start(self, package_id: str) -> None:
        try:
            with AirflowApi(self._load().airflow(), patience_s=10.0) as api:
                api.trigger(DAG, {"package_id": package_id})
        except (AirflowRefused, AirflowUnreachable, SettingsError) as problem:
            self._packages().note_not_started(package_id, str(problem))

    def _frozen(
        self,
        archive: Archive,
        form: HandoverForm,
        viewer: Viewer,
        *,
        reserve: Callable[[int], None] = lambda _: None,
    ) -> FrozenSelection:
        with _refusals():
            return freeze(
                archive,
                _choice(archive, form, viewer),
                recipient_of(form.recipient, form.level or None, form.request, form.language),
                viewer=viewer,
                opened=form.opened.replace(",", " ").split(),
                supplement_of=form.supplement_of or None,
                validation_report=release_report(self._load()),
                reserve=reserve,
            )

    def disclosures(self, archive: Archive, viewer: Viewer) -> list[dict[str, Any]]:
        """As `access.handover_desk.HandoverDesk` has it."""
        with archive.reader.connect() as connection:
            return [disclosure_row(each) for each in disclosures_to(connection, viewer=viewer)]

    def changes(self, archive: Archive, recipient: str, viewer: Viewer) -> list[dict[str, Any]]:
        """As `access.handover_desk.HandoverDesk` has it."""
        with _refusals():
            return [changed_row(each) for each in changes_since(archive, recipient, viewer=viewer)]


def _part_bytes(text: str) -> int:
    """The bytes of a part, of a number of megabytes as it was written."""
    megabytes = int(text) if text.isascii() and text.isdecimal() and len(text) < 16 else 0
    if not 1 <= megabytes <= LARGEST_PART_MB:
        raise HandoverRefusedError(
            f"The size of a part: expected a whole number of megabytes from 1 to {LARGEST_PART_MB}, found "
            f"{text[:40]!r}. {NOTHING_DISCLOSED}"
        )
    return megabytes * MEGABYTE


def _described(packages: OrderedPackages, order: PackageOrder) -> PackageBuild:
    selection, standing = packages.selection(order.package_id), packages.standing(order.package_id)
    built = packages.built(order.package_id) or {"files": [], "digest": None, "not_proved": 0}
    files = [PackageFile(each["name"], each["length_bytes"], each["sha256"]) for each in built["files"]]
    listed = packages.file(order.package_id, f"{order.package_id}.parts.txt")
    if listed is not None:
        files.append(PackageFile(listed.name, listed.stat().st_size, None))
    return PackageBuild(
        package_id=order.package_id,
        recipient=selection.recipient.name,
        level=selection.recipient.level.value,
        request=selection.recipient.request,
        ordered_by=order.ordered_by,
        ordered_at=order.ordered_at,
        exhibits=len(selection.exhibits),
        state=standing.state,
        step=standing.step,
        percent=100 * standing.done // standing.total if standing.total else 0,
        reason=standing.reason,
        digest=built["digest"],
        not_proved=built["not_proved"],
        files=tuple(files),
    )


@contextmanager
def _refusals() -> Iterator[None]:
    """What the person may choose otherwise, as the page knows it."""
    try:
        yield
    except ChoiceRefusedError as refused:
        raise HandoverRefusedError(str(refused)) from refused


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
