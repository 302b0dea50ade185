"""Types in words: what a value of a field may be."""

import types
from collections.abc import Mapping, Sequence
from dataclasses import is_dataclass
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel, ByteSize

WORDS: dict[Any, str] = {
    bool: "true or false",
    int: "whole number",
    float: "number",
    str: "text",
    datetime: "time (ISO 8601, UTC)",
    Path: "path",
    ByteSize: "bytes, or a size such as 500MB",
    Any: "any",
}

NOTHING: Mapping[Any, str] = {}


def in_words(of: Any, also: Mapping[Any, str] = NOTHING) -> str:
    """The type as a reader of the documentation understands it; "or none" where the value may be absent.

    ``also`` has words for types that are known under a name of their own.
    """
    if of in also or of in WORDS:
        return also.get(of) or WORDS[of]
    origin, parts = get_origin(of), get_args(of)
    if origin is Annotated:
        return in_words(parts[0], also)
    if origin is Literal:
        return ", ".join(f"`{each}`" for each in parts)
    if origin in (Union, types.UnionType):
        words = [in_words(each, also) for each in parts if each is not type(None)]
        return " or ".join(words) + (" or none" if type(None) in parts else "")
    if origin in (list, tuple, Sequence):
        return f"list of {in_words(parts[0], also)}"
    if origin in (dict, Mapping):
        return f"{in_words(parts[1], also)} by name"
    if isinstance(of, type) and (is_dataclass(of) or issubclass(of, BaseModel)):
        return f"[{of.__name__}](#{of.__name__.lower()})"
    return str(getattr(of, "__name__", of))
