"""What can go wrong with the object store, each with its values as fields."""

from processors.digest import Digest
from storage.errors import StorageError


class StoreError(StorageError):
    """Base of the object store's errors. Nothing that was stored before is touched by any of them."""


def _variables(store: str) -> str:
    """How the settings of a store begin: those of the first one, else of the second copy."""
    return "LETAPIS_S3" if store == "primary" else "LETAPIS_REPLICA"


class StoreUnreachableError(StoreError):
    """The store did not respond, or failed; wait or repair it, then run the same step again."""

    def __init__(self, store: str, endpoint: str, doing: str, found: str) -> None:
        super().__init__(
            f"Object store {endpoint} ({store}): {doing} failed ({found}). What is in the spool stays there; "
            "see that the store runs and has room, then run the step again."
        )
        self.store = store
        self.endpoint = endpoint
        self.doing = doing
        self.found = found


class ClocksDifferError(StoreUnreachableError):
    """The store takes requests of about its own time only; the operator sets the clock that is wrong."""

    def __init__(self, store: str, endpoint: str, doing: str, ours: str, theirs: str) -> None:
        super().__init__(store, endpoint, doing, "RequestTimeTooSkewed")
        self.args = (
            f"Object store {endpoint} ({store}): {doing} was refused, as the clocks differ too much: here it is "
            f"{ours}, there {theirs}. Nothing was stored; what is in the spool stays there. The times of evidence "
            "are this clock's: set it (`timedatectl set-ntp true`), then run the step again.",
        )
        self.ours = ours
        self.theirs = theirs


class WrongCredentialsError(StoreError):
    """The store refused the key or what the key may do; the operator mends the settings or the store's policy."""

    def __init__(self, store: str, endpoint: str, doing: str, found: str) -> None:
        keys = f"{_variables(store)}_ACCESS_KEY and {_variables(store)}_SECRET_KEY"
        super().__init__(
            f"Object store {endpoint} ({store}): {doing} was refused ({found}). Nothing was stored; what is in "
            f"the spool stays there. Check {keys} and what this key may do."
        )
        self.store = store
        self.endpoint = endpoint
        self.doing = doing
        self.found = found


class StoreUnfitError(StoreError):
    """The bucket cannot hold evidence; the operator makes one that can."""

    def __init__(self, store: str, bucket: str, expected: str, found: str) -> None:
        super().__init__(
            f"Bucket {bucket} ({store}): expected {expected}, found {found}. What is in the spool stays there; "
            "make a bucket with versioning and Object Lock (it cannot always be added later) and set "
            f"{_variables(store)}_BUCKET."
        )
        self.store = store
        self.bucket = bucket
        self.expected = expected
        self.found = found


class ObjectMissingError(StoreError):
    """An object version that was stored is not there; compare with the custody chain, ask the replica."""

    def __init__(self, key: str, version_id: str | None) -> None:
        version = "current version" if version_id is None else f"version {version_id}"
        super().__init__(
            f"Object {key}: expected {version} in the store, found none. Nothing was changed; "
            "run `letapis verify` and look for the object in another copy of the store."
        )
        self.key = key
        self.version_id = version_id


class BytesLostError(StoreError):
    """The store tells name and length of an object and cannot give its bytes; a person brings them back.

    Keep the bytes wherever else they are: in the spool, in the second store, with the person who deposited them.
    """

    def __init__(self, key: str, version_id: str, expected: Digest, found: str) -> None:
        super().__init__(
            f"Object {key} (version {version_id}): the store knows it, but its bytes could not be read back: "
            f"expected {expected}, found {found}. It does not count as deposited. Nothing was changed; keep the "
            "file you have, run `letapis verify`, and look for the object in another copy of the store."
        )
        self.key = key
        self.version_id = version_id
        self.expected = expected
        self.found = found


class KeyTakenError(StoreError):
    """Another object is stored under the key; both are kept, a person has to find out which is meant."""

    def __init__(self, key: str, version_id: str, expected: Digest, found: Digest) -> None:
        super().__init__(
            f"Object {key}: another object stands there. Expected {expected}, found {found} "
            f"(version {version_id}). The stored one was not touched, ours was not stored; keep both and compare."
        )
        self.key = key
        self.version_id = version_id
        self.expected = expected
        self.found = found


class ChecksumDiffersError(StoreError):
    """Bytes are not what they were; ``version_id`` is None where the store refused to take them."""

    def __init__(self, key: str, version_id: str | None, expected: Digest, found: str) -> None:
        where = "on the way into the store" if version_id is None else f"in the store (version {version_id})"
        super().__init__(
            f"Object {key}: the bytes changed {where}. Expected {expected}, found {found}. "
            "The file in the spool was not let go of; check disk and memory, then run the step again."
        )
        self.key = key
        self.version_id = version_id
        self.expected = expected
        self.found = found


class HoldMissingError(StoreError):
    """The store took the request and does not say that the legal hold is as it was asked for."""

    def __init__(self, key: str, version_id: str, *, on: bool) -> None:
        expected, found = ("on", "off or not told") if on else ("off", "on")
        super().__init__(
            f"Object {key} (version {version_id}): expected its legal hold to be {expected}, found {found}. The "
            "object is whole; the key needs s3:PutObjectLegalHold and s3:GetObjectLegalHold (docs/production.md)."
        )


class LockMissingError(StoreError):
    """The object is stored, but not locked as requested; until it is, it does not count as deposited."""

    def __init__(self, key: str, version_id: str, expected: str, found: str) -> None:
        super().__init__(
            f"Object {key} (version {version_id}): expected a lock {expected}, found {found}. The object is there "
            "and whole, but could be deleted, so it does not count as deposited; check the bucket's Object Lock."
        )
        self.key = key
        self.version_id = version_id
        self.expected = expected
        self.found = found
