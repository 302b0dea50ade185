"""The embedded store with one identity more: its administrator, who may do what none of the product's keys may.

Tests that play a loss, or somebody who shortens locks, act as the administrator.
"""

import json
import secrets
from typing import TYPE_CHECKING, Final

import boto3

from pipeline.devstack.seaweedfs import ObjectStoreServer
from pipeline.devstack.store_identities import IDENTITIES_FILE

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client

ACCESS_KEY: Final = "ADMINISTRATOR"
SECRET_KEY: Final = secrets.token_hex(20)


class AdministeredStore(ObjectStoreServer):
    """As `ObjectStoreServer`; `administrator` has its key."""

    def _write_config(self) -> None:
        super()._write_config()
        file = self._config / IDENTITIES_FILE
        content = json.loads(file.read_text("utf-8"))
        keys = {"accessKey": ACCESS_KEY, "secretKey": SECRET_KEY}
        content["identities"].append({"name": "administrator", "credentials": [keys], "actions": ["Admin"]})
        self._write(file, json.dumps(content))


def administrator(endpoint: str | None) -> "S3Client":
    """The administrator at the `AdministeredStore` with this address."""
    return boto3.client(
        "s3",
        endpoint_url=endpoint,
        aws_access_key_id=ACCESS_KEY,
        aws_secret_access_key=SECRET_KEY,
        region_name="us-east-1",
    )
