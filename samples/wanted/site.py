"""vyshuk.pryklad.example: a list of wanted persons as cards, four a page."""

from samples.days import content_file, on_day
from samples.messages import Request, Response, html, not_found
from samples.pages import page

HOST = "vyshuk.pryklad.example"
CARDS_A_PAGE = 4


def answer(request: Request) -> Response:
    """The list's pages."""
    persons = on_day(content_file("vyshuk")["persons"], request.day)
    shown = request.query.get("page", "1")
    last = -(-len(persons) // CARDS_A_PAGE)
    if request.path != "/" or not shown.isdecimal() or not 1 <= int(shown) <= last:
        return not_found(request)
    first = (int(shown) - 1) * CARDS_A_PAGE
    return html(
        page(
            "wanted/list.html",
            authority=content_file("vyshuk")["authority"],
            persons=persons[first : first + CARDS_A_PAGE],
            number=int(shown),
            last=last,
        )
    )
