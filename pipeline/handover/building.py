"""Builds the package of a frozen selection and enters it in the register of disclosures.

In: an archive, a `FrozenSelection`, a folder that is not there yet, the key of packages, who hands over. Out: a
`RegisteredPackage`. Guaranteed: nothing is built of a selection that names what may not go to its recipient now,
whoever wrote it; what was built and could not be entered is said to be so. The same selection gives the same
bytes, and the same package twice is one disclosure. Raises `ChoiceRefusedError`, `StoreAwayError`,
`NotRegisteredError` and what `pipeline.handover.package` raises.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from pipeline.handover.choosing import NOTHING_DISCLOSED, ChoiceRefusedError, sentence_against
from pipeline.handover.package import BuiltPackage, PackageProgress, Parts, build_package
from pipeline.handover.package_errors import StoreAwayError
from pipeline.handover.package_key import PackageKey
from pipeline.handover.register import register_package
from pipeline.handover.selection import FrozenSelection
from storage.access_labels import Viewer
from storage.archive import Archive
from storage.errors import DatabaseUnavailable, StorageError
from storage.ledger.disclosures import Disclosure
from storage.objects.errors import StoreUnreachableError


class NotRegisteredError(StorageError):
    """The package is there, and the register does not know of it; whoever built it builds it again elsewhere."""

    def __init__(self, folder: Path, package_id: str, problem: Exception) -> None:
        super().__init__(
            f"Package {package_id} is built as {folder}, but could not be entered in the register of "
            f"disclosures: {problem} Hand nothing over yet. Remove what was built, and build it again of the same "
            "selection: the bytes will be the same."
        )
        self.folder = folder


@dataclass(frozen=True, slots=True)
class RegisteredPackage:
    """The package, and its line in the register."""

    package: BuiltPackage
    disclosure: Disclosure


def hand_over(
    archive: Archive,
    selection: FrozenSelection,
    folder: Path,
    *,
    key: PackageKey,
    viewer: Viewer,
    parts: Parts | None = None,
    on_progress: Callable[[PackageProgress], None] = lambda _: None,
) -> RegisteredPackage:
    """Build the package in ``folder``, or as parts beside it, and enter it in the register."""
    against = sentence_against(archive, selection, viewer=viewer)
    if against is not None:
        raise ChoiceRefusedError(f"{against} Choose and freeze anew. {NOTHING_DISCLOSED}")
    # as whoever builds it again will read it: its query then has its names in the same order
    selection = FrozenSelection.from_json(selection.to_json())
    try:
        built = build_package(archive, selection, folder, key=key, parts=parts, on_progress=on_progress)
    except StoreUnreachableError as away:
        raise StoreAwayError(
            f"Package {folder}",
            away,
            "Nothing is left under that name, and nothing was disclosed.",
            "build it again of the same selection: the bytes will be the same.",
        ) from away
    try:
        return RegisteredPackage(built, register_package(archive, selection, built.digest, actor=viewer.name))
    except (StorageError, DatabaseUnavailable) as problem:
        raise NotRegisteredError(folder, selection.package_id, problem) from problem
