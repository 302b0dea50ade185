"""PDF tables whose rows no lines part: inside a frame under ruled headings, or a table of its own in one box."""

from processors.documents.readers import read_document
from processors.text import one_line
from tests.processors.documents import pdf_documents as making_pdf
from tests.processors.documents.pdf_documents import Rule, Text

EDGES = [40.0, 100.0, 220.0, 400.0, 550.0]
LEFTS = [42.0, 102.0, 222.0, 402.0]
HEAD = ["Время", "Номер дела", "Стороны", "Судья"]
ROWS = [
    ["09:00", "2-101/2026", "Образцовский к ООО «Ромашка»", "Примерова А. А."],
    ["09:30", "2-102/2026", "Условный к Придуманному\nо взыскании долга", "Примерова А. А."],
    ["10:00", "2-103/2026", "Х. к У.", "Вымышленный Б. Б."],
    ["11:15", "2-104/2026", "Выдуманная к ЖЭС № 7", "Вымышленный Б. Б."],
]


def rows_of(page: list[Text | Rule]) -> list[list[str]]:
    found = read_document(making_pdf.pdf([page]))
    assert found is not None
    return [[one_line(cell.text) for cell in row] for table in found.tables for row in table.rows]


def framed(top: float, bottom: float) -> list[Text | Rule]:
    """A box under the headings, as wide as they are."""
    sides: list[Text | Rule] = [Rule(edge, top, edge, bottom) for edge in (EDGES[0], EDGES[-1])]
    return [*sides, Rule(EDGES[0], bottom, EDGES[-1], bottom)]


def test_rows_without_lines_in_a_frame_under_ruled_headings_are_rows() -> None:
    head, end = making_pdf.boxed([HEAD], EDGES, 60)
    body = making_pdf.columned(ROWS, LEFTS, end + 4)
    assert rows_of([*head, *framed(end, end + 80), *body]) == [
        HEAD,
        *[[one_line(cell) for cell in row] for row in ROWS],
    ]


def test_a_rule_between_rows_of_one_frame_parts_no_table() -> None:
    head, end = making_pdf.boxed([HEAD], EDGES, 60)
    above = making_pdf.columned(ROWS, LEFTS, end + 4)
    below = making_pdf.columned([[row[0], *row[1:]] for row in ROWS], LEFTS, end + 84)
    found = rows_of([*head, *framed(end, end + 80), *framed(end + 80, end + 160), *above, *below])
    assert found == [HEAD, *[[one_line(cell) for cell in row] for row in ROWS + ROWS]]


def test_a_line_that_runs_on_under_the_next_column_stays_in_the_one_it_begins_in() -> None:
    head, end = making_pdf.boxed([HEAD], EDGES, 60)
    long = "Придуманные наследники к обществу с ограниченной"
    rows = [*ROWS[:3], ["11:30", "2-105/2026", "\n" + long, "Примерова А. А."]]
    found = rows_of([*head, *framed(end, end + 90), *making_pdf.columned(rows, LEFTS, end + 4)])
    assert found[-1] == ["11:30", "2-105/2026", long, "Примерова А. А."]


def test_a_table_of_other_columns_in_one_box_is_a_table_of_its_own() -> None:
    note, end = making_pdf.boxed([["Суд", "г. Примерск"], ["Список", None]], [40, 150, 550], 60)
    body = making_pdf.columned([HEAD, *ROWS], LEFTS, end + 4)
    found = read_document(making_pdf.pdf([[*note, *framed(end, end + 100), Rule(150, end, 150, end), *body]]))
    assert found is not None
    assert [one_line(cell.text) for cell in found.tables[-1].rows[0]] == HEAD
    assert len(found.tables[-1].rows) == 1 + len(ROWS)


def test_running_text_in_a_wide_box_stays_one_cell() -> None:
    text = ["Суд уведомляет, что заседание по делу будет проведено", "в закрытом режиме; стороны извещены"] * 3
    head, end = making_pdf.boxed([HEAD], EDGES, 60)
    lines: list[Text | Rule] = [Text(44, end + 4 + 11 * place, line) for place, line in enumerate(text)]
    assert rows_of([*head, *framed(end, end + 90), *lines])[1:] == [[" ".join(text)] * 4]


def test_small_print_keeps_its_blanks() -> None:
    drawn, _ = making_pdf.boxed([["a", "b"], ["c", "d"]], [40, 200, 400], 60)
    small: list[Text | Rule] = [Text(210, 63, "Суд", 4), Text(217.2, 63, "Прыкладу", 4)]
    assert rows_of([*drawn, *small])[0][1] == "b Суд Прыкладу"
