"""Each page over every kind of record: one of which only the necessary is known, and one that is full."""

import re
import types
import typing
from collections.abc import Mapping
from dataclasses import MISSING, fields, is_dataclass
from datetime import UTC, datetime
from typing import Any, Literal
from urllib.parse import quote

import pytest
from fastapi.testclient import TestClient

from processors.kinds import KINDS
from processors.pages.outcome import Outcome
from processors.pages.parse_result import Reading
from processors.record_keys import record_id, record_keys
from processors.records.article import Article, ArticleImage
from processors.records.hearing import Hearing
from processors.records.name_reading import NameReading
from processors.records.struck import Struck
from storage.catalogue.captures import Capture
from storage.catalogue.records import replace_reading
from tests.access.conftest import HOSTILE, Filled

RECORDS: tuple[type[Any], ...] = tuple(cls for kind in KINDS.values() for cls in kind.record.types)


def made(cls: type[Any], *, full: bool) -> Any:
    """An instance with every field filled by its type, or with none but the necessary ones."""
    hints = typing.get_type_hints(cls)
    necessary = {each.name for each in fields(cls) if each.default is each.default_factory is MISSING}
    wanted = {each.name for each in fields(cls) if each.name != "kind" and full} | necessary
    wanted |= {"kind"} if "kind" in necessary else set()
    return cls(**{name: value_of(hints[name], name, full=full) for name in sorted(wanted)})


def value_of(hint: Any, name: str, *, full: bool) -> Any:
    """Something of this type; text is of the kind that pages escape."""
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin is Literal:
        return arguments[0]
    if origin in (typing.Union, types.UnionType):
        return value_of(arguments[0], name, full=full)
    if origin is tuple:
        return (value_of(arguments[0], name, full=full),)
    if origin is not None and issubclass(origin, Mapping):
        return {"<i>слупок</i>": "значэнне"}
    if is_dataclass(hint):
        return made(typing.cast("type[Any]", hint), full=full)
    if hint is datetime:
        return datetime(2026, 11, 20, tzinfo=UTC)
    if hint is str:
        return (
            f"https://vesnik.example/{name}" if "url" in name else f"<b>{name}</b> {'поўны' if full else 'бедны'}"
        )
    return hint(7)


@pytest.mark.parametrize("full", [True, False])
@pytest.mark.parametrize("cls", RECORDS, ids=lambda cls: cls.__name__)
def test_every_kind_of_record_has_its_page(
    analyst: TestClient, filled: Filled, cls: type[Any], full: bool
) -> None:
    record = made(cls, full=full)
    found = keep(filled, record)
    text = analyst.get(f"/record/{found}").text
    assert "Version " in text
    assert "<b>" not in text
    assert analyst.get(f"/api/record/{found}").json()["kind"] == record.kind
    assert found in analyst.get(f"/capture/{quote(filled.one(HOSTILE).id)}").text
    assert found in analyst.get("/", params={"kind": record.kind, "order": "newest"}).text
    assert analyst.get("/search.csv", params={"kind": record.kind}).status_code == 200


def test_the_page_of_a_record_says_what_was_crossed_out_and_every_remark_on_it_and_on_its_page(
    analyst: TestClient, filled: Filled
) -> None:
    hearing = Hearing(
        url="https://sud.example/list",
        case_number="1-12/2026",
        starts_raw="10.03.2026",
        struck=(Struck(field="starts_raw", text="03.03.2026"), Struck(field="extra.Прим.", text="отложено")),
        remarks=("the row has one cell less than the headings",),
    )
    found = keep(filled, hearing, remarks=("a table of 3 rows was not understood",))

    text = analyst.get(f"/record/{found}").text
    (version,) = analyst.get(f"/api/record/{found}").json()["versions"]

    assert '<dt>Starts, as written</dt><dd dir="auto"><s>03.03.2026</s></dd>' in text
    assert '<dt>Прим.</dt><dd dir="auto"><s>отложено</s></dd>' in text
    assert '<li dir="auto">the row has one cell less than the headings</li>' in text
    assert "On the whole page: <bdi>a table of 3 rows was not understood</bdi>" in text
    assert version["content"]["remarks"] == ["the row has one cell less than the headings"]
    assert version["page_remarks"] == ["a table of 3 rows was not understood"]


def test_the_page_of_a_record_shows_how_we_read_names_beside_their_wording(
    analyst: TestClient, filled: Filled
) -> None:
    hearing = Hearing(
        url="https://sud.example/list",
        case_number="1-13/2026",
        names=(
            NameReading(
                field="officials",
                wording="Узорнай <b>А. А.</b>",
                role="judge",
                role_raw="суддзі",
                nominative="Узорная А. А.",
            ),
            NameReading(
                field="parties_raw", wording="Міхасю Жалудку", alternatives=("Міхась Жалудок", "Міхась Жалудка")
            ),
        ),
    )
    found = keep(filled, hearing)

    text = analyst.get(f"/record/{found}").text
    (version,) = analyst.get(f"/api/record/{found}").json()["versions"]

    assert "Names as we read them" in text
    assert '<td dir="auto">Узорная А. А.</td><td dir="auto">Judge <span class="faint">(суддзі)</span></td>' in text
    assert '<td dir="auto">Узорнай &lt;b&gt;А. А.&lt;/b&gt;</td>' in text
    assert '<td dir="auto">Міхась Жалудок / Міхась Жалудка</td>' in text
    assert [each["wording"] for each in version["content"]["names"]] == ["Узорнай <b>А. А.</b>", "Міхасю Жалудку"]


def test_a_hit_shows_the_pictures_that_its_crawl_fetched_blurred_until_asked_for(
    analyst: TestClient, filled: Filled
) -> None:
    fetched, other = "https://vesnik.example/a.png", "https://vesnik.example/never.png"
    images = (ArticleImage(url=other), ArticleImage(url=fetched, caption="<b>Плошча</b>"))
    keep(filled, Article(url="https://zlo.example/picture", title="З карцінкай", images=images))
    page = analyst.get("/search", params={"kind": "article", "source": "kanal", "order": "newest"}).text
    (picture,) = re.findall(r'<figure class="sensitive">.*?</figure>', page, flags=re.DOTALL)
    capture_id = quote(filled.one(fetched).id, safe="")
    assert f'src="/capture/{capture_id}/picture" alt="&lt;b&gt;Плошча&lt;/b&gt;"' in picture
    assert "Show the picture" in picture


def keep(filled: Filled, record: Any, remarks: tuple[str, ...] = ()) -> str:
    """The record as read from a page of the archive; gives its id."""
    capture: Capture = filled.one(HOSTILE)
    reading = Reading(
        url=capture.url,
        kind="news",
        outcome=Outcome.CONTENT,
        parser_version="kinds-1",
        records=(record,),
        remarks=remarks,
    )
    with filled.archive.writer.begin() as connection:
        replace_reading(connection, capture, reading)
    (key,) = record_keys((record,), capture.source_id)
    return record_id(record.kind, key)
