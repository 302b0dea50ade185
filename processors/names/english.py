"""Which part the persons named in an English text have in a trial, by the words beside their names.

In: text. Out: `NamedPerson`s as those of `roles`. English names do not decline: their nominative is their wording
without titles, capitals of lists lowered. Courts of England, Scotland, Ireland, India, the United States and of
translations from Belarusian, Russian and Ukrainian (read 2026-11). Pure.
"""

import re
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, replace
from string import ascii_letters, digits
from typing import Final

from processors.names.latin import latin_name
from processors.names.roles import NamedPerson

_TITLE: Final = (
    r"(?:(?:Mr|Mrs|Ms|Miss|Dr|Prof|Professor|Hon|Sir|Dame|Maître|HHJ|DJ|PC|DC|Sgt|Rev|the Hon|The Hon"
    r"|Supt|Insp|Capt|Lt|Col|Maj|Gen)\.?\s+)*"
)
_WORD: Final = re.compile(r"[^\W\d_]+(?:[-'’][^\W\d_]+)*\.?")
_FOREIGN: Final = re.compile(r"(?:d|l|o)['’][A-Z]")
_PARTICLES: Final = frozenset(
    ("de", "la", "le", "van", "von", "der", "den", "di", "da", "du", "del", "al", "bin", "el")
)
_SUFFIXES: Final = frozenset(("II", "III", "IV", "Jr", "Jr.", "Sr", "Sr."))
_WORDS_OF_NO_NAME: Final = """
a an the in on at of for by to from with and or but if no not his her their its it he she they we you i this
that these those there when where who whose what which while after before during under over once one two
three four five six seven eight nine ten both all some any each every another judge judges justice justices
court courts district county crown state city high supreme magistrate magistrates sheriff prosecutor
prosecutors prosecuting prosecution attorney attorneys lawyer lawyers counsel solicitor barrister advocate
advocates clerk clerks interpreter translator expert witness witnesses victim victims defendant defendants
accused appellant defence defense defending presiding registrar detective inspector investigator agent
special officer office trial chamber hearing case cases article criminal code section act january february
march april may june july august september october november december monday tuesday wednesday thursday
friday saturday sunday mr mrs ms miss dr prof professor hon sir dame lady lord maître hhj dj kc qc sc esq
kings king queens queen people republic union police bureau committee committees federal national
international human rights public senior deputy assistant chief former retired us usa uk eu un nato minsk
kyiv moscow london belarus belarusian russia russian ukraine ukrainian england wales scotland ireland india
appeal appeals division prison penal colony house street road director constable sergeant superintendent
guilty verdict sentence sentenced legal adviser advisor members member bench panel lay jury jurors juror
courtroom time room list day plea counsels mother father wife husband son daughter brother sister neighbours
neighbors honour honor master recorder resident ruling order court's my our your mr. mrs. ms. dr. prof. hon.
st st. sessions additional session procurator fiscal regional village town lawyer's judge's investigative
blogger bloggers journalist activist activists teacher student pensioner businessman businesswoman entrepreneur
driver engineer doctor nurse musician artist poet farmer worker programmer photographer historian philologist
priest pastor athlete soldier officers general secretary president minister ministry government party parties
others other
"""
_NO_NAMES: Final = frozenset(_WORDS_OF_NO_NAME.split())

