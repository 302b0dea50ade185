"""Time zones as wordings name them: offsets, abbreviations, names of the tz database, cities whose time it is.

In: what stands behind a time of day, and before it. Out: a `NamedZone` or None where no zone is named. An
abbreviation that several countries use ("IST") is none of them until the page's country or its other times decide,
and a zone that nobody here knows is named as unread, so that no other zone is claimed for it. Raises nothing.

Sources: IANA tz database 2026a (abbreviations in use), RFC 5322 section 4.3 (zones of mail dates), and wordings of
news sites and courts (read 2026-11).
"""

import re
from dataclasses import dataclass
from datetime import timedelta, timezone, tzinfo
from functools import cache
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError


@dataclass(frozen=True, slots=True)
class NamedZone:
    """The wording of a zone; ``zone`` what it means, None where several are called so or none is known.

    ``may_be`` holds, for an ambiguous wording, each zone it stands for with the country that calls it so.
    """

    wording: str
    zone: tzinfo | None = None
    may_be: tuple[tuple[str, tzinfo], ...] = ()

    def of_country(self, country: str | None) -> "NamedZone":
        """The same, decided where the country is one of those that use the wording."""
        meant = dict(self.may_be).get(country or "")
        return self if meant is None else NamedZone(self.wording, meant)


def _minutes(minutes: int) -> tzinfo:
    return timezone(timedelta(minutes=minutes))


@cache
def _city(name: str) -> tzinfo:
    return ZoneInfo(name)


_OFFSETS: Final = {
    "z": 0, "utc": 0, "gmt": 0, "wet": 0, "west": 60, "cet": 60, "mez": 60, "wat": 60, "cest": 120, "mesz": 120,
    "eet": 120, "cat": 120, "sast": 120, "eest": 180, "trt": 180, "eat": 180, "msd": 240, "samt": 240, "azt": 240,
    "yekt": 300, "pkt": 300, "uzt": 300, "npt": 345, "omst": 360, "krat": 420, "novt": 420, "ict": 420, "wib": 420,
    "irkt": 480, "hkt": 480, "sgt": 480, "myt": 480, "pht": 480, "awst": 480, "yakt": 540, "jst": 540, "kst": 540,
    "acst": 570, "aest": 600, "vlat": 600, "acdt": 630, "aedt": 660, "magt": 660, "pett": 720, "nzst": 720,
    "nzdt": 780, "brt": -180, "ndt": -150, "nst": -210, "edt": -240, "est": -300, "mdt": -360, "mst": -420,
    "pdt": -420, "pst": -480, "akdt": -480, "akst": -540, "hst": -600,
}  # fmt: skip
_ZONES: Final = {
    "msk": "Europe/Moscow", "мск": "Europe/Moscow", "et": "America/New_York", "ct": "America/Chicago",
    "mt": "America/Denver", "pt": "America/Los_Angeles",
}  # fmt: skip
_SEVERAL: Final[dict[str, dict[str, int | str]]] = {
    "ist": {"in": 330, "il": "Asia/Jerusalem", "ie": "Europe/Dublin"},
    "bst": {"uk": 60, "bd": 360},
    "cst": {"us": -360, "ca": -360, "mx": -360, "cn": 480, "tw": 480, "cu": -300},
    "cdt": {"us": -300, "ca": -300, "cu": -240},
    "ast": {"ca": -240, "pr": -240, "sa": 180, "kw": 180},
    "amt": {"am": 240, "br": -240},
    "gst": {"ae": 240, "om": 240, "gs": -120},
}
# what a country of its own calls by an abbreviation that elsewhere means North America
_OWN_USE: Final = {("est", "au"), ("edt", "au"), ("pst", "ph"), ("pst", "pk"), ("mst", "my")}
_IN_MAIL: Final = {"cst": -360, "cdt": -300}
# these are other words in lower case; in upper case, or behind "am" and "pm", they are zones
_WORDS_TOO: Final = frozenset(
    ["z", "et", "ct", "mt", "pt", "est", "ist", "cat", "eat", "west", "wet", "ast", "cst", "bst", "mst", "hst"]
)

