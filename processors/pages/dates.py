"""Dates and times as pages write them: ISO, mail style, numbers, and words in two dozen languages.

In: the source's wording. Out: a `Moment` (day, perhaps time, perhaps zone) or None; never a guess of a missing
part. Raises nothing. Month names: CLDR stand-alone and format forms, abbreviations as newspapers use them (read
2026-11).
"""

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, timezone, tzinfo

from processors.text import folded

# every form of a month's name, by the letters it begins with; longer beginnings are tried first
_MONTHS = {
    1: "jan january januar januari janvier enero gennaio janeiro styczen stycznia styczn ocak янв январь "
    "января студз студзень студзеня січ січень січня leden ledna ianuarie януари sausio sausis janvaris "
    "janvāris janvārī jaanuar siječanj siječnja januára január јануар يناير",
    2: "feb february februar februari fevrier février fev febrero febbraio fevereiro luty lutego lut subat "
    "şubat фев февраль февраля лют люты лютага лютий лютого unor února februarie февруари vasario vasaris "
    "februaris februāris februārī veebruar veljača veljače februára február фебруар فبراير",
    3: "mar march marz märz mars maart marzo marco março marzec marca mart мар март марта сак сакавік "
    "сакавіка бер березень березня brezen března marts martie kovo kovas märts ožujak ožujka március "
    "martā مارس",
    4: "apr april avril avr abril abr aprile kwiecien kwietnia kwi nisan апр апрель апреля крас красавік "
    "красавіка квіт квітень квітня duben dubna aprilie balandžio balandis aprilis aprīlis aprīlī aprill "
    "travanj travnja apríla április أبريل ابريل",
    5: "may mai mayo maggio maio maj maja mei mayis mayıs май мая травень трав траўня травня kveten května "
    "geguzes gegužės gegužė maijs maijā svibanj svibnja mája május мај مايو",
    6: "jun june juni juin junio giugno junho czerwiec czerwca cze haziran июн июнь июня чэрв чэрвень "
    "чэрвеня черв червень червня cerven června iunie юни birželio birželis jūnijs jūnijā juuni lipanj "
    "lipnja júna június јун يونيو",
    7: "jul july juli juillet juil julio luglio julho lipiec lipca lip temmuz июл июль июля ліп ліпень "
    "ліпеня лип липень липня cervenec července iulie юли liepos liepa jūlijs jūlijā juuli srpanj srpnja "
    "júla július јул يوليو",
    8: "aug august augustus aout août agosto ago sierpien sierpnia sie agustos ağustos авг август августа "
    "жнів жнівень жніўня серп серпень серпня srpen srpna augusti rugpjūčio rugpjūtis augusts augustā "
    "kolovoz kolovoza augusta augusztus أغسطس اغسطس",
    9: "sep sept september septembre septiembre settembre setembro wrzesien wrzesnia września wrz eylul "
    "eylül сен сент сентябрь сентября вер верасень верасня вересень вересня zari září septembrie "
    "септември rugsėjo rugsėjis septembris septembrī rujan rujna septembra szeptember септембар سبتمبر",
    10: "oct october oktober okt octobre octubre ottobre outubro pazdziernik października pazdziernika paz "
    "ekim окт октябрь октября кастр кастрычнік кастрычніка жовт жовтень жовтня rijen října octombrie "
    "октомври spalio spalis oktobris oktobrī oktoober oktobra október октобар أكتوبر اكتوبر",
    11: "nov november novembre noviembre novembro listopad listopada lis kasim kasım ноя нояб ноябрь ноября "
    "ліст лістапад лістапада лист листопад листопада noiembrie ноември lapkričio lapkritis novembris "
    "novembrī studeni studenoga novembra новембар نوفمبر",
    12: "dec december dez dezember decembre décembre dic diciembre dicembre dezembro grudzien grudnia gru "
    "aralik aralık дек декабрь декабря снеж снежань снежня груд грудень грудня prosinec prosince "
    "decembrie декември gruodžio gruodis decembris decembrī detsember prosinca decembra децембар ديسمبر",
}
_MONTH_OF = {name: number for number, names in _MONTHS.items() for name in names.split()}
_ZONES = {
    "z": 0, "utc": 0, "gmt": 0, "wet": 0, "bst": 60, "west": 60, "cet": 60, "mez": 60, "cest": 120, "mesz": 120,
    "eet": 120, "sast": 120, "eest": 180, "msk": 180, "мск": 180, "trt": 180, "ist": 330, "edt": -240, "est": -300,
    "cdt": -300, "cst": -360, "mdt": -360, "mst": -420, "pdt": -420, "pst": -480, "et": None, "jst": 540,
}  # fmt: skip
_ISO = re.compile(
    r"(?<!\d)(\d{4})-?(\d\d)-?(\d\d)(?:(?:T|\s+"
    r"|\s*,\s*)(\d\d):?(\d\d)(?::?(\d\d)(?:[.,](\d{1,9}))?)?\s*(Z|UTC|GMT|[+-]\d\d:?\d\d"
    r"|[+-]\d\d(?!\d))?)?",
    re.IGNORECASE,
)
_YEAR_FIRST = re.compile(r"(?<!\d)(\d{4})[./年\-]\s?(\d{1,2})[./月\-]\s?(\d{1,2})(?!\d)")
# as in Lithuanian, Latvian and Hungarian; the day follows the month, or the other way round
_YEAR_AND_WORDS = re.compile(
    r"(?<!\d)(\d{4})\.?\s(?:m\.|gada|г\.)?\s*(?:(\d{1,2})\.?\s*)?([^\W\d_]{3,12})\.?(?:\s+(\d{1,2})(?!\d))?"
)
_NUMBERS = re.compile(r"(?<!\d)(\d{1,2})\s?([./\-])\s?(\d{1,2})\s?\2\s?(\d{4}|\d{2})(?!\d)")
_DAY_FIRST = re.compile(
    r"(?<!\d)(\d{1,2})(?:st|nd|rd|th|er|-?(?:го|га|е)|\.|º)?\s*(?:de\s+|of\s+)?([^\W\d_]{3,12})\.?,?\s*(?:de\s+"
    r"|of\s+)?(\d{4})(?!\d)"
)
_MONTH_FIRST = re.compile(r"([^\W\d_]{3,12})\.?\s+(\d{1,2})(?:st|nd|rd|th)?\s*,?\s+(\d{4})(?!\d)")
_CLOCK = re.compile(
    r"(?<![\d:.])([01]?\d|2[0-4])(?::|\s?(?:h|ч|гадз)\.?\s?)([0-5]\d)(?::([0-5]\d))?\s*(a\.?m\.?"
    r"|p\.?m\.?)?(?![\d.])",
    re.IGNORECASE,
)
_CLOCK_DOTS = re.compile(r"(?<![\d.:])([01]?\d|2[0-3])[.\-]([0-5]\d)(?![\d.])")
_CLOCK_HOUR = re.compile(r"(?<![\d:.])(1[0-2]|0?[1-9])()\s?(a\.?m\.?|p\.?m\.?)(?![^\W\d_])", re.IGNORECASE)
_OFFSET = re.compile(r"(?:utc|gmt)?\s?([+-])(\d{1,2}):?(\d\d)?\b", re.IGNORECASE)
_ZONE_WORD = re.compile(r"(?<![^\W\d_])([^\W\d_]{1,4})(?![^\W\d_])")
_EPOCH = re.compile(r"^\d{10}(?:\d{3})?$")


