"""Dates and times as pages write them: ISO, mail style, numbers, and words in two dozen languages.

In: the source's wording. Out: a `Moment` (day, perhaps time, perhaps zone) or None; never a guess of a missing
part. Raises nothing. Month names: CLDR stand-alone and format forms, abbreviations as newspapers use them (read
2026-11).
"""

import re
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from zoneinfo import ZoneInfo

from processors.pages.clock_times import clock_in, half_day_hour
from processors.pages.named_zones import NamedZone, in_mail, is_end_of_range, offset_zone, own_use, zone_in
from processors.pages.timezones import zone_of_country
from processors.text import comparable, folded

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
_ISO = re.compile(
    r"(?<!\d)(\d{4})-?(\d\d)-?(\d\d)(?:(T|\s+|\s*,\s*)(\d\d):?(\d\d)(?::?(\d\d)(?:[.,](\d{1,9}))?)?"
    r"\s*(Z|(?:UTC|GMT)(?!\s?[+−–-]\s?\d)|[+-]\d\d:?\d\d|[+-]\d\d(?!\d))?)?",
    re.IGNORECASE,
)
_YEAR_FIRST = re.compile(r"(?<!\d)(\d{4})[./年\-]\s?(\d{1,2})[./月\-]\s?(\d{1,2})(?!\d)")
# as in Lithuanian, Latvian and Hungarian; the day follows the month, or the other way round
_YEAR_AND_WORDS = re.compile(
    r"(?<!\d)(\d{4})\.?\s(?:m\.|gada|г\.)?\s*(?:(\d{1,2})\.?\s*)?([^\W\d_]{3,12})\.?(?:\s+(\d{1,2})(?!\d))?",
    re.IGNORECASE,
)
_NUMBERS = re.compile(r"(?<!\d)(\d{1,2})\s?([./\-])\s?(\d{1,2})\s?\2\s?(\d{4}|\d{2})(?!\d)")
_DAY_FIRST = re.compile(
    r"(?<!\d)(\d{1,2})(?:st|nd|rd|th|er|-?(?:го|га|е)|\.|º)?[\s/-]*(?:de\s+|of\s+)?([^\W\d_]{3,12})\.?,?[\s/-]*(?:de\s+"
    r"|of\s+)?(\d{4})(?!\d)",
    re.IGNORECASE,
)
_MONTH_FIRST = re.compile(r"([^\W\d_]{3,12})\.?\s+(\d{1,2})(?:st|nd|rd|th)?\s*,?\s+(\d{4})(?!\d)", re.IGNORECASE)
_MAIL = re.compile(r"^[A-Z][a-z]{2},\s\d{1,2}\s[A-Z][a-z]{2}\s\d{4}\s\d\d:\d\d(?::\d\d)?\s[A-Z]{3}$")
_EPOCH = re.compile(r"^\d{10}(?:\d{3})?$")
_FIRST_YEAR, _LAST_YEAR = 1900, 2099
_ZERO_LIKE = "oо"


@dataclass(frozen=True, slots=True)
class Moment:
    """A day, with the time of day and the zone where the wording has them.

    ``named`` is the zone that the wording names, if any. ``problem`` says why no point in time may be claimed:
    a year out of reason, or a time of day that does not exist.
    """

    day: date
    clock: time | None = None
    named: NamedZone | None = None
    problem: str | None = None

    @property
    def zone(self) -> tzinfo | None:
        """The zone that the wording names, None where it names none or an ambiguous one."""
        return self.named.zone if self.named is not None else None

    def at(self, zone: tzinfo | None) -> datetime | None:
        """Aware UTC; ``zone`` counts where the wording names none. None where a time has no zone at all.

        A day without time is its midnight, in ``zone`` or else UTC: the raw wording shows that no time was given.
        Of the zones that an ambiguous wording may mean, the one that agrees with ``zone`` at that time is taken.
        """
        return self._at_or_why(zone)[0]

    def why_not(self, zone: tzinfo | None) -> str | None:
        """Why ``at`` gives None, as a sentence; None where it gives a time."""
        return self._at_or_why(zone)[1]

    def _at_or_why(self, zone: tzinfo | None) -> tuple[datetime | None, str | None]:
        if self.problem is not None:
            return None, self.problem
        local = datetime.combine(self.day, self.clock or time())
        known: tzinfo | None
        if self.clock is None:
            known = zone or UTC
        elif self.named is None:
            known = zone
            if known is None:
                return None, "no time zone is named, and that of the place is not known"
        else:
            known = self.named.zone or _agreeing(self.named, local, zone)
            if known is None:
                return None, _why_undecided(self.named)
        try:
            return local.replace(tzinfo=known).astimezone(UTC), None
        except OverflowError:  # the first or the last day there is, in a zone beyond it
            return None, "the day lies at the end of the calendar"


def _agreeing(named: NamedZone, local: datetime, zone: tzinfo | None) -> tzinfo | None:
    """The one meaning of an ambiguous zone that fits the zone of the place: its country's own, or the same offset.

    Minsk has the time of Jerusalem in summer and is no reason to read IST as Israel's.
    """
    if zone is None:
        return None
    here = zone.utcoffset(local)
    fitting = {
        meant
        for country, meant in named.may_be
        if meant.utcoffset(local) == here and (not isinstance(zone, ZoneInfo) or zone == zone_of_country(country))
    }
    return fitting.pop() if len(fitting) == 1 else None


def _why_undecided(named: NamedZone) -> str:
    if not named.may_be:
        return f"the time zone {named.wording!r} is not known"
    return (
        f"the time zone {named.wording!r} is that of several countries ({', '.join(c for c, _ in named.may_be)})"
    )


