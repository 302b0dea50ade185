"""Invented lists of Belarusian and Ukrainian make, one for each format and each trouble that such lists make.

To add one: write it here, run ``python -m tests.processors.documents.invented_documents NAME`` and read what it
wrote to ``expected/``. The new expectation says ``"read_by_a_person": false`` and fails until somebody has read
it.
"""

import json
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from processors.documents.readers import read_document
from processors.kinds import PageKind
from processors.pages.page import Page
from processors.pages.parse_result import Reading
from processors.parsing.parser_versions import read_page
from tests.processors.documents import binary_documents as making_binary
from tests.processors.documents import packed_documents as making_packed
from tests.processors.documents import pdf_documents as making_pdf
from tests.processors.documents.pdf_documents import Rule, Text
from tests.processors.pages.page_cases import reading_json

EXPECTED = Path(__file__).parent / "expected"


def belarusian_pdf_with_lines() -> bytes:
    """Numbered columns, a date cell over three rows, cells over three lines, a page break inside a row."""
    edges = [40, 62, 122, 160, 240, 330, 430, 555]
    head = ["№ п/п", "Дата\nпасяджэння", "Час", "№ справы", "Старшынствуючы\nсуддзя", "Абвінавачаны", "Артыкул КК"]
    first, _ = making_pdf.boxed(
        [
            head,
            ["1", "2", "3", "4", "5", "6", "7"],
            [
                "1",
                "23.11.2026",
                "09:00",
                "3-401/2026",
                "Узорны П. Р.",
                "Прыкладовіч\nЯн\nУзоравіч",
                "ч. 1 арт. 342",
            ],
            ["2", None, "10:30", "3-402/2026", "Узорны П. Р.", "Выдуманая Г. П.", "арт. 368"],
            ["3", None, "11:15", "3-405/2026", "Умоўная Л. М.", "А. А.", "арт. 130"],
            ["4", "24.11.2026", "09:00", "3-406/2026", "Умоўная Л. М.", "Придуманы", "ч. 3 арт. 361"],
        ],
        edges,
        100,
    )
    second, _ = making_pdf.boxed(
        [
            head,
            ["", "", "", "", "", "Павел\nЯнавіч", "і арт. 369"],
            ["5", "24.11.2026", "11:00", "3-409/2026", "Узорны П. Р.", "Б. Б.", "арт. 339"],
        ],
        edges,
        60,
    )
    title = [
        Text(150, 40, "Суд Завадскага раёна г. Прыклад", 12),
        Text(150, 60, "Расклад судовых пасяджэнняў"),
        Text(280, 815, "1"),
    ]
    return making_pdf.pdf([[*title, *first], [Text(280, 815, "2"), *second]])


def ukrainian_pdf_without_lines() -> bytes:
    """No ruling lines; rows begin at their numbers; a line over the width names the judge; two pages."""
    lefts = [40, 70, 150, 250, 430]
    head = [["№", "Дата та час", "Номер справи", "Сторони", "Суть позову"]]
    first = [
        [
            "1",
            "25.11.2026\n09:30",
            "999/123/26",
            "Вигаданий П. І.\nТОВ «Приклад»",
            "про стягнення\nборгу за договором\nпозики",
        ],
        ["2", "25.11.2026\n10:00", "999/140/26", "Умовна О. О.", "про поділ майна"],
    ]
    second = [
        ["3", "26.11.2026\n14:15", "999/152/26", "Зразковий А. А.\nУмовна О. О.", "про поновлення\nна роботі"]
    ]
    return making_pdf.pdf(
        [
            [
                Text(180, 40, "Прикладський районний суд", 12),
                Text(160, 58, "Список справ, призначених до розгляду"),
                *making_pdf.columned(head, lefts, 90),
                *making_pdf.columned(first, lefts, 110),
            ],
            [*making_pdf.columned(head, lefts, 40), *making_pdf.columned(second, lefts, 60)],
        ]
    )


def belarusian_docx_in_two_languages() -> bytes:
    """Headings and cells in Belarusian and Russian; merged cells; the second table has no headings of its own."""
    table = making_packed.docx_table(
        [
            [
                "№",
                "Дата і час / Дата и время",
                "Зала / Зал",
                "Суддзя / Судья",
                "Нумар справы / Номер дела",
                "Бакі / Стороны",
            ],
            ["Крымінальныя справы / Уголовные дела", None, None, None, None, None],
            ["1", "01.12.2026 10:00", "5", "Узорны П. Р.", "1-77/2026", "Прыкладовіч Я. У. /\nПрикладович Я. У."],
            ["2", "01.12.2026 12:00", "^", "^", "1-81/2026", "К. Л."],
        ]
    )
    more = making_packed.docx_table([["3", "02.12.2026 09:30", "7", "Умоўная Л. М.", "1-84/2026", "М. Н."]])
    lines = [making_packed.docx_paragraph(line) for line in ("Примерный областной суд", "Прыкладны абласны суд")]
    return making_packed.docx("".join(lines) + table + making_packed.docx_paragraph("Працяг / Продолжение") + more)


