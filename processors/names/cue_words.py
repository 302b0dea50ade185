"""Words that say which part a person has in a trial, in all forms: Belarusian, Russian, Ukrainian.

A paradigm gives the forms of a noun or adjective with their cases; the tables say which stems follow it and which
role the word gives. The role ``other`` is that of somebody without a part in the trial (kin, journalists, heads of
courts), whose name must not be taken for an official's. Sources: the codes of criminal procedure of the three
countries, and what monitors, press services and newspapers write (read 2026-11). Pure.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from processors.names.declension import Case, Language

PRESIDING, MEMBER, JUDGE, PROSECUTOR = "presiding_judge", "panel_member", "judge", "prosecutor"
CLERK, DEFENCE, DEFENDANT, VICTIM = "clerk", "defence_lawyer", "defendant", "victim"
WITNESS, INVESTIGATOR, EXPERT, INTERPRETER = "witness", "investigator", "expert", "interpreter"
OTHER = "other"


@dataclass(frozen=True, slots=True)
class CueForm:
    """One form of a role word; ``plural`` where it speaks of several persons."""

    role: str
    cases: frozenset[Case]
    plural: bool = False


# nominative, genitive, dative, accusative, instrumental, locative; then the same in the plural
_PARADIGMS: Final[dict[Language, dict[str, str]]] = {
    "ru": {
        "m": "- а у а ом е | ы/и ов ам ов ами ах",
        "ь": "ь я ю я ем е | и ей ям ей ями ях",
        "ья": "ья ьи ье ью ьёй/ьей/ьею ье | ьи ей ьям ей ьями ьях",
        "ка": "ка ки ке ку кой/кою ке | ки ок кам ок ками ках",
        "ца": "ца цы це цу цей це | цы ц цам ц цами цах",
        "ий": "ий его ему его им ем | ие их им их ими их",
        "ый": "ый ого ому ого ым ом | ые ых ым ых ыми ых",
        "ая": "ая ой ой ую ой/ою ой | ые ых ым ых ыми ых",
        "яя": "ая ей ей ую ей/ею ей | ие их им их ими их",
        "ец": "ец ца цу ца цом це | цы цов цам цов цами цах",
        "а": "а ы/и е у ой е | ы/и - ам - ами ах",
    },
    "be": {
        "m": "- а у а ам е/у | ы/і аў ам аў амі ах",
        "зя": "зя зі зі зю зёй/зём/зяй зі | зі зяў/зей зям зяў/зей зямі зях",
        "ца": "ца цы цу/цы цу цам/цай цу/цы | цы цаў цам цаў цамі цах",
        "ка": "ка кі цы ку кай/каю цы | кі ак кам ак камі ках",
        "ы": "ы ага аму ага ым ым | ыя ых ым ых ымі ых",
        "ая": "ая ай ай ую ай/аю ай | ыя ых ым ых ымі ых",
        "а": "а ы/і ы/е у ай ы/е | ы/і - ам - амі ах",
        "ь": "ь я ю я ем ю | і яў ям яў ямі ях",
    },
    "uk": {
        "m": "- а у/ові а ом/ем і/ові | и/і ів ам ів ами ах",
        "р": "р ря рю/реві ря рем рі/реві | рі рів рям рів рями рях",
        "дя": "дя ді ді дю дею ді | ді дів дям дів дями дях",
        "ка": "ка ки ці ку кою ці | ки ок кам ок ками ках",
        "ця": "ця ці ці цю цею ці | ці ць цям ць цями цях",
        "ий": "ий ого ому ого им ому | і их им их ими их",
        "а": "а ої ій у ою ій | і их им их ими их",
        "ь": "ь я ю/еві я ем еві/ю | і ів ям ів ями ях",
        "ець": "ець ця цю/цеві ця цем ці | ці ців цям ців цями цях",
        "н": "а и і у ою і | и - ам - ами ах",
    },
}
_WORDS: Final[dict[Language, str]] = {
    "ru": """
