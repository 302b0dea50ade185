"""The sections of the pages: what stands in the header of each, for whom.

In: a viewer. Out: the sections that they may open, in the order of the header. A section is shown once its route
is declared in `access.route_roles`, which also says who may open it, so that no entry leads to a refusal.
"""

from dataclasses import dataclass
from typing import Final

from access.rendering.translations import N_
from access.route_roles import ROLE_OF_ROUTE
from storage.access_labels import Viewer


@dataclass(frozen=True, slots=True)
class Section:
    """``name`` is what a page passes as ``here``; ``path`` is below the app's prefix, ``label`` in English."""

    name: str
    path: str
    label: str


SECTIONS: Final = (
    Section("home", "/", N_("Home")),
    Section("search", "/search", N_("Search")),
    Section("sources", "/sources", N_("Sources")),
    Section("changes", "/changes", N_("Changes")),
    Section("captures", "/captures", N_("Captures")),
    Section("quality", "/quality", N_("Quality")),
    Section("media", "/media", N_("Media")),
    Section("similar", "/similar", N_("Image search")),
    Section("assessments", "/assessments", N_("Verification")),
    Section("requests", "/requests", N_("Requests")),
    Section("received", "/received", N_("Received")),
    Section("handover", "/handover", N_("Hand over")),
    Section("members", "/members", N_("Members")),
    Section("withdrawals", "/withdrawals", N_("Withdrawals")),
    Section("accesses", "/accesses", N_("Access log")),
    Section("operation", "/operation", N_("Operation")),
    Section("tokens", "/tokens", N_("Tokens")),
    Section("help", "/help", N_("Help")),
)


def sections_of(viewer: Viewer | None) -> tuple[Section, ...]:
    """The sections that this viewer may open; none for somebody who is not logged in."""
    if viewer is None:
        return ()
    roles = ((section, ROLE_OF_ROUTE.get(f"GET {section.path}")) for section in SECTIONS)
    return tuple(section for section, role in roles if role is not None and viewer.may(role))


def is_offered(viewer: Viewer | None, route: str) -> bool:
    """Whether ``route``, written as in `access.route_roles`, is there for this viewer: a page may lead there."""
    role = ROLE_OF_ROUTE.get(route)
    return viewer is not None and role is not None and viewer.may(role)
