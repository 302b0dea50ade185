"""The texts of reports: every language has the same, with the same values, and what is shown has a text."""

from collections.abc import Iterator
from dataclasses import is_dataclass
from datetime import date
from pathlib import Path
from typing import Any, get_args, get_type_hints

import pytest

from access.views.completeness import REASONS
from pipeline.handover.choosing import Choice
from pipeline.handover.report.field_values import field_label, field_text
from pipeline.handover.report.gather import LEFT_OUT
from pipeline.handover.report.report_texts import (
    FOLDER,
    ReportTextsError,
    languages,
    placeholders,
    read_texts,
    texts_for,
)
from pipeline.handover.selection import CaptureRole, DisclosureLevel, ExhibitKind, WhyLeftOut
from processors.kinds import KINDS
from processors.pages.outcome import Outcome
from storage.ledger.assessments import VerificationStatus

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
        "verification": VerificationStatus,
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


def shown_names(kind: type[Any]) -> Iterator[str]:
    """The names of a record's fields, and of the fields inside them, that a report shows."""
    for name, hint in get_type_hints(kind).items():
        if not name.startswith("_") and name not in LEFT_OUT:
            yield name
            inside = [hint]
            while inside:
                each = inside.pop()
                inside += get_args(each)
                if is_dataclass(each) and isinstance(each, type):
                    yield from shown_names(each)


def test_every_field_of_every_kind_of_record_has_a_label_in_every_language() -> None:
    kinds = {kind.record.name: kind.record for kind in KINDS.values()}
    names = {name for kind in kinds.values() for record in kind.types for name in shown_names(record)}
    assert {"published_at", "verdict_raw", "question", "reward_raw"} <= names, "the fields are not found"
    missing = [(each, n) for each in languages() for n in names if field_label(texts_for(each), n) == n]
    assert missing == []
    unnamed = [
        (each, k) for each in languages() for k in kinds if f"record_kind.{k}" not in texts_for(each).by_name
    ]
    assert unnamed == []
    stems = {name.removesuffix("_raw").removesuffix("_at") for name in names}
    labels = {name.removeprefix("fields.") for name in ENGLISH if name.startswith("fields.")}
    assert labels - stems == set(), "labels of fields that no record has"


def test_every_term_that_a_package_is_chosen_by_has_a_label() -> None:
    everything = Choice(
        "убор", "article", "kanal", date(2026, 11, 1), date(2026, 11, 2), "12/2026", ("x",), True, True
    )
    assert {name for name in everything.as_query() if f"terms.{name}" not in ENGLISH} == set()


def test_a_field_is_shown_by_its_label_with_its_name_and_its_words_unchanged() -> None:
    german = texts_for("de")
    assert field_label(german, "published_raw") == "Veröffentlicht am (published_raw)"
    assert field_label(german, "of_an_own_kind") == "of_an_own_kind"
    assert field_text(german, "published_at", "2026-11-20T18:00:00.500000Z") == "2026-11-20 18:00:00.500000 UTC"
    assert field_text(german, "published_at", "████") == "████"
    assert field_text(german, "kind", "article") == "Artikel (article)"
    assert field_text(german, "edited", True) == "ja" and field_text(german, "edited", False) == ""
    poll = {"question": "Kind: ?", "options": [{"text": "так", "percent": 40}], "total_raw": None}
    assert field_text(german, "poll", poll) == "Frage: Kind: ?, Antworten zur Auswahl: Text: так, Prozent: 40"
    assert field_text(german, "extra", {"court": "x", "Зал": ""}) == "court: x", "a column heading is the source's"
    judge = {"name_raw": "Іваноў І. І.", "role_raw": "суддзя", "body_raw": None}
    assert field_text(german, "officials", [judge]) == "Іваноў І. І. (суддзя)"
    assert field_text(german, "officials", [{"▮": "Іваноў І. І.", "role_raw": "суддзя"}]).startswith("▮: Іваноў")
    assert field_text(german, "officials", "▮") == "▮"