def read_moment(
    raw: str | None, language: str | None = None, country: str | None = None, *, latest_year: int = _LAST_YEAR
) -> Moment | None:
    """The day and time that the wording names; None where it names no day, or an ambiguous or impossible one.

    ``language`` "en" puts the month first in "3/4/2026"; ``country`` (as in a domain) decides abbreviations
    of time zones that several countries use. A year beyond ``latest_year`` is a problem, not a day.
    """
    if not raw:
        return None
    text = comparable(raw)[:300]
    if _EPOCH.match(text):
        stamp = datetime.fromtimestamp(int(text[:10]), UTC)
        return Moment(stamp.date(), stamp.time(), NamedZone("epoch", UTC))
    iso = _ISO.search(text)
    if iso:
        found = _iso(iso, text)
    else:
        dated = _day(text, language)
        found = None if dated is None else _with_clock(*dated)
    return None if found is None else _decided(found, text, country, latest_year)


def doubts_of(raw: str | None, moment: Moment | None, zone: tzinfo | None) -> tuple[str, ...]:
    """A remark where a wording names a day and no point in time may be claimed for it; none elsewhere."""
    why = None if moment is None else moment.why_not(zone)
    return () if why is None else (f"{raw!r} is not read: {why}",)


def _decided(found: Moment, text: str, country: str | None, latest_year: int) -> Moment:
    """The moment with its zone as the country or the form of the wording decides it, and its year judged."""
    named = found.named
    if named is not None and _MAIL.match(text):
        named = in_mail(named)
    if named is not None:
        named = own_use(named.of_country(country), country)
    problem = found.problem
    if not _FIRST_YEAR <= found.day.year <= latest_year:
        problem = f"the year {found.day.year} is out of reason"
    return (
        found if (named, problem) == (found.named, found.problem) else replace(found, named=named, problem=problem)
    )


def _iso(found: re.Match[str], text: str) -> Moment | None:
    year, month, day, joint, hour, minute, second, fraction, zone = found.groups()
    try:
        the_day = date(int(year), int(month), int(day))
    except ValueError:
        return None
    before, tail = text[: found.start()], text[found.end() :]
    if hour is None:
        return _with_clock(the_day, before, tail)
    whole_hour, behind = half_day_hour(int(hour), tail)
    start_minutes = whole_hour * 60 + int(minute)
    next_day = (whole_hour, int(minute), int(second or 0)) == (24, 0, 0)
    micro = int((fraction or "0")[:6].ljust(6, "0"))
    try:
        clock = time(0 if next_day else whole_hour, int(minute), int(second or 0), micro)
    except ValueError:
        return None
    named = _iso_zone(zone, start_minutes, exact=joint.upper() == "T" or second is not None) if zone else None
    if named is None:
        named = zone_in(
            behind, before, start_minutes=start_minutes, exact=second is not None, of_twelve=behind != tail
        )
    return _at_end_of(Moment(the_day, clock, named), next_day=next_day)


def _iso_zone(zone: str, start_minutes: int, *, exact: bool) -> NamedZone | None:
    if zone.upper() in ("Z", "UTC", "GMT"):
        return NamedZone(zone, UTC)
    digits = zone[1:].replace(":", "").ljust(4, "0")
    hours, minutes = int(digits[:2]), int(digits[2:])
    if not exact and is_end_of_range(zone[0], hours, minutes, start_minutes):
        return None
    return NamedZone(zone, offset_zone(zone[0], hours, minutes))


def _with_clock(day: date, before: str, behind: str) -> Moment:
    """The day with the time of day that stands beside it."""
    text = f"{before} {behind}"
    found = clock_in(text)
    if found is None:
        return Moment(day)
    if found.clock is None:
        return Moment(day, problem=found.problem)
    start = found.clock.hour * 60 + found.clock.minute
    named = zone_in(
        text[found.end :],
        text[: found.start],
        start_minutes=start,
        exact=found.clock.second != 0,
        of_twelve=found.of_twelve,
    )
    return _at_end_of(Moment(day, found.clock, named), next_day=found.next_day)


def _at_end_of(moment: Moment, *, next_day: bool) -> Moment:
    """24:00 is the first moment of the day after."""
    if not next_day:
        return moment
    try:
        return replace(moment, day=moment.day + timedelta(days=1))
    except OverflowError:
        return replace(moment, problem="the day lies at the end of the calendar")


def _day(text: str, language: str | None) -> tuple[date, str, str] | None:
    """The day, and the text before and behind it, where the time may stand."""
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
    if not numbers or _lacks_figure(text, numbers):
        return None
    first, separator, second, year = numbers.groups()
    day, month = int(first), int(second)
    if month > 12 or (separator == "/" and language == "en" and day <= 12):
        day, month = month, day
    whole_year = int(year) if len(year) == 4 else 2000 + int(year)
    return _made(whole_year, month, day, text, numbers)


def _made(year: int, month: int, day: int, text: str, found: re.Match[str]) -> tuple[date, str, str] | None:
    try:
        return date(year, month, day), text[: found.start()], text[found.end() :]
    except ValueError:
        return None


def _lacks_figure(text: str, numbers: re.Match[str]) -> bool:
    """Whether a letter stands where the day's first figure should ("l3.03.2026"); an O is read as 0."""
    before = text[numbers.start() - 1 : numbers.start()].casefold()
    return len(numbers.group(1)) == 1 and before.isalpha() and before not in _ZERO_LIKE


def _month(name: str) -> int | None:
    return _MONTH_OF.get(folded(name))
