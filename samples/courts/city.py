"""sud.pryklad.example: a list in several pages, in Belarusian, with judgments as PDF."""

from functools import lru_cache

from pydantic import BaseModel, ConfigDict

from samples.days import content_file, on_day
from samples.media.files import media_file
from samples.messages import Request, Response, content, html, not_found, redirect
from samples.pages import page

HOST = "sud.pryklad.example"
LIST_PATH = "/rasklad/"
DOCUMENTS = "/dakumenty/"
ROWS_A_PAGE = 8


class CityHearing(BaseModel):
    """One row of the list."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    number: str
    date: str
    time: str
    room: str
    judge: str
    prosecutor: str
    parties: str
    article: str
    stage: str
    result: str
    document: str | None = None


@lru_cache(maxsize=4)
def hearings(day: int) -> tuple[CityHearing, ...]:
    """The whole list on that day."""
    return tuple(CityHearing.model_validate(facts) for facts in on_day(content_file("sud")["hearings"], day))


def answer(request: Request) -> Response:
    """The list's pages and the documents they link to."""
    if request.path == "/":
        return redirect(f"{request.scheme}://{HOST}{LIST_PATH}")
    if request.path.startswith(DOCUMENTS) and request.path.endswith(".pdf"):
        name = request.path.removeprefix(DOCUMENTS).removesuffix(".pdf")
        known = {hearing.document for hearing in hearings(request.day)} - {None}
        if name in known:
            file = media_file(f"pdf:{name}")
            return content(file.content, file.media_type)
    shown = request.query.get("page", "1")
    rows = hearings(request.day)
    last = -(-len(rows) // ROWS_A_PAGE)
    if request.path != LIST_PATH or not shown.isdecimal() or not 1 <= int(shown) <= last:
        return not_found(request)
    first = (int(shown) - 1) * ROWS_A_PAGE
    return html(
        page(
            "courts/city.html",
            court=content_file("sud")["court"],
            hearings=rows[first : first + ROWS_A_PAGE],
            number=int(shown),
            last=last,
            path=LIST_PATH,
            documents=DOCUMENTS,
        )
    )
