"""Persons and their parts in short invented texts about trials, other than those the figures are measured on."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from processors.names.reading import persons_of_text

TEXTS: list[dict[str, Any]] = yaml.safe_load((Path(__file__).parent / "wordings.yaml").read_text("utf-8"))


@pytest.mark.parametrize("written", TEXTS, ids=[written["text"][:40] for written in TEXTS])
def test_everybody_with_a_part_in_a_trial_is_named_and_nobody_else(written: dict[str, Any]) -> None:
    found = persons_of_text(written["text"], written["language"])
    assert [{"role": person.role, "wording": person.wording} for person in found] == written["persons"]
