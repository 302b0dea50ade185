"""How surnames, given names and patronymics are declined, read backwards: Belarusian, Russian, Ukrainian.

In: a word as it stands, its language and what part of a name it is. Out: every nominative it may come from, each
with gender, case and a weight (higher is likelier). Each paradigm is a line of endings: genders, weight, then
nominative, genitive, dative, accusative, instrumental, locative; ``/`` separates variants, ``-`` is no ending.
Surnames of women that end in a consonant, and those in -о (Russian -ко), -ых, -их are not declined.

Sources: the school grammars of the three languages (Belarusian spelling of 2008, Ukrainian orthography of 2019
§§ 132-145); weights from trial on the open half of the invented texts (2026-11). Pure.
"""

import re
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Final, Literal

from processors.names.given_names import GIVEN_NAMES

Language = Literal["be", "ru", "uk"]
Gender = Literal["m", "f"]
Case = Literal["nom", "gen", "dat", "acc", "ins", "loc"]
Part = Literal["surname", "given", "patronymic"]

CASES: Final[tuple[Case, ...]] = ("nom", "gen", "dat", "acc", "ins", "loc")
GENDERS: Final[tuple[Gender, ...]] = ("m", "f")


@dataclass(frozen=True, slots=True)
class Analysis:
    """One nominative that a word may come from."""

    nominative: str
    gender: Gender
    case: Case
    weight: float