_CITIES: Final = (
    (r"м[иі]нс[кц]|менск|minsk|mińsk", "Europe/Minsk"),
    (r"ки[её]в|ки[её]ўс|київ|києв|київс|кіе[вў]|кіє[вў]|kyiv|kiev|kijow|kijów", "Europe/Kyiv"),
    (r"моск[вo]|московс|маскв|маскоўс|moscow|moskau|moskw|mosc[úo]u?", "Europe/Moscow"),
    (r"варшав|варшаў|warsaw|warszaw|warschau", "Europe/Warsaw"),
    (r"вильн|вільн|віленс|vilni", "Europe/Vilnius"),
    (r"тбілі[сс]|тбили[сс]|tbilisi", "Asia/Tbilisi"),
    (r"ереван|ерэван|єреван|yerevan", "Asia/Yerevan"),
    (r"кишин[её]в|кішын[ёе][вў]|кишин[еє]в|chi[sș]in[aă]u", "Europe/Chisinau"),
    (r"берлин|берлін|berlin", "Europe/Berlin"),
    (r"париж|парыж|paris", "Europe/Paris"),
    (r"лондон|london", "Europe/London"),
    (r"брюссел|бруссел|брусел|brussels|bruxelles", "Europe/Brussels"),
    (r"прага|праге|праз[еі]|пражс|prague", "Europe/Prague"),
    (r"рига|риге|рызе|ризі|рижс|riga", "Europe/Riga"),
    (r"таллин|талін|таллін|tallinn", "Europe/Tallinn"),
    (r"стамбул|istanbul", "Europe/Istanbul"),
    (r"калининград|калінінград", "Europe/Kaliningrad"),
    (r"самар[еасс]", "Europe/Samara"),
    (r"екатеринбург|екацярынбург|yekaterinburg", "Asia/Yekaterinburg"),
    (r"омск", "Asia/Omsk"),
    (r"новосибирск|novosibirsk", "Asia/Novosibirsk"),
    (r"красноярск|krasnoyarsk", "Asia/Krasnoyarsk"),
    (r"иркутск|irkutsk", "Asia/Irkutsk"),
    (r"якутск", "Asia/Yakutsk"),
    (r"владивосток|vladivostok", "Asia/Vladivostok"),
    (r"алматы|алма-ат|almaty", "Asia/Almaty"),
    (r"нью-[йё]орк|new york", "America/New_York"),
    (r"вашингтон|washington", "America/New_York"),
    (r"иерусалим|ерусалім|єрусалим|jerusalem", "Asia/Jerusalem"),
)
_NAMES: Final[tuple[tuple[str, int | str], ...]] = (
    (r"central european summer time", 120), (r"central european (?:standard )?time|mitteleuropäische zeit", 60),
    (r"eastern european summer time", 180), (r"eastern european (?:standard )?time", 120),
    (r"british summer time", 60), (r"greenwich mean time|co-?ordinated universal time|universal time", 0),
    (r"(?:moscow standard|msk) time", "Europe/Moscow"),
    (r"indian? standard time", 330), (r"israel (?:standard |daylight )?time", "Asia/Jerusalem"),
    (r"irish standard time", "Europe/Dublin"), (r"china standard time", 480),
    (r"eastern daylight time", -240), (r"eastern standard time", -300),
    (r"pacific daylight time", -420), (r"pacific standard time", -480),
    (r"mountain daylight time", -360), (r"mountain standard time", -420),
    (r"\(?(?:u\.?s\.? )?eastern(?: time)?", "America/New_York"),
    (r"\(?(?:u\.?s\.? )?pacific time", "America/Los_Angeles"),
    (r"\(?(?:u\.?s\.? )?mountain time", "America/Denver"), (r"\(?u\.?s\.? central time", "America/Chicago"),
)  # fmt: skip

_WITH_OFFSET: Final = re.compile(
    r"(?<![^\W_])(?P<base>utc|gmt|msk|мск)\s?(?P<sign>[+−–-])\s?(?P<hours>\d{1,2})(?::?(?P<minutes>\d\d))?(?!\d)",
    re.IGNORECASE,
)
_OFFSET: Final = re.compile(r"^[\s,(]*(?P<sign>[+−-])(?P<hours>\d{1,2})(?P<colon>:?)(?P<minutes>\d\d)?(?![\d:])")
_IANA: Final = re.compile(
    r"(?<![\w/])((?:Africa|America|Antarctica|Asia|Atlantic|Australia|Europe|Indian|Pacific|Etc)"
    r"/[A-Za-z_+\-0-9]{2,30}(?:/[A-Za-z_]{2,30})?)"
)
_BEHIND_CLOCK: Final = re.compile(
    r"^(?P<gap>[\s,.]*(?:(?:uhr|hrs?|hours|год|гадз|ч|г)\b\.?)?[\s,]*[(\[]?\s*(?:по|па|за)?\s*)(?P<word>[^\W\d_]{1,5})(?![^\W_])(?!\s*/)",
    re.IGNORECASE,
)
_ALONE: Final = re.compile(r"(?<![^\W_])(МСК|MSK|UTC|GMT|CEST|EEST|CET|EET)(?![^\W_])", re.IGNORECASE)
_BUILT_LIKE_ONE: Final = re.compile(r"[A-Z]{2,3}T")
_NO_ZONES: Final = frozenset(
    ["SAT", "OCT", "SEPT", "NOT", "EXT", "APPT", "DEPT", "ART", "ACT", "OUT", "PART", "GET", "SET", "LET", "FAST"]
)
_OF_CITY: Final = tuple(
    (
        re.compile(
            rf"(?<![^\W\d_])(?:по|па|за|паводле|heure de|hora de|ora)\s+(?:{stem})\w*"
            rf"|(?<![^\W\d_])czasu?\s+(?:{stem})\w*"
            rf"|(?<![^\W\d_])(?:{stem})\w*\s+(?:врем\w+|час\w*|time|zeit|czasu?)(?![^\W\d_])"
            rf"|(?<![^\W\d_])(?:время|час)\s+(?:{stem})\w*",
            re.IGNORECASE,
        ),
        name,
    )
    for stem, name in _CITIES
)
_OF_NAME: Final = tuple(
    (re.compile(rf"(?<![^\W\d_]){name}(?![^\W\d_])", re.IGNORECASE), meant) for name, meant in _NAMES
)
_SPEAKS_OF_ZONES: Final = re.compile(
    r"time|zeit|czas|врем|час|heure|hora|ora|паводле|eastern|(?<![^\W\d_])(?:по|па|за)\s", re.IGNORECASE
)
"""Without any of these no city and no name of a zone stands in a text: the patterns of those need not be tried."""
_NEAR: Final = 60
_FURTHEST_MINUTES: Final = 14 * 60