def ukrainian_xls_with_days_as_sections() -> bytes:
    """Lines above the headings, days as merged rows, a judge for two rows, in the old binary format."""
    return making_binary.xls(
        [
            ["Зразковий апеляційний суд", "", "", "", "", ""],
            ["Розклад засідань", "", "", "", "", ""],
            ["№ з/п", "Час", "Зал", "Головуючий суддя", "Єдиний унікальний номер", "Учасники справи"],
            ["2 грудня 2026 року", "", "", "", "", ""],
            ["1", "09:00", "2", "Умовна О. О.", "999/7/26", "Вигаданий П. І. – обвинувачений"],
            ["2", "09:40", "2", "", "999/9/26", "Зразкова І. В."],
            ["3 грудня 2026 року", "", "", "", "", ""],
            ["1", "10:00", "4", "Зразковий А. А.", "999/12/26", "ТОВ «Приклад»\nВигаданий П. І."],
        ],
        [(3, 3, 0, 5), (4, 5, 3, 3), (6, 6, 0, 5), (0, 0, 0, 5)],
    )


def belarusian_rtf_in_1251() -> bytes:
    """Code page 1251 with letters that it lacks written as numbers."""
    return making_binary.rtf(
        ["Суд Прыкладнага раёна", "Спіс спраў на 26 лістапада 2026 г."],
        [
            ["Час", "Справа №", "Суддзя", "Асобы", "Сутнасць справы", "Вынік"],
            ["10:00", "2-118/2026", "Узорны П. Р.", "Выдуманая Г. П.\nА. А.\nБ. Б.", "аб скасаванні шлюбу", ""],
            [
                "14.30",
                "2-131/2026",
                "Узорны П. Р.",
                "В. Г. (прадстаўнік — Д. Е.)",
                "аб спагнанні доўгу",
                "Адкладзена ✓",
            ],
        ],
        [1000, 2600, 4200, 6800, 9000, 10500],
    )


def ukrainian_odt_with_repeated_cells() -> bytes:
    """A heading of two rows, cells that span and repeat."""
    space = '<table:table-cell table:number-rows-spanned="2"><text:p>{}</text:p></table:table-cell>'
    cell = "<table:table-cell><text:p>{}</text:p></table:table-cell>"
    head = (
        "<table:table-header-rows><table:table-row>"
        + space.format("Номер справи")
        + '<table:table-cell table:number-columns-spanned="2"><text:p>Судове засідання</text:p></table:table-cell>'
        + "<table:covered-table-cell/>"
        + space.format("Суддя")
        + space.format("Сторони")
        + "</table:table-row><table:table-row><table:covered-table-cell/>"
        + cell.format("Дата")
        + cell.format("Час")
        + '<table:covered-table-cell table:number-columns-repeated="2"/>'
        + "</table:table-row></table:table-header-rows>"
    )
    rows = "".join(
        f"<table:table-row>{''.join(cell.format(text) for text in row)}</table:table-row>"
        for row in (
            (
                "999/201/26",
                "30.11.2026",
                "11:00",
                "Умовна О. О.",
                "Вигаданий П. І.</text:p><text:p>Зразкова І. В.",
            ),
            ("999/202/26", "30.11.2026", "11:30", "Умовна О. О.", "Особа&#160;1"),
        )
    )
    title = "<text:h>Прикладський окружний адміністративний суд</text:h>"
    return making_packed.odt(f"{title}<table:table>{head}{rows}</table:table>")


def belarusian_doc_of_word_97() -> bytes:
    """The binary format of Word 97, cells over three lines."""
    return making_binary.doc(
        ["Суд Маскоўскага раёна г. Прыклад", "Спраўкі па тэлефоне не даюцца"],
        [
            ["№ п/п", "Дата, час", "Кабінет", "Прозвішча суддзі", "Асоба, якая прыцягваецца", "Артыкул КаАП"],
            ["1", "07.12.2026 09:00", "12", "Умоўная Л. М.", "Прыкладовіч\nЯн\nУзоравіч", "арт. 24.23 ч. 1 КаАП"],
            ["2", "07.12.2026 09:20", "12", "Умоўная Л. М.", "Выдуманая Г. П.", "арт. 19.11 ч. 2 КаАП"],
        ],
    )


def belarusian_csv_of_a_register() -> bytes:
    """A register in 1251 with semicolons, quotes and a line above the headings."""
    text = (
        "Пералік арганізацый\r\n"
        "№;Назва;Рашэнне;Дата рашэння;Суд\r\n"
        '1;"Таварыства ""Прыклад""; філіял";Рашэнне № 5;12.05.2026;Суд Завадскага раёна\r\n'
        "2;Клуб «Узор»;Рашэнне № 7;01.06.2026;Суд Прыкладнага раёна\r\n"
    )
    return text.encode("cp1251")