_RU: Final = """
m 4 ов ова ову ова овым ове
m 4 ев ева еву ева евым еве
m 4 ёв ёва ёву ёва ёвым ёве
m 4 ин ина ину ина иным ине
m 4 ын ына ыну ына ыным ыне
f 4 ова овой овой ову овой/овою овой
f 4 ева евой евой еву евой/евою евой
f 4 ёва ёвой ёвой ёву ёвой/ёвою ёвой
f 4 ина иной иной ину иной/иною иной
f 4 ына ыной ыной ыну ыной/ыною ыной
m 4 ский ского скому ского ским ском
m 4 цкий цкого цкому цкого цким цком
f 4 ская ской ской скую ской/скою ской
f 4 цкая цкой цкой цкую цкой/цкою цкой
m 3 ый ого ому ого ым ом
m 2.8 ий его ему его им ем
m 1.8 ой ого ому ого ым ом
f 3 ая ой ой ую ой/ою ой
f 2.5 яя ей ей юю ей/ею ей
m 3 ич ича ичу ича ичем иче
m 2 ок ка ку ка ком ке
m 2.5 ец ца цу ца цом/цем це
m 2.5 енок енка енку енка енком енке
m 2.5 ёнок ёнка ёнку ёнка ёнком ёнке
m 3 ук ука уку ука уком уке
m 3 юк юка юку юка юком юке
m 2.2 ень ня ню ня нем не
m 2 ёк ька ьку ька ьком ьке
m 2.6 - а у а ом/ем е
m 2.3 ь я ю я ем/ём е
m 2.3 й я ю я ем/ём е
m 2.3 ий ия ию ия ием ии
m 2.3 ей ея ею ея еем ее
mf 2 а ы е у ой/ою е
mf 2 а и е у ой/ею/ей е
mf 1.6 я и е ю ей/ею/ёй е
mf 2 ия ии ии ию ией ии
mf 2.8 о о о о о о
mf 1.5 е е е е е е
mf 2.5 э э э э э э
mf 1.2 и и и и и и
mf 0.8 у у у у у у
mf 0.8 ю ю ю ю ю ю
mf 3 ых ых ых ых ых ых
mf 3 их их их их их их
mf 3 оглы оглы оглы оглы оглы оглы
f 2.4 - - - - - -
f 2.4 ь ь ь ь ь ь
f 2.4 й й й й й й
"""
_UK: Final = """
m 4 ов ова ову/ові/ову ова овим ові/ову
m 4 єв єва єву/єві єва євим єві
m 4 ев ева еву/еві ева евим еві
m 3 ів ова/іва ову/іву ова/іва овим/івим ові/іві
m 4 ін іна іну/інові іна іним іні
m 4 їн їна їну їна їним їні
m 3 ин ина ину/инові ина ином/иним ині
f 4 ова ової овій ову овою овій
f 4 ева евої евій еву евою евій
f 4 єва євої євій єву євою євій
f 4 іна іної іній іну іною іній
f 4 їна їної їній їну їною їній
f 3 ина иної иній ину иною иній
m 4 ський ського ському ського ським ському/ськім
m 4 цький цького цькому цького цьким цькому
f 4 ська ської ській ську ською ській
f 4 цька цької цькій цьку цькою цькій
m 3.2 ий ого ому ого им ому/ім
m 2.8 ій ього ьому ього ім ьому
f 2.8 а ої ій у ою ій
f 2.5 я ьої ій ю ьою ій
m 4 енко енка енку/енкові енка енком енкові/енку
f 4 енко енко енко енко енко енко
m 2.2 ко ка ку/кові ка ком кові/ку
m 1.8 ло ла лу/лові ла лом лі
m 0.8 о а у/ові а ом ові/і
f 2.8 о о о о о о
m 3 ич ича ичу/ичеві/ичові ича ичем ичу
m 2 ок ка ку/кові ка ком ку
m 2.5 ець ця цю/цеві ця цем цю
m 2.2 ень ня ню/неві ня нем ню
m 2.6 - а/у у/ові а ом/ем ові/і/у
m 2.3 ь я ю/еві я ем еві/ю/і
m 2.3 й я ю/єві я єм єві/ю/ї
m 2.4 ій ія ію/ієві ія ієм ії/ієві
mf 2 а и і у ою і
mf 2 а і і у ею і
mf 1.6 я і і ю ею і
mf 2 я ї ї ю єю ї
mf 2 ця ці ці цю цею ці
mf 2.4 ка ки ці ку кою ці
mf 2 га ги зі гу гою зі
mf 2 ха хи сі ху хою сі
mf 1.5 е е е е е е
mf 1.2 и и и и и и
mf 0.9 і і і і і і
mf 0.8 у у у у у у
mf 3 оглу оглу оглу оглу оглу оглу
mf 3 их их их их их их
f 2.4 - - - - - -
f 2.4 ь ь ь ь ь ь
f 2.4 й й й й й й
"""
_BE: Final = """
m 4 оў ова ову ова овым ове
m 4 аў ава аву ава авым аве
m 4 еў ева еву ева евым еве
m 4 ёў ёва ёву ёва ёвым ёве
m 3 ў ва ву ва вам/вым ве
m 4 ін іна іну іна іным іне
m 4 ын ына ыну ына ыным ыне
f 4 ова овай овай ову овай/оваю овай
f 4 ава авай авай аву авай/аваю авай
f 4 ева евай евай еву евай/еваю евай
f 4 ёва ёвай ёвай ёву ёвай/ёваю ёвай
f 4 іна інай інай іну інай/інаю інай
f 4 ына ынай ынай ыну ынай/ынаю ынай
m 4 скі скага скаму скага скім скім
m 4 цкі цкага цкаму цкага цкім цкім
m 4 йскі йскага йскаму йскага йскім йскім
f 4 ская скай скай скую скай/скаю скай
f 4 цкая цкай цкай цкую цкай/цкаю цкай
m 3.2 ы ага аму ага ым ым
m 3.2 ы ога ому ога ым ым
m 2.8 і яга яму яга ім ім
f 3 ая ай ай ую ай/аю ай
f 3 ая ой ой ую ой/ою ой
f 2 яя яй яй юю яй яй
m 3 іч іча ічу іча ічам ічу
m 3 віч віча вічу віча вічам вічу
m 2 ок ка ку ка кам ку
m 2 ак ка ку ка кам ку
m 2.2 ец ца цу ца цам цу
m 2.2 ень ня ню ня нем ні
m 2.6 - а у а ам/ем е/у
m 2.3 ь я ю я ем ю/і
m 2.3 й я ю я ем ю/і
m 2.3 ій ія ію ія іем іі
m 2.3 ей ея ею ея еем еі
mf 2 а ы е у ай/аю е
mf 2 а ы ы у ай/аю ы
mf 2.4 ка кі цы ку кай/каю цы
mf 2 ка кі ку ку кам ку
mf 2 га гі зе гу гай/гаю зе
mf 2 ха хі се ху хай/хаю се
mf 2 да ды дзе ду дай/даю дзе
mf 2 та ты це ту тай/таю це
mf 2 я і і ю яй/яю/ей і
mf 2 ця ці ці цю цяй ці
mf 2 ія іі іі ію іяй іі
m 2.2 не ня ню ня нем ні
mf 2.5 о о о о о о
mf 1.4 е е е е е е
mf 1.6 э э э э э э
mf 0.6 у у у у у у
mf 0.6 ю ю ю ю ю ю
mf 0.8 і і і і і і
mf 3 ых ых ых ых ых ых
mf 3 іх іх іх іх іх іх
f 2.4 - - - - - -
f 2.4 ь ь ь ь ь ь
f 2.4 й й й й й й
"""
_PATRONYMICS: Final[dict[Language, str]] = {
    "ru": "m 4 ич ича ичу ича ичем иче\nm 4 ыч ыча ычу ыча ычем ыче\nf 4 вна вны вне вну вной/вною вне\n"
    "f 4 чна чны чне чну чной/чною чне",
    "uk": "m 4 ич ича ичу/ичеві/ичові ича ичем ичу/ичеві\nm 4 іч іча ічу іча ічем ічу\n"
    "f 4 вна вни вні вну вною вні\nf 4 чна чни чні чну чною чні",
    "be": "m 4 іч іча ічу іча ічам ічу\nm 4 ыч ыча ычу ыча ычам ычу\nf 4 ўна ўны ўне ўну ўнай/ўнаю ўне\n"
    "f 4 чна чны чне чну чнай/чнаю чне\nf 4 вна вны вне вну внай вне",
}
_GIVEN: Final[dict[Language, str]] = {
    "ru": "m 2 - а у а ом/ем е\nm 2 й я ю я ем е\nm 2 ий ия ию ия ием ии\nm 2 ь я ю я ем е\nm 1.5 а ы "
    "е у ой/ою е\n"
    "m 1.5 а и е у ой е\nm 1.5 я и е ю ей е\nf 2 а ы е у ой/ою е\nf 2 а и е у ой/ею е\nf 2 я и е ю ей/ею/ёй е\n"
    "f 2 ия ии ии ию ией/иею ии\nf 2 ь и и ь ью и\nmf 1.5 и и и и и и\nm 1 о о о о о о\nmf 0.5 е е е е е е\n"
    "f 0.8 - - - - - -\nm 1.2 ел ла лу ла лом ле\nm 1.2 ев ьва ьву ьва ьвом ьве",
    "uk": "m 2 - а у/ові а ом/ем ові/і\nm 2 й я ю/єві я єм єві/ї\nm 2 ій ія ію/ієві ія ієм ієві/ії\n"
    "m 2 ь я ю/еві я ем еві\nm 2.4 о а у/ові а ом ові/і\nm 1.5 а и і у ою і\nm 1.5 я і і ю ею "
    "і\nf 2 а и і у ою і\n"
    "f 2 ка ки ці ку кою ці\nf 2 га ги зі гу гою зі\nf 2 я і і ю ею і\nf 2 ія ії ії ію ією ії\nf 2 ь і і ь ю і\n"
    "mf 1.5 і і і і і і\nf 0.8 - - - - - -\nm 1.2 ір ора ору/орові ора ором орові\nm 1.2 ел ла лу ла лом лі\n"
    "m 1.2 ів ова ову ова овом ові",
    "be": "m 2 - а у а ам/ем е/у\nm 2 й я ю я ем ю/і\nm 2 ь я ю я ем ю\nm 1.5 а ы у у ам е\nm 1.5 а ы е у ай е\n"
    "m 1.5 ка кі ку ку кам ку\nm 1 я і ю ю ем ю\nf 2 а ы е у ай/аю е\nf 2 а ы ы у ай/аю ы\nf 2 "
    "ка кі цы ку кай/каю цы\n"
    "f 2 га гі зе гу гай зе\nf 2 да ды дзе ду дай дзе\nf 2 та ты це ту тай це\nf 2 я і і ю яй/ей/яю і\n"
    "f 2 ія іі іі ію іяй іі\nmf 1.5 і і і і і і\nm 2 ы ыя ыю ыя ыем ыю\nm 1.2 о а у а ам е\nf 0.8 - - - - - -\n"
    "m 1.2 ак ка ку ка кам ку\nm 1.2 ол ла лу ла лам ле\nm 1.5 вел ўла ўлу ўла ўлам ўле\n"
    "m 1.5 вал ўла ўлу ўла ўлам ўле\n"
    "m 1.5 цер тра тру тра трам тру\nm 1.2 "
    "еў ьва ьву ьва ьвом ьве",
}
_SURNAMES: Final[dict[Language, str]] = {"be": _BE, "ru": _RU, "uk": _UK}
_OBLIQUE: Final = re.compile(r"(?:ом|ем|ым|им|ім|ам|ою|ей|ого|ага|ому|аму|ові|еві)$")
_CLASSICAL: Final = re.compile(r"(?<=[сзцн])ь(?=[бвгдзклмнпрстфхцчш])")
"""The soft sign that the classical orthography of Belarusian writes and the official one leaves out."""
_VOWELS: Final = frozenset("аеёиоуыэюяіїє")
_SIBILANTS: Final = frozenset("гкхжшчщ")


