"""The browser that tests of pages drive."""

from pathlib import Path

import pytest

from pipeline.chromium import find_chromium
from pipeline.config.settings import Settings


@pytest.fixture(scope="module")
def program() -> Path:
    found = find_chromium(Settings().chromium)
    if found is None:
        pytest.skip("no Chromium on this machine")
    return found.program