# role, pattern, whether of several, the letters that the pattern may begin with, * for any word before others
_BEFORE: Final[tuple[tuple[str, str, bool, str], ...]] = (
    (
        "other",
        r"(?:former|retired|ex-|late|contest|fellow|competition|show|talent|beauty|dog|football)[- "
        r"](?:\w+ )?(?:judges?|prosecutors?|justice|magistrate|sheriff)",
        False,
        "bcdeflrst",
    ),
    (
        "other",
        r"(?:press secretary|spokes(?:wo)?man|spokesperson|chairman|chair|president|head) (?:of|for) "
        r"(?:the )?(?:\w+ )*court|(?:victim|claimant|plaintiff)(?:'s|’s|s'|s’) (?:lawyer|counsel|"
        r"attorney)",
        False,
        "chpsv",
    ),
    (
        "other",
        r"(?:his|her|their|the (?:defendant|accused)(?:'s|’s)) (?:\w+ )?(?:mother|father|wife|husband|"
        r"son|daughter|brother|sister|partner|friend|aunt|uncle|neighbou?r)|(?:journalist|reporter|"
        r"correspondent|activist|cleaner|juror|foreman|monitor|observer)",
        False,
        "acfhjmort",
    ),
    (
        "presiding_judge",
        r"presiding (?:judge|magistrate|justice)|presided over by(?: the)?(?: judge| justice)?|"
        r"(?:chairmanship|presidency) of(?: judge)?|presiding:?|chair:|judge presiding",
        False,
        "cjp",
    ),
    (
        "judge",
        r"(?:additional |chief |senior |associate |deputy |acting |resident |investigating |u\.s\. |"
        r"us |federal |circuit |district |sessions |high court |county |crown court |regional |(?:his|"
        r"her) honou?r )*(?:judge|magistrate|sheriff|recorder)(?:-rapporteur)?|(?:mr|mrs|ms|lady|lord|"
        r"chief|associate|madam) justice|hhj|the hon(?:ou?rable|\.)?|hon\.|before:|coram:|judiciary:|justice",
        False,
        "abcdfhijlmrstu",
    ),
    ("judge", r"judges|magistrates|justices", True, "jm"),
    ("panel_member", r"(?:lay judges|lay assessors|people's assessors|panel members|wingers)", True, "lpw"),
    (
        "prosecutor",
        r"(?:the |special |public |state |county |federal |chief |senior |assistant |deputy |lead |"
        r"crown |district |regional |military )*prosecutor(?:'s (?:assistant|aide)| general)?|"
        r"prosecutors|assistant (?:u\.s\.|us|united states|district|state'?s?) attorney|u\.s\. "
        r"attorney|(?:deputy |assistant )?district attorney|(?:deputy |assistant )(?:da|d\.a\.)|(?-i:ADA)|"
        r"(?-i:AUSA)|prosecuting|procurator[- ]fiscal(?: depute)?|advocate depute|(?:senior )?trial "
        r"attorney|prosecution counsel|prosecution lawyer|(?:appearing )?for the (?:crown|prosecution|"
        r"people|state|respondent|commonwealth|government)|crown|crown counsel|(?:leading |senior "
        r")?counsel for the (?:director of public prosecutions|dpp|crown|prosecution|state|"
        r"respondent)|on behalf of the (?:state|crown|prosecution)|prosecuted by|state attorney|"
        r"state's attorney|public prosecutor",
        False,
        "acdflmoprstu",
    ),
    (
        "prosecutor",
        r"(?:\w+ )?prosecution (?:was|is|has been) (?:represented|led|conducted|presented|supported) by|"
        r"(?:charges?|indictment) (?:was|were|is|are) (?:presented|supported|brought) by",
        True,
        "cip*",
    ),
    (
        "prosecutor",
        r"prosecutors|assistant (?:u\.s\.|us|united states|district|state'?s?) attorneys|"
        r"(?:deputy )?district attorneys",
        True,
        "adp",
    ),
    (
        "defence_lawyer",
        r"(?:court-appointed |state-appointed |lead |senior )*defen[cs]e (?:attorney|lawyer|counsel|"
        r"solicitor|advocate|barrister)|defending|defended by|(?:appearing )?for the (?:defen[cs]e|"
        r"defendant|accused|appellant|applicant)|public defender|(?:(?:his|her|whose|their) "
        r")?(?:\w+-\w+ )?(?:solicitor|barrister|advocate)|(?:his|her|their|whose|the (?:defendant|"
        r"accused)'s|\w+'s) (?:\w+-appointed |defen[cs]e )?(?:lawyer|attorney|counsel)|(?:leading |"
        r"senior |junior )?counsel for the (?:accused|defendant|appellant|applicant|defen[cs]e)|"
        r"(?:attorney|lawyer) for (?:the )?\w+|(?:represented|defended) by(?: (?:his|her|their))?"
        r"(?: (?:attorney|lawyer|counsel|advocate))?|lawyer|attorney",
        False,
        "abcdfhjlprstw*",
    ),
    ("defence_lawyer", r"(?:defen[cs]e )?(?:attorneys|lawyers|solicitors|barristers|advocates)", True, "abdls"),
    (
        "clerk",
        r"(?:court |courtroom |deputy )*clerk|court secretary|secretary of the (?:court|hearing|"
        r"session)|legal advis[eo]r|court associate|registrar",
        False,
        "cdlrs",
    ),
    (
        "investigator",
        r"(?:senior |lead |chief |case )*investigator|investigating officer|detective(?: chief| "
        r"sergeant| inspector| constable| superintendent| officer)*|(?:fbi )?special agent|"
        r"(?:detective )?inspector|investigated by",
        False,
        "cdfils",
    ),
    (
        "expert",
        r"(?:forensic |court |linguistic |medical )*(?:expert|pathologist|psychiatrist|"
        r"toxicologist)(?: witness| linguist)?",
        False,
        "ceflmpt",
    ),
    ("interpreter", r"(?:court )?(?:interpreter|translator)", False, "cit"),
    ("witness", r"(?:prosecution |defen[cs]e |key |eye)*witness", False, "dekpw"),
    ("witness", r"(?:prosecution |defen[cs]e |eye)*witnesses", True, "depw"),
    ("victim", r"victim|complainant|injured party", False, "civ"),
    ("victim", r"victims|complainants", True, "cv"),
    (
        "defendant",
        r"(?:co-)?(?:defendant|accused|appellant|applicant|convict|suspect|detainee)|the (?:convicted|"
        r"accused)|political prisoner|(?:case|charges|proceedings|verdict) against|(?:trial|"
        r"conviction|appeal|sentencing|arrest|prosecution|plea deal|detention) of|(?:sentenced|"
        r"convicted|jailed|acquitted|found guilty|fined|convict|acquit|sentencing|tried|detained|"
        r"arrested)|r v\.?|\w+ (?:years|months|days) for|(?:deferred )?sentence on|"
        r"(?:(?<=to )jail|jails|jailing|imprison|imprisons|imprisoned|imprisoning|fines|fining|"
        r"sentences|convicts|acquits|"
        r"remands|remanded|remanding)|(?:testified|testimony|evidence) against",
        False,
        "acdefijprstv*",
    ),
    ("defendant", r"(?:co-)?(?:defendants|accused)|on trial(?: are)?|in the dock", True, "acdio"),
)
_CUES: Final = tuple(
    (role, re.compile(rf"(?:{pattern})(?![\w])", re.IGNORECASE).match, several)
    for role, pattern, several, _ in _BEFORE
)
_BEGINNING: Final = re.compile(r"(?<![\w-])\w")
"""Where words of a role may begin: each of the patterns begins with a letter, and is tried nowhere else."""
_LEADING: Final = re.compile(
    r"\w++(?: prosecution | (?:years|months|days) for|'s |-\w+ (?:solicitor|barrister|advocate))", re.IGNORECASE
)
"""Any word, and what follows it in the patterns that may begin with one."""
_TRIED_AT: Final = {
    letter: tuple(
        tuple(
            place for place, (*_, first) in enumerate(_BEFORE) if letter.lower() in first or ("*" in first and led)
        )
        for led in (False, True)
    )
    for letter in f"{ascii_letters}{digits}_"
}
"""By the letter that stands there, the places in ``_CUES`` of the patterns that may begin with it; and by whether
the word may be any.
"""
_EACH: Final = (tuple(range(len(_CUES))),) * 2
_GAP: Final = re.compile(
    rf"(?:[\s:,—–(\"“”]|-(?=\s)|\b(?:of|in|the|for|at|from|was|were|is|are|is|named|called|case|"
    rf"accused|court|general|charge|nos?\.)\b|{_TITLE}|[A-Z][\w'’-]+ (?:District |City |Regional |"
    rf"County |Crown )*Court(?: of [A-Z]\w+)?)*"
)
_LOOSE: Final = re.compile(rf"[\s,]*(?:(?:\d+-[a-z-]+|[a-z][\w-]*)\s+){{0,4}}{_TITLE}")
_JOINT: Final = re.compile(
    rf"\s*(?:(?:KC|QC|SC)\s*)?(?:\([^()]{{0,30}}\)\s*)?(?:,|;|,?\s*and|&|,?\s*with)\s+{_TITLE}"
)
_AND: Final = re.compile(rf",?\s+and\s+{_TITLE}")
_CAPTION: Final = re.compile(r"r v\.?", re.IGNORECASE)
_BEHIND: Final[tuple[tuple[str, re.Pattern[str]], ...]] = (
    (
        "presiding_judge",
        re.compile(
            r"(?:\s(?:KC|QC|SC))?\s*\((?:presiding|chair(?:man|woman|ing)?)\)|\s+(?:presided|presides|"
            r"presiding)\b"
        ),
    ),
    (
        "prosecutor",
        re.compile(
            r"(?:\s(?:KC|QC|SC))?(?:\s*\([^()]{0,60}\))?(?:,\s*|\s+(?=for the))"
            r"(?:prosecuting|for the (?:prosecution|crown|state|people)|of the "
            r"(?:district attorney|prosecutor)\S*)\b",
            re.IGNORECASE,
        ),
    ),
    (
        "defence_lawyer",
        re.compile(
            r"(?:\s(?:KC|QC|SC))?(?:\s*\([^()]{0,60}\))?(?:,\s*|\s+(?=for the))"
            r"(?:defending|for the (?:defen[cs]e|accused|defendant|appellant)|"
            r"(?:his|her|whose|the) (?:lawyer|solicitor|barrister|attorney)|a defen[cs]e (?:lawyer|"
            r"attorney))\b",
            re.IGNORECASE,
        ),
    ),
    (
        "witness",
        re.compile(r",\s*(?:a|the|an) (?:\w+ )?(?:witness|eyewitness)\b|\s+(?:testified|gave evidence) against\b"),
    ),
    ("victim", re.compile(r",\s*(?:as )?the (?:victim|complainant)\b|,?\s+as the complainant\b")),
    ("interpreter", re.compile(r"\s+interpreted\b|,\s*(?:an|the) interpreter\b")),
    ("expert", re.compile(r",?\s+as an expert\b|,\s*an expert\b")),
    (
        "defendant",
        re.compile(
            r"(?:,\s*(?:\d{1,3}(?:,? (?:of|from) [^.;:]{1,50})?|an? [\w\s-]{1,30}|the [\w\s-]{1,30}))?,?\s+"
            r"(?:was |were |has been |had been |is |are )?"
            r"(?:sentenced|jailed|convicted|acquitted|found (?:not )?guilty|charged with|"
            r"fined|ordered to|imprisoned|pleaded|pleads|pled|received an? \S+ sentence|received \w+ "
            r"years|(?:got|gets|was given|were given|faces) (?:an? )?[\w-]+[ -](?:years?|months?|days?)|"
            r"(?:be )?held without bail|stood trial|stands trial|is on trial|went on trial|denied the charges?|"
            r"denies|"
            r"admitted)\b"
            r"|\s*(?:\([^()]{1,30}\)\s*)?[—–-]\s*(?:\d+|\w+) (?:days|years|months)\b|,\s*who (?:is|was) "
            r"(?:accused|charged|on trial|seeking a new trial)",
        ),
    ),
)
_BENCH: Final = re.compile(
    r"panel|trial chamber|composed of|sitting as|consisted of|bench of|lay judges|\(chair\)|"
    r"\(presiding\)|presiding judge",
    re.IGNORECASE,
)
_PLACE: Final = re.compile(r"\b(?:at|in|of|from|near)\s+(?:the\s+)?$")
_FURTHEST: Final = 90
"""Characters between the words of a role and the name."""
_LISTED: Final = re.compile(
    r"^(?:[ \t]*(?:\d+[).]|[-•*])[ \t]*|.*?\bR v\.? )([A-Z][\w'’-]+, [A-Z][\w'’-]+)", re.MULTILINE
)