_GENDERS: Final[dict[str, tuple[Gender, ...]]] = {"m": ("m",), "f": ("f",), "mf": ("m", "f")}


@dataclass(frozen=True, slots=True)
class _Ending:
    place: int
    case: Case
    ending: str
    nominative: str
    genders: str
    weight: float


@cache
def _endings(language: Language, part: Part) -> dict[str, tuple[_Ending, ...]]:
    """The endings of a part of a name by their letters, with their place in the table."""
    table = {"surname": _SURNAMES, "given": _GIVEN, "patronymic": _PATRONYMICS}[part][language]
    found: dict[str, list[_Ending]] = {}
    place = 0
    for line in table.strip().split("\n"):
        genders, weight, *forms = line.split()
        nominative = forms[0].strip("-")
        for case, variants in zip(CASES, forms, strict=True):
            for variant in variants.split("/"):
                ending = variant.strip("-")
                found.setdefault(ending, []).append(
                    _Ending(place, case, ending, nominative, genders, float(weight))
                )
                place += 1
    return {ending: tuple(some) for ending, some in found.items()}


_LONGEST_ENDING: Final = 6


@lru_cache(maxsize=4096)
def analyses(word: str, language: Language, part: Part) -> tuple[Analysis, ...]:
    """Every nominative that the word may come from as this part of a name."""
    best: dict[tuple[str, Gender, Case], float] = {}
    lower = word.casefold()
    endings = _endings(language, part)
    fitting = [
        each
        for length in range(min(_LONGEST_ENDING, len(lower)) + 1)
        for each in endings.get(lower[len(lower) - length :], ())
    ]
    for each in sorted(fitting, key=lambda each: each.place):
        stem = word[: len(word) - len(each.ending)] if each.ending else word
        if (
            len(stem) + len(each.nominative) < 3 - (part == "given")
            or not stem
            or not _fits(stem.casefold(), each, language)
        ):
            continue
        nominative = stem + (each.nominative.upper() if word.isupper() else each.nominative)
        for gender in _GENDERS[each.genders]:
            weight = each.weight + (_known(nominative, language, gender) if part == "given" else _ease(nominative))
            if not each.nominative and gender == "f" and each.case != "nom" and _OBLIQUE.search(lower):
                weight -= 1.2
            if each.nominative == "о" and each.ending == "о" and lower.endswith("ого"):
                weight -= 2.0  # the genitive of an adjective looks like a name that does not decline
            key = (nominative, gender, each.case)
            best[key] = max(best.get(key, -9.0), weight)
    return tuple(Analysis(nominative, gender, case, weight) for (nominative, gender, case), weight in best.items())


