"""The time zone of a country that has only one, by the top-level domain of a host.

Sites write local time and seldom say so. Countries of several zones (``ru``, ``us``, ``com``) are not in the
table: there the zone must be declared, or stays unknown. Source: IANA tz database 2026a, zone1970.tab.
"""

from datetime import tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from processors.tables.layout import Layout
from processors.urls import host_of

_COUNTRY_ZONES = {
    "by": "Europe/Minsk", "ua": "Europe/Kyiv", "pl": "Europe/Warsaw", "lt": "Europe/Vilnius", "lv": "Europe/Riga",
    "ee": "Europe/Tallinn", "md": "Europe/Chisinau", "ge": "Asia/Tbilisi", "am": "Asia/Yerevan", "az": "Asia/Baku",
    "cz": "Europe/Prague", "sk": "Europe/Bratislava", "de": "Europe/Berlin", "at": "Europe/Vienna",
    "ch": "Europe/Zurich", "fr": "Europe/Paris", "it": "Europe/Rome", "nl": "Europe/Amsterdam",
    "be": "Europe/Brussels", "se": "Europe/Stockholm", "no": "Europe/Oslo", "dk": "Europe/Copenhagen",
    "fi": "Europe/Helsinki", "uk": "Europe/London", "ie": "Europe/Dublin", "tr": "Europe/Istanbul",
    "il": "Asia/Jerusalem", "jp": "Asia/Tokyo", "kr": "Asia/Seoul", "in": "Asia/Kolkata", "bg": "Europe/Sofia",
    "ro": "Europe/Bucharest", "hu": "Europe/Budapest", "rs": "Europe/Belgrade", "gr": "Europe/Athens",
    "kg": "Asia/Bishkek", "tj": "Asia/Dushanbe", "uz": "Asia/Tashkent", "kz": "Asia/Almaty",
}  # fmt: skip


def writes_month_first(host: str) -> bool:
    """Whether dates of numbers alone begin with the month there: public bodies of the United States."""
    return host.rpartition(".")[2] in ("gov", "us", "mil")


def country_of(host: str, language_tag: str | None = None) -> str | None:
    """The country that a page's host, or else the region of its language, names: in domains' codes.

    ``en-US`` names none: it is what publishing programs write when nobody chose a language.
    """
    if writes_month_first(host):
        return "us"
    domain = host.rpartition(".")[2]
    if len(domain) == 2 and domain.isalpha():
        return domain
    region = (language_tag or "").replace("_", "-").partition("-")[2].casefold()
    return {"gb": "uk", "us": None}.get(region, region) if len(region) == 2 else None


def zone_of_country(host: str) -> tzinfo | None:
    """The one zone of the country under whose domain the host is, None for all others."""
    name = _COUNTRY_ZONES.get(host.rpartition(".")[2])
    return ZoneInfo(name) if name else None


def zone_of_layout(layout: Layout | None, url: str) -> tzinfo | None:
    """The declared zone, else that of a country with one zone only; several zones and no declaration: unknown."""
    if layout is not None and layout.timezone:
        try:
            return ZoneInfo(layout.timezone)
        except (ZoneInfoNotFoundError, ValueError):
            return None
    return zone_of_country(host_of(url))