@dataclass(frozen=True, slots=True)
class _Mention:
    start: int
    end: int
    wording: str


@dataclass(frozen=True, slots=True)
class _Cue:
    start: int
    end: int
    role: str
    several: bool


def english_persons(text: str) -> tuple[NamedPerson, ...]:
    """Whoever the text names with a part in a trial, in order."""
    cues = _cues(text)
    listed = [_Mention(found.start(1), found.end(1), found.group(1)) for found in _LISTED.finditer(text)]
    mentions = [each for each in _mentions(text, cues) if not any(o.start <= each.start < o.end for o in listed)]
    found: list[NamedPerson] = [_person(each, "defendant", "", several=False) for each in listed]
    last: tuple[_Mention, _Cue] | None = None
    for mention in mentions:
        cue = _cue_of(text, mention, cues)
        if cue is None and last is not None and _continues(text, last[0], mention, last[1]):
            cue = last[1]
        behind = _behind(text, mention)
        if behind is not None and (
            cue is None or cue.role in ("defendant", "other") or behind == "presiding_judge"
        ):
            last = (mention, cue) if cue is not None else None
            cue = _Cue(mention.start, mention.start, behind, several=False)
        else:
            last = None if cue is None else (mention, cue)
        if cue is None or cue.role == "other":
            continue
        if " " not in mention.wording and not _may_be_alone(text, mention, cue):
            whole = _named_before(mentions, mention)
            if whole is None or cue.role != "defendant":
                continue
            mention = whole
        found.append(_person(mention, cue.role, text[cue.start : cue.end], several=cue.several))
    return _benched(_with_one_part(sorted(found, key=lambda person: person.start)), text)