def _fits(stem: str, each: _Ending, language: Language) -> bool:
    """Whether the stem takes these endings."""
    last = stem[-1]
    if each.nominative in ("ок", "ак", "ец", "ець", "ень", "ёк") and (last in _VOWELS or last in "ьй"):
        return False
    if language == "uk" and each.nominative == "а" and last == "ц":
        return False
    if (each.nominative == "я" and last in "гкх") or (each.nominative == "о" and last in _VOWELS):
        return False
    if each.nominative == "":
        return (
            last not in _VOWELS and last not in "ьйў"
            if each.genders == "m"
            else last not in _VOWELS and last not in "ьй"
        )
    if each.nominative == "й":
        return last in _VOWELS
    if each.nominative == "ь" and each.ending in ("я", "ю", "и", "е", "ей", "і"):
        return last not in _VOWELS and last not in "гкхжшчщьй"
    if each.nominative == "а" and language in ("ru", "be"):
        soft = last in (_SIBILANTS if language == "ru" else frozenset("гкх"))
        if each.ending in ("ы", "и"):
            return soft == (each.ending == "и")
    if each.nominative == "а" and language == "be" and each.case in ("dat", "loc") and each.ending in ("е", "ы"):
        return (last in "жшчцрдт") == (each.ending == "ы")
    if each.nominative == "а" and language == "uk" and each.ending == "і" and each.case in ("dat", "loc"):
        return last not in "гкх"
    if each.nominative == "а" and language == "uk" and each.case == "gen":
        return (last in "жшчщ") == (each.ending == "і") or each.ending == "ої"
    return not (each.nominative in ("ый", "ы", "ий") and last in _VOWELS)


