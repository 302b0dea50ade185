"""Who wrote an article: names from linked data, meta tags, links to authors, and bylines, in that order of trust.

Names only: prefixes ("By", "Von", "Автор:"), abbreviations in brackets, dates and addresses are taken off. The
site's own name counts as author only where the page names nobody else.
"""

import re
from itertools import chain, repeat

from lxml import html

from processors.news.bylines import BYLINE_LABEL, NAME_LIKE, POSTED_BY, Byline, shown_bylines
from processors.news.title import SiteName
from processors.pages.page_metadata import PageMetadata, names_in
from processors.text import one_line

# how a link to all that somebody wrote is worded
_PROFILE_OF = re.compile(
    r"^(?:(?:zum )?profil von|(?:zeige )?(?:alle|weitere) (?:beiträge|artikel) (?:von|des autors)"
    r"|(?:view )?(?:all )?(?:posts|articles|stories) (?:of|by)|more (?:from|by)|(?:voir )?tous les articles de"
    r"|ver todas las entradas de|все (?:записи|статьи|материалы)(?: автора)?|усе (?:запісы|артыкулы)(?: аўтара)?"
    r"|(?:всі|усі) (?:записи|статті|матеріали)(?: автора)?|wszystkie (?:wpisy|artykuły)(?: autora)?)\s+",
    re.IGNORECASE,
)
_GLUED_LABEL = re.compile(r"^(?:By|Von|Par)(?=[^\W\d_a-zà-ÿ][^\W\d_]+ )")
# what somebody is, written after the name; taken off where a name of two words is left
_ROLE = re.compile(
    r"(?<=\w) *[,–—-]? *\b(?:(?:senior |staff |chief |political |foreign )*(?:editor(?:-in-chief)?|reporter|writer"
    r"|correspondent|columnist|journalist)|chefredakteur(?:in)?|redakteur(?:in)?|redaktor|dziennikarka?"
    r"|корреспондент(?:ка)?|журналист(?:ка)?|редактор|обозреватель|карэспандэнт(?:ка)?|рэдактар(?:ка)?"
    r"|журналіст(?:ка)?|кореспондент(?:ка)?|оглядач(?:ка)?|ph\.?d\.?|m\.?d\.?|기자)(?: 외 \d+명)?\s*$",
    re.IGNORECASE,
)
# a publisher, an agency, a desk: no person
_BODY = re.compile(
    r"\b(?:news|agenc(?:y|ies)|agentur\w*|agencja|press|presse|media|magazine?|times|images?|photos?|getty|istock\w*"
    r"|reuters|afp|ap|dpa|apa|pap|ansa|editorial|editors|redaktion|redakcja|redacci[oó]n|r[eé]daction|redazione|team"
    r"|staff|insider|network|tv|radio|verlag|gmbh|ag|inc|ltd|llc|stiftung|verein|e\. ?v|institut\w*|universit\w+"
    r"|youtube|facebook|twitter|instagram|redacted|online|service|bund|with agencies"
    r"|редакци[яи]|рэдакцы[яі]|редакці[яі]|агент?ств\w*|агенці\w*|агентств\w*|новости|навіны|новини|тасс|риа|белта"
    r"|пресс-служб\w*|прэс-служб\w*|прес-служб\w*)\b|\w\.(?:com|org|net|de|ru|by|ua|pl|info|tr|at|ch)$",
    re.IGNORECASE,
)
_PREFIX = re.compile(rf"^(?:{BYLINE_LABEL})\s*(?:[:：|]\s*|\s+)", re.IGNORECASE)
_INNER_LABEL = re.compile(rf"^(?:{BYLINE_LABEL})\s*[:：]\s*", re.IGNORECASE)
_PERSON = re.compile(r"^[^\W\d_a-zа-яёіїєўґ][^\W\d_]+ [^\W\d_a-zа-яёіїєўґ][^\W\d_]+$")
_JOINT = re.compile(
    r"\s*(?:[,;|/&•·、]|\b(?:and|und|et|och|og|dan|ve|и|і|oraz)\b|(?<=\w\w) (?:y|e|i|en) (?=[^\W\d_a-zа-я]))\s*"
)
_TAIL = re.compile(r"\s*(?:\((?:[^)]{0,40})\)?|\b(?:am|on|le|el|il)\s+\d.*|\b\d{1,2}[./]\d.*|\s[-–—|].*|\d{4}.*)$")
_NO_NAME = re.compile(
    r"@|\d|[\[\]©]|^(?:admin|editor|administrator|redaction|staff|none|null|unknown|user|guest|author|no author"
    r"|staff directory|member list|link copied|copy link|registrieren|abmelden|logout|cc"
    r"|über den autor|about the author|об авторе|пра аўтара|про автора"
    r"|(?:opinion )?(?:writer|columnist|editor|reporter)"
    r"|会員登録|ログイン|ログアウト|登录|注册|退出|로그인|회원가입"
    r"|facebook\.com|quelle.*)$"
    r"|^(?:view|read|more|all|top|follow|contact|about|posts?|profiles?|share|email|twitter|facebook"
    r"|фот[ао]|foto|bild|photos?|image"
    r"|log ?(?:in|out)|sign|anmeld|registr|войти|вход|рэгістрац|увайсці|увійти|вхід|zaloguj"
    r"|see|folgen|suivez|abonn|s'inscrire|se connecter|mon(?:day|tag)|profil\w*|subscribe|jetzt|kostenlos"
    r"|creative commons|wyloguj|rejestracja|zobacz|czytaj|войдите|выйти|читать|чытаць|читати"
    r"|профиль|реклама|рэклама"
    r"|publi\w+ am|veröffentlicht am|updated?|zur|alle|mehr|news|nachrichten|новости|навіны|новини|все|усе)\b"
    rf"|\b(?:bio|gmbh|lizenz|licen[cs]e)$|^(?:{BYLINE_LABEL})$",
    re.IGNORECASE,
)
# blogs say in words what their cards for sharing hold: a label, and beside it the value
_WRITTEN_BY = re.compile(
    r"written by|verfasst|geschrieben|geschreven|écrit|escrito|scritto|auteur|author|autor|napisane|написан"
    r"|автор|аўтар",
    re.IGNORECASE,
)
_MARKS = " ,.|–—-()*:"
_AUTHOR_METAS = (
    "author",
    "article:author",
    "article:author_name",
    "og:article:author",
    "dc.creator",
    "sailthru.author",
    "parsely-author",
    "cxenseparse:author",
    "citation_author",
    "authors",
    "dcterms.creator",
    "byl",
    "articleauthor",
    "twitter:misc:written by",
)


