"""Words that a source crossed out: no value any more, and kept beside the value all the same."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Struck:
    """Crossed-out words, and the JSON key of their field; of a column in ``extra``, ``extra.<heading>``."""

    field: str
    text: str