def _named_before(mentions: list[_Mention], mention: _Mention) -> _Mention | None:
    """The full name of somebody whom the text later names by the surname alone."""
    return next(
        (each for each in mentions if each.start < mention.start and each.wording.endswith(f" {mention.wording}")),
        None,
    )


def _with_one_part(found: list[NamedPerson]) -> list[NamedPerson]:
    """Nobody is a defendant whom the text names as an official, a victim or a witness."""
    others = {person.wording for person in found if person.role != "defendant"}
    return [person for person in found if person.role != "defendant" or person.wording not in others]


def _cues(text: str) -> list[_Cue]:
    ends = [0] * len(_CUES)
    found: list[_Cue] = []
    for beginning in _BEGINNING.finditer(text):
        start = beginning.start()
        # letters beyond ASCII may be other forms of those within: of the long s, of the sign for kelvin
        for place in _TRIED_AT.get(text[start], _EACH)[_LEADING.match(text, start) is not None]:
            role, match_at, several = _CUES[place]
            if start >= ends[place] and (match := match_at(text, start)) is not None:
                ends[place] = match.end()
                found.append(_Cue(start, match.end(), role, several))
    kept: list[_Cue] = []
    for cue in sorted(found, key=lambda each: (each.start, -each.end)):
        if not kept or cue.end > kept[-1].end or (cue.start, cue.end) == (kept[-1].start, kept[-1].end):
            kept.append(cue)
    return sorted(kept, key=lambda cue: (cue.end, cue.start))


