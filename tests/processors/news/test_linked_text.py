"""What stands wholly inside ``<a>`` and is text of the article all the same; and what leads elsewhere and is none.

Each page is invented: a headline, paragraphs, and among them what is linked, as sites of many countries write it.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest

from processors.pages.page import Page
from processors.parsing.parser_versions import read_page
from processors.records.article import Article

URL = "https://news.example.org/2026/03/02/verdict.html"

BE = (
    "Суд прыдуманага раёна вынес прысуд па справе дзевяці жыхароў горада Рэчка, паведамілі праваабаронцы.",
    "Пасяджэнне было закрытае, сваякоў у залу не пусцілі, хоць яны чакалі каля будынка суда з самай раніцы.",
    "Пракурор прасіў восем гадоў калоніі, суддзя пагадзіўся з ім амаль ва ўсім, прысуд яшчэ не набыў моцы.",
)
RU = (
    "Суд в городе Прыклад вынес решение по делу двух журналистов местной газеты, сообщили правозащитники.",
    "Заседание прошло в закрытом режиме, адвокаты дали подписку, родственников в зал суда не пустили с утра.",
    "Обвинение просило девять лет колонии усиленного режима, суд назначил восемь, приговор не вступил в силу.",
)
UK = (
    "Суд у місті Приклад оголосив вирок у справі чотирьох працівників друкарні, повідомили правозахисники.",
    "Засідання відбулося за зачиненими дверима, родичів до зали не пустили, хоча вони чекали від самого ранку.",
    "Прокурор просив сім років колонії, суддя призначила п’ять, і вирок можна оскаржити протягом тридцяти днів.",
)
EN = (
    "A court in the invented town of Sampleton sentenced four printers on Monday, a group of observers reported.",
    "The hearing was closed to the public, and relatives who had waited since the morning were not let inside.",
    "The prosecution had asked for nine years, the court gave eight, and the verdict has not yet come into force.",
)
PL = (
    "Sąd w zmyślonym mieście Przykładowo wydał wyrok w sprawie czworga drukarzy, podali obserwatorzy.",
    "Rozprawa odbyła się za zamkniętymi drzwiami, rodzin nie wpuszczono na salę, choć czekały tam od samego rana.",
)
DE = (
    "Das Gericht der erfundenen Stadt Beispielstadt hat vier Drucker verurteilt, meldeten Beobachter.",
    "Die Verhandlung war nicht öffentlich, und Angehörige, die lange warteten, wurden nicht eingelassen.",
)
LT = (
    "Išgalvoto Pavyzdžių miesto teismas paskelbė nuosprendį keturiems spaustuvininkams, pranešė stebėtojai.",
    "Posėdis buvo uždaras, artimieji, laukę nuo pat ryto, į salę nebuvo įleisti, nors to prašė advokatai.",
)


def p(*texts: str) -> str:
    return "".join(f"<p>{text}</p>" for text in texts)


@dataclass(frozen=True, slots=True, kw_only=True)
class Linked:
    """A page's article, lines that are its text, and wording that is not."""

    body: str
    text: tuple[str, ...] = ()
    elsewhere: tuple[str, ...] = ()


