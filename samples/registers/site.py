"""reestr.pryklad.example: a register in two pages; vykliki.pryklad.example: a board of summonses."""

from samples.days import Facts, content_file, on_day
from samples.messages import Request, Response, html, not_found
from samples.pages import page

REGISTER_HOST = "reestr.pryklad.example"
BOARD_HOST = "vykliki.pryklad.example"
ENTRIES_A_PAGE = 4


def answer_register(request: Request) -> Response:
    """The register's pages."""
    entries = on_day(content_file("reestr")["entries"], request.day)
    shown = request.query.get("page", "1")
    last = -(-len(entries) // ENTRIES_A_PAGE)
    if request.path != "/" or not shown.isdecimal() or not 1 <= int(shown) <= last:
        return not_found(request)
    first = (int(shown) - 1) * ENTRIES_A_PAGE
    return html(
        page(
            "registers/register.html",
            register=content_file("reestr")["register"],
            entries=entries[first : first + ENTRIES_A_PAGE],
            number=int(shown),
            last=last,
        )
    )


def answer_board(request: Request) -> Response:
    """The board, the newest notice first."""
    if request.path != "/":
        return not_found(request)
    notices: list[Facts] = on_day(content_file("reestr")["notices"], request.day)
    return html(page("registers/board.html", board=content_file("reestr")["board"], notices=notices[::-1]))
