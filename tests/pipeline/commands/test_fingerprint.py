"""`letapis fingerprint` and `letapis group` answer for every file, without a store."""

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
from PIL import Image, ImageDraw

from tests.typed_commands import typed

Result = subprocess.CompletedProcess[str]


def letapis(*arguments: str) -> Result:
    """The command as it is typed, in a process of its own."""
    return typed(*arguments)


def rows(result: Result) -> list[dict[str, Any]]:
    return [json.loads(line) for line in result.stdout.splitlines()]


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    """One drawing, saved small and with another quality; another drawing; a flat page; a broken file."""
    for name, seed in (("square", 3), ("crowd", 8)):
        image = Image.effect_noise((24, 18), 90 + seed).resize((480, 360), Image.Resampling.BICUBIC)
        drawing = ImageDraw.Draw(image)
        for step in range(seed):
            drawing.ellipse((40 * step, 20 * seed, 40 * step + 90, 20 * seed + 60), fill=30 * step)
        image.save(tmp_path / f"{name}.jpg")
        image.resize((320, 240)).save(tmp_path / f"{name}-small.jpg", quality=60)
    Image.new("L", (480, 360), 200).save(tmp_path / "flat-1.png")
    Image.new("L", (400, 300), 30).save(tmp_path / "flat-2.png")
    (tmp_path / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\nno more")
    return tmp_path


def test_fingerprint_answers_for_every_file_in_order(pictures: Path) -> None:
    files = [str(pictures / name) for name in ("square.jpg", "broken.png")]
    result = letapis("fingerprint", "--json", *files)
    assert result.returncode == 0
    picture, broken = rows(result)
    assert [picture["file"], broken["file"]] == files
    assert (picture["kind"], picture["media_type"], picture["width"], picture["height"]) == (
        "fingerprint",
        "image/jpeg",
        480,
        360,
    )
    assert [(h["algorithm"], h["version"], len(h["bits"])) for h in picture["hashes"]] == [
        ("phash", "1", 16),
        ("pdq", "1", 64),
        ("regions", "2", 2 * 1653),
    ]
    assert picture["sha256"].startswith("sha256:")
    assert broken["hashes"] == []
    assert "damaged" in broken["refused"]


def test_group_puts_copies_together_and_nothing_else(pictures: Path) -> None:
    result = letapis("group", "--json", *(str(path) for path in sorted(pictures.iterdir())))
    assert result.returncode == 0
    groups = [{Path(member["file"]).name for member in row["members"]} for row in rows(result)]
    assert sorted(groups, key=sorted) == [{"crowd-small.jpg", "crowd.jpg"}, {"square-small.jpg", "square.jpg"}]
    for row in rows(result):
        known = {member["sha256"] for member in row["members"]}
        assert row["links"]
        for link in row["links"]:
            assert {link["a"], link["b"]} <= known
            assert link["meaning"]


def test_byte_equal_files_are_a_group_even_where_they_cannot_be_read(pictures: Path) -> None:
    copy = pictures / "copy.png"
    copy.write_bytes((pictures / "broken.png").read_bytes())
    (row,) = rows(letapis("group", "--json", str(copy), str(pictures / "broken.png")))
    assert {member["file"] for member in row["members"]} == {str(copy), str(pictures / "broken.png")}


def test_a_file_that_is_not_there_is_named_and_nothing_is_read(pictures: Path) -> None:
    result = letapis("fingerprint", "--json", str(pictures / "square.jpg"), str(pictures / "gone.jpg"))
    assert result.returncode == 2
    assert result.stdout == ""
    assert "gone.jpg" in result.stderr


def test_people_read_words(pictures: Path) -> None:
    result = letapis("group", str(pictures / "square.jpg"), str(pictures / "square-small.jpg"))
    assert "2 files" in result.stdout
    assert "bits:" in result.stdout
