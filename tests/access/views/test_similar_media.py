"""What looks alike, as an analyst sees it: page, upload, command; and their word on it, which lasts."""

import io
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from PIL import Image, ImageOps
from typer.testing import CliRunner

from access.routes.media import UPLOAD_LIMIT_BYTES
from pipeline.cli import app
from pipeline.config.settings import Settings
from processors.digest import Digest, sha256
from storage.ledger.access_log import accesses_of
from storage.similarity.media import group_of
from tests.access.conftest import Filled, picture, picture_bytes
from tests.access.test_commands import Ask, ask

__all__ = ["ask"]
A, B = "https://vesnik.example/a.png", "https://vesnik.example/b.jpg"
OURS = {"Sec-Fetch-Site": "same-origin"}


def digest(url: str) -> Digest:
    return sha256(picture_bytes(url))


def mirrored() -> bytes:
    file = io.BytesIO()
    ImageOps.mirror(Image.open(io.BytesIO(picture("PNG")))).save(file, "JPEG", quality=80)
    return file.getvalue()


def grouped(filled: Filled) -> bool:
    with filled.archive.reader.connect() as connection:
        group = group_of(connection, digest(A))
    return group is not None and digest(B) in group.members


@pytest.fixture
def undecided_after(filled: Filled, analyst: TestClient) -> Iterator[None]:
    """Whatever a test says of the two pictures is taken back: the archive is that of all tests of the module."""
    yield
    told = {"a": str(digest(A)), "b": str(digest(B)), "verdict": "undecided", "reason": "taken back"}
    analyst.post("/judge", data=told, headers=OURS, follow_redirects=False)
    assert grouped(filled)


def test_the_page_shows_both_pictures_the_distance_and_where_each_was_seen(
    analyst: TestClient, filled: Filled
) -> None:
    text = analyst.get(f"/medium/{digest(A)}").text
    for url in (A, B):
        assert f'src="/capture/{filled.one(url).id.replace(":", "%3A")}/picture"' in text
    assert re.search(r"pdq: \d+ of 256 bits differ; whole; quality \d+ of 100", text)
    assert "First seen" in text and B in text


def test_rows_say_the_same_to_programs(analyst: TestClient, filled: Filled) -> None:
    rows = analyst.get(f"/api/medium/{digest(A)}/similar").json()["rows"]
    row = next(row for row in rows if row["algorithm"] == "pdq")
    assert (row["sha256"], row["of_bits"], row["matched"], row["judged"]) == (str(digest(B)), 256, "whole", None)
    seen = filled.one(B)
    assert row["first_seen"] == row["occurrences"][0]
    assert (row["first_seen"]["capture_id"], row["first_seen"]["url"]) == (seen.id, B)


def test_a_file_in_hand_is_compared_drawn_and_kept_nowhere(analyst: TestClient, filled: Filled) -> None:
    content = mirrored()
    answer = analyst.post("/similar", files={"file": ("<i>у руках</i>.jpg", content)}, headers=OURS)
    assert answer.status_code == 200
    assert "mirrored" in answer.text
    assert str(digest(A)) in answer.text
    assert "data:image/jpeg;base64," in answer.text
    assert "img-src 'self' data:;" in answer.headers["Content-Security-Policy"]
    assert "<i>" not in answer.text
    with filled.archive.reader.connect() as connection:
        assert [row.action for row in accesses_of(connection, str(sha256(content)))] == ["compared"]


def test_a_file_that_cannot_be_read_says_so_and_runs_nowhere(analyst: TestClient) -> None:
    content = b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>"
    answer = analyst.post("/similar", files={"file": ("a.svg", content)}, headers=OURS)
    assert "no decoder for image/svg+xml" in answer.text
    assert "data:" not in answer.text


def test_the_limit_on_uploads_is_that_of_the_decoders() -> None:
    assert UPLOAD_LIMIT_BYTES == 256 << 20


