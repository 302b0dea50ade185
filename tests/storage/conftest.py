"""An archive with labels, for questions that change nothing."""

import secrets
from collections.abc import Iterator

import pytest

from pipeline.devstack.postgres import PostgresServer
from pipeline.devstack.seaweedfs import ObjectStoreServer
from tests.storage.labelled_archive import Labelled, labelled_archive


@pytest.fixture(scope="module")
def labelled(
    postgres_server: PostgresServer,
    migrated_template: str,
    object_store_server: ObjectStoreServer,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Labelled]:
    folder, name = tmp_path_factory.mktemp("labelled"), f"labelled_{secrets.token_hex(4)}"
    with labelled_archive(postgres_server, migrated_template, object_store_server, folder, name) as filled:
        yield filled
