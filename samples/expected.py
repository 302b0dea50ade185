"""What the sample sites hold on each day, written by hand and apart from the code and content that serve it.

End-to-end tests assert against this module; `tests/samples` asserts that the sites serve exactly this. Ids, texts
and times are those the pages show; hearing times are given in UTC (the pages show Minsk time, UTC+3).

Between day 1 and day 2 the sites change in these ways and in no other:

- ``NEW_POSTS`` appear, ``DELETED_POST`` is gone, ``EDITED_POST`` has another text and the mark "edited";
- the posts of ``RESEEN_POSTS`` show other numbers of views, reactions or votes, which makes no new version;
- ``NEW_ARTICLE`` appears, ``MODIFIED_ARTICLE`` has another text and a time of modification;
- ``MOVED_HEARING`` has another day, time and room, ``NEW_HEARING`` appears, ``GONE_HEARING`` is gone;
- ``NEW_PERSON`` is wanted, ``GONE_PERSON`` is no longer on the list, ``EDITED_PERSON`` has another article.

Between day 2 and day 3 a channel takes another name, and nothing else changes: ``RENAMED`` says from which handle
to which, ``NEW_POSTS_DAY_3`` appear on it, and the posts of ``FORWARDS_DAY_3`` name their origin anew. Nobody has
the old handle then.
"""

from dataclasses import dataclass

# --- Telegram ---

VESTKI, OBLSUD, MONITOR = "pryklad_vestki", "oblsud_pryklad", "pryklad_monitor"

CHANNEL_IDS = {VESTKI: -1702000001, OBLSUD: -1702000002, MONITOR: -1702000003}
TELEGRAM_SOURCES = {"tg-vestki": VESTKI, "tg-oblsud": OBLSUD, "tg-monitor": MONITOR}

# fmt: off
POSTS_DAY_1 = {
    VESTKI: (
        1, 2, 3, 4, 6, 7, 8, 10, 11, 12, 14, 15, 16, 18, 19, 20, 21, 23, 25, 26, 27, 29, 30, 31, 33, 38, 39, 41,
        42, 43, 45, 46, 47, 49, 50, 52, 53, 55, 56, 58, 60, 61, 62, 64, 66, 67, 70, 71, 73, 74, 76, 78, 79, 81,
        82, 84, 85, 87, 88, 90, 94, 96, 98, 101, 103, 106, 108, 110, 112,
    ),
    OBLSUD: (1, 3, 5, 8, 12, 14, 21, 24, 27, 29, 33, 35, 37, 38),
    MONITOR: (1, 2, 4, 5, 7, 8, 10),
}
"""69, 14 and 7 posts; an album counts once, under its first id."""

NEW_POSTS: dict[str, tuple[int, ...]] = {VESTKI: (113, 115, 118, 120, 121), OBLSUD: (40, 41), MONITOR: ()}

RESEEN_POSTS: dict[str, tuple[int, ...]] = {
    VESTKI: (85, 87, 88, 90, 94, 96, 98, 101, 106, 108, 110, 112),
    OBLSUD: (3, 5, 8, 12, 14, 21, 24, 27, 29, 33, 35, 37, 38),
    MONITOR: (),
}
# fmt: on

PAGES_DAY_1 = {VESTKI: 4, OBLSUD: 1, MONITOR: 1}
"""Preview pages of twenty posts needed to see a channel to its beginning; as many on day 2."""

DELETED_POST = (VESTKI, 103)
EDITED_POST = (VESTKI, 108)
EDITED_TEXT_DAY_1 = "Суд перанёс апеляцыйнае пасяджэнне. Новая дата — пазней."
EDITED_TEXT_DAY_2 = "Суд перанёс апеляцыйнае пасяджэнне. Новая дата — 26 лістапада, 14:30, зала 7."

