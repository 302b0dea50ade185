"""One small package for all tests of the programs that check packages."""

from collections.abc import Iterator

import pytest

from pipeline.devstack.postgres import PostgresServer
from pipeline.devstack.seaweedfs import ObjectStoreServer
from tests.pipeline.handover.small_package import SmallPackage, small_package


@pytest.fixture(scope="session")
def package(
    postgres_server: PostgresServer,
    migrated_template: str,
    object_store_server: ObjectStoreServer,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[SmallPackage]:
    folder = tmp_path_factory.mktemp("handed-over")
    with small_package(postgres_server, migrated_template, object_store_server, folder) as made:
        yield made
