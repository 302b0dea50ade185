"""Invented pages whose markup hides or crosses out words, and what a reader of them sees.

Kin of the cases after public reports (`shared_cases`): the same faults in other markup and in every parser. Run:
``python -m tests.processors.visible_siblings`` counts those that are read right, by kind of fault.
"""

import sys
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal

from processors.pages.page import Page
from processors.parsing.parser_versions import read_page
from processors.record_keys import record_json

AT = datetime(2026, 3, 10, tzinfo=UTC)
Fault = Literal["struck", "hidden", "buttons"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sibling:
    """A page, the parser, and by record what its fields must be; ``has`` and ``lacks`` are about its text.

    ``struck`` are the field and wording of what is crossed out; None where nothing is asked of it.
    """

    name: str
    fault: Fault
    parser: str
    body: str
    records: tuple[Mapping[str, Any], ...] = ()
    has: tuple[str, ...] = ()
    lacks: tuple[str, ...] = ()
    struck: tuple[tuple[str, str], ...] | None = None
    url: str = "https://sud.example.by/list"


def hearings_page(rows: str, head: str = "", heading: str = "") -> str:
    """A court's list with these rows."""
    headings = heading or (
        "<tr><th>Дата</th><th>Время</th><th>Дело №</th><th>Стороны</th><th>Судья</th><th>Зал</th></tr>"
    )
    return (
        f"<!doctype html><html lang=ru><head><meta charset=utf-8><title>Расписание "
        f"заседаний</title>{head}</head>"
        "<body><h1>Суд Прыкладского района</h1><h2>Расписание заседаний</h2>"
        f"<table>{headings}{rows}</table></body></html>"
    )


def row(
    date: str = "03.03.2026",
    time: str = "10:00",
    case: str = "1-12/2026",
    parties: str = "Пряник Г. Г.",
    judge: str = "Узор А. А.",
    room: str = "3",
    attributes: str = "",
) -> str:
    """A row of the list."""
    cells = "".join(f"<td>{text}</td>" for text in (date, time, case, parties, judge, room))
    return f"<tr{attributes}>{cells}</tr>"


OTHER = row("04.03.2026", "11:00", "1-13/2026", "Спица Д. Д.", "Кружева Ж. Ж.", "5")
FIRST = {"case_number": "1-12/2026", "starts_at": "2026-03-03T07:00:00Z", "judge": "Узор А. А.", "room": "3"}
SECOND = {"case_number": "1-13/2026", "starts_at": "2026-03-04T08:00:00Z", "judge": "Кружева Ж. Ж.", "room": "5"}

PARAGRAPHS = (
    "<p>Суд в городе Прыклад вынес решение по делу двух журналистов местной газеты, сообщили правозащитники из "
    "наблюдательной группы.</p>",
    "<p>Заседание прошло в закрытом режиме, адвокаты дали подписку о неразглашении, родственников в зал "
    "не пустили, "
    "хотя они ждали с утра.</p>",
    "<p>Обвинение просило девять лет колонии усиленного режима, суд назначил восемь, приговор в законную "
    "силу пока не "
    "вступил.</p>",
)


def article_page(middle: str, head: str = "", title: str = "Приговор журналистам в Прыкладе") -> str:
    """A news article with this between its paragraphs."""
    first, *rest = PARAGRAPHS
    return (
        f"<!doctype html><html lang='ru'><head><meta charset=utf-8><title>Приговор журналистам в "
        f"Прыкладе</title>{head}"
        f"</head><body><h1>{title}</h1><article>{first}{middle}{''.join(rest)}</article></body></html>"
    )


def post_page(text: str, below: str = "") -> str:
    """A channel's preview with one post."""
    return (
        "<!DOCTYPE html><html><head><meta charset=utf-8><title>Весткі – Telegram</title></head><body>"
        '<main class="tgme_main"><section class="tgme_channel_history js-message_history">'
        '<div class="tgme_widget_message_wrap js-widget_message_wrap">'
        '<div class="tgme_widget_message text_not_supported_wrap js-widget_message" '
        'data-post="pryklad_vesti/117">'
        '<div class="tgme_widget_message_bubble">'
        f'<div class="tgme_widget_message_text js-message_text" dir="auto">{text}</div>{below}'
        '<div class="tgme_widget_message_footer compact js-message_footer"><a class="tgme_widget_message_date" '
        'href="https://t.me/pryklad_vesti/117"><time '
        'datetime="2026-02-25T06:13:20+00:00">06:13</time></a></div>'
        "</div></div></div></section></main></body></html>"
    )


def style(rules: str) -> str:
    """A style sheet of the page."""
    return f"<style>{rules}</style>"


LINE_THROUGH = '<span style="text-decoration-line: line-through">{}</span>'

STRUCK: tuple[Sibling, ...] = (
    Sibling(
        name="a date by text-decoration-line",
        fault="struck",
        parser="court_list",
        body=hearings_page(row(date=f"{LINE_THROUGH.format('01.03.2026')} 03.03.2026") + OTHER),
        records=(FIRST, SECOND),
        struck=(("starts_raw", "01.03.2026"),),
    ),
    Sibling(
        name="a time by a class and its rule",
        fault="struck",
        parser="court_list",
        body=hearings_page(
            row(time='<i class="old">09:00</i> 10:00') + OTHER, style(".old { text-decoration: red line-through }")
        ),
        records=(FIRST, SECOND),
        struck=(("starts_raw", "09:00"),),
    ),
    Sibling(
        name="a judge by a rule with a descendant",
        fault="struck",
        parser="court_list",
        body=hearings_page(
            row(judge="<b>Нитка В. В.</b> Узор А. А.") + OTHER, style("table td > b{text-decoration:line-through}")
        ),
        records=(FIRST, SECOND),
        struck=(("judge", "Нитка В. В."),),
    ),
    Sibling(
        name="a room in del with a date",
        fault="struck",
        parser="court_list",
        body=hearings_page(row(room='<del datetime="2026-03-01">2</del> <ins>3</ins>') + OTHER),
        records=(FIRST, SECOND),
        struck=(("room", "2"),),
    ),
    Sibling(
        name="a date with nothing in its place",
        fault="struck",
        parser="court_list",
        body=hearings_page(row(date="<s>03.03.2026</s>") + OTHER),
        records=({"case_number": "1-12/2026", "starts_at": None}, SECOND),
        struck=(("starts_raw", "03.03.2026"),),
    ),
    Sibling(
        name="a row whose cells are all struck",
        fault="struck",
        parser="court_list",
        body=hearings_page(
            row(
                *(
                    f"<s>{text}</s>"
                    for text in ("03.03.2026", "10:00", "1-12/2026", "Пряник Г. Г.", "Узор А. А.", "3")
                )
            )
            + OTHER
        ),
        records=(FIRST | {"status_raw": "crossed out"}, SECOND),
    ),
    Sibling(
        name="a row struck by its style",
        fault="struck",
        parser="court_list",
        body=hearings_page(row(attributes=' style="text-decoration: line-through"') + OTHER),
        records=(FIRST | {"status_raw": "crossed out"}, SECOND),
    ),
    Sibling(
        name="a row struck by the class of a framework",
        fault="struck",
        parser="court_list",
        body=hearings_page(row(attributes=' class="text-decoration-line-through"') + OTHER),
        records=(FIRST | {"status_raw": "crossed out"}, SECOND),
    ),
    Sibling(
        name="an s that its rule makes plain",
        fault="struck",
        parser="court_list",
        body=hearings_page(row(date="<s>03.03.2026</s>") + OTHER, style("s{text-decoration:none}")),
        records=(FIRST, SECOND),
        struck=(),
    ),
    Sibling(
        name="a name of a register",
        fault="struck",
        parser="register",
        body=(
            "<html lang=ru><meta charset=utf-8><h1>Реестр "
            "материалов</h1><table><tr><th>№</th><th>Фамилия, имя, отчество"
            "</th><th>Дата рождения</th><th>Решение суда</th></tr><tr><td>1</td><td><del>Пряник Г.</del> "
            "Пряников Г. Г."
            "</td><td>01.02.1980</td><td>Суд Прыкладского района</td></tr></table></html>"
        ),
        records=({"name_raw": "Пряников Г. Г."},),
        struck=(("name_raw", "Пряник Г."),),
    ),
    Sibling(
        name="a whole paragraph of an article",
        fault="struck",
        parser="news",
        body=article_page("<p><del>Суд оправдал обоих журналистов газеты, сообщили утром.</del></p>"),
        records=({"title": "Приговор журналистам в Прыкладе"},),
        has=("~~Суд оправдал обоих журналистов газеты, сообщили утром.~~",),
        struck=(("text", "Суд оправдал обоих журналистов газеты, сообщили утром."),),
        url="https://news.example.org/2026/03/02/verdict.html",
    ),
    Sibling(
        name="a word of an article by a class of a framework",
        fault="struck",
        parser="news",
        body=article_page(
            '<p>Приговор: <em class="line-through">два года</em> восемь лет колонии, уточнила '
            "пресс-служба суда.</p>"
        ),
        records=({},),
        has=("~~два года~~ восемь лет",),
        struck=(("text", "два года"),),
        url="https://news.example.org/2026/03/02/verdict.html",
    ),
    Sibling(
        name="two lines of an article in one strike",
        fault="struck",
        parser="news",
        body=article_page(
            "<p>Итог: <strike>два года колонии<br>и штраф</strike> восемь лет, уточнили в суде вечером.</p>"
        ),
        records=({},),
        has=("~~два года колонии~~", "~~и штраф~~ восемь лет"),
        url="https://news.example.org/2026/03/02/verdict.html",
    ),
    Sibling(
        name="words of a headline",
        fault="struck",
        parser="news",
        body=article_page("", title="<s>Оправдание</s> Приговор журналистам в Прыкладе"),
        records=({"title": "Приговор журналистам в Прыкладе"},),
        struck=(("title", "Оправдание"),),
        url="https://news.example.org/2026/03/02/verdict.html",
    ),
    Sibling(
        name="words of a post",
        fault="struck",
        parser="telegram",
        body=post_page("Суд <s>3 сакавіка</s> 10 сакавіка<br/>у Прыкладзе"),
        records=({"text": "Суд ~~3 сакавіка~~ 10 сакавіка\nу Прыкладзе"},),
        struck=(("text", "3 сакавіка"),),
        url="https://t.me/s/pryklad_vesti",
    ),
    Sibling(
        name="a person of a notice",
        fault="struck",
        parser="notice",
        body=(
            "<html lang=ru><meta charset=utf-8><title>Объявления</title><body><main><h1>Вызов в суд "
            "Прыкладского района</h1>"
            "<p>Опубликовано: 02.03.2026</p><p>Суд Прыкладского района вызывает в судебное заседание "
            "<s>Пряника Григория "
            "Петровича</s> Спицу Дарью Дмитриевну по делу об оскорблении, которое состоится 10.03.2026 в "
            "10:00.</p>"
            "</main></html>"
        ),
        records=({},),
        has=("~~Пряника Григория Петровича~~ Спицу",),
        struck=(("text", "Пряника Григория Петровича"),),
    ),
    Sibling(
        name="a fact of a wanted person",
        fault="struck",
        parser="wanted_list",
        body=(
            "<html lang=ru><meta charset=utf-8><title>Розыск: МВД</title><h1>Разыскиваются</h1>"
            + "".join(
                f'<div class="card"><h3>{name}</h3><p>Дата рождения: {born}</p><p>Статья: ст. 342 УК</p></div>'
                for name, born in (
                    ("Пряник Григорий Петрович", "<s>01.02.1980</s> 01.02.1981"),
                    ("Спица Дарья Дмитриевна", "03.04.1985"),
                    ("Узор Антон Антонович", "05.06.1990"),
                )
            )
        ),
        records=({"name_raw": "Пряник Григорий Петрович", "born": "1981-02-01"}, {"born": "1985-04-03"}, {}),
        struck=(("born_raw", "01.02.1980"),),
        url="https://mvd.example.by/wanted",
    ),
    Sibling(
        name="a wanted person crossed out as a whole",
        fault="struck",
        parser="wanted_list",
        body=(
            "<html lang=ru><meta charset=utf-8><title>Розыск: МВД</title><h1>Разыскиваются</h1>"
            + "".join(
                f'<div class="card"{how}><h3>{name}</h3><p>Дата рождения: {born}</p><p>Статья: ст. 342 '
                f"УК</p></div>"
                for name, born, how in (
                    ("Пряник Григорий Петрович", "01.02.1981", ' style="text-decoration:line-through"'),
                    ("Спица Дарья Дмитриевна", "03.04.1985", ""),
                    ("Узор Антон Антонович", "05.06.1990", ""),
                )
            )
        ),
        records=(
            {"name_raw": "Пряник Григорий Петрович", "status_raw": "crossed out"},
            {"status_raw": None},
            {},
        ),
        url="https://mvd.example.by/wanted",
    ),
    Sibling(
        name="a hearing of cards",
        fault="struck",
        parser="court_list",
        body=(
            "<html lang=ru><meta charset=utf-8><h1>Суд Прыкладского района</h1><h2>Расписание заседаний</h2>"
            "<div><p>Дело №: 1-12/2026</p><p>Дата: <s>01.03.2026 10:00</s> 03.03.2026 10:00</p><p>Судья: "
            "Узор А. А.</p></div>"
            "<div><p>Дело №: 1-13/2026</p><p>Дата: 04.03.2026 11:00</p><p>Судья: Кружева Ж. Ж.</p></div></html>"
        ),
        records=(
            {"case_number": "1-12/2026", "starts_at": "2026-03-03T07:00:00Z"},
            {"case_number": "1-13/2026", "starts_at": "2026-03-04T08:00:00Z"},
        ),
        struck=(("starts_raw", "01.03.2026 10:00"),),
    ),
)

KEY = "20260303"


def _hidden_key(name: str, hidden: str, head: str = "") -> Sibling:
    return Sibling(
        name=name,
        fault="hidden",
        parser="court_list",
        body=hearings_page(row(date=f"{hidden}03.03.2026") + OTHER, head),
        records=(FIRST | {"starts_raw": "03.03.2026 10:00"}, SECOND),
    )


HIDDEN: tuple[Sibling, ...] = (
    _hidden_key("visibility", f'<span style="visibility:hidden">{KEY}</span>'),
    _hidden_key("d-none", f'<span class="d-none">{KEY}</span>'),
    _hidden_key("visually-hidden", f'<small class="visually-hidden">{KEY}</small>'),
    _hidden_key("screen-reader-text", f'<span class="screen-reader-text">{KEY}</span>'),
    _hidden_key("template", f"<template><b>{KEY}</b></template>"),
    _hidden_key(
        "a class by a rule", f'<span class="k">{KEY}</span>', style("/* keys */ .k , #x { display : none }")
    ),
    _hidden_key("a tag by a rule", f"<data>{KEY}</data>", style("data{display:none!important}")),
    _hidden_key("an id by a rule", f'<span id="key">{KEY}</span>', style("td #key{display:none}")),
    _hidden_key("an attribute by a rule", f"<span data-sort>{KEY}</span>", style("[data-sort]{display:none}")),
    _hidden_key("in @media screen", f'<b class="k">{KEY}</b>', style("@media screen{.k{display:none}}")),
    _hidden_key("far outside", f'<span style="position:absolute;left:-9999px">{KEY}</span>'),
    _hidden_key("clipped", f'<span style="position:absolute;clip:rect(0,0,0,0)">{KEY}</span>'),
    _hidden_key("letters of no size", f'<span style="font-size:0">{KEY}</span>'),
    _hidden_key("no opacity", f'<span style="opacity:0">{KEY}</span>'),
    _hidden_key("nested", f'<span style="display:none"><b>{KEY}</b> <i>x</i></span>'),
    _hidden_key("in capitals", f'<SPAN STYLE="DISPLAY:NONE">{KEY}</SPAN>'),
    Sibling(
        name="a hidden row",
        fault="hidden",
        parser="court_list",
        body=hearings_page(row() + row(case="1-99/2026", attributes=" hidden") + OTHER),
        records=(FIRST, SECOND),
    ),
    Sibling(
        name="a row hidden by a rule",
        fault="hidden",
        parser="court_list",
        body=hearings_page(
            row() + row(case="1-99/2026", attributes=' class="tpl"') + OTHER, style("tr.tpl{display:none}")
        ),
        records=(FIRST, SECOND),
    ),
    Sibling(
        name="a collapsed row",
        fault="hidden",
        parser="court_list",
        body=hearings_page(row() + row(case="1-99/2026", attributes=' style="visibility:collapse"') + OTHER),
        records=(FIRST, SECOND),
    ),
    Sibling(
        name="a hidden column by its cells",
        fault="hidden",
        parser="court_list",
        body=hearings_page(
            "<tr><td "
            "style='display:none'>77</td><td>03.03.2026</td><td>10:00</td><td>1-12/2026</td><td>Узор А. А.</td>"
            "</tr>",
            heading="<tr><th style='display:none'>Зал</th><th>Дата</th><th>Время</th><th>Дело "
            "№</th><th>Судья</th></tr>",
        ),
        records=(FIRST | {"room": None},),
    ),
    Sibling(
        name="a hidden column by a rule of its place",
        fault="hidden",
        parser="court_list",
        body=hearings_page(
            "<tr><td>77</td><td>03.03.2026</td><td>10:00</td><td>1-12/2026</td><td>Узор А. А.</td></tr>",
            style("td:first-child,th:nth-child(1){display:none}"),
            heading="<tr><th>Зал</th><th>Дата</th><th>Время</th><th>Дело №</th><th>Судья</th></tr>",
        ),
        records=(FIRST | {"room": None},),
    ),
    Sibling(
        name="a column that its col collapses",
        fault="hidden",
        parser="court_list",
        body=hearings_page(
            "<tr><td>77</td><td>03.03.2026</td><td>10:00</td><td>1-12/2026</td><td>Узор А. А.</td></tr>",
            heading=(
                '<colgroup><col style="visibility:collapse"><col span="4"></colgroup>'
                "<tr><th>Зал</th><th>Дата</th><th>Время</th><th>Дело №</th><th>Судья</th></tr>"
            ),
        ),
        records=(FIRST | {"room": None},),
    ),
    Sibling(
        name="a key of a register",
        fault="hidden",
        parser="register",
        body=(
            "<html lang=ru><meta charset=utf-8><h1>Реестр "
            "материалов</h1><table><tr><th>№</th><th>Фамилия, имя, отчество"
            "</th><th>Дата рождения</th><th>Решение суда</th></tr><tr><td>1</td><td><span "
            "hidden>PRYANIKOV</span>"
            "Пряников Г. Г.</td><td><span class=sr-only>19800201</span>01.02.1980</td><td>Суд "
            "Прыкладского района</td>"
            "</tr></table></html>"
        ),
        records=({"name_raw": "Пряников Г. Г.", "born_raw": "01.02.1980"},),
    ),
    Sibling(
        name="a hidden fact of a wanted person",
        fault="hidden",
        parser="wanted_list",
        body=(
            "<html lang=ru><meta charset=utf-8><title>Розыск: МВД</title><h1>Разыскиваются</h1>"
            + "".join(
                f'<div class="card"><h3>{name}</h3><p>Дата рождения: <i class="sr-only">{key}</i>{born}</p>'
                "<p>Статья: ст. 342 УК</p></div>"
                for name, born, key in (
                    ("Пряник Григорий Петрович", "01.02.1981", "19810201"),
                    ("Спица Дарья Дмитриевна", "03.04.1985", "19850403"),
                )
            )
        ),
        records=({"born_raw": "01.02.1981", "born": "1981-02-01"}, {"born_raw": "03.04.1985"}),
        url="https://mvd.example.by/wanted",
    ),
    Sibling(
        name="a paragraph of an article by a rule",
        fault="hidden",
        parser="news",
        body=article_page(
            '<p class="robots">Скрытая строка для роботов, читателю её не видно совсем.</p>',
            style(".robots{display:none}"),
        ),
        records=({},),
        lacks=("роботов",),
        url="https://news.example.org/2026/03/02/verdict.html",
    ),
    Sibling(
        name="a span of an article far outside",
        fault="hidden",
        parser="news",
        body=article_page(
            "<p>Адвокаты подали жалобу в тот же день<span style='position:absolute; left:-10000px'> "
            "скопировано с сайта "
            "</span>, её рассмотрят в апреле в закрытом заседании.</p>"
        ),
        records=({},),
        has=("в тот же день, её рассмотрят",),
        lacks=("скопировано",),
        url="https://news.example.org/2026/03/02/verdict.html",
    ),
    Sibling(
        name="an article that a script shows",
        fault="hidden",
        parser="news",
        body=article_page("")
        .replace("<article>", '<article><div class="body" style="display:none">')
        .replace("</article>", "</div></article>"),
        records=({},),
        has=("наблюдательной группы.", "приговор в законную силу пока не вступил."),
        url="https://news.example.org/2026/03/02/verdict.html",
    ),
    Sibling(
        name="details that a click opens",
        fault="hidden",
        parser="news",
        body=article_page(
            "<details><summary>Подробности дела</summary><p>Дело возбудили в январе после публикации двух "
            "статей о "
            "закупках в районе.</p></details>"
        ),
        records=({},),
        has=("Дело возбудили в январе",),
        url="https://news.example.org/2026/03/02/verdict.html",
    ),
    Sibling(
        name="text for printers",
        fault="hidden",
        parser="news",
        body=article_page(
            '<p class="p">Полный текст решения суд пообещал вывесить на своём сайте до конца этой недели.</p>',
            style("@media print{.p{display:none}} @media (max-width:1px){.p{display:none}}"),
        ),
        records=({},),
        has=("Полный текст решения суд пообещал",),
        url="https://news.example.org/2026/03/02/verdict.html",
    ),
    Sibling(
        name="rows shown page by page",
        fault="hidden",
        parser="court_list",
        body=hearings_page(
            "".join(
                row(case=f"1-{number}/2026", attributes=' style="display:none"' if number > 20 else "")
                for number in range(15, 31)
            )
        ),
        records=tuple({"case_number": f"1-{number}/2026"} for number in range(15, 31)),
    ),
    Sibling(
        name="a row that a link opens",
        fault="hidden",
        parser="court_list",
        body=hearings_page(
            row(judge='<a data-toggle="collapse" href="#more">Узор А. А.</a>')
            + OTHER.replace("<tr>", '<tr id="more" style="display:none">')
        ),
        records=(FIRST, SECOND),
    ),
)

KEYBOARD = '<div class="tgme_widget_message_inline_keyboard">{}</div>'
BUTTON = (
    '<div class="tgme_widget_message_inline_row"><a class="tgme_widget_message_inline_button url_button" '
    'href="{}">'
    '<span class="tgme_widget_message_inline_button_text" dir="auto">{}</span></a></div>'
)
BUTTONS: tuple[Sibling, ...] = (
    Sibling(
        name="two rows of buttons",
        fault="buttons",
        parser="telegram",
        body=post_page(
            "Тэкст",
            KEYBOARD.format(
                BUTTON.format("https://example.org/a", "Адзін") + BUTTON.format("https://example.org/b", "Два")
            ),
        ),
        records=({"links": ["https://example.org/a", "https://example.org/b"]},),
        url="https://t.me/s/pryklad_vesti",
    ),
    Sibling(
        name="a button of the address that the text has",
        fault="buttons",
        parser="telegram",
        body=post_page(
            '<a href="https://example.org/a">тут</a>',
            KEYBOARD.format(BUTTON.format("https://example.org/a", "Адзін")),
        ),
        records=(
            {"links": ["https://example.org/a"], "buttons": [{"text": "Адзін", "url": "https://example.org/a"}]},
        ),
        url="https://t.me/s/pryklad_vesti",
    ),
    Sibling(
        name="a button that leads nowhere",
        fault="buttons",
        parser="telegram",
        body=post_page(
            "Тэкст",
            KEYBOARD.format(
                '<div class="tgme_widget_message_inline_row"><button class="tgme_widget_message_inline_button '
                'callback_button"><span '
                'class="tgme_widget_message_inline_button_text">Голас</span></button></div>'
            ),
        ),
        records=({"links": [], "buttons": [{"text": "Голас", "url": None}]},),
        url="https://t.me/s/pryklad_vesti",
    ),
)

SIBLINGS: tuple[Sibling, ...] = (*STRUCK, *HIDDEN, *BUTTONS)


@dataclass(slots=True)
class Wrong:
    """What of a sibling is read wrong, as sentences."""

    found: list[str] = field(default_factory=list)

    def expect(self, what: str, expected: object, found: object) -> None:
        """Note a difference."""
        if expected != found:
            self.found.append(f"{what}: expected {expected!r}, found {found!r}")


def what_is_wrong(sibling: Sibling) -> list[str]:
    """How the reading of the page differs from what a reader sees; empty where it does not."""
    page = Page(url=sibling.url, body=sibling.body.encode(), captured_at=AT, status=200, content_type="text/html")
    rows: list[dict[str, Any]] = [record_json(each) for each in read_page(page, sibling.parser).records]
    wrong = Wrong()
    wrong.expect("records", len(sibling.records), len(rows))
    for number, (expected, found) in enumerate(zip(sibling.records, rows, strict=False)):
        for name, value in expected.items():
            wrong.expect(f"{number} {name}", value, found.get(name))
    texts = "\n".join(str(each.get("text")) for each in rows)
    wrong.found += [f"the text lacks {words!r}: {texts!r}" for words in sibling.has if words not in texts]
    wrong.found += [f"the text has {words!r}" for words in sibling.lacks if words in texts]
    if sibling.struck is not None:
        kept = [(each["field"], each["text"]) for found in rows for each in found.get("struck", ())]
        wrong.expect("struck", sorted(sibling.struck), sorted(kept))
    return wrong.found


if __name__ == "__main__":
    tried = Counter(each.fault for each in SIBLINGS)
    right = Counter(each.fault for each in SIBLINGS if not what_is_wrong(each))
    for fault, count in tried.items():
        sys.stdout.write(f"{fault}: {right[fault]} of {count} right\n")
