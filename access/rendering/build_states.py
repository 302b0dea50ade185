"""The states of a package that is built in plain words, how each is coloured, and what the steps are called.

In: a state or a step as `access.handover_desk.PackageBuild` has it. Out: text in the reader's language; a tone of
the visual language.
"""

from collections.abc import Mapping
from typing import Final

from access.handover_desk import BuildState
from access.rendering.translations import N_, gettext

WORDS: Final[Mapping[BuildState, str]] = {
    BuildState.WAITING: N_("waiting for a worker"),
    BuildState.NOT_STARTED: N_("not started"),
    BuildState.BUILDING: N_("being built"),
    BuildState.STOPPED: N_("stopped before it was done"),
    BuildState.FAILED: N_("not built"),
    BuildState.READY: N_("ready"),
    BuildState.REMOVED: N_("files removed"),
}
TONES: Final[Mapping[BuildState, str]] = {
    BuildState.NOT_STARTED: "bad",
    BuildState.BUILDING: "info",
    BuildState.STOPPED: "bad",
    BuildState.FAILED: "bad",
    BuildState.READY: "good",
}
STEPS: Final[Mapping[str, str]] = {
    "read": N_("Sealed files read"),
    "exhibits": N_("Exhibits written"),
    "custody": N_("Custody proved"),
    "report": N_("Report written"),
    "bag": N_("Digests made"),
    "zip": N_("Parts written"),
}
"""What the steps of `pipeline.handover.package.PackageProgress` are called."""


def build_word(state: BuildState) -> str:
    """What the state is called."""
    return gettext(WORDS[state])


def build_tone(state: BuildState) -> str:
    """How it is coloured."""
    return TONES.get(state, "")


def build_step(step: str) -> str:
    """What is being done."""
    return gettext(STEPS[step]) if step in STEPS else step
