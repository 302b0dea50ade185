"""An archive with a second store of its own, which a test may stop and start."""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from pipeline.connect import open_archive, open_replica
from pipeline.services.object_store import ObjectStoreServer
from pipeline.settings import Settings
from storage.archive import Archive


def with_replica(settings: Settings, server: ObjectStoreServer) -> Settings:
    """The same settings with a bucket of its own in the second store."""
    return replace(
        settings,
        replica_endpoint=server.endpoint,
        replica_access_key=server.access_key,
        replica_secret_key=server.secret_key,
        replica_bucket=f"copy-{secrets.token_hex(6)}",
        replica_lock_mode="governance",
        replica_lock_days=1,
    )


@contextmanager
def opened(settings: Settings) -> Iterator[Archive]:
    """The archive of these settings, both buckets made."""
    archive, replica = open_archive(settings), open_replica(settings)
    assert replica is not None
    archive.objects.ensure_bucket()
    replica.ensure_bucket()
    yield archive
    archive.writer.dispose()
    archive.reader.dispose()


@contextmanager
def away(server: ObjectStoreServer) -> Iterator[None]:
    """Killed as by a crash; started again at the same address afterwards."""
    server.kill()
    try:
        yield
    finally:
        server.start()