@dataclass(frozen=True, slots=True)
class Moment:
    """A day, with the time of day and the zone where the wording has them."""

    day: date
    clock: time | None = None
    zone: tzinfo | None = None

    def at(self, zone: tzinfo | None) -> datetime | None:
        """Aware UTC; ``zone`` counts where the wording names none. None where a time has no zone at all.

        A day without time is its midnight, in ``zone`` or else UTC: the raw wording shows that no time was given.
        """
        known = self.zone or zone or (UTC if self.clock is None else None)
        if known is None:
            return None
        try:
            return datetime.combine(self.day, self.clock or time(), tzinfo=known).astimezone(UTC)
        except OverflowError:  # the first or the last day there is, in a zone beyond it
            return None


def read_moment(raw: str | None, language: str | None = None) -> Moment | None:
    """The day and time that the wording names; None where it names no day, or an ambiguous or impossible one."""
    if not raw:
        return None
    text = folded(raw)[:300]
    if _EPOCH.match(text):
        stamp = datetime.fromtimestamp(int(text[:10]), UTC)
        return Moment(stamp.date(), stamp.time(), UTC)
    iso = _ISO.search(text.upper())
    if iso:
        return _iso(iso)
    found = _day(text, language)
    if found is None:
        return None
    day, rest = found
    return Moment(day, *_clock(rest))


