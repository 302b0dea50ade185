"""What the archive knows of exhibits, gathered; and one capture explained."""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pypdfium2
import pytest
from typer.testing import CliRunner

from crawlers.model.capture import Captured, Rendering, RenderingKind
from pipeline.cli import app
from pipeline.config.settings import Settings
from pipeline.handover.report.gather import exhibit_facts
from pipeline.handover.report.write import write_report
from pipeline.handover.selection import (
    CaptureRole,
    Exhibit,
    ExhibitKind,
    FrozenSelection,
    LeftOutItem,
    SelectedCapture,
)
from processors.pages.outcome import Classification, Outcome
from processors.pages.parse_result import Reading
from processors.records.article import Article
from storage.archive import Archive
from storage.catalogue.captures import Capture, captures_in
from storage.catalogue.records import records_of_capture, replace_reading, upsert_outcome
from storage.deposit.deposit import deposit_file
from tests.access.conftest import picture
from tests.pipeline.handover.report.invented import HOSTILE, selection
from tests.storage.crawled_files import NIGHT, exchange, no_answer, response, signed_crawl
from tests.storage.killed_deposits import environment

PAGE = "https://vesnik.example/навіны/плошча"
GONE = "https://няма.example/"
PERSON = "collector-1"


@pytest.fixture
def captures(archive: Archive, tmp_path: Path) -> Iterator[dict[str, Capture]]:
    """A page with its screenshot and a failure, of one signed crawl."""
    shot = Rendering(None, PAGE, RenderingKind.VIEW, "image/png", picture("PNG"), NIGHT, "letapis")
    items: list[Captured] = [
        exchange(PAGE, response("<h1>На плошчы</h1>".encode())),
        shot,
        no_answer(GONE, at=NIGHT),
    ]
    deposited = deposit_file(archive, signed_crawl(archive, tmp_path, items))
    with archive.reader.connect() as connection:
        found = {each.url: each for each in captures_in(connection, deposited.key)}
    article = Article(
        url=PAGE,
        title="Затрыманні на плошчы",
        text=HOSTILE,
        published_at=NIGHT - timedelta(hours=3),
        published_raw="20 лістапада",
    )
    reading = Reading(url=PAGE, kind="news", outcome=Outcome.CONTENT, parser_version="t-1", records=(article,))
    with archive.writer.begin() as connection:
        upsert_outcome(connection, found[PAGE].id, "t-1", Classification(Outcome.CONTENT, None))
        replace_reading(connection, found[PAGE], reading)
    yield found


def chosen(archive: Archive, captures: dict[str, Capture]) -> FrozenSelection:
    with archive.reader.connect() as connection:
        (record,) = records_of_capture(connection, captures[PAGE].id)
    exhibit = Exhibit(
        number="LTP-2026-000001",
        kind=ExhibitKind.RECORD,
        subject_id=record.record_id,
        title="Затрыманні на плошчы",
        record_ids=(record.record_id,),
        captures=(
            SelectedCapture(captures[PAGE].id, CaptureRole.SUBJECT),
            SelectedCapture(captures[f"urn:view:{PAGE}"].id, CaptureRole.RENDERING),
            SelectedCapture(captures[GONE].id, CaptureRole.FAILED),
        ),
        media=(),
    )
    left_out: tuple[LeftOutItem, ...] = ()
    return replace(selection("be"), exhibits=(exhibit,), left_out=left_out)


def test_the_facts_of_an_exhibit_are_what_the_archive_knows_of_what_was_chosen(
    archive: Archive, captures: dict[str, Capture], tmp_path: Path
) -> None:
    (facts,) = exhibit_facts(archive, chosen(archive, captures), {})
    assert {each.name: each.text for each in facts.wording} == {
        "title": "Затрыманні на плошчы",
        "text": HOSTILE,
        "published_raw": "20 лістапада",
    }
    assert {"kind", "url", "published_at"} <= {each.name for each in facts.reading}
    assert facts.parsers == ("t-1",)
    assert facts.picture is not None and facts.picture.jpeg.startswith(b"\xff\xd8")
    assert facts.picture.screenshot_at == NIGHT
    assert facts.observed is not None and facts.observed.encrypted is False
    assert (facts.observed.url, facts.observed.status, facts.observed.outcome) == (PAGE, 200, "content")
    assert facts.custody is not None and (facts.custody.signed, facts.custody.imported) == (True, False)
    assert facts.clock.reason == "the clock was not compared with another"
    assert facts.check is not None and facts.check.agrees
    assert facts.block_digest == str(captures[PAGE].block_digest)
    assert [(each.role, each.outcome) for each in facts.beside] == [
        (CaptureRole.RENDERING, None),
        (CaptureRole.FAILED, "unreachable"),
    ]

    write_report(archive, chosen(archive, captures), tmp_path, {})
    html = (tmp_path / "report.html").read_text("utf-8")
    assert "злучэнне не было зашыфравана" in html and "сервер быў недаступны (the connection was refused)" in html
    assert PERSON not in html, "the report names a person of the archive"
    with pypdfium2.PdfDocument((tmp_path / "report.pdf").read_bytes()) as pdf:
        assert pdf.is_tagged() and len(pdf) >= 3


def test_without_the_screenshot_in_the_selection_there_is_no_picture_of_it(
    archive: Archive, captures: dict[str, Capture]
) -> None:
    whole = chosen(archive, captures)
    alone = replace(whole.exhibits[0], captures=whole.exhibits[0].captures[:1])
    (facts,) = exhibit_facts(archive, replace(whole, exhibits=(alone,)), {})
    assert (facts.picture, facts.beside) == (None, ())


def test_a_capture_is_explained_in_the_language_and_the_file_that_are_asked_for(
    archive: Archive,
    captures: dict[str, Capture],
    stored_settings: Settings,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name, value in environment(stored_settings).items():
        monkeypatch.setenv(name, value)
    run = CliRunner()
    told = run.invoke(app, ["explain", captures[PAGE].id])
    assert told.exit_code == 0, told.output
    assert f"requested the address {PAGE}." in told.output and f"> {HOSTILE.splitlines()[0]}" in told.output

    file = tmp_path / "explained.pdf"
    written = run.invoke(app, ["explain", captures[GONE].id, "--language", "de", "--to", str(file), "--json"])
    row = json.loads(written.stdout)
    assert (row["kind"], row["language"], row["file"]) == ("explanation", "de", str(file))
    assert "Es kam keine Antwort. Als Grund ist festgehalten: the connection was refused" in row["text"]
    assert PERSON not in row["text"]
    with pypdfium2.PdfDocument(file.read_bytes()) as pdf:
        assert pdf.is_tagged() and len(pdf) <= 2
    before = file.read_bytes()

    again = run.invoke(app, ["explain", captures[GONE].id, "--to", str(file)])
    assert (again.exit_code, file.read_bytes()) == (2, before)
    for wrong in (["--language", "xx"], ["--to", str(tmp_path / "x.doc")]):
        assert run.invoke(app, ["explain", captures[PAGE].id, *wrong]).exit_code == 2
    unknown = run.invoke(app, ["explain", f"urn:uuid:{'0' * 8}-0000-4000-8000-{'0' * 12}"])
    assert unknown.exit_code == 1
    assert [path.name for path in tmp_path.glob(".*")] == []
