"""Somebody a page names in office."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Official:
    """A judge, prosecutor, clerk or other office holder, each part in the page's own words."""

    name_raw: str
    role_raw: str | None = None
    body_raw: str | None = None
