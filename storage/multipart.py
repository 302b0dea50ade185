"""Uploads a large file in parts, each with its checksum; nothing stands under the key until the last step.

In: a client, the object's place and lock, an open file. Out: the version id that the store answers, if it does.
Low-level, since only the completion of a multipart upload can carry the condition that the key is free (Amazon S3
API reference, CompleteMultipartUpload, read 2026-11-23).
"""

import hashlib
from base64 import b64encode
from typing import TYPE_CHECKING, Any, BinaryIO, Final

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
    lock: dict[str, Any],
    part_limit: int,
) -> str | None:
    """``place``: bucket and key; ``part_limit``: the largest part in bytes that one request may carry."""
    part_bytes = max(min(PART_BYTES, part_limit), -(-length // PARTS_LIMIT))
    upload = client.create_multipart_upload(**place, ChecksumAlgorithm="SHA256", **lock)
    place = place | {"UploadId": upload["UploadId"]}
    parts: list[Any] = []
    try:
        while part := file.read(part_bytes):
            checksum = b64encode(hashlib.sha256(part).digest()).decode("ascii")
            answer = client.upload_part(**place, PartNumber=len(parts) + 1, Body=part, ChecksumSHA256=checksum)
            parts.append({"PartNumber": len(parts) + 1, "ETag": answer["ETag"], "ChecksumSHA256": checksum})
        done = client.complete_multipart_upload(**place, MultipartUpload={"Parts": parts}, IfNoneMatch="*")
    except BaseException:
        client.abort_multipart_upload(**place)
        raise
    return done.get("VersionId")
