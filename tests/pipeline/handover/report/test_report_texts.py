"""The texts of reports: every language has the same, with the same values, and what is shown has a text."""

from pathlib import Path

import pytest

from access.views.completeness import REASONS
from pipeline.handover.report.report_texts import (
    FOLDER,
    ReportTextsError,
    languages,
    placeholders,
    read_texts,
    texts_for,
)
from pipeline.handover.selection import CaptureRole, DisclosureLevel, ExhibitKind, WhyLeftOut
from processors.pages.outcome import Outcome

ENGLISH = texts_for("en").by_name


@pytest.mark.parametrize("language", [each for each in languages() if each != "en"])
def test_a_language_has_every_text_of_english_with_the_same_values(language: str) -> None:
    other = texts_for(language).by_name
    assert other.keys() == ENGLISH.keys()
    different = [name for name in ENGLISH if placeholders(other[name]) != placeholders(ENGLISH[name])]
    assert different == []


def test_what_the_report_shows_of_closed_lists_has_texts() -> None:
    named = {
        "role": CaptureRole,
        "level": DisclosureLevel,
        "kind": ExhibitKind,
        "left_out": WhyLeftOut,
        "outcome": Outcome,
    }
    missing = [f"{table}.{each.value}" for table, words in named.items() for each in words]
    assert [name for name in missing if name not in ENGLISH] == []
    assert {name for name in ENGLISH if name.startswith("why.")} == {f"why.{name}" for name in REASONS}


def test_a_language_that_is_not_there_is_english() -> None:
    assert texts_for("../en").language == texts_for("xx").language == "en"


def test_a_value_is_never_read_as_a_text_with_values() -> None:
    assert (
        texts_for("en")("why.context_source", source="{count} {0.x}") == "Only the source is known: {count} {0.x}."
    )


@pytest.mark.parametrize(
    "content", ['[a]\nb = ""', "[a]\nb = 1", '[a]\nb = "{0.__class__}"', '[a]\nb = "{x!r}"', '[a]\nb = "{"', "[a"]
)
def test_a_file_that_cannot_be_used_is_refused_by_its_name(tmp_path: Path, content: str) -> None:
    path = tmp_path / "xx.toml"
    path.write_text(content, "utf-8")
    with pytest.raises(ReportTextsError, match=r"xx\.toml cannot be used"):
        read_texts(path)


def test_the_files_of_texts_are_named_after_languages() -> None:
    assert [path.name for path in FOLDER.iterdir() if path.suffix != ".toml" or len(path.stem) != 2] == []
