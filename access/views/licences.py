"""Whose work the archive stands on: every installed package with its licence, and the programs beside it.

In: the metadata of what is installed (Core Metadata 2.4: ``License-Expression``, else ``License``, classifiers).
Out: rows for the page of help. Nothing is guessed: a package that names no licence has None.
"""

from dataclasses import dataclass
from functools import cache
from importlib.metadata import Distribution, distributions
from typing import Final

from access.rendering.translations import N_

LONGEST: Final = 60
"""Characters above which ``License`` is the text of a licence and no name of one."""


@dataclass(frozen=True, slots=True)
class Licensed:
    """A package or program; ``licence`` is None where it names none."""

    name: str
    version: str | None
    licence: str | None
    purpose: str = ""


PROGRAMS: Final = (
    Licensed("Chromium", None, "BSD-3-Clause", N_("opens pages that need scripts, and takes screenshots")),
    Licensed("autoconsent", "16.23.0", "MPL-2.0", N_("rejects consent dialogs, where a source wants that")),
    Licensed("SeaweedFS", None, "Apache-2.0", N_("the embedded object store")),
    Licensed("PostgreSQL", None, "PostgreSQL", N_("the database of catalogue and ledger")),
    Licensed("FFmpeg", None, "GPL-2.0-or-later", N_("reads video, in a process of its own")),
    Licensed("Tesseract", None, "Apache-2.0", N_("reads text in pictures, where it is installed")),
)
"""Programs that run beside the code, each in a process of its own."""


@cache
def packages() -> tuple[Licensed, ...]:
    """Every installed package, by name."""
    found = {each.name.lower(): each for each in map(_licensed, distributions()) if each.name}
    return tuple(found[name] for name in sorted(found))


def _licensed(package: Distribution) -> Licensed:
    facts = package.metadata.json
    classifiers = [
        each.rpartition(" :: ")[2] for each in facts.get("classifier", ()) if each.startswith("License :: ")
    ]
    free = (str(facts.get("license") or "")).strip()
    short = free if free and len(free) <= LONGEST and "\n" not in free else ""
    licence = str(facts.get("license_expression") or "") or short or ", ".join(classifiers) or None
    return Licensed(str(facts.get("name") or ""), package.version, licence)
