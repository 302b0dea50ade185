"""Removes single versions of objects, with the purge key: the only code that deletes anything from a store.

In: a bucket and the purge key (decision 20), which daily work does not have. Out: whether a version is gone.
Guaranteed: a version under COMPLIANCE that has not run out, or under a legal hold, is not even asked for; what is
told to be gone was looked for afterwards. A version that is not there is gone. Source: Amazon S3 API reference,
DeleteObject (read 2026-11-30).
"""

from dataclasses import dataclass
from datetime import datetime

from botocore.exceptions import ClientError

from storage.objects.model import PRIMARY, ObjectHead
from storage.objects.reader import StoreReader
from storage.objects.responses import code_of


@dataclass(frozen=True, slots=True)
class NotRemoved:
    """Why a version is still there: ``held``, ``locked`` (``until`` then says until when), or ``refused``."""

    why: str
    found: str
    until: datetime | None = None


class VersionRemover(StoreReader):
    """One bucket, with a key that may delete single versions, also under governance."""

    def __init__(
        self, endpoint: str, bucket: str, *, access_key: str, secret_key: str, region: str, name: str = PRIMARY
    ) -> None:
        super().__init__(
            endpoint, bucket, access_key=access_key, secret_key=secret_key, region=region, name=name, attempts=2
        )

    def remove(self, head: ObjectHead, *, now: datetime) -> NotRemoved | None:
        """Remove the version that this head is of; None once it is gone."""
        if (kept := kept_by(head, now)) is not None:
            return kept
        governed = head.lock_mode == "governance" and head.is_locked_until(now)
        with self._answers(f"removing version {head.version_id} of {head.key}"):
            try:
                self._client.delete_object(
                    Bucket=self.bucket,
                    Key=head.key,
                    VersionId=head.version_id,
                    BypassGovernanceRetention=governed,
                )
            except ClientError as refused:
                if code_of(refused) not in ("AccessDenied", "403"):
                    raise
                return NotRemoved("refused", f"the store refused it to the purge key ({code_of(refused)})")
        if self.head(head.key, head.version_id) is not None:
            return NotRemoved("refused", "the store took the request, and still has the version")
        return None


def kept_by(head: ObjectHead, now: datetime) -> NotRemoved | None:
    """What keeps a version from everybody at this moment; None where the purge key can remove it."""
    if head.held:
        return NotRemoved("held", "a legal hold is on it")
    if head.lock_mode == "compliance" and head.locked_until is not None and head.locked_until > now:
        return NotRemoved("locked", "it is locked under COMPLIANCE", head.locked_until)
    return None
