"""Words that a source crossed out: no value any more, and kept beside the value all the same."""

from dataclasses import dataclass
from typing import Final

CROSSED_OUT: Final = "crossed out"
"""What ``status_raw`` says of a row that is crossed out as a whole."""
CROSSED_OUT_ROW: Final = "the whole row is crossed out on the page"
"""The remark on it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Struck:
    """Crossed-out words, and the JSON key of their field; of a column in ``extra``, ``extra.<heading>``."""

    field: str
    text: str