SERVICE_POSTS: dict[str, tuple[int, ...]] = {VESTKI: (1, 2, 21), OBLSUD: (1,), MONITOR: (1,)}
EDITED_MARKS_DAY_1: dict[str, tuple[int, ...]] = {VESTKI: (78,), OBLSUD: (37,), MONITOR: (10,)}
ALBUMS: dict[str, dict[int, tuple[int, ...]]] = {
    VESTKI: {33: (33, 34, 35, 36), 90: (90, 91, 92), 115: (115, 116, 117)},
    OBLSUD: {29: (29, 30)},
    MONITOR: {},
}
"""All ids an album uses up, under the one its post has. Album 115 appears on day 2."""

FORWARDS = {
    (VESTKI, 64): ("Крыніца схавана", None),
    (VESTKI, 66): ("Областной суд — пресс-служба", "https://t.me/oblsud_pryklad/21"),
    (VESTKI, 118): ("Областной суд — пресс-служба", "https://t.me/oblsud_pryklad/41"),
    (MONITOR, 5): ("Весткі Прыклада", "https://t.me/pryklad_vestki/74"),
}
REPLIES = {
    (VESTKI, 10): 7,
    (VESTKI, 19): 18,
    (VESTKI, 26): 25,
    (VESTKI, 47): 46,
    (VESTKI, 62): 61,
    (VESTKI, 113): 112,
    (OBLSUD, 14): 12,
}
SIGNATURES = {(VESTKI, 70): "Рэдакцыя", (OBLSUD, 33): "Пресс-служба", (MONITOR, 8): "Monitor desk"}
POLLS_DAY_1 = {
    (VESTKI, 31): ("Дзе ў горадзе найбольш не хапае зеляніны?", (41, 37, 15, 7), "1.3K"),
    (VESTKI, 94): ("Ці зручны новы расклад бібліятэкі?", (63, 21, 16), "412"),
}
POLLS_DAY_2 = POLLS_DAY_1 | {(VESTKI, 94): ("Ці зручны новы расклад бібліятэкі?", (61, 24, 15), "455")}
LINK_PREVIEWS = {
    (VESTKI, 42): "https://vesnik.pryklad.example/kultura/sviata-horada/",
    (VESTKI, 82): "https://vesnik.pryklad.example/hramadstva/adkaz-arhivu/",
    (VESTKI, 120): "https://vesnik.pryklad.example/sud/sto-z-rasenniem/",
}

MEDIA_KINDS_DAY_1 = {
    VESTKI: {
        "photo": 32,
        "video": 3,
        "round_video": 1,
        "voice": 1,
        "audio": 1,
        "document": 1,
        "sticker": 1,
        "location": 1,
    },
    OBLSUD: {"photo": 4, "video": 1, "document": 1},
    MONITOR: {"photo": 3},
}
"""Media by kind. One of the three videos (post 45) is too big for the preview and has no address."""
PHOTOS_DAY_2 = {VESTKI: 34, OBLSUD: 5, MONITOR: 3}

TEXTS_DAY_1 = {
    (VESTKI, 3): (
        "Добрай раніцы! Гэта канал рэдакцыі «Веснік Прыклада». Тут — навіны горада, суды, транспарт, культура. 👋"
    ),
    (VESTKI, 27): "Ад рэдакцыі. Мы не друкуем імёнаў прыватных асоб без іх згоды. Пра гэта — на старонцы правілы.",
    (VESTKI, 108): EDITED_TEXT_DAY_1,
    (OBLSUD, 24): ("Иск удовлетворён частично. Мотивированное решение будет изготовлено в течение десяти дней."),
    (MONITOR, 2): "Hello! We summarise local news in English. Don't expect breaking news here.",
    (MONITOR, 8): "Appeal hearing set for 24 November, room 12.\n\nSource: https://oblsud.pryklad.example/",
}
VIEWS_DAY_1 = {(VESTKI, 3): "9.81K", (VESTKI, 112): "1.2K", (OBLSUD, 5): "980", (MONITOR, 10): "468"}
VIEWS_DAY_2 = {(VESTKI, 3): "9.81K", (VESTKI, 112): "3.87K", (OBLSUD, 5): "991", (MONITOR, 10): "468"}
PUBLISHED = {
    (VESTKI, 3): "2026-03-02T07:05:41Z",
    (VESTKI, 108): "2026-11-08T16:30:00Z",
    (OBLSUD, 24): "2026-09-28T15:00:00Z",
    (MONITOR, 10): "2026-11-08T18:00:00Z",
}

