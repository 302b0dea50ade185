"""Times as elements of a page: UTC for people to read, and a form from which a script adds the reader's own time.

In: a time as it stands in JSON (ISO 8601), or an aware ``datetime``. Out: ``<time datetime="...Z">`` with the text
in UTC, its zone named. Inside an attribute or a title, where no element can stand, `access.rendering.formatting`
gives the text alone. Source: HTML Standard, section 4.5.14 (the ``time`` element).
"""

from datetime import UTC, datetime

from markupsafe import Markup

from access.rendering.formatting import format_minute_utc, format_time_us, format_time_utc

_ELEMENT = Markup('<time datetime="{}"{}>{}</time>')


def moment(value: datetime | str | None, *, age: bool = False) -> Markup:
    """To the second; ``age`` asks for how long ago it was. A time that is not known says so."""
    return _element(value, format_time_utc(value), age=age)


def minute(value: datetime | str | None, *, age: bool = False) -> Markup:
    """To the minute, where seconds do not matter."""
    return _element(value, format_time_utc(None) if value is None else format_minute_utc(value), age=age)


def moment_us(value: str) -> Markup:
    """To the microsecond, as the record has it."""
    return _element(value, format_time_us(value), age=False)


def _element(value: datetime | str | None, text: str, *, age: bool) -> Markup:
    if value is None:
        return Markup("{}").format(text)
    at = datetime.fromisoformat(value) if isinstance(value, str) else value
    machine = at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return _ELEMENT.format(machine, Markup(" data-age") if age else "", text)
