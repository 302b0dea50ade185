"""Uploads a large file in parts, each with its checksum; nothing is stored under the key until the last step.

In: a client, the object's place and lock, an open file. Out: the version id that the store answers, if it does.
Low-level, since only the completion of a multipart upload can carry the condition that the key is free (Amazon S3
API reference, CompleteMultipartUpload, read 2026-11-23). Raises `ChecksumDiffersError`.
"""

import hashlib
from base64 import b64encode
from typing import TYPE_CHECKING, Any, BinaryIO, Final

from processors.digest import Digest
from storage.objects.errors import ChecksumDiffersError

if TYPE_CHECKING:
    from types_boto3_s3.client import S3Client

PARTS_LIMIT: Final = 10_000
PART_BYTES: Final = 64 << 20


def put_in_parts(
    client: "S3Client",
    place: dict[str, Any],
    file: BinaryIO,
    *,
    length: int,
    sha256: Digest,
    lock: dict[str, Any],
    part_limit: int,
    is_new: bool = True,
) -> str | None:
    """``place``: bucket and key; ``part_limit``: the largest part in bytes that one request may carry.

    ``is_new``: the key must be free. Else a further version is stored under it.

    The parts' checksums speak of what was read now. That it is what was meant is seen before the last step: other
    bytes under the key, and locked, could not be taken away again.
    """
    part_bytes = max(min(PART_BYTES, part_limit), -(-length // PARTS_LIMIT))
    upload = client.create_multipart_upload(**place, ChecksumAlgorithm="SHA256", **lock)
    place = place | {"UploadId": upload["UploadId"]}
    parts: list[Any] = []
    running = hashlib.sha256()
    try:
        while part := file.read(part_bytes):
            running.update(part)
            checksum = b64encode(hashlib.sha256(part).digest()).decode("ascii")
            answer = client.upload_part(**place, PartNumber=len(parts) + 1, Body=part, ChecksumSHA256=checksum)
            parts.append({"PartNumber": len(parts) + 1, "ETag": answer["ETag"], "ChecksumSHA256": checksum})
        found = Digest("sha256", running.digest())
        if found != sha256:
            raise ChecksumDiffersError(place["Key"], None, sha256, str(found))
        free: dict[str, Any] = {"IfNoneMatch": "*"} if is_new else {}
        done = client.complete_multipart_upload(**place, MultipartUpload={"Parts": parts}, **free)
    except BaseException:
        client.abort_multipart_upload(**place)
        raise
    return done.get("VersionId")
