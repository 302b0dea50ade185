"""What the columns of court lists and registers mean, by the words of their headings in five languages.

Data and one look-up: heading in, field out. Words collected from lists of courts of Belarus, Russia, Ukraine,
Poland and the United Kingdom (2026-11). The first pattern that fits wins, so the narrower stand first.
"""

import re

from processors.text import folded

# field and a pattern over the folded heading (lower case, ё as е); `extra` keeps its own heading on purpose
_HEARING: tuple[tuple[str, str], ...] = (
    (
        "extra",
        r"^(?:заувага|заўвага|примеч|примітк|примечание|коммент|каментар|uwagi|notes?\b|remarks?\b|additional)",
    ),
    ("extra", r"^(?:форма|вид|від) (?:судо|суда|произв|вытвор)|^forma$"),
    ("extra", r"^(?:lower|prior|originating) (?:court|case)"),
    ("extra", r"uuid|guid|(?:^| )(?:type|location|court|status|entry|class) (?:id|code)$"),
    (
        "extra",
        r"^(?:opinion|decision|release|posted|publication|issue) date"
        r"|date (?:posted|released|issued|decided|published)|date of (?:opinion|decision|issue)"
        r"|^(?:decided|posted|released|issued)$",
    ),
    (
        "row",
        r"^(?:№|n|no|nr|#)?\s*(?:п\s*[/.]?\s*п|з\s*/?\s*п|з\s*/\s*п|л\.?\s*п|lp)\.?$|^(?:№|#|нумар|n)$"
        r"|^порядковый номер$",
    ),
    (
        "extra",
        r"поступлени|рэгістрац|регистрац|реєстрац|надходжен|вступлени|набыцц|набрання|прекращ|filing|filed"
        r"|received|decision date|wpływu",
    ),
    (
        "extra",
        r"^дата (?:вынесения )?(?:решения|приговора|постановления)|^дата (?:рашэння|прысуду|рішення|вироку)"
        r"|^data wyroku",
    ),
    (
        "case_number",
        r"(?:№|номер|нумар|n|no)\.?\s*(?:\w+\s){0,2}(?:дела|справы|справи|судов\w+ справ\w|материала"
        r"|матэрыялу|производства|провадження)",
    ),
    (
        "case_number",
        r"^(?:дело|справа|материал) ?№?$|єдиний унікальний номер|уникальный идентификатор|^sygn|sygnatura"
        r"|^number$",
    ),
    (
        "case_number",
        r"(?:case|docket|file|claim|appeal|application|cause|matter|registration|cnr)\s*(?:number|no|ref|num|id|#|№)"
        r"|^reference$|^docket$|^case$",
    ),
    (
        "documents",
        r"судебн\w+ акт|судовы\w* акт|судов\w+ рішен|текст (?:решения|приговора|рашэння)|документ|дакумент"
        r"|^документи|orzeczeni|opinion|^documents?$|^download|^attachments?$",
    ),
    (
        "starts",
        r"дата\s*(?:и|,|/|і|та|й|i)?\s*(?:час|время)|(?:время|час|дата) (?:и|і|та) (?:дата|час|время|место)"
        r"|date\s*(?:and|&|/)\s*time|data i godzina|^(?:starts?|start time|hearing start|sitting at)$",
    ),
    ("starts", r"^(?:время|час)\s*,?\s*дата|^termin(?: rozprawy)?$|^hearing date time$"),
    (
        "time",
        r"^(?:время|час|гадзіна|година|godz|time|hour)|(?:время|час) (?:начала|слушания|заседания"
        r"|рассмотрения|пачатку|пасяджэння|засідання|слухання|разгляду)|^(?:start|hearing) time|godzina",
    ),
    (
        "date",
        r"^(?:дата|день|дзень|date|data|day)$|дата (?:слушан|заседан|рассмотр|назнач|проведен|судебн|пасядж"
        r"|разгляд|слухан|засідан|судов)|(?:hearing|sitting|court) date|date of (?:hearing|sitting)"
        r"|data (?:rozprawy|posiedzenia)|^назначено (?:на|к)"
        r"|(?:argument|conference|trial|calendar|listing|set) date"
        r"|date (?:argued|heard|listed|set)|date of (?:argument|trial)|^(?:argued|heard)$",
    ),
    (
        "room",
        r"^(?:зал|зала|кабинет|кабінет|каб|№ зала|номер зала|(?:номер|№) кабинета|нумар (?:залы|кабінета)"
        r"|номер кабінету|sala|room|court ?room)|зал (?:судеб|судав|судов)"
        r"|court ?(?:room|number|no\b)|номер залы|№ залы|^место (?:проведения|рассмотрения)|^месца|^місце",
    ),
    (
        "panel",
        r"состав (?:суда|коллегии)|склад (?:суда|суду|калегіі|колегії)|skład (?:sądu|orzekając)"
        r"|^(?:case )?(?:panel|bench|coram|tribunal|members?)$|судді$|народны\w+ заседател|суддзі$|^судьи$",
    ),
    (
        "judge",
        r"судь|судд|председательств|старшын|головуюч|sędzi|przewodnicząc|^judges?|judges?$|^before$|justice"
        r"|^referent|^author(?:ing)?$",
    ),
    ("prosecutor", r"прокурор|гособвин|обвинител|дзяржаўн\w+ абвінаваўц|prokurator|prosecut"),
    ("clerk", r"^(?:\w+ )?(?:секретар|сакратар|protokolant|clerk|помощник|памочнік|помічник)"),
    (
        "instance",
        r"инстанц|інстанцы|інстанці|instancj|instance",
    ),
    (
        "charges",
        r"стать|артыкул|^арт|ст\. |статт|обвинен|абвінавачанн|обвинувачення|kwalifikacj|artyku|paragraf"
        r"|offen[cs]e|charge|состав преступления|перечень статей",
    ),
    (
        "charges",
        r"(?:суть|существо|предмет|категория|содержание) (?:дела|спора|иска|требован|заявлен|позову|справи"
        r"|правонарушен)|сутнасць|сутність|предмет(?: позову| спору)?$|катэгорыя справы|категорія|przedmiot"
        r"|^(?:суть|описание|description)$",
    ),
    ("sentence", r"наказан|пакаранн|покаранн|мера (?:наказания|пакарання)|^kara$|wymiar kary|sentence|срок"),
    (
        "verdict",
        r"результат|решени|приговор|постановлен|вынік|рашэнн|прысуд|рішення|вирок|ухвал|wyrok|rozstrzygni"
        r"|outcome|verdict|decision|disposition|^result",
    ),
    ("status", r"^(?:статус|стан|состояние|стадия|стадыя|стадія|status|stan|state)|status$|движение дела|отложен"),
    (
        "hearing_kind",
        r"(?:вид|від|тип|тып|характер|rodzaj) (?:судебного |судового |судавага )?(?:заседан|слушан"
        r"|рассмотр|пасядж|разгляд"
        r"|засідан|події|події)|^(?:вид|від|тып|тип|type|rodzaj)$|hearing type|type of hearing|rodzaj (?:posiedz"
        r"|spraw|rozpraw)|мероприяти|наименование события|^purpose|^nature$|event type|calendar type",
    ),
    (
        "parties",
        r"сторон|бак[іо]|лица|асобы|особи|участник|удзельнік|учасник|подсудим|падсудн|обвиняем|абвінавачаны"
        r"|обвинувачен|истец|ответчик|пазоўнік|адказчык|позивач|відповідач|заявител|заяўнік|заявник|осужд"
        r"|асуджан|засуджен|привлека\w+ лиц|прыцяг|^(?:асоба|особа|лицо)|фио|піб|прозвішча|потерпевш",
    ),
    (
        "parties",
        r"^strony|oskarżon|powód|pozwan|wnioskodawc|uczestni|obwinion|part(?:y|ies)|defendant|respondent"
        r"|claimant|appellant|applicant|plaintiff|accused|debtor|case (?:name|title|details)|^title$|^style$"
        r"|^name$"
        r"|^involved$|caption",
    ),
    (
        "court",
        r"^(?:суд|court|sąd)$|наименование суда|назва суд[ау]|назва суду|^(?:court ?house|court name|site"
        r"|venue|location)(?: name)?$|^суд ",
    ),
    ("case_number", r"^(?!phone|fax|page|serial|order|document|ia )[a-z]{2,8} num(?:ber)?$"),
)
_REGISTER: tuple[tuple[str, str], ...] = (
    (
        "in_force",
        r"вступлени\w+ в|законную силу|набыцц\w+ (?:законнай )?сіл|набрання (?:законної )?сили|prawomocn"
        r"|in force|effective",
    ),
    (
        "decided_at",
        r"дата (?:вынесен|принят|решен|прин|рашэн|прыняцц|рішенн|ухвален|включ|уключ)|date of (?:decision"
        r"|listing)|decision date|data (?:decyzji|wpisu)|^дата$|^date$|^data$",
    ),
    ("born", r"рожден|нараджэн|народжен|birth|urodz|д\.?\s*р\.?$|год рожд"),
    (
        "decided_by",
        r"(?:орган|суд|кем)\b.*(?:решен|вынес|принял|прыня|рашэн|рішен)|наименование суда|^(?:суд|орган|court"
        r"|authority|sąd|organ)$|назва суд|кім прынята|issued by|decided by",
    ),
    (
        "number",
        r"^(?:№|n|no|nr|#|lp)\.?(?:\s*[пз]\s*/?\s*п)?$|[пз]/п|порядков|парадкав|^номер|^нумар|number|^numer",
    ),
    (
        "act",
        r"решени|приговор|постановлен|основани|рашэнн|прысуд|падстав|рішення|підстав|статья|артыкул|стаття"
        r"|decision|act\b|ground|basis|podstaw|decyzj|реквизит",
    ),
    (
        "name",
        r"фио|ф\.и\.о|фамили|прозвішч|прізвищ|имя|імя|ім'я|наименован|назва|найменув|name|nazw|материал"
        r"|матэрыял|матеріал|организац|арганізац|організац|лицо|асоба|особа|описание|title",
    ),
)
_NOTICE: tuple[tuple[str, str], ...] = (
    ("row", r"^(?:№|n|no|nr|#|lp)\.?(?:\s*п\s*[/.]?\s*п)?\.?$|п/п|з/п|порядков"),
    (
        "published",
        r"дата (?:публик|публік|размещ|размяшч|опублік|оприлюдн|розміщ|абвяшч)|апублікавана|опубликовано"
        r"|опубліковано|оприлюднено|published|data publikacji",
    ),
    (
        "issuer",
        r"^(?:суд|орган|court|sąd|organ|authority|issuer)$|(?:назва|наименование|найменування) (?:суд|орган)"
        r"|^орган[ ,]",
    ),
    (
        "official",
        r"^(?:кем|кім|ким|kto) |следовател|следч|слідч|судь|судд|пракурор|прокурор|prokurator|sędzi|judge",
    ),
    (
        "persons",
        r"фио|піб|п\.?\s*і\.?\s*б|ф\.?\s*и\.?\s*о|прозвішч|прізвищ|фамили|подозрева|подсудим|обвиня|абвінавач|обвинувач"
        r"|підозрюван|падазрава|викликаєтьс|вызыва|лицо|асоба|особа|имя|імя|ім'я|name|person|osoba|nazwisk|кого",
    ),
    (
        "title",
        r"^(?:назва|название|заголовок|загаловак|тема|title|subject|tytuł)|наименование (?:документа|объявления)",
    ),
    (
        "text",
        r"^(?:текст|змест|содержание|зміст|text|content|treść)|суть|інфармацыя|информация|інформація|оголошення|объявлен",
    ),
)
_HEARING_PATTERNS = tuple((field, re.compile(pattern.replace("ў", "у"))) for field, pattern in _HEARING)
_REGISTER_PATTERNS = tuple((field, re.compile(pattern.replace("ў", "у"))) for field, pattern in _REGISTER)
_NOTICE_PATTERNS = tuple((field, re.compile(pattern.replace("ў", "у"))) for field, pattern in _NOTICE)
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|[_.]+")
_LONGEST_HEADING = 160
_PARTS = re.compile(r"\s*[/|(]\s*|\s[–—-]\s")


