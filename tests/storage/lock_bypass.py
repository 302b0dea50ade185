"""What whoever may bypass governance can do to a lock."""

from datetime import datetime

from storage.objects.store import ObjectStore
from tests.administered_store import administrator


def end_lock(store: ObjectStore, key: str, version_id: str, until: datetime) -> None:
    administrator(store.endpoint).put_object_retention(
        Bucket=store.bucket,
        Key=key,
        VersionId=version_id,
        Retention={"Mode": "GOVERNANCE", "RetainUntilDate": until},
        BypassGovernanceRetention=True,
    )