presiding_judge ий председательствующ|яя председательствующ
panel_member ь заседател
judge ья суд|ья судь-докладчик|m арбитр-судь|ья магистрат-суд
prosecutor m прокурор|m гособвинител|ь гособвинител|ь обвинител|ка прокурорш
clerk ь секретар|ь секретарь-протоколист
defence_lawyer m адвокат|m защитник|ца защитни|ка адвокатк|ка адвокат|m адвокат-защитник
defendant ый обвиняем|ая обвиняем|ый подсудим|ая подсудим|ый осуждённ|ая осуждённ|ый осужденн|ая осужденн
defendant ый подозреваем|ая подозреваем|m фигурант|ка фигурант|m политзаключённ|ый политзаключённ
defendant ый политзаключенн|ая политзаключённ|ый оправданн|ый задержанн|m ответчик|ый арестованн
defendant ая арестованн|ый подзащитн|ая подзащитн
victim ий потерпевш|яя потерпевш|ый пострадавш|ий пострадавш|ий погибш|яя погибш
witness ь свидетел|ца свидетельни|ой понят|ый понят
investigator ь следовател|ка следовательниц|ь дознавател
expert m эксперт|m эксперт-лингвист|m эксперт-автотехник|m специалист-лингвист
interpreter m переводчик|ца переводчи
other ь пресс-секретар|m корреспондент|m журналист|ка журналист|m правозащитник|ца правозащитни
other ь председател|ь заместител|ь учител|m депутат|m юрист|m писател|ь писател|m директор|а мам|m отц|m муж
other а жен|m сын|m брат|а сестр|m друг|m зят|ь зят|а подруг|m блогер|m представител|ь представител
other ца представительни|m начальник|m глав|а глав|m очевид|m коллег|m адвокат-истц|m омбудсмен|m историк
other m политик|m арбитр
""",
    "be": """
presiding_judge ы старшынствуюч|ая старшынствуюч
panel_member ь засядацел|m засядацел
judge зя судд|зя судзьд|m судд
prosecutor m пракурор|ка пракурор|ца абвінаваў|ца дзяржабвінаваў|ка абвінаваўц
clerk m сакратар|ка сакратар
defence_lawyer m адвакат|ка адвакат|ца абарон
defendant ы абвінавачан|ая абвінавачан|ы абвінавачван|ы падсудн|ая падсудн|ы асуджан|ая асуджан|ы падазраван
defendant ая падазраван|m фігурант|ка фігурант|ь палітвязен|зень палітвя|m палітзняволен|ы палітзняволен
defendant ая палітзняволен|ы затрыман|ая затрыман|ы падабаронн|ая падабаронн
victim ы пацярпел|ая пацярпел
witness m сведк|а сведк|ы панят
investigator ы следч|ая следч
expert m эксперт|ка эксперт
interpreter m перакладчык|ца перакладчы
other m карэспандэнт|ка карэспандэнт|m журналіст|ка журналіст|m праваабарон|ца праваабарон|ка праваабаронц
other ь старшын|а жонк|а маці|m муж|m сын|а дачк|m брат|а сястр|m сябр|ка сябро|а цётк|m дзядзьк|а бацьк
other m дэпутат|m настаўнік|ца настаўні|m пісьменнік|m начальнік|m дырэктар|ца прадстаўні|m прадстаўнік
""",
    "uk": """
