"""How records, times and digests are written on a page: short, in plain words, nothing invented.

In: JSON-ready values with the keys of architecture section 7. Out: text in the reader's language, which the
templates escape.
"""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any, Final

from access.rendering.labels import kind_label
from access.rendering.translations import gettext
from processors.kinds import kind_of_record

SHOWN_ELSEWHERE: Final = frozenset({"kind", "text", "url", "media", "images", "struck", "remarks", "names"})
SIGHTING_FIELDS: Final = ("url", "views_raw", "reactions", "edited", "modified_raw")


def heading(kind: str, content: Mapping[str, Any]) -> str:
    """What stands for the record in a list: its title, or how it begins."""
    declared = kind_of_record(kind)
    found = None if declared is None else declared.heading(content)
    if found is not None:
        return found
    if kind == "hearing":
        return gettext("Hearing")
    if kind == "telegram_post":
        media = ", ".join(map(kind_label, _kinds_of_media(content)))
        number = content.get("post_id")
        if media:
            return gettext("Post %(number)s (%(media)s)", number=number, media=media)
        return gettext("Post %(number)s", number=number)
    return gettext("%(kind)s without a title", kind=kind_label(kind))


def _kinds_of_media(content: Mapping[str, Any]) -> list[str]:
    """The kinds of a post's media, as far as a redacted copy does not cover them."""
    media = content.get("media") or ()
    return [] if isinstance(media, str) else [str(each["kind"]) for each in media if "kind" in each]


def dated(content: Mapping[str, Any]) -> str | None:
    """When the source says it was: published, or the hearing's beginning."""
    when = content.get("published_at") or content.get("starts_at")
    return None if when is None else str(when)


def format_time_utc(value: datetime | str | None) -> str:
    """``2026-11-23 20:15:07 UTC``; a time that is not known says so."""
    return gettext("unknown time") if value is None else f"{format_time(value)} UTC"


def format_time(value: datetime | str | None) -> str:
    """The same under a heading that names the zone; empty for a time that is not known."""
    if value is None:
        return ""
    at = datetime.fromisoformat(value) if isinstance(value, str) else value
    return at.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S")


def format_minute_utc(value: datetime | str) -> str:
    """``2026-11-23 20:15 UTC``, where seconds do not matter; a list of captures has them."""
    return f"{format_minute(value)} UTC"


def format_minute(value: datetime | str) -> str:
    """The same under a heading that names the zone."""
    return format_time(value)[:16]


def format_time_us(value: str) -> str:
    """``2026-11-23 20:15:07.123456 UTC``, to the microsecond, as the record has it."""
    return f"{value.replace('T', ' ').removesuffix('Z')} UTC"


def short_digest(digest: str | None) -> str:
    """The first 16 digits of a digest; the whole stands on the capture's page."""
    return "" if digest is None else f"{digest.partition(':')[2][:16] or digest[:16]}…"


def short_url(url: str) -> str:
    """An address that fits into a line."""
    bare = url.partition("://")[2] or url
    return bare if len(bare) <= 60 else f"{bare[:57]}…"


def visible_fields(content: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Name and value of every field that is filled and not shown elsewhere, in order."""
    rows = ((name, format_field(name, value)) for name, value in content.items() if name not in SHOWN_ELSEWHERE)
    return [(name, value) for name, value in rows if value]


def format_field(name: str, value: Any) -> str:
    """A field's value as a person reads it; a time names its zone, an official's name comes before the office.

    What a redacted copy has in place of a value stands as it is.
    """
    if name == "officials" and not isinstance(value, str):
        return "; ".join(map(format_official, value or ()))
    return _time_or_text(value) if name.endswith("_at") and value else format_value(value)


def format_official(official: Mapping[str, Any]) -> str:
    """``Name (role, body)``; one of whom a redacted copy covers the key of the name, as any other value."""
    if "name_raw" not in official:
        return format_value(official)
    office = ", ".join(filter(None, (official.get("role_raw"), official.get("body_raw"))))
    return f"{official['name_raw']} ({office})" if office else str(official["name_raw"])


def _time_or_text(value: str) -> str:
    try:
        return format_time_utc(value)
    except ValueError:
        return value


def sighting_fields(content: Mapping[str, Any]) -> list[tuple[str, str]]:
    """What one sighting saw that makes no version: counts and marks, and the address it was seen under."""
    rows = ((name, format_value(content.get(name))) for name in SIGHTING_FIELDS)
    return [(name, value) for name, value in rows if value]


def format_value(value: Any) -> str:
    """A JSON value as a person reads it; empty for what says nothing."""
    match value:
        case None | "" | False:
            return ""
        case True:
            return gettext("yes")
        case Mapping():
            return ", ".join(f"{name}: {text}" for name, item in value.items() if (text := format_value(item)))
        case str():
            return value
        case Iterable():
            return "; ".join(text for item in value if (text := format_value(item)))
    return str(value)


def format_size(length_bytes: int) -> str:
    """A number of bytes in the unit that fits."""
    size = float(length_bytes)
    for unit in ("bytes", "kB", "MB", "GB"):
        if size < 1000:
            return f"{size:.0f} {unit}" if unit == "bytes" else f"{size:.1f} {unit}"
        size /= 1000
    return f"{size:.1f} TB"


def format_count(number: int) -> str:
    """A number in groups of three."""
    return f"{number:,}".replace(",", "\u202f")


def format_timecode(seconds: float) -> str:
    """A time in a video: ``0:03.2``."""
    minutes, rest = divmod(round(seconds, 1), 60)
    return f"{int(minutes)}:{rest:04.1f}"


def format_score(score: float) -> str:
    """A score from 0 to 1 with two digits, cut and not rounded: 1.00 is said of a whole one alone."""
    return f"{int(score * 100 + 1e-9) / 100:.2f}"


def format_percent(share: float) -> str:
    """A share as a person reads it; a little is never nothing."""
    return gettext("under 1 %%") if 0 < share < 0.01 else f"{share:.0%}".replace("%", " %")