def _iso(found: re.Match[str]) -> Moment | None:
    year, month, day, hour, minute, second, fraction, zone = found.groups()
    try:
        the_day = date(int(year), int(month), int(day))
        if hour is None:
            return Moment(the_day)
        micro = int((fraction or "0")[:6].ljust(6, "0"))
        return Moment(the_day, time(int(hour), int(minute), int(second or 0), micro), _iso_zone(zone))
    except ValueError:
        return None


def _iso_zone(zone: str | None) -> tzinfo | None:
    if not zone:
        return None
    if zone in ("Z", "UTC", "GMT"):
        return UTC
    digits = zone[1:].replace(":", "").ljust(4, "0")
    return _offset(zone[0], int(digits[:2]), int(digits[2:]))


def _offset(sign: str, hours: int, minutes: int) -> tzinfo | None:
    minutes += hours * 60
    if minutes > 14 * 60:
        return None
    return timezone(timedelta(minutes=-minutes if sign == "-" else minutes))


def _day(text: str, language: str | None) -> tuple[date, str] | None:
    """The day, and the text without it, where the time may stand."""
    for pattern, order in ((_DAY_FIRST, (2, 1, 0)), (_MONTH_FIRST, (2, 0, 1))):
        for found in pattern.finditer(text):
            year, month, day = (found.group(place + 1) for place in order)
            number = _month(month)
            if number is not None:
                return _made(int(year), number, int(day), text, found)
    for found in _YEAR_AND_WORDS.finditer(text):
        year, before, month, after = found.groups()
        number = _month(month)
        if number is not None and (before or after):
            return _made(int(year), number, int(before or after), text, found)
    written = _YEAR_FIRST.search(text)
    if written:
        return _made(int(written.group(1)), int(written.group(2)), int(written.group(3)), text, written)
    numbers = _NUMBERS.search(text)
    if not numbers:
        return None
    first, separator, second, year = numbers.groups()
    day, month = int(first), int(second)
    if month > 12 or (separator == "/" and language == "en" and day <= 12):
        day, month = month, day
    whole_year = int(year) if len(year) == 4 else 2000 + int(year)
    return _made(whole_year, month, day, text, numbers)


def _made(year: int, month: int, day: int, text: str, found: re.Match[str]) -> tuple[date, str] | None:
    try:
        return date(year, month, day), f"{text[: found.start()]} {text[found.end() :]}"
    except ValueError:
        return None


def _month(name: str) -> int | None:
    return _MONTH_OF.get(folded(name))


def _clock(text: str) -> tuple[time | None, tzinfo | None]:
    found = _CLOCK.search(text) or _CLOCK_HOUR.search(text) or _CLOCK_DOTS.search(text)
    if not found:
        return None, None
    hour, minute = int(found.group(1)), int(found.group(2) or 0)
    second = int(found.group(3) or 0) if found.re is _CLOCK else 0
    last = {_CLOCK: 4, _CLOCK_HOUR: 3}.get(found.re)
    half = (found.group(last) or "")[:1] if last is not None else ""
    if half == "p" and hour < 12:
        hour += 12
    elif half == "a" and hour == 12:
        hour = 0
    if hour > 23:
        return None, None
    return time(hour, minute, second), _named_zone(text[found.end() : found.end() + 20])


def _named_zone(text: str) -> tzinfo | None:
    offset = _OFFSET.search(text)
    if offset:
        return _offset(offset.group(1), int(offset.group(2)), int(offset.group(3) or 0))
    for found in _ZONE_WORD.finditer(text):
        minutes = _ZONES.get(found.group(1))
        if minutes is not None:
            return timezone(timedelta(minutes=minutes))
    return None