def _mentions(text: str, cues: list[_Cue]) -> Iterator[_Mention]:
    run: list[re.Match[str]] = []
    taken = {place for cue in cues for place in range(cue.start, cue.end) if cue.role != "defendant"}
    for word in _WORD.finditer(text):
        start = word.start()
        if not run and not text[start].isupper() and text[start + 1 : start + 2] not in ("'", "’"):
            continue  # most words: they begin no name and end none
        bare = word.group().rstrip(".")
        joined = bool(run) and text[run[-1].end() : word.start()] in (" ", "\u00a0")
        ended = bool(run) and run[-1].group().endswith(".") and len(run[-1].group()) > 2
        initial = len(bare) == 1 and bare.isupper() and word.group().endswith(".")
        capital = (
            word.start() not in taken
            and bare[:1].isupper()
            and (initial or (len(bare) > 1 and bare.casefold() not in _NO_NAMES))
        )
        foreign = _FOREIGN.match(bare) is not None
        if (capital or foreign) and (not run or (joined and not ended)):
            run.append(word)
            continue
        if bare in _PARTICLES and joined and not ended and run:
            run.append(word)
            continue
        yield from _made(text, run)
        run = [word] if capital or foreign else []
    yield from _made(text, run)


def _made(text: str, run: list[re.Match[str]]) -> Iterator[_Mention]:
    while run and (run[-1].group() in _PARTICLES):
        run = run[:-1]
    whole = [word for word in run if len(word.group().rstrip(".")) > 1 and word.group() not in _SUFFIXES]
    if not whole or len(run) > 5:
        return
    end = run[-1].end()
    if run[-1].group().endswith(".") and len(run[-1].group()) > 2:
        end -= 1
    yield _Mention(run[0].start(), end, text[run[0].start() : end])