GROUP, MISSING = "pryklad_chat", "pryklad_niama"
"""Handles without a preview: a group, and a name that nobody has."""


RENAMED = (OBLSUD, "oblsud_pres")
NEW_POSTS_DAY_3 = (43, 44)
FORWARDS_DAY_3 = {
    (VESTKI, 66): ("Пресс-служба областного суда", "https://t.me/oblsud_pres/21"),
    (VESTKI, 118): ("Пресс-служба областного суда", "https://t.me/oblsud_pres/41"),
}


def posts(channel: str, day: int) -> tuple[int, ...]:
    """The ids of the posts that stand on that day, oldest first; ``channel`` is its handle of day 1."""
    if day == 1:
        return POSTS_DAY_1[channel]
    gone = {DELETED_POST[1]} if channel == DELETED_POST[0] else set()
    newest = NEW_POSTS_DAY_3 if day >= 3 and channel == RENAMED[0] else ()
    return tuple(sorted({*POSTS_DAY_1[channel], *NEW_POSTS[channel], *newest} - gone))


# --- News ---

NEWS_SOURCE = "vesnik"
PUBLISHER = "Веснік Прыклада"
NEWS_ADDRESS = "https://vesnik.pryklad.example"

ARTICLES_DAY_1 = (
    "/hramadstva/biblijateka/",
    "/naviny/most-zakryty/",
    "/naviny/zavod-spyniu/",
    "/kultura/fest-hleba/",
    "/sud/pazou-palaty/",
    "/kultura/sviata-horada/",
    "/naviny/pazar-u-lesie/",
    "/sud/rasenne-zadavolena/",
    "/en/news/court-grants-claim/",
    "/naviny/snieh/",
    "/hramadstva/adkaz-arhivu/",
    "/ru/sud/apellyaciya/",
    "/naviny/biudzet/",
    "/naviny/tramvaj-3/",
)
NEW_ARTICLE = "/sud/sto-z-rasenniem/"
MODIFIED_ARTICLE = "/ru/sud/apellyaciya/"
MODIFIED_AT = "2026-11-10T15:05:00Z"
MODIFIED_SENTENCE_DAY_1 = "Заседание назначено на 24 ноября на 10:00 в зале 12."
MODIFIED_SENTENCE_DAY_2 = "Заседание перенесено на 26 ноября на 14:30 в зал 7."

NOT_ARTICLES = {
    "/naviny/vydalenae/": "soft_404",
    "/premium/analityka-biudzetu/": "login_wall",
    "/mierkavanni/2026/11/kalonka-tydnia/": "consent",
}
"""Pages that feed, sitemap or start page link to and that hold no article, with their outcome."""
DISALLOWED = "/redakcyja/2026/11/cernavik-vypusku/"
"""Linked from the start page, forbidden by robots.txt."""

ARTICLE_IMAGES_DAY_1 = 15
ARTICLE_IMAGES_DAY_2 = 17

ARTICLE_TITLES = {
    "/naviny/most-zakryty/": "Мост праз Прыкладку закрыюць для грузавікоў",
    "/en/news/court-grants-claim/": "Court grants the Chamber of Crafts' claim in part",
    "/ru/sud/apellyaciya/": "Апелляция по делу палаты ремёсел назначена на ноябрь",
}
ARTICLE_TIMES = {
    "/naviny/most-zakryty/": "2026-03-09T12:20:00Z",
    "/en/news/court-grants-claim/": "2026-09-29T09:00:00Z",
    "/ru/sud/apellyaciya/": "2026-11-05T11:40:00Z",
}


def articles(day: int) -> tuple[str, ...]:
    """The paths of the articles that stand on that day."""
    return ARTICLES_DAY_1 if day == 1 else (*ARTICLES_DAY_1, NEW_ARTICLE)


