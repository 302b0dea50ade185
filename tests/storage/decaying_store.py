"""A store behind a medium that has turned one bit of one object; all else is the real store."""

from collections.abc import Iterator
from dataclasses import replace

from pipeline.config.settings import Settings
from storage.archive import Archive
from storage.objects.errors import StoreUnreachableError
from storage.objects.model import ObjectHead
from storage.objects.store import ObjectStore


class DecayingStore(ObjectStore):
    key = ""
    bit = 0
    broken = ""
    """Key of an object that the store fails to give, whatever else it gives."""

    def stream(self, key: str, version_id: str, *, offset: int = 0, length: int | None = None) -> Iterator[bytes]:
        if key == self.broken:
            raise StoreUnreachableError(self.name, self.endpoint, f"reading {key}", "InternalError")
        content = b"".join(super().stream(key, version_id, offset=offset, length=length))
        yield self.decayed(key, content)

    def get(self, key: str, version_id: str) -> tuple[ObjectHead, bytes] | None:
        got = super().get(key, version_id)
        return None if got is None else (got[0], self.decayed(key, got[1]))

    def decayed(self, key: str, content: bytes) -> bytes:
        if key != self.key:
            return content
        turned = bytearray(content)
        turned[self.bit // 8] ^= 1 << self.bit % 8
        return bytes(turned)


def decaying_store(settings: Settings, key: str, bit: int) -> DecayingStore:
    told = settings.store()
    store = DecayingStore(
        told.endpoint,
        told.bucket,
        access_key=told.access_key,
        secret_key=told.secret_key,
        region=told.region,
        lock_mode=told.lock_mode,
        lock_days=told.lock_days,
    )
    store.key, store.bit = key, bit
    return store


def decaying(settings: Settings, archive: Archive, key: str, bit: int) -> Archive:
    return replace(archive, objects=decaying_store(settings, key, bit))
