"""Hands one message to apprise, in a process of its own: it sees no setting of the archive and no key.

In: one JSON object on stdin, ``to`` (addresses as apprise writes them), ``title``, ``body``, ``proxied``
(whether all of it has to leave by the proxy of the environment). Out: one JSON array on stdout, for each address
``service`` (what kind of address it is), ``sent``, and ``problem`` in words without what the address holds.
"""

import json
import logging
import re
import sys
from collections.abc import Iterator
from typing import Any, Final
from urllib.parse import unquote, urlsplit

from apprise import Apprise, AppriseAsset, LogCapture, NotifyFormat, NotifyType

LONGEST: Final = 200


def main() -> None:
    """Send the message of stdin."""
    order = json.load(sys.stdin)
    rows = [_send(address, order["title"], order["body"], proxied=order["proxied"]) for address in order["to"]]
    json.dump(rows, sys.stdout)


def _send(address: str, title: str, body: str, *, proxied: bool) -> dict[str, Any]:
    asset = AppriseAsset(app_id="Letapis", app_desc="Letapis", app_url="", secure_logging=True)
    capture: Any = LogCapture
    with capture(level=logging.INFO, fmt="%(message)s") as log:
        target = Apprise.instantiate(address, asset=asset)
        if target is None:
            problem = "it is no address that apprise knows"
            return {"service": urlsplit(address).scheme[:20] or "unknown", "sent": False, "problem": problem}
        service = str(target.service_name or type(target).__name__)
        if proxied and not _uses_requests(target):
            problem = f"{service} cannot leave by a proxy; take another address, or no egress profile"
            return {"service": service, "sent": False, "problem": problem}
        sent = bool(
            target.notify(title=title, body=body, notify_type=NotifyType.INFO, body_format=NotifyFormat.TEXT)
        )
        logged = " ".join(log.getvalue().split())
    why = None if sent else without_secrets(logged, address)[:LONGEST] or "it was not taken, without a reason"
    return {"service": service, "sent": sent, "problem": why}


def _uses_requests(target: object) -> bool:
    """Whether it speaks HTTP by `requests`, which goes by the proxy of the environment."""
    return hasattr(sys.modules[type(target).__module__], "requests")


def without_secrets(text: str, address: str) -> str:
    """The text without any part of the address that may be a password, a token or a person's name."""
    for part in sorted(_parts(address), key=len, reverse=True):
        text = text.replace(part, "...")
    return text


def _parts(address: str) -> Iterator[str]:
    """Everything behind the scheme but the host; a part of three letters or fewer is no secret."""
    rest = address.partition("://")[2]
    host = re.sub(r"^.*@", "", rest.partition("/")[0])
    for part in re.split(r"[/?&=:@,;#]", rest):
        for each in {part, unquote(part)}:
            if len(each) > 3 and each not in host:
                yield each


if __name__ == "__main__":
    main()