presiding_judge ий головуюч|а головуюч
panel_member m засідател
judge дя суд|дя суддя-доповідач
prosecutor m прокурор|ка прокурор|m обвинувач|ка обвинувач|m держобвинувач
clerk р секрета|ка секретар
defence_lawyer m адвокат|ка адвокат|m захисник|ця захисни|ка адвокатк
defendant ий обвинувачен|а обвинувачен|ий підсудн|а підсудн|ий засуджен|а засуджен|ий підозрюван
defendant ий підзахисн|а підзахисн|а підозрюван|m фігурант|ий політв'язн|m політв'яз|ий виправдан
victim ий потерпіл|а потерпіл|ий загибл|а загибл
witness m свідок|m свідк|m понят|ий понят
investigator ий слідч|ий дізнавач|m дізнавач
expert m експерт|ка експерт|m експерт-автотехнік
interpreter m перекладач|ка перекладач
other m журналіст|ка журналіст|m кореспондент|ка кореспондент|m правозахисник|ця правозахисни|а голов
other n голов|н дружин|m син|m чоловік|m брат|н сестр|н матір|m батьк|m депутат|m письменник|ця представни
other m представник|m речник|ця речни|m начальник|m директор|ка директор|ка бібліотекар|m юрист|ка блогер
""",
}
_EXTRA: Final[dict[Language, str]] = {
    # form role cases; what the paradigms above do not give
    "ru": "судьей-докладчиком judge ins|судья-докладчик judge nom|мать other nom|матери other gen,dat|"
    "отец other nom"
    "|понятые witness nom,p|муж other nom|адв. defence_lawyer nom|гособвинение prosecutor nom|"
    "защитник-адвокат defence_lawyer nom",
    "be": "судзьдзя judge nom|судзьдзі judge gen,dat|судзьдзёй judge ins|судзьдзю judge acc|суддзя "
    "judge nom|сведак witness gen,p"
    "|сведка witness nom|сьведка witness nom|сьведкі witness nom,p|сведкі witness nom,gen,p|маці "
    "other nom|жонка other nom"
    "|бацька other nom|дачка other nom|палітвязень defendant nom|палітвязня defendant gen,acc|"
    "палітвязню defendant dat"
    "|старшыня other nom|старшыні other gen|сябар other nom|адв. defence_lawyer nom|сынам other "
    "ins|цётка other nom"
    "|засядацелі panel_member nom,p|засядацеляў panel_member gen,p|прэс-сакратар other nom|"
    "прэс-сакратарка other nom",
    "uk": "суддя-доповідач judge nom|суддя-доповідачка judge nom|свідок witness nom|свідка witness "
    "gen,acc|мати other nom"
    "|батько other nom|адв. defence_lawyer nom|поняті witness nom,p|понятий witness nom|політв'язень defendant nom"
    "|політв'язня defendant gen,acc|голова other nom|вітчим other nom|син other nom|речниця "
    "other nom|прессекретар other nom"
    "|дружина other nom|секретарі clerk loc,nom|помічник other nom|помічника other gen|експертом expert ins",
}


def _forms(language: Language) -> Iterator[tuple[str, CueForm]]:
    for line in _WORDS[language].strip().split("\n"):
        role, _, words = line.partition(" ")
        for word in words.split("|"):
            paradigm, _, stem = word.partition(" ")
            table = _PARADIGMS[language].get(paradigm)
            if table is None:
                continue
            for plural, half in enumerate(table.split(" | ")):
                cases: dict[str, set[Case]] = {}
                for case, variants in zip(("nom", "gen", "dat", "acc", "ins", "loc"), half.split(), strict=True):
                    for ending in variants.split("/"):
                        cases.setdefault(stem + ending.strip("-"), set()).add(case)  # type: ignore[arg-type]  # names of cases
                for form, found in cases.items():
                    yield form, CueForm(role, frozenset(found), bool(plural))
    for line in _EXTRA[language].split("|"):
        form, role, cases_of = line.rsplit(" ", 2)
        names = cases_of.split(",")
        yield form, CueForm(role, frozenset(n for n in names if n != "p"), "p" in names)  # type: ignore[misc]  # names of cases


def cue_forms(language: Language) -> dict[str, tuple[CueForm, ...]]:
    """Every form of every role word, in lower case with ``е`` for ``ё``, and what it may be."""
    found: dict[str, list[CueForm]] = {}
    for form, meant in _forms(language):
        known = found.setdefault(form.replace("ё", "е"), [])
        if meant not in known:
            known.append(meant)
    return {form: tuple(some) for form, some in found.items()}