@pytest.mark.parametrize(
    "headers",
    [{}, {"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "same-site"}, {"Origin": "https://zlo.example"}],
)
@pytest.mark.parametrize("path", ["/judge", "/similar"])
def test_a_form_of_another_site_is_refused(
    analyst: TestClient, filled: Filled, path: str, headers: dict[str, str]
) -> None:
    told = {"a": str(digest(A)), "b": str(digest(B)), "verdict": "different"}
    files = {"file": ("a.png", b"x")} if path == "/similar" else None
    answer = analyst.post(path, data=told, files=files, headers=headers)
    assert answer.status_code == 403
    assert grouped(filled)


def test_nobody_judges_without_a_name(anonymous: TestClient) -> None:
    anonymous.headers.pop("X-User", None)
    told = {"a": str(digest(A)), "b": str(digest(B)), "verdict": "different"}
    assert anonymous.post("/judge", data=told, headers=OURS).status_code == 401


@pytest.mark.usefixtures("undecided_after")
def test_different_parts_two_pictures_and_is_shown_with_its_author(analyst: TestClient, filled: Filled) -> None:
    told = {"a": str(digest(A)), "b": str(digest(B)), "verdict": "different", "reason": "іншы дом"}
    answer = analyst.post("/judge", data=told, headers=OURS, follow_redirects=False)
    assert (answer.status_code, answer.headers["location"]) == (303, f"/medium/{digest(A)}#judgements")
    assert not grouped(filled)
    text = analyst.get(f"/medium/{digest(B)}").text
    assert "Verdict by analyst: <strong>different</strong>" in text and "іншы дом" in text
    row = analyst.get(f"/api/medium/{digest(A)}/similar").json()["rows"][0]
    assert (row["judged"]["verdict"], row["judged"]["author"]) == ("different", "analyst")


@pytest.mark.parametrize("other", ["sha256:" + "0" * 64, "nonsense"])
def test_what_is_not_in_the_archive_cannot_be_judged(analyst: TestClient, other: str) -> None:
    told = {"a": str(digest(A)), "b": other, "verdict": "same", "reason": "same house"}
    assert analyst.post("/judge", data=told, headers=OURS).status_code == 404


@pytest.mark.usefixtures("undecided_after")
def test_the_command_judges_files_and_digests(ask: Ask, filled: Filled, tmp_path: Path) -> None:
    file = tmp_path / "a.png"
    file.write_bytes(picture_bytes(A))
    (row,) = ask.rows("judge", str(file), str(digest(B)), "different", "--reason", "other house")
    assert {row["a"], row["b"]} == {str(digest(A)), str(digest(B))}
    assert (row["verdict"], row["reason"]) == ("different", "other house")
    assert not grouped(filled)
    said = ask("similar", str(file))
    assert ": different" in said
    assert "first seen 2026-" in said and B in said


def test_the_command_says_what_it_expects(ask: Ask, own_settings: Settings) -> None:
    result = CliRunner().invoke(app, ["judge", "nonsense", str(digest(B)), "same", "--reason", "same house"])
    assert result.exit_code == 2
    unknown = CliRunner().invoke(app, ["judge", "0" * 64, str(digest(B)), "same", "--reason", "same house"])
    assert unknown.exit_code == 1


@pytest.mark.parametrize("reason", [{}, {"reason": ""}, {"reason": " \n\u00a0"}])
def test_the_form_of_a_judgement_without_a_reason_writes_nothing(
    analyst: TestClient, filled: Filled, reason: dict[str, str]
) -> None:
    sent = {"a": str(digest(A)), "b": str(digest(B)), "verdict": "different"} | reason
    answer = analyst.post("/judge", data=sent, headers=OURS)
    assert answer.status_code == 422
    assert "reason" in answer.text.lower()
    assert grouped(filled)


@pytest.mark.parametrize("reason", [[], ["--reason", ""], ["--reason", " \n"]])
def test_the_command_for_a_judgement_without_a_reason_writes_nothing(
    ask: Ask, filled: Filled, reason: list[str]
) -> None:
    result = CliRunner().invoke(app, ["judge", str(digest(A)), str(digest(B)), "different", *reason])
    assert result.exit_code == 2
    assert grouped(filled)
