"""What whoever may bypass governance can do to a lock."""

from datetime import datetime

from storage.objects import ObjectStore


def end_lock(store: ObjectStore, key: str, version_id: str, until: datetime) -> None:
    store._client.put_object_retention(
        Bucket=store.bucket,
        Key=key,
        VersionId=version_id,
        Retention={"Mode": "GOVERNANCE", "RetainUntilDate": until},
        BypassGovernanceRetention=True,
    )