def zone_in(
    behind: str,
    before: str = "",
    *,
    start_minutes: int | None = None,
    exact: bool = False,
    of_twelve: bool = False,
) -> NamedZone | None:
    """The zone named behind a time of day, else before it.

    ``start_minutes`` is the time itself, since midnight: "10:00-11:00" is no offset but when it ends, unless it is
    ``exact``, with seconds. ``of_twelve``: behind "pm" also "et" is a zone, elsewhere it may be the French "and".
    """
    for text, follows in ((behind[:_NEAR], True), (before[-_NEAR:], False)):
        named = _in(text, follows, start_minutes, exact, of_twelve)
        if named is not None:
            return named
    return None


def offset_zone(sign: str, hours: int, minutes: int) -> tzinfo | None:
    """A fixed offset; None for one that no place on Earth has."""
    total = hours * 60 + minutes
    return _minutes(total if sign == "+" else -total) if total <= _FURTHEST_MINUTES else None


def is_end_of_range(sign: str, hours: int, minutes: int, start_minutes: int | None) -> bool:
    """Whether what looks like an offset behind a time is the later time at which something ends."""
    return sign != "+" and start_minutes is not None and hours * 60 + minutes > start_minutes


def in_mail(named: NamedZone) -> NamedZone:
    """The meaning that RFC 5322 gives the zone of a mail date."""
    minutes = _IN_MAIL.get(named.wording.casefold())
    return named if minutes is None else NamedZone(named.wording, _minutes(minutes))


def own_use(named: NamedZone, country: str | None) -> NamedZone:
    """Without its meaning where the page's own country uses the abbreviation for a time of its own."""
    return NamedZone(named.wording) if (named.wording.casefold(), country) in _OWN_USE else named


def _in(text: str, follows: bool, start_minutes: int | None, exact: bool, of_twelve: bool) -> NamedZone | None:
    found = _WITH_OFFSET.search(text)
    if found is not None:
        moscow = 180 if found["base"].casefold() in ("msk", "мск") else 0
        minutes = int(found["hours"]) * 60 + int(found["minutes"] or 0)
        total = moscow + (minutes if found["sign"] == "+" else -minutes)
        return NamedZone(found.group(), _minutes(total) if abs(total) <= _FURTHEST_MINUTES else None)
    if follows and (found := _OFFSET.match(text)) is not None:
        hours, minutes = int(found["hours"]), int(found["minutes"] or 0)
        if not is_end_of_range(found["sign"], hours, minutes, start_minutes) or exact or not found["colon"]:
            return NamedZone(found.group().strip(" ,("), offset_zone(found["sign"], hours, minutes))
    if (found := _IANA.search(text)) is not None:
        return NamedZone(found.group(1), _of_database(found.group(1)))
    for pattern, meant in (*_OF_CITY, *_OF_NAME) if _SPEAKS_OF_ZONES.search(text) else ():
        if (found := pattern.search(text)) is not None:
            return NamedZone(found.group(), _city(meant) if isinstance(meant, str) else _minutes(meant))
    return _abbreviated(text, of_twelve) if follows else _alone(text)


def _of_database(name: str) -> tzinfo | None:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return None


def _alone(text: str) -> NamedZone | None:
    found = _ALONE.search(text)
    return None if found is None else _meaning(found.group(), found.group().casefold())


def _abbreviated(text: str, of_twelve: bool) -> NamedZone | None:
    found = _BEHIND_CLOCK.match(text)
    if found is None:
        return _alone(text)
    word = found["word"]
    key = word.casefold()
    if key in _WORDS_TOO and not word.isupper() and not of_twelve:
        return None
    named = _meaning(word, key)
    if named is not None:
        return named
    if _BUILT_LIKE_ONE.fullmatch(word) and word not in _NO_ZONES:
        return NamedZone(word)
    return _alone(text)


def _meaning(word: str, key: str) -> NamedZone | None:
    if key in _ZONES:
        return NamedZone(word, _city(_ZONES[key]))
    if key in _OFFSETS:
        return NamedZone(word, _minutes(_OFFSETS[key]))
    if key in _SEVERAL:
        meant = _SEVERAL[key].items()
        return NamedZone(word, None, tuple((c, _city(m) if isinstance(m, str) else _minutes(m)) for c, m in meant))
    return None
