import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.handover.selection import (
    CaptureRole,
    DisclosureLevel,
    Exhibit,
    ExhibitKind,
    FrozenSelection,
    FrozenSoftware,
    LeftOutItem,
    Recipient,
    SelectedCapture,
    SelectionFormatError,
    WhyLeftOut,
)
from processors.transparency_log.checkpoint import Checkpoint

SELECTION = FrozenSelection(
    package_id="01KB8Z0000000000000000000A",
    frozen_at=datetime(2026, 11, 29, 23, 50, tzinfo=UTC),
    recipient=Recipient("Regional Court", DisclosureLevel.COURT, "12/2026", "lt"),
    query={"case": "C-1", "context": True},
    exhibits=(
        Exhibit(
            number="LTP-2026-000001",
            kind=ExhibitKind.RECORD,
            subject_id="rec-1",
            title="Пост 17",
            record_ids=("rec-1",),
            captures=(SelectedCapture("urn:uuid:1", CaptureRole.SUBJECT),),
            media=("sha256:" + "ab" * 32,),
        ),
    ),
    left_out=(LeftOutItem(ExhibitKind.CAPTURE, None, WhyLeftOut.SEALED_CASE, "1 item belongs to another case."),),
    checkpoint=Checkpoint("letapis.example/log", 7, bytes(range(32))),
    software=FrozenSoftware("letapis", "0.2.0", None),
    opened=("access_label",),
    tokens=("custody/tokens/7.tsr",),
)

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=20)
EXHIBITS = st.builds(
    Exhibit,
    number=st.from_regex(r"LTP-[0-9]{4}-[0-9]{6}", fullmatch=True).filter(str.isascii),
    kind=st.sampled_from(ExhibitKind),
    subject_id=TEXTS,
    title=TEXTS,
    record_ids=st.lists(TEXTS, max_size=2).map(tuple),
    captures=st.lists(st.builds(SelectedCapture, TEXTS, st.sampled_from(CaptureRole)), max_size=2).map(tuple),
    media=st.lists(st.binary(min_size=32, max_size=32).map(lambda each: f"sha256:{each.hex()}"), max_size=2).map(
        tuple
    ),
)
SELECTIONS = st.builds(
    FrozenSelection,
    package_id=st.just(SELECTION.package_id),
    frozen_at=st.datetimes(timezones=st.just(UTC)),
    recipient=st.builds(
        Recipient, TEXTS, st.sampled_from(DisclosureLevel), st.none() | TEXTS, st.sampled_from(("en", "be", "uk"))
    ),
    query=st.dictionaries(TEXTS, TEXTS | st.booleans() | st.none() | st.lists(TEXTS, max_size=2), max_size=3),
    exhibits=st.lists(EXHIBITS, max_size=3, unique_by=lambda each: each.number).map(tuple),
    left_out=st.lists(
        st.builds(
            LeftOutItem, st.sampled_from(ExhibitKind), st.none() | TEXTS, st.sampled_from(WhyLeftOut), TEXTS
        ),
        max_size=2,
    ).map(tuple),
    checkpoint=st.none()
    | st.builds(Checkpoint, st.just("log"), st.integers(1, 2**50), st.binary(min_size=32, max_size=32)),
    software=st.builds(FrozenSoftware, TEXTS, TEXTS, st.none() | TEXTS),
    opened=st.lists(TEXTS, max_size=2).map(tuple),
    tokens=st.lists(TEXTS, max_size=2).map(tuple),
    supplement_of=st.none() | st.just(SELECTION.package_id),
)


@given(SELECTIONS)
def test_what_is_frozen_is_read_as_it_was_and_written_as_the_same_bytes(selection: FrozenSelection) -> None:
    written = selection.to_json()
    assert FrozenSelection.from_json(written) == selection
    assert FrozenSelection.from_json(written).to_json() == written


