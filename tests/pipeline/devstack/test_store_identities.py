"""The policies of the store's keys: the documents give operators those that the embedded store is tried with."""

import json
import re

from pipeline.config.settings import ROOT
from pipeline.devstack.store_identities import MAKE_BUCKET, READ_BUCKET, REMOVE, STORE, policy

JSON_BLOCK = re.compile(r"^```json\n(.*?)^```", re.MULTILINE | re.DOTALL)


def test_the_documents_give_the_policies_of_the_code() -> None:
    given = [json.loads(block) for block in JSON_BLOCK.findall((ROOT / "docs/production.md").read_text("utf-8"))]

    assert given == [
        policy(READ_BUCKET, STORE, bucket="letapis"),
        policy(MAKE_BUCKET, (), bucket="letapis"),
        policy(READ_BUCKET, STORE, bucket="letapis-copy"),
        policy(READ_BUCKET, REMOVE, bucket="letapis"),
    ]


def test_only_purge_may_delete_or_bypass_governance() -> None:
    daily = {*READ_BUCKET, *MAKE_BUCKET, *STORE}

    assert [action for action in sorted(daily) if "Delete" in action or "Bypass" in action or "*" in action] == []
    assert {"s3:DeleteObjectVersion", "s3:BypassGovernanceRetention"} <= set(REMOVE)