def _end_of(cue: _Cue) -> int:
    return cue.end


def _cue_of(text: str, mention: _Mention, cues: list[_Cue]) -> _Cue | None:
    chosen: _Cue | None = None
    start = mention.start
    last = bisect_right(cues, mention.start, key=_end_of)
    first = bisect_right(cues, mention.start - _FURTHEST, key=_end_of)
    for cue in reversed(cues[first:last]):
        if cue.end > start:
            continue
        between = text[cue.end : start]
        loose = cue.role == "defendant" or cue.several
        if re.search(r"[!?;]\s|\n|(?<!Mr)(?<!Ms)(?<!Mrs)(?<!Dr)(?<!Prof)(?<!nos)(?<!Hon)\.\s", between):
            break
        if not (_GAP.fullmatch(between) or (loose and _LOOSE.fullmatch(between))):
            break
        if chosen is None:
            chosen, start = cue, cue.start
            continue
        if chosen.role == "other" and cue.role == "defendant":
            chosen, start = cue, cue.start  # "the trial of the journalist"
            continue
        if cue.role == "other" or (cue.role == "presiding_judge" and chosen.role == "judge"):
            chosen = replace(chosen, role=cue.role, start=cue.start)
        start = cue.start
    return chosen


def _continues(text: str, before: _Mention, mention: _Mention, cue: _Cue) -> bool:
    between = text[before.end : mention.start]
    several = (
        cue.several
        or ":" in text[cue.end : before.start]
        or (cue.role in ("defence_lawyer",) and "represented" in text[cue.start : cue.end])
    )
    if cue.role == "defendant" and not several:
        return " " in mention.wording and _AND.fullmatch(between) is not None
    return (
        several and _JOINT.fullmatch(between) is not None and (" " in mention.wording or " " not in before.wording)
    )


def _behind(text: str, mention: _Mention) -> str | None:
    tail = text[mention.end : mention.end + 90]
    if _PLACE.search(text[: mention.start][-12:]):
        return None
    return next((role for role, pattern in _BEHIND if pattern.match(tail)), None)


def _may_be_alone(text: str, mention: _Mention, cue: _Cue) -> bool:
    """A single word is a surname only right behind the word of an office, or in the name of a case."""
    if cue.role == "defendant" and _CAPTION.fullmatch(text[cue.start : cue.end]):
        return text[cue.end : mention.start] == " "
    if cue.role not in (
        "judge",
        "presiding_judge",
        "prosecutor",
        "defence_lawyer",
        "clerk",
        "witness",
        "panel_member",
    ):
        return False
    between = text[cue.end : mention.start]
    if re.search(r"\b(?:of|in|at|for|from)\b", between) or text[mention.end : mention.end + 6].startswith(
        (" Court", "'s", "’s", " Dist", " Cri")
    ):
        return False
    return cue.end == cue.start or (
        (0 < len(between.strip(" ,")) < 8 or between in (" ", ": ", " — ")) and not mention.wording.isupper()
    )


def _person(mention: _Mention, role: str, raw: str, *, several: bool) -> NamedPerson:
    return NamedPerson(
        role=role,
        wording=mention.wording,
        role_raw=raw or None,
        name=latin_name(mention.wording),
        start=mention.start,
        one_of_several=several,
    )


def _benched(found: list[NamedPerson], text: str) -> tuple[NamedPerson, ...]:
    presides = any(person.role == "presiding_judge" for person in found)
    bench = _BENCH.search(text) is not None
    lay = any(person.role == "panel_member" for person in found)
    judges = [person for person in found if person.role == "judge"]
    made: dict[tuple[str, str], NamedPerson] = {}
    for person in found:
        role = person.role
        if role == "judge" and presides and bench:
            role = "panel_member"
        elif role == "judge" and lay and len(judges) == 1:
            role = "presiding_judge"
        key = (role, person.name.nominative or person.wording)
        made.setdefault(key, replace(person, role=role))
    return tuple(made.values())
