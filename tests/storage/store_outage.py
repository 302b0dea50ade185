"""A store that goes away as by a crash, for the length of a block, and comes back at the same address."""

from collections.abc import Iterator
from contextlib import contextmanager

from pipeline.devstack.seaweedfs import ObjectStoreServer


@contextmanager
def outage(server: ObjectStoreServer) -> Iterator[None]:
    server.kill()
    try:
        yield
    finally:
        server.start()
