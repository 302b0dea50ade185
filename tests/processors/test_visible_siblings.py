"""What a page hides or crosses out is no value, in every parser, and nothing that a reader sees is lost."""

import pytest

from tests.processors.visible_siblings import SIBLINGS, Sibling, what_is_wrong


@pytest.mark.parametrize("sibling", SIBLINGS, ids=lambda each: f"{each.fault}: {each.name}")
def test_the_page_says_what_a_reader_sees(sibling: Sibling) -> None:
    assert what_is_wrong(sibling) == []
