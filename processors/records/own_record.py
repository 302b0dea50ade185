"""A record of a kind that an operator's parser declares (decision 0031)."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

OWN_KIND: Final = re.compile(r"[a-z][a-z0-9_]{0,39}\.[a-z][a-z0-9_]{0,39}")
"""``extension.kind``: the dot keeps own kinds apart from ours, which never have one."""

WHOLE_LIST: Final = "complete list"
PART_OF_LIST: Final = "part of a list"
"""Layouts of readings of own kinds: whether the pages show everything there is. Stand in the catalogue."""


def is_own_kind(kind: str) -> bool:
    """Whether a kind of record, or of page, is an operator's own."""
    return OWN_KIND.fullmatch(kind) is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnRecord:
    """One record. ``fields_json`` is an object of its own fields, as its schema has them.

    ``key`` are the values that identify it within its source; ``not_compared`` names fields that make no version.
    """

    kind: str
    url: str
    key: tuple[str, ...]
    fields_json: str
    not_compared: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not is_own_kind(self.kind):
            raise ValueError(f"kind of an own record: expected extension.kind, found {self.kind!r}")
        if not isinstance(json.loads(self.fields_json), dict):
            raise ValueError(f"fields of an own record: expected an object, found {self.fields_json[:40]!r}")

    @property
    def fields(self) -> Mapping[str, Any]:
        """The own fields by name."""
        fields: dict[str, Any] = json.loads(self.fields_json)
        return fields
