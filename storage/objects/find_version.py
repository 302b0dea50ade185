"""Finds, in any copy of the store, the version of an object that custody means.

Custody names the version id that the first store gave; every copy gives ids of its own. What stays the same is
the key and the sha256. In: a store, key, the version custody names, its digest. Out: the head of the version
there, None where the store has nothing under the key. Raises `storage.objects.errors`.
"""

from processors.digest import Digest
from storage.objects.model import PRIMARY, ObjectHead
from storage.objects.reader import StoreReader


def find_version(objects: StoreReader, key: str, named: str, sha256: Digest) -> ObjectHead | None:
    """The named version; where it is not there, the oldest one with these bytes.

    Of a second copy, where none has them, the oldest one: whoever looks then finds its digest to be another.
    """
    if objects.name == PRIMARY and (head := objects.head(key, named)) is not None:
        return head
    heads = [
        head
        for version in reversed([version for version in objects.list(key) if version.key == key])
        if not version.delete_marker and (head := objects.head(key, version.version_id)) is not None
    ]
    same = (head for head in heads if (head.sha256 or objects.digest(key, head.version_id)) == sha256)
    return next(same, heads[0] if heads and objects.name != PRIMARY else None)
