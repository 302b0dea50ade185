"""What the sample register and board of notices hold on each day, written by hand and apart from what serves them.

Between day 1 and day 2 ``NEW_ENTRY`` and ``NEW_NOTICE`` appear, ``GONE_ENTRY`` and ``GONE_NOTICE`` are gone,
``EDITED_ENTRY`` and ``EDITED_NOTICE`` have another wording; nothing else changes.
"""

REGISTER_SOURCE, NOTICE_SOURCE = "reestr", "vykliki"
REGISTER_PAGES = 2

ENTRIES_DAY_1 = (
    "Тэлеграм-канал «Прыклад A»",
    "Кніга «Узор гісторыі»",
    "Супольнасць «Прыкладчыкі»",
    "Сайт uzor.pryklad.example",
    "Таварыства «Выдуманае»",
    "Відэа «Прыклад B»",
)
GONE_ENTRY = "Сайт uzor.pryklad.example"
EDITED_ENTRY = "Відэа «Прыклад B»"
NEW_ENTRY = "Гурт «Умоўны»"

NOTICES_DAY_1 = ("Аб выкліку сведкі", "Аб пачатку спецыяльнага вядзення", "Аб выкліку абвінавачанага")
GONE_NOTICE = "Аб выкліку сведкі"
EDITED_NOTICE = "Аб пачатку спецыяльнага вядзення"
NEW_NOTICE = "Аб выкліку падазраванай"


def entries(day: int) -> tuple[str, ...]:
    """The names on the register on that day, in its order."""
    if day == 1:
        return ENTRIES_DAY_1
    return (*(name for name in ENTRIES_DAY_1 if name != GONE_ENTRY), NEW_ENTRY)


def notices(day: int) -> tuple[str, ...]:
    """The titles on the board on that day, the newest first."""
    if day == 1:
        return NOTICES_DAY_1
    return (NEW_NOTICE, *(title for title in NOTICES_DAY_1 if title != GONE_NOTICE))
