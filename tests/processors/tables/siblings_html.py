"""Siblings in HTML tables: spans, uneven rows, footers, columns that share a heading."""

from tests.processors.tables.sibling import Sibling, hearing

HEADINGS = ("Дата", "Время", "Дело №", "Стороны", "Судья", "Зал")
USUAL = ("03.03.2026", "10:00", "1-12/2026", "Пряник Г. Г.", "Узор А. А.", "3")
SECOND = ("03.03.2026", "11:00", "1-13/2026", "Спица Д. Д.", "Узор А. А.", "3")
OF_SECOND = hearing(
    case_number="1-13/2026", parties_raw="Спица Д. Д.", starts_at="2026-03-03T08:00:00Z",
    starts_raw="03.03.2026 11:00",
)  # fmt: skip
NOT_KNOWN = {
    "room": None, "judge": None, "case_number": None, "parties_raw": None, "starts_at": None, "starts_raw": None,
}  # fmt: skip


def row(*cells: str, tag: str = "td") -> str:
    """A row; a cell that begins with a tag is taken as it is."""
    return f"<tr>{''.join(cell if cell.startswith('<t') else f'<{tag}>{cell}</{tag}>' for cell in cells)}</tr>"


def page(*rows: str, headings: tuple[str, ...] = HEADINGS) -> bytes:
    """A court's page with the table."""
    head = row(*headings, tag="th") if headings else ""
    return (
        "<!doctype html><html lang=ru><head><meta charset=utf-8><title>Расписание</title></head><body>"
        f"<h1>Суд Прыкладского района</h1><h2>Расписание заседаний</h2><table>{head}{''.join(rows)}</table>"
    ).encode()


