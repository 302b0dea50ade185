"""Sentences that the archive stores are shown as full sentences, and none is forgotten."""

import ast
from pathlib import Path

import pytest

from access.rendering.stored_sentences import MEANINGS, ORIGINS, origin_reason, similarity_meaning
from processors.fingerprints.orientation import ORIENTATIONS
from processors.similarity.clustering import MEANINGS as STORED
from processors.similarity.video_match import SharedFrames, shared_in_words
from storage.deposit import origin

SHARES = [(1.0, 1.0), (0.9, 0.1), (0.5, 0.5)]


@pytest.mark.parametrize("stored", [words for limits in STORED.values() for _, words in limits])
def test_every_meaning_of_a_distance_has_a_sentence(stored: str) -> None:
    assert stored in MEANINGS


@pytest.mark.parametrize("still", [True, False])
@pytest.mark.parametrize("shares", SHARES)
def test_every_meaning_of_shared_frames_has_a_sentence(shares: tuple[float, float], still: bool) -> None:
    shared = SharedFrames(ORIENTATIONS[0], *shares, distance_bits=0, quality=100, frames=())
    assert shared_in_words(shared, a_still=still, b_still=False) in MEANINGS


def test_every_reason_of_an_import_has_a_sentence() -> None:
    tree = ast.parse(Path(origin.__file__).read_text())
    reasons = {origin.OTHER_TOOL}
    for call in ast.walk(tree):
        if isinstance(call, ast.Call) and ast.unparse(call.func) == "Origin" and len(call.args) == 3:
            match call.args[2]:
                case ast.Constant(value=str(text)):
                    reasons.add(text)
                case ast.JoinedStr(values=[ast.Constant(value=str(text)), _]):
                    reasons.add(f"{text}*")
    assert reasons == set(ORIGINS)


@pytest.mark.parametrize("sentence", [*MEANINGS.values(), *ORIGINS.values()])
def test_each_is_a_full_sentence(sentence: str) -> None:
    assert sentence[0].isupper()
    assert sentence.endswith(".")


def test_the_crawl_that_a_reason_names_is_in_the_sentence() -> None:
    shown = origin_reason("it is not signed by the key of the crawl 01J9-x")
    assert shown == "The file is not signed with the key of the crawl 01J9-x."


@pytest.mark.parametrize("show", [similarity_meaning, origin_reason])
def test_a_sentence_of_another_version_is_shown_as_it_is_stored(show: type[str]) -> None:
    assert show("stored by another version 100 %(x)s") == "stored by another version 100 %(x)s."
