"""One small package for all tests of the programs that check packages, and an archive to choose from."""

import secrets
from collections.abc import Iterator

import pytest

from pipeline.devstack.postgres import PostgresServer
from pipeline.devstack.seaweedfs import ObjectStoreServer
from tests.pipeline.handover.handed_channel import fill_channel
from tests.pipeline.handover.small_package import SmallPackage, small_package
from tests.storage.crawled_files import KANAL
from tests.storage.labelled_archive import Labelled, labelled_archive


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


@pytest.fixture(scope="package")
def handed(
    postgres_server: PostgresServer,
    migrated_template: str,
    object_store_server: ObjectStoreServer,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Labelled]:
    """The labelled archive with a channel of 30 posts, the 15th with a photo, edited a day later."""
    folder, name = tmp_path_factory.mktemp("handed"), f"handed_{secrets.token_hex(4)}"
    with labelled_archive(postgres_server, migrated_template, object_store_server, folder, name) as filled:
        fill_channel(filled.archive, folder / "posts", KANAL)
        yield filled
