"""The states of work on a request in plain words, and how each is coloured.

In: a state of `access.views.archiving.progress`. Out: text in the reader's language; a tone of the visual
language.
"""

from collections.abc import Mapping
from typing import Final

from access.rendering.translations import N_, gettext

WORDS: Final[Mapping[str, str]] = {
    "waiting": N_("waiting for a worker"),
    "fetching": N_("fetching the page"),
    "depositing": N_("depositing the file"),
    "reading": N_("reading what was captured"),
    "timestamping": N_("getting a trusted timestamp"),
    "done": N_("archived"),
    "failed": N_("not captured as asked"),
    "broken": N_("the run ended without a result"),
}
"""In the order in which they follow each other."""

TONES: Final[Mapping[str, str]] = {"waiting": "", "done": "good", "failed": "bad", "broken": "bad"}


def state_word(state: str) -> str:
    """What the state is called."""
    return gettext(WORDS[state])


def state_tone(state: str) -> str:
    """How it is coloured; work that is under way is ``info``."""
    return TONES.get(state, "info")