def heading_form(heading: str) -> str:
    """The heading as the lexicon compares it: folded, keys of JSON taken apart into words, end marks off."""
    words = _CAMEL.sub(" ", heading) if heading.isascii() else heading
    return folded(words).replace("ў", "у").strip(" :.*|")


def hearing_field(heading: str) -> str | None:
    """The field of a hearing that a heading means: ``extra`` where it keeps its heading, None where unknown."""
    return _field(heading, _HEARING_PATTERNS)


def register_field(heading: str) -> str | None:
    """The field of a register entry that a heading means, None where unknown."""
    return _field(heading, _REGISTER_PATTERNS)


def notice_field(heading: str) -> str | None:
    """The field of a notice that a heading means, None where unknown."""
    return _field(heading, _NOTICE_PATTERNS)


def _field(heading: str, patterns: tuple[tuple[str, re.Pattern[str]], ...]) -> str | None:
    """By the whole heading, else by the first of its parts that is known: many stand in two languages."""
    form = heading_form(heading)
    if not form or len(form) > _LONGEST_HEADING:
        return None
    parts = [part.strip(" :.*|()") for part in _PARTS.split(form)] if _PARTS.search(form) else []
    for words in (form, *parts):
        found = next((field for field, pattern in patterns if words and pattern.search(words)), None)
        if found is not None:
            return found
    return None
