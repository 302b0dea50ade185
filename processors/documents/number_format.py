"""A number of a sheet as its number format shows it, and the moment it means where the format is one of dates.

In: a number, its format code and the sheet's calendar. Out: `ShownNumber`. Source: ECMA-376 part 1, §18.8.30
(``numFmt``, the built-in formats) and §18.8.31. Names of months and days are English where the code names no other
language that is known here; the decimal mark is a point. Fractions are shown as decimals. Never raises.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import ROUND_HALF_UP, Context, Decimal, InvalidOperation

# built-in formats that a file names by number alone (§18.8.30); 14 to 17 and 22 follow the reader's own settings
BUILT_IN = {
    0: "General", 1: "0", 2: "0.00", 3: "#,##0", 4: "#,##0.00", 9: "0%", 10: "0.00%", 11: "0.00E+00",
    12: "General", 13: "General", 14: "yyyy-mm-dd", 15: "d-mmm-yy", 16: "d-mmm", 17: "mmm-yy", 18: "h:mm AM/PM",
    19: "h:mm:ss AM/PM", 20: "h:mm", 21: "h:mm:ss", 22: "yyyy-mm-dd h:mm", 37: "#,##0", 38: "#,##0",
    39: "#,##0.00", 40: "#,##0.00", 45: "mm:ss", 46: "[h]:mm:ss", 47: "mm:ss.0", 48: "0.0E+0", 49: "@",
}  # fmt: skip
_TOKEN = re.compile(
    r'"([^"]*)"?|\\(.)|_.|\*.|\[([^\]]*)\]|(AM/PM|A/P)|(General)|(y+|m+|d+|h+|s+(?:\.0+)?|e+|b+|g+)|(.)',
    re.IGNORECASE | re.DOTALL,
)
_DIGITS = re.compile(r"[0#?]")
# names by language, each a word
_MONTHS = {
    "en": "January February March April May June July August September October November December",
    "ru": "Январь Февраль Март Апрель Май Июнь Июль Август Сентябрь Октябрь Ноябрь Декабрь",
    "uk": "Січень Лютий Березень Квітень Травень Червень Липень Серпень Вересень Жовтень Листопад Грудень",
    "be": "Студзень Люты Сакавік Красавік Май Чэрвень Ліпень Жнівень Верасень Кастрычнік Лістапад Снежань",
}
_MONTHS_OF = {
    "ru": "января февраля марта апреля мая июня июля августа сентября октября ноября декабря",
    "uk": "січня лютого березня квітня травня червня липня серпня вересня жовтня листопада грудня",
    "be": "студзеня лютага сакавіка красавіка мая чэрвеня ліпеня жніўня верасня кастрычніка лістапада снежня",
}
_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_LANGUAGES = {"419": "ru", "423": "be", "422": "uk"}
_LAST_DAY = 2_958_466
_MOST_DIGITS = 40
_PRECISE = Context(prec=400)


@dataclass(frozen=True, slots=True)
class ShownNumber:
    """``text`` as shown; ``moment`` the ISO day, time of day or both that it means, None of a mere number."""

    text: str
    moment: str | None = None


def shown_number(stored: str, code: str, *, from_1904: bool = False) -> ShownNumber:
    """The number, as the file stores it, as the format shows it; raises ``ValueError`` for what is no number."""
    try:
        exact = Decimal(stored.strip())
    except InvalidOperation as error:
        raise ValueError(f"expected a number, found {stored[:40]!r}") from error
    if not exact.is_finite() or abs(exact.adjusted()) > _MOST_DIGITS:
        return ShownNumber(stored.strip())
    sections = _sections(code)
    section = sections[0]
    if len(sections) > 1 and exact < 0:
        section, exact = sections[1], -exact
    elif len(sections) > 2 and exact == 0:
        section = sections[2]
    tokens = list(_tokens(section))
    if any(kind == "date" for kind, _ in tokens):
        number = float(exact)
        moment = _moment(number, from_1904=from_1904)
        if moment is not None:
            return ShownNumber(_as_date(moment, number, tokens), _iso(moment, tokens))
        return ShownNumber(_general(exact))
    if any(kind == "general" for kind, _ in tokens) or not tokens:
        literal = [(kind, text) for kind, text in tokens if kind in ("text", "general")]
        return ShownNumber("".join(_general(exact) if kind == "general" else text for kind, text in literal))
    return ShownNumber(_as_number(exact, tokens))


def _sections(code: str) -> list[str]:
    parts = re.split(r';(?=(?:[^"]*"[^"]*")*[^"]*$)', code or "General")
    return parts if any(parts) else [";" for _ in parts] and ['""']


def _tokens(section: str) -> Iterator[tuple[str, str]]:
    """(kind, text): text, date, language, elapsed, half, general, mark (of a number)."""
    for found in _TOKEN.finditer(section):
        quoted, escaped, bracket, half, general, date, other = found.groups()
        if quoted is not None or escaped is not None:
            yield "text", quoted if quoted is not None else escaped
        elif bracket is not None:
            if bracket.startswith("$"):
                symbol, _, language = bracket[1:].partition("-")
                if symbol:
                    yield "text", symbol
                yield "language", language[-3:].lstrip("0")
            elif re.fullmatch(r"h+|m+|s+", bracket, re.IGNORECASE):
                yield "date", f"[{bracket.lower()}]"
        elif half is not None:
            yield "date", "ap"
        elif general is not None:
            yield "general", general
        elif date is not None:
            lowered = date.lower()
            # a lone E among digits is an exponent, "b" and "g" are calendars of other countries
            yield ("date", lowered) if lowered[0] in "ymdhs" else ("mark", date)
        elif other is not None:
            yield ("mark" if other in "0#?.,%+-/ E@" else "text"), other
        elif found.group().startswith("_"):
            yield "text", " "


def _moment(number: float, *, from_1904: bool) -> datetime | None:
    if not 0 <= number < _LAST_DAY:
        return None
    if from_1904:
        start = datetime(1904, 1, 1, tzinfo=UTC)
    else:
        # the calendar of 1900 has a 29 February that never was
        start = datetime(1899, 12, 30 if number >= 60 else 31, tzinfo=UTC)
    return start + timedelta(seconds=round(number * 86_400))


def _iso(moment: datetime, tokens: list[tuple[str, str]]) -> str:
    names = {text[0] for kind, text in tokens if kind == "date"}
    has_day = "y" in names or "d" in names
    has_clock = "h" in names or "s" in names
    if has_day and has_clock:
        return f"{moment:%Y-%m-%d %H:%M}"
    return f"{moment:%H:%M}" if has_clock or "[" in names else f"{moment:%Y-%m-%d}"


def _as_date(moment: datetime, number: float, tokens: list[tuple[str, str]]) -> str:
    language = next((_LANGUAGES.get(text, "en") for kind, text in tokens if kind == "language"), "en")
    twelve = any(kind == "date" and text == "ap" for kind, text in tokens)
    with_day = any(kind == "date" and text.startswith("d") and len(text) < 3 for kind, text in tokens)
    dates = [place for place, (kind, _) in enumerate(tokens) if kind == "date"]
    pieces = []
    for place, (kind, text) in enumerate(tokens):
        if kind != "date":
            pieces.append(text if kind in ("text", "mark") and text != "@" else "")
            continue
        at = dates.index(place)
        after_hour = at > 0 and tokens[dates[at - 1]][1].strip("[]").startswith("h")
        before_second = at + 1 < len(dates) and tokens[dates[at + 1]][1].strip("[]").startswith("s")
        if text[0] == "m" and len(text) < 3 and (after_hour or before_second):
            pieces.append(f"{moment.minute:0{len(text)}d}")
        else:
            pieces.append(_date_part(moment, number, text, language, twelve=twelve, with_day=with_day))
    return "".join(pieces).strip()


def _date_part(moment: datetime, number: float, text: str, language: str, *, twelve: bool, with_day: bool) -> str:
    hour = (moment.hour % 12 or 12) if twelve else moment.hour
    match text[0], len(text):
        case "y", length:
            return f"{moment.year:04d}" if length > 2 else f"{moment.year % 100:02d}"
        case "m", 1 | 2:
            return f"{moment.month:0{len(text)}d}"
        case "m", length:
            return _month(moment.month, length, language, with_day=with_day)
        case "d", 1 | 2:
            return f"{moment.day:0{len(text)}d}"
        case "d", length:
            return _DAYS[moment.weekday()][: 3 if length == 3 else None]
        case "h", _:
            return f"{hour:0{min(len(text), 2)}d}"
        case "s", _:
            return f"{moment.second:0{min(len(text.partition('.')[0]), 2)}d}"
        case "[", _:
            per = {"h": 24, "m": 1_440, "s": 86_400}[text[1]]
            return f"{int(round(number * 86_400) * per // 86_400):0{len(text) - 2}d}"
        case _:
            return "AM" if moment.hour < 12 else "PM"


def _month(month: int, length: int, language: str, *, with_day: bool) -> str:
    names = _MONTHS_OF[language] if with_day and language in _MONTHS_OF else _MONTHS[language]
    name = names.split()[month - 1]
    return name[:1] if length == 5 else name[:3] if length == 3 else name


def _general(exact: Decimal) -> str:
    """Whole numbers with all of their digits, others with the ten that a cell has room for."""
    return f"{exact:.0f}" if exact == exact.to_integral_value() else f"{float(exact):.10g}"


def _as_number(exact: Decimal, tokens: list[tuple[str, str]]) -> str:
    marks = "".join(text for kind, text in tokens if kind == "mark")
    if "@" in marks:
        return "".join(_general(exact) if text == "@" else text for _, text in tokens)
    if not _DIGITS.search(marks):
        return "".join(text for kind, text in tokens if kind in ("text", "mark")).strip()
    if "E" in marks.upper() or "/" in marks:
        return _general(exact)
    exact *= 100 if "%" in marks else 1
    whole_marks, _, part_marks = marks.partition(".")
    least, most = part_marks.count("0"), len(_DIGITS.findall(part_marks))
    rounded = abs(exact).quantize(Decimal(1).scaleb(-most), ROUND_HALF_UP, _PRECISE)
    whole, _, part = f"{rounded:f}".partition(".")
    part = part[:least] + part[least:].rstrip("0")
    grouped = re.search(r"[0#?],[0#?]", whole_marks) is not None
    return ("-" if exact < 0 and rounded else "") + _filled(tokens, whole, part, grouped=grouped)


def _filled(tokens: list[tuple[str, str]], whole: str, part: str, *, grouped: bool) -> str:
    """The digits put into the places of the format, from the right; those left over stand before the first."""
    point = next((place for place, each in enumerate(tokens) if each == ("mark", ".")), len(tokens))
    places = [place for place, (kind, text) in enumerate(tokens[:point]) if kind == "mark" and text in "0#?"]
    least = sum(tokens[place][1] == "0" for place in places)
    digits = whole.lstrip("0").rjust(least, "0")
    if grouped:
        return _literal(tokens, places, f"{int(digits or 0):,}".rjust(least, "0"), part, point)
    pieces: list[str] = []
    left = list(digits)
    for place in range(point - 1, -1, -1):
        kind, text = tokens[place]
        if place in places:
            pieces.append(left.pop() if left else "")
            if place == places[0]:
                pieces += reversed(left)
        elif kind == "text" or (kind == "mark" and text in "-+/ %"):
            pieces.append(text)
    return ("".join(reversed(pieces)) + _after(tokens, point, part)).strip()


def _literal(tokens: list[tuple[str, str]], places: list[int], digits: str, part: str, point: int) -> str:
    before = "".join(text for kind, text in tokens[: places[0]] if kind == "text")
    behind = "".join(text for kind, text in tokens[places[-1] + 1 : point] if kind == "text" or text == "%")
    return (before + digits + behind + _after(tokens, point, part)).strip()


def _after(tokens: list[tuple[str, str]], point: int, part: str) -> str:
    tail = "".join(text for kind, text in tokens[point + 1 :] if kind == "text" or text in "% ")
    return (f".{part}" if part else "") + tail