HTML = (
    Sibling(
        kind=6,
        name="a judge cell of rowspan=0 ends with its tbody",
        content=page(
            "<tbody>" + row(*USUAL[:4], "<td rowspan=0>Узор А. А.</td>", "3") + row(*SECOND[:4], "3") + "</tbody>"
            "<tbody>" + row("04.03.2026", "10:00", "1-14/2026", "Кант К. К.", "Кружева Ж. Ж.", "4") + "</tbody>"
        ),
        records=(
            hearing(),
            OF_SECOND,
            hearing(
                case_number="1-14/2026", parties_raw="Кант К. К.", judge="Кружева Ж. Ж.", room="4",
                starts_at="2026-03-04T07:00:00Z", starts_raw="04.03.2026 10:00",
            ),
        ),
    ),
    Sibling(
        kind=6,
        name="a span longer than its section does not reach into the next one",
        content=page(
            "<tbody>" + row("<td rowspan=9>03.03.2026</td>", *USUAL[1:]) + "</tbody>"
            "<tbody>" + row(*SECOND) + "</tbody>"
        ),
        records=(hearing(), OF_SECOND),
    ),
    Sibling(
        kind=6,
        name="a row of all its cells under a span is not read one column off",
        content=page(row("<td rowspan=2>03.03.2026</td>", *USUAL[1:]), row(*SECOND)),
        records=(
            hearing(),
            hearing(
                **NOT_KNOWN,
                extra={
                    "column 1": "03.03.2026", "column 2": "03.03.2026", "column 3": "11:00",
                    "column 4": "1-13/2026", "column 5": "Спица Д. Д.", "column 6": "Узор А. А.", "column 7": "3",
                },
            ),
        ),
        remarked=("under which heading a cell stands is not known",),
    ),
    Sibling(
        kind=6,
        name="a short row whose cells fit their headings is read, and remarked upon",
        content=page(row(*USUAL), row(*SECOND[:4])),
        records=(hearing(), {key: value for key, value in OF_SECOND.items() if key not in ("room", "judge")}),
        remarked=("the row has 4 cells and the table 6 headings",),
    ),
    Sibling(
        kind=6,
        name="a short row that lacks its first cells is not read under the wrong headings",
        content=page(row(*USUAL), row("1-13/2026", "Спица Д. Д.", "Узор А. А.", "3")),
        records=(
            hearing(),
            hearing(
                **NOT_KNOWN,
                extra={
                    "column 1": "1-13/2026", "column 2": "Спица Д. Д.", "column 3": "Узор А. А.", "column 4": "3",
                },
            ),
        ),
        remarked=("under which heading a cell stands is not known",),
    ),
    Sibling(
        kind=6,
        name="the foot of a table is no hearing, wherever it is written",
        content=page(
            "<tfoot>" + row("", "", "1", "", "", "Дел") + "</tfoot><tbody>" + row(*USUAL) + "</tbody>"
        ),
        records=(hearing(),),
        remarked=("1 Дел",),
    ),
    Sibling(
        kind=6,
        name="a total without merged cells is no hearing",
        content=page(row(*USUAL), row("Всего дел", "", "", "", "", "1")),
        records=(hearing(),),
        remarked=("Всего дел 1",),
    ),
    Sibling(
        kind=6,
        name="a total in Belarusian is no hearing",
        content=page(row(*USUAL), row("<td colspan=6>Усяго спраў: 1</td>")),
        records=(hearing(),),
        remarked=("Усяго спраў: 1",),
    ),
    Sibling(
        kind=6,
        name="a line of the day of change among the rows is not the day of those below",
        content=page(
            row("<td colspan=5>Обновлено 09.03.2026 17:00</td>"),
            row("10:00", "1-12/2026", "Пряник Г. Г.", "Узор А. А.", "3"),
            headings=HEADINGS[1:],
        ),
        records=(hearing(starts_at=None, starts_raw="10:00"),),
        remarked=("Обновлено 09.03.2026 17:00",),
    ),
    Sibling(
        kind=6,
        name="an advertisement between the rows is no hearing",
        content=page(row(*USUAL), row("<td colspan=6>Реклама: адвокаты рядом</td>"), row(*SECOND)),
        records=(hearing(), OF_SECOND),
        remarked=("Реклама: адвокаты рядом",),
    ),
    Sibling(
        kind=6,
        name="a merged cell over headings of different meaning is the value of none of them",
        content=page(row("03.03.2026", "10:00", "<td colspan=4>зал закрыт на ремонт</td>")),
        records=(
            hearing(
                **NOT_KNOWN | {"starts_at": "2026-03-03T07:00:00Z", "starts_raw": "03.03.2026 10:00"},
                extra={"Дело № / Стороны / Судья / Зал": "зал закрыт на ремонт"},
            ),
        ),
        remarked=("one cell stands under several headings",),
    ),
    Sibling(
        kind=6,
        name="two merged cells above the rows say the day and the judge of all below",
        content=page(
            row("<td colspan=2>3 марта 2026 г.</td>", "<td colspan=3>Судья Узор А. А.</td>"),
            row("10:00", "1-12/2026", "Пряник Г. Г.", "", "3"),
            headings=HEADINGS[1:],
        ),
        records=(hearing(starts_raw="3 марта 2026 г. 10:00"),),
    ),
    Sibling(
        kind=6,
        name="a day under which nothing is listed is told of",
        content=page(row(*USUAL), row("<td colspan=6>5 марта 2026 г.</td>")),
        records=(hearing(),),
        remarked=("5 марта 2026 г.",),
    ),
    Sibling(
        kind=6,
        name="a layout table around the list changes nothing",
        content=page(headings=()).replace(
            b"<table>", b"<table width=100%><tr><td><a href=/>\xd0\x93</a></td><td>" + page(row(*USUAL))
            .partition(b"</h2>")[2] + b"</td></tr>",
        ),
        records=(hearing(),),
    ),
    Sibling(
        kind=3,
        name="three columns with the same unknown heading keep their cells",
        content=page(
            row(*USUAL[:4], "а", "б", "в"), headings=(*HEADINGS[:4], "Прочее", "Прочее", "Прочее")
        ),
        records=(
            hearing(room=None, judge=None, extra={"Прочее": "а", "Прочее (2)": "б", "Прочее (3)": "в"}),
        ),
    ),
    Sibling(
        kind=3,
        name="cells beyond the headings are kept",
        content=page(row(*USUAL, "отложено", "", "онлайн")),
        records=(hearing(extra={"column 7": "отложено", "column 9": "онлайн"}),),
        remarked=("the row has 9 cells and the table 6 headings",),
    ),
    Sibling(
        kind=3,
        name="a column called section does not lose to the section above the row",
        content=page(
            row("<td colspan=5>Гражданские дела</td>"),
            row(*USUAL[:4], "вторая"),
            headings=(*HEADINGS[:4], "section"),
        ),
        records=(
            hearing(room=None, judge=None, extra={"section": "Гражданские дела", "section (2)": "вторая"}),
        ),
    ),
    Sibling(
        kind=3,
        name="a register's two columns without heading are both kept, and its links",
        parser="register",
        content=(
            "<html><head><meta charset=utf-8></head><body><h1>Перечень</h1><table>"
            + row("№", "ФИО", "Решение", "", "", tag="th")
            + row("1", "Пряник Г. Г.", "от 01.02.2026 <a href='/r/1'>текст</a>", "первое", "второе")
            + row("2", "Спица Д. Д.", "от 02.02.2026", "третье", "")
            + "</table>"
        ).encode(),
        records=(
            {
                "register": "Перечень", "number_raw": "1", "name_raw": "Пряник Г. Г.",
                "act_raw": "от 01.02.2026 текст",
                "extra": {
                    "column 4": "первое", "column 5": "второе", "Решение (link)": "https://sud.example.by/r/1",
                },
            },
            {
                "register": "Перечень", "number_raw": "2", "name_raw": "Спица Д. Д.", "act_raw": "от 02.02.2026",
                "extra": {"column 4": "третье"},
            },
        ),
    ),
    Sibling(
        kind=3,
        name="a case's further number and its papers without a link are kept",
        content=page(
            row(*USUAL[:4], "77-1/2026", "приговор не опубликован"),
            headings=(*HEADINGS[:4], "Номер материала", "Судебный акт"),
        ),
        records=(
            hearing(
                room=None, judge=None,
                extra={"Номер материала": "77-1/2026", "Судебный акт": "приговор не опубликован"},
            ),
        ),
    ),
    Sibling(
        kind=3,
        name="a key that a JSON object says twice keeps both values",
        content=(
            '[{"Дата": "03.03.2026", "Время": "10:00", "Дело №": "1-12/2026", "Стороны": "Пряник Г. Г.", '
            '"Прим.": "отложено", "Прим.": "онлайн"}]'
        ).encode(),
        records=(
            hearing(court=None, room=None, judge=None, extra={"Прим.": "отложено", "Прим. (2)": "онлайн"}),
        ),
    ),
    Sibling(
        kind=3,
        name="of a nested and a flat key of one name in JSON none is lost",
        content=(
            '[{"Дата": "03.03.2026", "Время": "10:00", "Дело №": "1-12/2026", "Стороны": "Пряник Г. Г.", '
            '"а.б": "отложено", "а": {"б": "онлайн", "в": "1"}}]'
        ).encode(),
        records=(
            hearing(
                court=None, room=None, judge=None, extra={"а.б": "отложено", "а.б (2)": "онлайн", "а.в": "1"}
            ),
        ),
    ),
    Sibling(
        kind=3,
        name="a CSV of two columns without heading keeps both",
        content="Дата;Время;Дело №;Стороны;;\n03.03.2026;10:00;1-12/2026;Пряник Г. Г.;отложено;онлайн\n".encode(),
        records=(
            hearing(court=None, room=None, judge=None, extra={"column 5": "отложено", "column 6": "онлайн"}),
        ),
    ),
    Sibling(
        kind=7,
        name="a CSV that declares its separator in a line of its own is read",
        content='"sep=|"\nДата|Время|Дело №|Стороны\n03.03.2026|10:00|0012|Пряник Г. Г.\n'.encode("cp1251"),
        records=(hearing(court=None, room=None, judge=None, case_number="0012"),),
    ),
)  # fmt: skip
