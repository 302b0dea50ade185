"""The bodies that programs send, as models: described in the OpenAPI document, and read by the routes themselves.

A body is read only once the user is known, and never further than its limit (`access.forms`), so that FastAPI must
not read it: the routes name these descriptions as ``openapi_extra``.
"""

from typing import Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field


class Body(BaseModel):
    """The base of bodies: none but these keys."""

    model_config = ConfigDict(extra="forbid", use_attribute_docstrings=True)


class NewRequestBody(Body):
    """A request to archive pages."""

    urls: list[str] | str = Field(examples=[["https://news.example/square"]])
    """The URLs, as a list or one on each line of a text."""
    reason: str | None = None
    case: str | None = None
    """The reference of a case of which the user is a member."""
    confidential: bool = False
    """Whether only the members of the case find it."""
    engine: str = Field("http", examples=["http", "browser", "direct"])
    """``http``, ``browser`` or ``direct``."""
    egress: str | None = None
    """The egress profile; null: directly."""
    video: bool = False
    """Whether to capture video and audio behind players, too."""
    profile: str | None = None
    """The login with which the browser loads the pages, whatever ``engine`` says; null: none."""
    follow: int = Field(0, ge=0, le=100)
    """How many pages of its host, to which each page links, to archive with it; with a repeat none."""


class NewRepeatBody(NewRequestBody):
    """A request that is made again and again until a day, first one interval from now; or once, at a time."""

    every: str = Field(examples=["1h", "6h", "1d", "once"])
    """How often: minutes (``m``), hours, days or weeks; at least ``15m``; or ``once``."""
    until: str = Field(examples=["2026-12-05", "2026-12-05T06:00"])
    """The last day, in UTC, inclusive; at most 366 days from now, and 5000 captures in all. With ``once`` the
    time, in UTC where it names no zone; at least five minutes from now.
    """


class VerdictBody(Body):
    """A verdict on two media."""

    a: str = Field(max_length=80, examples=[f"sha256:{'9f' * 32}"])
    b: str = Field(max_length=80, examples=[f"sha256:{'3a' * 32}"])
    verdict: Literal["same", "different", "undecided"]
    reason: str = Field(max_length=2000, examples=["The same balcony, taken from the other side of the street."])
    """What was compared and what was seen; it is kept for good."""


class MemberBody(Body):
    """Somebody to add to a case or to remove from it."""

    action: Literal["add", "remove"]
    member: str = Field(max_length=500, examples=["ala"])
    """The user name, as the person logs in."""
    case: str | None = Field(None, max_length=500)
    """The reference of the case."""
    label: str | None = Field(None, max_length=500)
    """Instead of a case: an access label of the watch-list."""


class AssessmentBody(Body):
    """What an analyst found out about a record or medium, or says of what another found out."""

    action: Literal["begin", "verified", "refuted", "confirm", "dispute", "drop"]
    """``verified`` and ``refuted`` propose it, and somebody else confirms."""
    name: str = Field("", max_length=200)
    """The id of a record, or the digest of a medium; of ``confirm`` nothing."""
    proposal: int | None = Field(None, ge=1)
    """Of ``confirm``: the number of the proposal."""
    version_id: str | None = Field(None, max_length=80)
    """The wording of a record that it is about; null: the newest."""
    place: str | None = Field(None, max_length=2000)
    happened: str | None = Field(None, max_length=2000)
    """When it happened."""
    method: str | None = Field(None, max_length=2000)
    """How it was found out; needed for ``verified`` and ``refuted``."""
    note: str | None = Field(None, max_length=2000)
    """For colleagues; needed for ``dispute``."""


class AddressBody(Body):
    """An address to look for."""

    url: str = Field(max_length=8000, examples=["https://news.example/square"])


BODIES: Final[tuple[type[Body], ...]] = (
    NewRequestBody,
    NewRepeatBody,
    VerdictBody,
    AssessmentBody,
    MemberBody,
    AddressBody,
)


def _as_json(model: type[Body]) -> dict[str, Any]:
    schema = {"$ref": f"#/components/schemas/{model.__name__}"}
    return {"requestBody": {"required": True, "content": {"application/json": {"schema": schema}}}}


REQUEST_AS_JSON: Final = _as_json(NewRequestBody)
REPEAT_AS_JSON: Final = _as_json(NewRepeatBody)
VERDICT_AS_JSON: Final = _as_json(VerdictBody)
ASSESSMENT_AS_JSON: Final = _as_json(AssessmentBody)
MEMBER_AS_JSON: Final = _as_json(MemberBody)
ADDRESS_AS_JSON: Final = _as_json(AddressBody)
UPLOADED_FILE: Final[dict[str, Any]] = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": ["file"],
                    "properties": {"file": {"type": "string", "format": "binary"}},
                }
            }
        },
    }
}
