"""Extensions for tests: a folder's files by path, and one whole parser of an own kind."""

from datetime import UTC, datetime

from processors.extension.code import ExtensionCode, pack
from processors.pages.page import Page

URL = "https://police.example.org/detained/"
AT = datetime(2026, 11, 20, 20, 0, tzinfo=UTC)

PARSER = '''
"""Reads the list of the detained."""

from processors.extension.protocol import OwnKind

from .places import station


class Detained:
    version = 1
    kind = OwnKind(
        name="entry",
        schema={
            "type": "object",
            "properties": {
                "title": {"type": "string"},
                "number": {"type": "string", "pattern": "^[0-9]+$"},
                "station_raw": {"type": ["string", "null"]},
                "starts_at": {"type": ["string", "null"]},
                "starts_raw": {"type": ["string", "null"]},
                "views": {"type": "integer"},
            },
            "required": ["title", "number"],
        },
        key=("number",),
        not_compared=("views",),
        complete_list=True,
    )

    def parse(self, page):
        for row in page.css("table.detained tr.row"):
            cells = [cell.xpath("string()").get() for cell in row.css("td")]
            yield {
                "title": cells[1],
                "number": cells[0],
                "station_raw": station(cells[2]),
                "starts_at": page.moment(cells[3], "Europe/Minsk"),
                "starts_raw": cells[3],
                "views": int(cells[4]),
            }

    def next_pages(self, page):
        return page.css("a.next::attr(href)").getall()
'''

FILES = {
    "__init__.py": b"",
    "parser.py": PARSER.encode(),
    "places.py": b"def station(text):\n    return text or None\n",
}


def extension(parser: str = PARSER, name: str = "detained", **others: str) -> ExtensionCode:
    """An extension whose ``parser.py`` says this; ``others`` are further modules."""
    more = {f"{module}.py": text.encode() for module, text in others.items()}
    return pack(name, {**FILES, "parser.py": parser.encode(), **more})


def row(
    number: str, name: str, station: str = "Lenin district", at: str = "19.11.2026 14:30", views: int = 7
) -> str:
    cells = "".join(f"<td>{cell}</td>" for cell in (number, name, station, at, views))
    return f"<tr class='row'>{cells}</tr>"


def page(*rows: str, url: str = URL, after: str = "") -> Page:
    """The list as the site would show it, with words enough to be a page."""
    words = "<p>" + "The department publishes every evening who was detained during the day. " * 6 + "</p>"
    table = f"<table class='detained'>{''.join(rows)}</table>"
    body = f"<html lang='en'><head><title>Detained</title></head><body>{words}{table}{after}</body></html>"
    return Page(url, body.encode(), AT, 200, "text/html; charset=utf-8")