PAGES = {
    "a Belarusian subheading that links to the case": Linked(
        body=p(BE[0]) + "<h3><a href='/sprava/12'>Што сказаў абаронца пасля суда</a></h3>" + p(BE[1], BE[2]),
        text=("Што сказаў абаронца пасля суда",),
    ),
    "a Russian list of convicted persons with a page each": Linked(
        body=p(RU[0], "Осуждены:")
        + "<ul><li><a href='/people/101'>Иван Прыкладный</a></li><li><a href='/people/102'>Анна Образцова</a></li>"
        "<li><a href='/people/103'>Пётр Выдуманный</a></li></ul>" + p(RU[1], RU[2]),
        text=("- Иван Прыкладный", "- Анна Образцова", "- Пётр Выдуманный"),
    ),
    "a Ukrainian list of convicted persons at the end": Linked(
        body=p(*UK, "Вирок отримали:") + "<ol><li><a href='/people/7'>Оксана Зразкова</a></li>"
        "<li><a href='/people/8'>Тарас Вигаданий</a></li></ol>",
        text=("- Оксана Зразкова", "- Тарас Вигаданий"),
    ),
    "an English paragraph that links to the court's own statement": Linked(
        body=p(
            EN[0],
            "<a href='https://court.example.net/s/4'>The court published the full statement on its own site.</a>",
            EN[1],
            EN[2],
        ),
        text=("The court published the full statement on its own site.",),
    ),
    "an English quotation that links to where it was said": Linked(
        body=p(EN[0], EN[1])
        + "<blockquote><a href='https://social.example.net/p/1'>We were waiting outside and nobody told us why."
        "</a></blockquote>" + p(EN[2]),
        text=("We were waiting outside and nobody told us why.",),
    ),
    "a Polish page of one paragraph and a linked list": Linked(
        body=p(PL[0] + " " + PL[1], "Skazani to:")
        + "<ul><li><a href='/osoby/1'>Jan Zmyślony</a></li><li><a href='/osoby/2'>Anna Wzorowa</a></li>"
        "<li><a href='/osoby/3'>Piotr Przykładny</a></li></ul>",
        text=("- Jan Zmyślony", "- Anna Wzorowa", "- Piotr Przykładny"),
    ),
    "a German heading inside an anchor": Linked(
        body=p(DE[0])
        + "<a name='urteil'><h2>Was die Verteidigung dazu sagt</h2></a>"
        + p(DE[1], DE[0][:60] + "."),
        text=("Was die Verteidigung dazu sagt",),
    ),
    "a Russian paragraph inside a link": Linked(
        body=p(RU[0])
        + "<a href='https://docs.example.net/letter.html'><p>Родственники опубликовали письмо из колонии.</p></a>"
        + p(RU[1], RU[2]),
        text=("Родственники опубликовали письмо из колонии.",),
    ),
    "a Belarusian list of persons with their sentences": Linked(
        body=p(BE[0], "Прысуды:") + "<ol><li><a href='/asoba/1'>Янка Прыдуманы — тры гады калоніі</a></li>"
        "<li><a href='/asoba/2'>Алена Узорная — два гады хатняй хіміі</a></li></ol>" + p(BE[1], BE[2]),
        text=("- Янка Прыдуманы — тры гады калоніі", "- Алена Узорная — два гады хатняй хіміі"),
    ),
    "a Ukrainian line in bold that links to the judgment as PDF": Linked(
        body=p(UK[0])
        + "<p><strong><a href='/files/vyrok.pdf'>Повний текст вироку оприлюднив суд</a></strong></p>"
        + p(UK[1], UK[2]),
        text=("Повний текст вироку оприлюднив суд",),
    ),
    "a Lithuanian table of linked names": Linked(
        body=p(*LT)
        + "<table><tr><th>Vardas</th><th>Bausmė</th></tr><tr><td><a href='/z/1'>Jonas Pavyzdys</a></td><td>3 metai"
        "</td></tr><tr><td><a href='/z/2'>Ona Išgalvotė</a></td><td>2 metai</td></tr></table>"
        + p(LT[0][:80] + "."),
        text=("Jonas Pavyzdys", "Ona Išgalvotė"),
    ),
    "English names in lines of one paragraph": Linked(
        body=p(EN[0], "The convicted are:")
        + "<p><a href='/people/1'>John Sample</a><br><a href='/people/2'>Mary Specimen</a><br>"
        "<a href='/people/3'>Peter Pattern</a></p>" + p(EN[1], EN[2]),
        text=("John Sample", "Mary Specimen", "Peter Pattern"),
    ),
    "Russian names in paragraphs of their own": Linked(
        body=p(RU[0], "Приговорены:")
        + p(*(f"<a href='/people/{n}'>{name}</a>" for n, name in enumerate(("Иван Прыкладный", "Анна Образцова"))))
        + p(RU[1], RU[2]),
        text=("Иван Прыкладный", "Анна Образцова"),
    ),
    "a Belarusian line in a box of its own": Linked(
        body="".join(f"<div>{text}</div>" for text in BE[:2])
        + "<div><a href='https://archive.example.net/1'>Ліст з турмы апублікавалі сваякі асуджанага.</a></div>"
        + f"<div>{BE[2]}</div>",
        text=("Ліст з турмы апублікавалі сваякі асуджанага.",),
    ),
    "English subheadings that link to themselves": Linked(
        body=p(EN[0])
        + "<h2 id='why'><a href='#why'>Why the hearing was closed</a></h2>"
        + p(EN[1])
        + "<h2 id='next'><a href='#next'>What comes next for them</a></h2>"
        + p(EN[2]),
        text=("Why the hearing was closed", "What comes next for them"),
    ),
    "a Russian first paragraph that links to its source": Linked(
        body="<p><a href='https://group.example.net/n/5'>"
        + RU[0]
        + "</a></p>"
        + p(RU[1], RU[2], RU[1][:70] + "."),
        text=(RU[0],),
    ),
    "a Ukrainian heading of lower rank over a list without introduction": Linked(
        body=p(UK[0], UK[1]) + "<h4>Засуджені</h4><ul><li><a href='/people/7'>Оксана Зразкова</a></li>"
        "<li><a href='/people/8'>Тарас Вигаданий</a></li></ul>" + p(UK[2]),
        text=("Засуджені", "- Оксана Зразкова", "- Тарас Вигаданий"),
    ),
    "Russian headlines of other articles below their label": Linked(
        body=p(RU[0], "Читайте также:")
        + "<ul><li><a href='/2026/02/01/a.html'>В Прыкладе открылась новая школа для взрослых</a></li>"
        "<li><a href='/2026/02/02/b.html'>Мост через Речку закрыт на ремонт до осени</a></li></ul>"
        + p(RU[1], RU[2]),
        text=(RU[1],),
        elsewhere=("новая школа", "Мост через Речку"),
    ),
    "a Belarusian teaser that is marked as one": Linked(
        body=p(BE[0])
        + "<p class='related-post'><a href='/2026/02/01/a.html'>У Рэчцы адкрылі новую школу.</a></p>"
        + p(BE[1], BE[2]),
        text=(BE[1],),
        elsewhere=("новую школу",),
    ),
    "English headlines of other articles without a label": Linked(
        body=p(EN[0])
        + "<ul><li><a href='/2026/02/01/a.html'>Sampleton opens a new school for grown-up printers</a></li>"
        "<li><a href='/2026/02/02/b.html'>Bridge over the river closed for repairs until autumn</a></li></ul>"
        + p(EN[1], EN[2]),
        text=(EN[1],),
        elsewhere=("new school", "closed for repairs"),
    ),
    "a Ukrainian line that asks to read something else": Linked(
        body=p(
            UK[0], "Читайте також: <a href='/2026/02/01/a.html'>У Прикладі відкрили нову школу</a>", UK[1], UK[2]
        ),
        text=(UK[1],),
        elsewhere=("нову школу",),
    ),
    "an English headline of another article between two paragraphs": Linked(
        body=p(
            EN[0], "<a href='/2026/02/01/school.html'>Sampleton opens a new school for printers</a>", EN[1], EN[2]
        ),
        text=(EN[1],),
        elsewhere=("new school",),
    ),
}


