from collections.abc import Iterator
from pathlib import Path

import pytest

from pipeline.config.settings import Settings
from tests.openssl_authority import TimeAuthorityOfOpenssl
from tests.pipeline.timestamping import held_to


@pytest.fixture
def authority(tmp_path: Path) -> Iterator[TimeAuthorityOfOpenssl]:
    """A time authority that answers."""
    with TimeAuthorityOfOpenssl(tmp_path / "authority", "Vieža") as running:
        yield running


@pytest.fixture
def second(tmp_path: Path) -> Iterator[TimeAuthorityOfOpenssl]:
    """Another one, with a root of its own."""
    with TimeAuthorityOfOpenssl(tmp_path / "second", "Other", chain=False) as running:
        yield running


@pytest.fixture
def stamping(stored_settings: Settings, authority: TimeAuthorityOfOpenssl) -> Settings:
    return held_to(stored_settings, authority)