def _known(nominative: str, language: Language, gender: str) -> float:
    """Given names that are known count for more, and those known as the other gender's for less."""
    key = nominative.casefold().replace("ё", "е").replace("’", "'").replace("ʼ", "'")
    genders = GIVEN_NAMES.get(key) or GIVEN_NAMES.get(_CLASSICAL.sub("", key))
    if genders is None:
        return 0.0
    return 6.0 if gender in genders else -4.0


def _ease(nominative: str) -> float:
    """Surnames that end in consonants nobody speaks together are unlikely."""
    lower = nominative.casefold()
    tail = lower[-3:].rstrip("ь")
    run = 0
    for letter in reversed(tail):
        if letter in _VOWELS:
            break
        run += 1
    if run < 2:
        return 0.0
    easy = (
        "нт",
        "ст",
        "рт",
        "рк",
        "рг",
        "лт",
        "нк",
        "рн",
        "рм",
        "рд",
        "нд",
        "рз",
        "рц",
        "нц",
        "кс",
        "рш",
        "рч",
        "лк",
        "йд",
        "йт",
        "ск",
        "лл",
        "нн",
        "тт",
        "сс",
        "рж",
        "лд",
        "рб",
        "рл",
        "лб",
        "йс",
        "нг",
        "лц",
        "рх",
        "рт",
        "вт",
        "ўт",
        "ўк",
        "вк",
        "хт",
        "пт",
        "зд",
        "шч",
        "ўн",
        "йн",
        "йк",
        "льд",
        "рс",
    )
    return -0.2 if lower.rstrip("ь").endswith(easy) else -1.2
