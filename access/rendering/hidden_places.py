"""The words that stand in the place of something that is withdrawn, quarantined or purged.

In: a `HiddenPlace`. Out: sentences in the reader's language. The reason is not among them: it may tell what was
withdrawn.
"""

from access.rendering.translations import gettext
from storage.access_labels import DEFAULT_LABEL, WITHDRAWN
from storage.ledger.file_custody import PURGED
from storage.queries.hidden_places import HiddenPlace


def place_sentence(place: HiddenPlace) -> str:
    """That it was hidden or purged, when, on which basis, to whom it was visible before, and that it is kept."""
    at = f"{place.at:%Y-%m-%d %H:%M} UTC"
    if place.label == PURGED:
        basis = place.basis or gettext("not known here: no key opens it")
        gone = gettext(
            "%(name)s was purged on %(at)s: its bytes were taken out of the archive. Legal basis: %(basis)s.",
            name=place.name,
            at=at,
            basis=basis,
        )
        return " ".join((gone, _before(place.before), gettext("Its entries of custody stay.")))
    if place.label == WITHDRAWN:
        basis = place.basis or gettext("not known here: no key opens it")
        what = gettext(
            "%(name)s was withdrawn on %(at)s. Legal basis: %(basis)s.", name=place.name, at=at, basis=basis
        )
    else:
        what = gettext(
            "%(name)s was quarantined on %(at)s, until two people decide about it.", name=place.name, at=at
        )
    return " ".join((what, _before(place.before), gettext("Nobody is shown it now. Its entry of custody stays.")))


def _before(label: str) -> str:
    if label == DEFAULT_LABEL:
        return gettext("Before, it was visible to every reader.")
    if label.startswith("case-"):
        return gettext("Before, it was visible to the members of its case.")
    return gettext("Before, it was visible to those who were granted its access label.")