def read_authors(tree: html.HtmlElement, evidence: PageMetadata, url: str) -> tuple[str, ...]:
    """Names of the authors, each once, in order; empty where the page names none.

    Persons go before organisations: an agency or the site itself counts where nobody else is named, and an agency
    beside persons where the page states both as authors.
    """
    site = SiteName(evidence.site_names, url)
    bodies: tuple[str, ...] = ()
    weak: tuple[str, ...] = ()
    stated = (Byline(texts, is_marked=True) for texts in (_stated(evidence), _in_metas(evidence)))
    for source, is_stated in chain(
        zip(stated, repeat(True), strict=False), zip(shown_bylines(tree), repeat(False), strict=False)
    ):
        names = names_of(tuple(source.texts))
        others = tuple(name for name in names if not _is_the_site(name, site))
        persons = tuple(name for name in others if not _BODY.search(name))
        if persons and (not bodies or (source.is_marked and all(map(NAME_LIKE.match, persons)))):
            return others if is_stated and not bodies else persons
        bodies = bodies or others
        weak = weak or names
    return bodies or weak


def names_of(texts: tuple[str, ...]) -> tuple[str, ...]:
    """The names in texts that are known to name authors."""
    return tuple(dict.fromkeys(name for text in texts for name in _persons(text)))


def _is_the_site(name: str, site: SiteName) -> bool:
    """Whether a name is the publisher's. A person's own site bears theirs: its address alone says nothing then."""
    if site.states(name):
        return True
    if _PERSON.match(name) and not site.is_within(name.partition(" ")[0]):
        return False
    return site.is_named_by(name) or site.is_within(name)


def _stated(evidence: PageMetadata) -> list[str]:
    found: list[str] = []
    for node in evidence.articles[:3]:
        for key in ("author", "creator"):
            found += names_in(node.get(key), evidence.by_id)
        if found:
            break
    return found


def _in_metas(evidence: PageMetadata) -> list[str]:
    for name in _AUTHOR_METAS:
        found = [value for value in evidence.metas.get(name, ()) if _persons(value)]
        if found:
            return found
    for place in ("1", "2"):
        if _WRITTEN_BY.search(evidence.meta(f"twitter:label{place}") or ""):
            return [value for value in evidence.metas.get(f"twitter:data{place}", ()) if _persons(value)]
    return []


def _persons(raw: str) -> list[str]:
    bare = one_line(raw).strip(" ,.|–—-")
    posted = POSTED_BY.search(bare)
    bare = _PROFILE_OF.sub("", _GLUED_LABEL.sub("", posted.group(1) if posted else bare))
    for _ in range(2):
        bare = _PREFIX.sub("", bare)
    if not bare or len(bare) > 250 or "://" in bare or bare.startswith("www."):
        return []
    names = [_without_role(_TAIL.sub("", _INNER_LABEL.sub("", name)).strip(_MARKS)) for name in _JOINT.split(bare)]
    return [name for name in names if 1 < len(name) < 60 and len(name.split()) < 7 and not _NO_NAME.search(name)]


def _without_role(name: str) -> str:
    bare = _ROLE.sub("", name).strip(_MARKS)
    return bare if len(bare.split()) > 1 or not bare.isascii() else name