def test_the_file_is_canonical_json_with_these_keys() -> None:
    written = SELECTION.to_json()
    assert json.loads(written) == {
        "format": "letapis/selection/1",
        "package_id": "01KB8Z0000000000000000000A",
        "frozen_at": "2026-11-29T23:50:00+00:00",
        "recipient": {"name": "Regional Court", "level": "court", "request": "12/2026", "language": "lt"},
        "query": {"case": "C-1", "context": True},
        "exhibits": [
            {
                "number": "LTP-2026-000001",
                "kind": "record",
                "subject_id": "rec-1",
                "title": "Пост 17",
                "record_ids": ["rec-1"],
                "captures": [{"capture_id": "urn:uuid:1", "role": "subject"}],
                "media": ["sha256:" + "ab" * 32],
            }
        ],
        "left_out": [
            {
                "kind": "capture",
                "subject_id": None,
                "reason": "sealed_case",
                "words": "1 item belongs to another case.",
            }
        ],
        "checkpoint": {
            "origin": "letapis.example/log",
            "size": 7,
            "root": "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=",
        },
        "software": {"name": "letapis", "version": "0.2.0", "tree": None},
        "opened": ["access_label"],
        "tokens": ["custody/tokens/7.tsr"],
        "supplement_of": None,
    }
    assert written.startswith(b'{"checkpoint":{"origin"')


def test_a_file_that_was_laid_out_anew_is_the_same_selection() -> None:
    laid_out = json.dumps(json.loads(SELECTION.to_json()), indent=2).encode()
    assert FrozenSelection.from_json(laid_out) == SELECTION


@pytest.mark.parametrize(
    ("path", "value", "place", "expected"),
    [
        (("format",), "letapis/selection/2", "format", "'letapis/selection/1'"),
        (("frozen_at",), "2026-11-29T23:50:00", "frozen_at", "a time (ISO 8601) with its zone"),
        (("frozen_at",), "yesterday", "frozen_at", "a time (ISO 8601) with its zone"),
        (("recipient", "level"), "everybody", "recipient.level", "one of public, partner, prosecutor, court"),
        (("recipient", "level"), None, "recipient.level", "one of public"),
        (("recipient", "language"), "en-GB", "recipient.language", "a language after ISO 639, such as en or uk"),
        (("exhibits", 0, "number"), "LTP-26-1", "exhibits[0].number", "a number such as LTP-2026-000123"),
        (("exhibits", 0, "media", 0), "ab", "exhibits[0].media[0]", "sha256:<64 hex>"),
        (
            ("exhibits", 0, "captures", 0, "role"),
            "x",
            "exhibits[0].captures[0].role",
            f"one of {', '.join(CaptureRole)}",
        ),
        (("left_out", 0, "reason"), "shy", "left_out[0].reason", f"one of {', '.join(WhyLeftOut)}"),
        (("checkpoint", "size"), True, "checkpoint.size", "how many entries the tree has"),
        (("checkpoint", "root"), "AA==", "checkpoint", "origin, size and root of a checkpoint"),
        (("package_id",), "1", "package_id", "a ULID"),
        (("tokens",), {}, "tokens", "a list"),
        (("query",), [], "query", "an object"),
        (("added",), 1, "the file", "an object with the keys"),
    ],
)
def test_a_value_that_is_none_is_named_with_its_place(
    path: tuple[str | int, ...], value: Any, place: str, expected: str
) -> None:
    content = json.loads(SELECTION.to_json())
    inside = content
    for step in path[:-1]:
        inside = inside[step]
    inside[path[-1]] = value
    with pytest.raises(SelectionFormatError) as refused:
        FrozenSelection.from_json(json.dumps(content).encode())
    assert refused.value.place == place
    assert refused.value.expected.startswith(expected)
    assert "nothing was disclosed" in str(refused.value)


@pytest.mark.parametrize(
    "content", [b"", b"\xff", b"[1]", b"{", b'{"format": "a", "format": "a"}', b'{"format": NaN}', b"[" * 100_000]
)
def test_a_file_that_is_no_selection_is_refused_as_one(content: bytes) -> None:
    with pytest.raises(SelectionFormatError, match=r"selection\.json"):
        FrozenSelection.from_json(content)


def test_a_number_that_two_exhibits_have_is_refused() -> None:
    content = json.loads(SELECTION.to_json())
    content["exhibits"] *= 2
    with pytest.raises(SelectionFormatError, match="each number once"):
        FrozenSelection.from_json(json.dumps(content).encode())