def ukrainian_xlsx_register_on_two_sheets() -> bytes:
    """Two sheets, merged cells down three rows, a title above the headings."""
    head = ["№ з/п", "Прізвище, ім'я, по батькові", "Дата народження", "Підстава", "Дата рішення"]
    return making_packed.xlsx(
        {
            "2025": (
                [
                    ["Реєстр осіб", "", "", "", ""],
                    head,
                    ["1", "Вигаданий Петро Іванович", "01.02.1980", "Рішення № 1", "10.10.2025"],
                    ["2", "Умовна Олена Олегівна", "1975", "", ""],
                ],
                ["A1:E1", "D3:D4", "E3:E4"],
            ),
            "2026": ([head, ["3", "Зразковий Андрій Андрійович", "", "Рішення № 3", "2026-01-15"]], []),
        }
    )


def belarusian_pdf_with_tall_middle() -> bytes:
    """No lines; times beside the middle of cells over three lines; rows stand apart by gaps."""
    drawn: list[Text | Rule] = [
        Text(150, 40, "Суд Прыкладнага раёна", 12),
        Text(150, 60, "на 27 лістапада 2026 г."),
    ]
    drawn += making_pdf.columned([["Час", "Справа", "Бакі", "Суддзя"]], [40, 100, 200, 400], 90)
    y = 115.0
    for clock, number, parties, judge in (
        ("09:00", "2-5/2026", ("Прыкладовіч", "Ян", "Узоравіч"), "Узорны П. Р."),
        ("09:40", "2-6/2026", ("ТАА «Прыклад»", "да Выдуманай", "Ганны Пятроўны"), "Узорны П. Р."),
        ("10:20", "2-9/2026", ("А. А.", "Б. Б.", "В. В."), "Умоўная Л. М."),
    ):
        drawn += [Text(40, y + 11, clock), Text(100, y + 11, number), Text(400, y + 11, judge)]
        drawn += [Text(200, y + 11 * place, line) for place, line in enumerate(parties)]
        y += 50
    return making_pdf.pdf([drawn])


DOCUMENTS: dict[str, tuple[PageKind, str, Callable[[], bytes]]] = {
    "belarusian-pdf-with-lines": ("court_list", "https://sud.pryklad.by/spis.pdf", belarusian_pdf_with_lines),
    "ukrainian-pdf-without-lines": ("court_list", "https://pr.court.gov.ua/1.pdf", ukrainian_pdf_without_lines),
    "belarusian-pdf-with-tall-middle": (
        "court_list", "https://sud.pryklad.by/2.pdf", belarusian_pdf_with_tall_middle,
    ),
    "belarusian-docx-in-two-languages": (
        "court_list", "https://sud.pryklad.by/3.docx", belarusian_docx_in_two_languages,
    ),
    "ukrainian-xls-with-days-as-sections": (
        "court_list", "https://pr.court.gov.ua/4.xls", ukrainian_xls_with_days_as_sections,
    ),
    "belarusian-rtf-in-1251": ("court_list", "https://sud.pryklad.by/5.rtf", belarusian_rtf_in_1251),
    "ukrainian-odt-with-repeated-cells": (
        "court_list", "https://pr.court.gov.ua/6.odt", ukrainian_odt_with_repeated_cells,
    ),
    "belarusian-doc-of-word-97": ("court_list", "https://sud.pryklad.by/7.doc", belarusian_doc_of_word_97),
    "belarusian-csv-of-a-register": ("register", "https://sud.pryklad.by/8.csv", belarusian_csv_of_a_register),
    "ukrainian-xlsx-register-on-two-sheets": (
        "register", "https://pr.court.gov.ua/9.xlsx", ukrainian_xlsx_register_on_two_sheets,
    ),
}  # fmt: skip


def read_invented(name: str) -> Reading:
    """Read the document as the pipeline does."""
    kind, url, make = DOCUMENTS[name]
    content = make()
    document = read_document(content)
    assert document is not None, f"{name}: taken for no document"
    return read_page(Page(url, content, datetime(2026, 11, 20, tzinfo=UTC), 200, document=document), kind)


def expectation(name: str) -> dict[str, Any]:
    """What the document says."""
    read: dict[str, Any] = json.loads(json.dumps(reading_json(read_invented(name))))
    return read


if __name__ == "__main__":
    for each in sys.argv[1:] or DOCUMENTS:
        row = {"read_by_a_person": False, **expectation(each)}
        target = EXPECTED / f"{each}.json"
        target.parent.mkdir(exist_ok=True)
        target.write_text(json.dumps(row, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