# --- Courts ---


@dataclass(frozen=True, slots=True)
class ExpectedHearing:
    """What identifies a hearing, when and where. ``starts_at`` is UTC; an empty number is hidden by the court."""

    case_number: str
    starts_at: str
    room: str


def _hearing(case_number: str, starts_at: str, room: str) -> ExpectedHearing:
    return ExpectedHearing(case_number, f"2026-11-{starts_at}:00Z", room)


REGIONAL_SOURCE, CITY_SOURCE = "oblsud", "sud-zavadski"
REGIONAL_COURT, CITY_COURT = "Примерский областной суд", "Суд Завадскага раёна г. Прыклад"

HEARINGS_DAY_1 = {
    REGIONAL_SOURCE: (
        _hearing("2-118/2026", "24T07:00", "12"),
        _hearing("2-131/2026", "24T08:30", "12"),
        _hearing("2-140/2026", "24T11:00", "7"),
        _hearing("2-152/2026", "25T06:30", "7"),
        _hearing("1-77/2026", "25T07:00", "305"),
        _hearing("1-77/2026", "26T07:00", "305"),
        _hearing("1-81/2026", "25T12:00", "305"),
        _hearing("1-84/2026", "26T13:00", "305"),
        _hearing("5-311/2026", "24T06:00", "3"),
        _hearing("5-312/2026", "24T06:20", "3"),
        _hearing("5-318/2026", "25T06:00", "3"),
    ),
    CITY_SOURCE: (
        _hearing("3-401/2026", "23T06:00", "101"),
        _hearing("3-402/2026", "23T07:00", "101"),
        _hearing("3-405/2026", "23T08:30", "102"),
        _hearing("3-406/2026", "23T11:00", "102"),
        _hearing("3-409/2026", "24T06:00", "101"),
        _hearing("3-410/2026", "24T06:40", "101"),
        _hearing("3-411/2026", "24T07:30", "103"),
        _hearing("", "24T08:00", "103"),
        _hearing("3-414/2026", "24T11:00", "103"),
        _hearing("3-415/2026", "24T12:30", "101"),
        _hearing("3-417/2026", "25T06:00", "102"),
        _hearing("3-418/2026", "25T07:00", "102"),
        _hearing("3-420/2026", "25T08:00", "102"),
        _hearing("3-421/2026", "25T11:00", "101"),
        _hearing("3-424/2026", "25T12:00", "103"),
        _hearing("3-425/2026", "26T06:00", "101"),
        _hearing("3-428/2026", "26T07:20", "101"),
        _hearing("3-430/2026", "26T08:00", "102"),
        _hearing("3-431/2026", "26T09:00", "102"),
        _hearing("3-433/2026", "26T11:00", "103"),
        _hearing("3-434/2026", "26T12:10", "103"),
        _hearing("3-437/2026", "27T06:00", "101"),
        _hearing("3-440/2026", "27T07:00", "101"),
    ),
}
"""11 and 23 hearings, in the order of the lists."""

LIST_PAGES = {REGIONAL_SOURCE: 1, CITY_SOURCE: 3}
MOVED_HEARING = (REGIONAL_SOURCE, _hearing("2-118/2026", "26T11:30", "7"))
NEW_HEARING = (REGIONAL_SOURCE, _hearing("2-204/2026", "27T06:00", "12"))
GONE_HEARING = (CITY_SOURCE, "3-418/2026")
COURT_DOCUMENTS = ("https://sud.pryklad.example/dakumenty/prysud-3-401.pdf",)


def hearings(source: str, day: int) -> frozenset[ExpectedHearing]:
    """The hearings that stand on that day."""
    first = frozenset(HEARINGS_DAY_1[source])
    if day == 1:
        return first
    if source == CITY_SOURCE:
        return frozenset(one for one in first if one.case_number != GONE_HEARING[1])
    moved = frozenset(one for one in first if one.case_number != MOVED_HEARING[1].case_number)
    return moved | {MOVED_HEARING[1], NEW_HEARING[1]}


