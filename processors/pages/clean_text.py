"""Records without characters that no store takes: control characters and halves of surrogate pairs.

Pages carry them by mistake or malice; JSON on pages can spell them out. What a reader sees does not change. The
bytes stay in the WARC.
"""

import re
from collections.abc import Mapping
from dataclasses import fields, is_dataclass, replace
from functools import cache
from types import NoneType
from typing import Any, TypeVar

_UNSOUND = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")
_PLAIN = frozenset((int, float, bool, NoneType))
_Kept = TypeVar("_Kept")


def without_control_characters(value: _Kept) -> _Kept:
    """The same record, the same object where nothing had to go."""
    made: _Kept = _sound(value)
    return made


@cache
def _names(of: Any) -> tuple[str, ...]:
    """The fields of a dataclass."""
    return tuple(field.name for field in fields(of))


def _sound(value: Any) -> Any:
    if type(value) in _PLAIN:
        return value
    if isinstance(value, str):
        return _UNSOUND.sub("", value) if _UNSOUND.search(value) else value
    if isinstance(value, tuple):
        if not value:
            return value
        items = tuple([_sound(item) for item in value])
        return value if all(a is b for a, b in zip(items, value, strict=True)) else items
    if isinstance(value, Mapping):
        return {_sound(key): _sound(item) for key, item in value.items()}
    if is_dataclass(value) and not isinstance(value, type):
        changed = {}
        for name in _names(type(value)):
            old = getattr(value, name)
            new = _sound(old)
            if new is not old and new != old:
                changed[name] = new
        return replace(value, **changed) if changed else value
    return value
