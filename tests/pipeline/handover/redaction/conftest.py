import secrets
from collections.abc import Iterator

import pytest

from pipeline.devstack.postgres import PostgresServer
from pipeline.devstack.seaweedfs import ObjectStoreServer
from tests.pipeline.handover.redaction.covered_archive import CoveredArchive, covered_archive


@pytest.fixture(scope="module")
def covered(
    postgres_server: PostgresServer,
    migrated_template: str,
    object_store_server: ObjectStoreServer,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[CoveredArchive]:
    """One archive for the tests of a module: each covers what it needs, and gives back what it hides."""
    folder, name = tmp_path_factory.mktemp("covered"), f"covered_{secrets.token_hex(4)}"
    with covered_archive(postgres_server, migrated_template, object_store_server, folder, name) as made:
        yield made