def article_on(body: str) -> Article:
    page = f"<html><head><meta charset=utf-8><title>X</title></head><body><h1>X Y</h1><article>{body}</article>"
    menu = "<nav><a href=/>Home</a> <a href=/a>News</a></nav>"
    read = read_page(
        Page(URL, f"{page}{menu}</body></html>".encode(), datetime(2026, 3, 10, tzinfo=UTC), 200), "news"
    )
    (article,) = read.records
    assert isinstance(article, Article)
    return article


@pytest.mark.parametrize("linked", PAGES.values(), ids=PAGES)
def test_linked_text_of_the_article_is_read_and_what_leads_elsewhere_is_not(linked: Linked) -> None:
    text = article_on(linked.body).text or ""
    for line in linked.text:
        assert line in text
    for wording in linked.elsewhere:
        assert wording not in text


HEADING = "Что сказал адвокат после заседания суда"
FOLDERS = {
    "13-anchor-no-href": HEADING,
    "13b-anchor-sib": HEADING,
    "13c-anchor-sib": HEADING,
    "13f-anchor-sib": HEADING,
    "13g-anchor-sib": HEADING,
    "13h-paragraph-all-link": "Полный текст приговора по делу журналистов опубликован судом",
}


@pytest.mark.realdata
@pytest.mark.parametrize("folder", FOLDERS)
def test_the_linked_line_stands_between_the_paragraphs_around_it(shared_cases: Path, folder: str) -> None:
    page = Page(URL, (shared_cases / folder / "input.html").read_bytes(), datetime(2026, 3, 10, tzinfo=UTC), 200)
    (article,) = read_page(page, "news").records
    assert isinstance(article, Article)
    lines = (article.text or "").splitlines()
    assert lines[1] == FOLDERS[folder]
    assert lines[0].startswith("Суд в городе Прыклад")
    assert lines[2].startswith("Заседание прошло")