# --- Wanted persons ---

WANTED_SOURCE = "vyshuk"
WANTED_PAGES = 2
PERSONS_DAY_1 = (
    ("В-101/2026", "ПРЫКЛАДОВІЧ Ян Узоравіч"),
    ("В-102/2026", "ВЫДУМАНАЯ Ганна Пятроўна"),
    ("В-107/2026", "УМОЎНЫ Пётр Янавіч"),
    ("В-110/2026", "УЗОРНАЯ Марыя Паўлаўна"),
    ("В-114/2026", "НІБЫТА Антон Рыгоравіч"),
    ("В-121/2026", "СКАЖАМ Вольга Ігараўна"),
)
"""Number and name, in the order of the list."""
GONE_PERSON = "В-110/2026"
EDITED_PERSON = "В-102/2026"
EDITED_CODES = ("361 ч.3 КК", "369 КК")
NEW_PERSON = ("В-133/2026", "ДАПУСЦІМ Мікола Адамавіч")


def persons(day: int) -> tuple[tuple[str, str], ...]:
    """The persons on the list on that day, in its order."""
    if day == 1:
        return PERSONS_DAY_1
    return (*(person for person in PERSONS_DAY_1 if person[0] != GONE_PERSON), NEW_PERSON)


# --- The page that needs a browser ---

BROWSER_SOURCE = "abvestki"
BROWSER_ADDRESS = "https://abvestki.pryklad.example/"
BROWSER_REQUESTS = (
    "/",
    "/style.css",
    "/app.js",
    "/emblem.png",
    "/api/notices.json",
    "/worker.js",
    "/api/worker.json",
)
"""What a browser asks for, in some order; the last comes from the service worker itself."""
BROWSER_TEXTS = (
    "А-17/2026. Пра перанос пасяджэння",
    "А-18/2026. Пра доступ у будынак",
    "А-19/2026. Пра прыём грамадзян",
)
"""Headings that are there only after the script ran."""

# --- Pictures that recur ---

RECURRING_PICTURES = {
    "bridge": ("bridge/w800/q82", "bridge/c3/w640/q70", "bridge/w640/q75", "bridge/w960/q80"),
    "courthouse": (
        "courthouse/w800/q82",
        "courthouse/c3/w640/q75",
        "courthouse/w640/q75",
        "courthouse/w960/q80",
        "courthouse/c2/w800/q70",
    ),
    "courtroom": (
        "courtroom/w800/q82",
        "courtroom/w640/q75",
        "courtroom/c3/w640/q75",
        "courtroom/c2/w800/q80",
        "courtroom/w960/q80",
        "courtroom/c2/w800/q72",
    ),
    "tram": ("tram/w800/q82", "tram/c3/w640/q72", "tram/w960/q80"),
    "snow": ("snow/w800/q82", "snow/w640/q70", "snow/w960/q80"),
    "letter": ("letter/w800/q82", "letter/c2/w640/q78", "letter/c2/w720/q75"),
    "station": ("station/w800/q82", "station/c3/w640/q75"),
    "library": ("library/w800/q82", "library/w960/q80"),
    "forest": ("forest/w800/q82", "forest/w960/q80"),
    "bakery": ("bakery/w800/q82", "bakery/w960/q80"),
    "crowd": ("crowd/w800/q82", "crowd/c3/w960/q78"),
    "concert": ("concert/w800/q82", "concert/w960/q80"),
    "archive": ("archive/w800/q82", "archive/w960/q80"),
    "factory": ("factory/w800/q82", "factory/c3/w640/q75", "factory/w960/q80"),
    "school": ("school/w800/q82", "school/c3/w640/q75", "school/w800/q80"),
    "market": ("market/w800/q82", "market/c4/w800/q78"),
}
"""Scene and its files on day 1, of posts and articles: one picture, re-encoded, resized, cropped.

``samples.media.files.media_file(name).content`` gives a file's bytes. Each is at most 8 bits of pHash from the
first of its scene; files of different scenes are at least 18 apart.
"""
