"""Tables of every format are read as a reader sees them; what cannot be told is remarked upon, never guessed."""

import pytest

from tests.processors.tables.sibling import Sibling, read
from tests.processors.tables.siblings import SIBLINGS


@pytest.mark.parametrize("sibling", SIBLINGS, ids=lambda sibling: sibling.name)
def test_the_records_say_what_a_reader_sees(sibling: Sibling) -> None:
    found = read(sibling)
    assert list(found.records) == list(sibling.records)
    for words in sibling.remarked:
        assert any(words in remark for remark in found.remarks), found.remarks


def test_each_sibling_has_a_name_of_its_own() -> None:
    assert len({sibling.name for sibling in SIBLINGS}) == len(SIBLINGS)
