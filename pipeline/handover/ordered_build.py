"""Builds a package that was ordered on the page Hand over, outside the web request, and removes what may not stay.

In: settings, the id of an order. Out: nothing; the package lies in the private folder, its line in the register of
disclosures. Guaranteed: it is built under the rights that the person who ordered it has now; the log of a task
shows the id alone, and why it was not built stands with the order, for those who may see it. Raises
`PackageNotBuiltError`.
"""

import traceback

from pipeline.collect.confidential_work import unlogged
from pipeline.config.archive_factory import opened_archive
from pipeline.config.settings import Settings, SettingsError
from pipeline.handover.building import hand_over
from pipeline.handover.choosing import NOTHING_DISCLOSED, sentence_against
from pipeline.handover.ordered_packages import AlreadyBuildingError, OrderedPackages, Work
from pipeline.handover.package import Parts
from pipeline.handover.package_key import prepare_package_key
from storage.access_labels import EVERYONE, Role, Viewer
from storage.archive import Archive
from storage.errors import DatabaseUnavailable, StorageError


class PackageNotBuiltError(Exception):
    """The package is not there; the page Hand over says why to those who may see it."""

    def __init__(self, package_id: str, found: str) -> None:
        super().__init__(f"Package {package_id}: {found}")
        self.package_id = package_id


def build_ordered(settings: Settings, package_id: str) -> None:
    """Build it; one that is there already stays as it is."""
    packages = OrderedPackages(settings.packages_folder)
    if packages.order(package_id) is None:
        raise PackageNotBuiltError(package_id, "there is no order of this id. Nothing was built.")
    if packages.built(package_id) is not None:
        return
    with unlogged():
        try:
            with packages.at_work(package_id) as work:
                is_built = _build(settings, work)
        except AlreadyBuildingError as problem:
            raise PackageNotBuiltError(
                package_id, "another process builds it. Wait until that has ended."
            ) from problem
    if not is_built:
        words = "it was not built; the page Hand over says why. Nothing of it is left but the order."
        raise PackageNotBuiltError(package_id, words)


def _build(settings: Settings, work: Work) -> bool:
    """Whether it was built; if not, why is written down."""
    order = work.order
    try:
        key, _ = prepare_package_key(settings.package_key_file)
        with opened_archive(settings) as archive:
            done = hand_over(
                archive,
                work.selection,
                work.target,
                key=key,
                viewer=Viewer(order.ordered_by, Role.CUSTODIAN),
                parts=Parts(order.part_bytes),
                on_progress=work.note_progress,
            )
        work.finish(done.package, done.disclosure.seq)
    except DatabaseUnavailable:
        work.fail(f"The database does not answer. {NOTHING_DISCLOSED} Build it again when it does.")
        return False
    except (StorageError, SettingsError, OSError) as problem:
        work.fail(str(problem))
        return False
    except BaseException as problem:  # also a timeout or an exit: its traceback would say what it was about
        work.fail(f"The program failed ({type(problem).__name__}). {NOTHING_DISCLOSED}", traceback.format_exc())
        return False
    return True


def remove_what_may_not_go(settings: Settings, archive: Archive) -> tuple[str, ...]:
    """Remove built packages of which something was withdrawn or may not go any more; returns their ids."""
    packages = OrderedPackages(settings.packages_folder)
    removed = []
    for package_id in packages.ids():
        if packages.built(package_id) is None:
            continue
        against = sentence_against(archive, packages.selection(package_id), viewer=EVERYONE)
        if against is not None and packages.remove_files(package_id, against):
            removed.append(package_id)
    return tuple(removed)
