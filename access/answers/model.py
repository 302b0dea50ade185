"""What every answer of the API shares: the base of the models, times, pages of a list, errors.

In: JSON-ready rows of `access.views`. Out: the same keys and values, checked against what is promised of them.
Keys that a model does not name pass through it: a key may be added, none is removed (architecture section 7).
"""

from datetime import UTC, datetime
from typing import Annotated, Any, Final

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema

from processors.digest import Digest


class Answer(BaseModel):
    """The base of all answers; the text below a field is its description."""

    model_config = ConfigDict(extra="allow", use_attribute_docstrings=True)


def _time_text(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    return value


def _digest_text(value: Any) -> Any:
    return str(value) if isinstance(value, Digest) else value


Timestamp = Annotated[
    str,
    BeforeValidator(_time_text),
    WithJsonSchema(
        {
            "type": "string",
            "format": "date-time",
            "description": "ISO 8601 in UTC.",
            "examples": ["2026-11-20T21:00:00.123456Z"],
        }
    ),
]
"""A moment; a ``datetime`` becomes its text."""

DigestText = Annotated[
    str,
    BeforeValidator(_digest_text),
    Field(description="Algorithm, colon and hexadecimal digits.", examples=[f"sha256:{'9f' * 32}"]),
]


class Rows(Answer):
    """One page of a list. Ask again with ``offset`` set to ``next_offset`` for what comes next."""

    offset: int = Field(ge=0, examples=[0])
    """How many rows were skipped."""
    next_offset: int | None = Field(examples=[50])
    """The offset of the next page; null where this is the last one."""


class Problem(Answer):
    """Why the question was not answered."""

    detail: str = Field(examples=["The archive has nothing with this name. It may not be processed yet."])
    """What is wrong, what was expected, and what to do, in sentences."""


def page_of(rows: list[dict[str, Any]], most: int | None, offset: int, **counts: Any) -> dict[str, Any]:
    """One page of rows that were asked for with one row more than it holds; without ``most`` all of them."""
    more = most is not None and len(rows) > most
    return {
        **counts,
        "rows": rows[:most],
        "offset": offset,
        "next_offset": offset + most if more and most is not None else None,
    }


PROBLEMS: Final[dict[int | str, dict[str, Any]]] = {
    status: {"model": Problem, "description": description}
    for status, description in {
        400: "The request is not one that can be read.",
        401: "Nobody is logged in, and no valid token was sent.",
        403: "The user's role, or the token's scope, does not allow it.",
        404: "There is nothing of this name, or nothing that this user may see.",
        410: "What has this name is withdrawn or quarantined; the sentence says when, and on which basis.",
        413: "The file or body is too large.",
        422: "A parameter is missing or not valid.",
        503: "The archive is not available at the moment.",
    }.items()
}
"""The answers that any route may give instead of its own."""
