"""oblsud.pryklad.example: one page with one table in windows-1251, in the manner of Russian court sites."""

from functools import lru_cache

from pydantic import BaseModel, ConfigDict

from samples.days import content_file, on_day
from samples.messages import Request, Response, html, not_found, redirect
from samples.pages import page

HOST = "oblsud.pryklad.example"
LIST_PATH = "/modules.php"


class RegionalHearing(BaseModel):
    """One row of the table."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    number: str
    starts: str
    room: str
    judge: str
    parties: str
    category: str
    event: str
    result: str


class HearingGroup(BaseModel):
    """The rows under one heading inside the table."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    title: str
    hearings: tuple[RegionalHearing, ...]


@lru_cache(maxsize=4)
def groups(day: int) -> tuple[HearingGroup, ...]:
    """The table's content on that day."""
    return tuple(
        HearingGroup(title=group["title"], hearings=on_day(group["hearings"], day))
        for group in content_file("oblsud")["groups"]
    )


def answer(request: Request) -> Response:
    """The list, a card for each case, and nothing else."""
    if request.path == "/":
        return redirect(f"{request.scheme}://{HOST}{LIST_PATH}?name=sud_delo&srv_num=1")
    if request.path != LIST_PATH or request.query.get("name") != "sud_delo":
        return not_found(request)
    court = content_file("oblsud")["court"]
    number = request.query.get("case_id")
    if number is None:
        text = page("courts/regional.html", court=court, groups=groups(request.day))
    else:
        text = page("courts/case.html", court=court, number=number)
    response = html(text, encoding="windows-1251")
    return response.with_headers(("X-Powered-By", "PHP/7.4.33"))
