"""What the labels and headings of lists of wanted persons mean, in five languages, and keys of their JSON.

Data and one look-up: label in, field out. Words of lists of the police of Belarus, Russia, Ukraine, Poland, the
United Kingdom and the United States, and of Interpol (2026-11). The first pattern that fits wins, so the narrower
stand first; ``extra`` keeps a label from being taken for a field that it only resembles.
"""

import re
from typing import Final

from processors.tables.column_names import heading_form

_LONGEST_LABEL: Final = 80
_FIELDS: Final[tuple[tuple[str, str], ...]] = (
    (
        "row",
        r"^(?:№|n|no|nr|#)?\s*(?:п\s*[/.]?\s*п|з\s*[/.]?\s*п|л\.?\s*п|lp)\.?$|^(?:№|#|n|no|lp)$"
        r"|^порядковый номер$",
    ),
    ("photo", r"^(?:фота|фото|photo|zdjęci|images?$|picture|portrait)|thumbnail"),
    ("url", r"^(?:url|link|links? (?:self|images|href)|ссылка|спасылка|посилання|path)$"),
    (
        "extra",
        r"(?:место|месца|місце|miejsce|place|country|city) (?:рожд|нарадж|народж|urodz|of birth)|birth ?place"
        r"|^(?:дата|час|время|date|data|lost date)\b.*(?:преступл|злачын|злочин|crime|offence|исчезн"
        r"|знікнен|зникнен)"
        r"|lost date|^reward (?:min|max)|телефон|тэлефон|phone|контакт|кантакт|contact|e-?mail"
        r"|^(?:пол|стать|sex|sex id|gender|płeć|рост|зрост|height|wzrost|weight|вага|вес|hair|eyes?"
        r"|race|languages?)$"
        r"|national|citizen|громадян|граждан|грамадзян|obywatel|occupation"
        r"|мера пресеч|мер[аы] стрым|запобіжн|restraint|ojca|matki|(?<![^\W\d_])(?:возраст|узрост|вік"
        r"|age|wiek)\b",
    ),
    (
        "alias",
        r"псевдон|мянушк|кличк|прізвиськ|пазыун|позывн|(?:также|таксама|також) (?:извест|вядом|відом)|alias"
        r"|^a\.?k\.?a\b|also known|nick ?name|pseudonim|other (?:names|spellings)|(?:last|first"
        r"|middle) name [re]$"
        r"|^(?:прежн|былое|колишн|poprzedni)\w* (?:фам|прозв|прізв|nazw)|maiden|девичь|дзявоч|дівоч|panieńsk"
        r"|^(?:он же|ён жа|він же|она же|яна ж|вона ж)$",
    ),
    (
        "name",
        r"(?<![^\W\d_])(?:ф\.?\s*и\.?\s*о|п\.?\s*і\.?\s*б|п\.?\s*і\.?\s*п/б)\.?(?![^\W\d_])"
        r"|^(?:full )?name$|^title$"
        r"|^(?:фамилия|прозвішча|прізвище)[,и і]+\s*(?:имя|імя|ім['’ʼ]?я)|^(?:имя|ім['’ʼ]?я) (?:и|та"
        r"|і) (?:фам|прі|проз)"
        r"|imi\w+ i nazwisk|nazwisk\w* i imi|^(?:асоба|особа|лицо|person|osoba|подозреваемый"
        r"|падазраваны|suspect)$"
        r"|^(?:surname|last name),? (?:and )?(?:name|first name|forename)",
    ),
    ("patronymic", r"отчеств|па бацьку|по[ -]батькові|patronymic|^middle name(?: u)?$|^second name$"),
    ("surname", r"^(?:фамилия|прозвішча|прізвище|surname|family name|last name(?: u)?|nazwisko)$"),
    ("forename", r"^(?:имя|імя|ім['’ʼ]?я|forenames?|first name(?: u)?|given names?|imi[eę]|imiona)$"),
    ("reward", r"вознагражд|узнагарод|винагород|reward|nagrod"),
    ("updated", r"обновл|абноул|оновл|updated|modified|aktualiz"),
    (
        "published",
        r"дата (?:объявл|абвяшч|абвешч|оголош|публик|публік|размещ|размяшч|розміщ|опубл|аб['’]?яул)"
        r"|(?:объявлен|абвешчан|оголошен)\w* (?:в|у) (?:розыск|вышук|розшук)|(?:в|у) (?:розыске"
        r"|вышуку|розшуку) [сзі]"
        r"|^(?:опубликовано|апублікавана|опубліковано|оприлюднено|published|publication|posted|дата|date)$"
        r"|publi(?:shed|cation) date|date (?:published|posted|added|of (?:publication|issue))|data publikacji"
        r"|wanted since|poszukiwan\w* od",
    ),
    ("born", r"рожд|нарадж|народж|urodz|birth|(?<![^\W\d_])born(?![^\W\d_])|^dob$|^(?:г\.?\s?р|р\.?\s?н)\.?$"),
    (
        "identifier",
        r"^(?:номер|нумар|number|id|uid|entity id|person id|reference|ref|case (?:number|no|ref\w*)"
        r"|numer|код|code)$"
        r"|(?:№|номер|нумар)\s*(?:дел|справ|розыск|вышук|розшук|карт|запис|ориент|арыент)|(?:notice"
        r"|warrant) (?:no|num)"
        r"|crimestoppers ref|numer sprawy|^идентификатор|^ідэнтыфікатар|^ідентифікатор",
    ),
    (
        "issuer",
        r"инициатор|ініціатор|ініцыятар|(?:кем|кім|ким) (?:разыск|розыск|розшук|вышук|адшук|объявл"
        r"|абвешч|оголош)"
        r"|(?<![^\W\d_])орган"
        r"|^овд$|^ovd$|подразделени|падраздзялен|підрозділ|ведамств|ведомств|wanted by|issu(?:ing"
        r"|ed by)|authority"
        r"|(?<![^\W\d_])agency|(?:police )?force$|field ?offices?|jednostk|przez$",
    ),
    (
        "text",
        r"crime details|details|description|описани|апісанн|^опис|подробн|падрабязн|обстоятельств"
        r"|абставін|обставин"
        r"|remarks?|summary|caution|warning message|фабула|^opis|^text$|^(?:информация|інфармацыя|інформація)",
    ),
    (
        "offence",
        r"обвин|абвінавач|обвинувач|звинувач|подозр|падазр|підозр|стать[яіей]|статт[яі]|артыкул"
        r"|преступ|злачын|злочин"
        r"|правонаруш|квалификац|кваліфікац|charges?(?![^\W\d_])|offen[cs]e"
        r"|(?<![^\W\d_])crimes?(?![^\W\d_])|wanted for"
        r"|^article|^art\.?$|^subjects?$|podstaw|przestępst|zarzut|за (?:что|што|що)",
    ),
    (
        "status",
        r"статус|состояние|^стан$|status|категор[иі]|катэгор|category|(?:вид|від|тып|тип) (?:розыск"
        r"|вышук|розшук)",
    ),
    (
        "place",
        r"место|месца|місце|регион|рэгіён|регіон|region|област|вобласц|location|last (?:seen|known)|miejsc|wojew"
        r"|(?:^| )(?:город|горад|місто|city|район|раён)|countr|страна|краіна|країна|possible"
        r"|lost place|адрес|address",
    ),
)
_PATTERNS: Final = tuple((name, re.compile(pattern.replace("ў", "у"))) for name, pattern in _FIELDS)


def wanted_field(label: str) -> str | None:
    """The field that a label means: ``extra`` where it keeps its label, None where it is unknown."""
    if not label or len(label) > _LONGEST_LABEL:
        return None
    form = heading_form(label)
    return next((name for name, pattern in _PATTERNS if pattern.search(form)), None)
