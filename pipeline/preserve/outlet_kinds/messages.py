"""Checkpoints as messages: to an address on the web, or as e-mail to people who keep it.

In: the bytes of a signed checkpoint. Out: a receipt. A message carries the checkpoint alone: sizes and roots, no
name, no address, no case. Neither can show a checkpoint again; whoever received it can: `letapis verify
--checkpoint`. Raises `OutletError`.
"""

import json
import smtplib
from dataclasses import dataclass
from datetime import UTC, datetime
from email.message import EmailMessage
from email.utils import make_msgid
from pathlib import Path
from typing import ClassVar, Final

from crawlers.model.iso_time import time_text
from pipeline.preserve.outlet_kinds.requests import ask, require_ok
from processors.digest import sha256
from processors.transparency_log.checkpoint import read_checkpoint
from storage.log.outlets import OutletError, OutletProof

SMTP_S: Final = 20.0


@dataclass(frozen=True, slots=True)
class WebhookOutlet:
    """An address that takes the checkpoint as the body of a POST request."""

    name: str
    url: str
    witnesses: ClassVar[bool] = False

    def deliver(self, checkpoint: bytes) -> OutletProof:
        """Post it; the receipt holds the status and the beginning of the answer."""
        doing, headers = "posting a checkpoint", {"Content-Type": "text/plain; charset=utf-8"}
        response = ask(self.name, doing, "POST", self.url, content=checkpoint, headers=headers)
        require_ok(self.name, doing, response)
        return _receipt(checkpoint, status=response.status_code, answer=response.text[:1000])

    def newest(self) -> None:
        """What became of it, only the receiver knows."""


@dataclass(frozen=True, slots=True)
class EmailOutlet:
    """Receivers by way of an SMTP server (``host``, ``port``) that takes mail of ``sender``."""

    name: str
    host: str
    port: int
    sender: str
    receivers: tuple[str, ...]
    starttls: bool
    user: str | None
    password_file: Path | None
    witnesses: ClassVar[bool] = False

    def deliver(self, checkpoint: bytes) -> OutletProof:
        """Send it; the receipt says that the server took it for every receiver."""
        message = self._message(checkpoint)
        try:
            with smtplib.SMTP(self.host, self.port, timeout=SMTP_S) as server:
                if self.starttls:
                    server.starttls()
                if self.user is not None:
                    password = "" if self.password_file is None else self.password_file.read_text("utf-8")
                    server.login(self.user, password.strip())
                refused = server.send_message(message)
        except (OSError, smtplib.SMTPException) as problem:
            raise OutletError(self.name, "sending a checkpoint", "to be taken", str(problem)) from problem
        if refused:
            found = f"{len(refused)} of {len(self.receivers)} refused"
            raise OutletError(self.name, "sending a checkpoint", "every receiver taken", found)
        return _receipt(checkpoint, message_id=message["Message-ID"], receivers=len(self.receivers))

    def newest(self) -> None:
        """Mail is with its receivers."""

    def _message(self, checkpoint: bytes) -> EmailMessage:
        parsed = read_checkpoint(checkpoint)
        message = EmailMessage()
        message["From"], message["To"] = self.sender, ", ".join(self.receivers)
        message["Subject"] = f"Checkpoint of {parsed.origin} over {parsed.size} entries"
        message["Message-ID"] = make_msgid(domain=self.sender.rpartition("@")[2])
        message.set_content(
            "Please keep this message. With the attached file, anybody who looks after the archive can later "
            "check that no entry before it was removed or changed:\n\n"
            "    letapis verify --checkpoint checkpoint.txt --key KEY\n"
        )
        message.add_attachment(checkpoint, maintype="text", subtype="plain", filename="checkpoint.txt")
        return message


def _receipt(checkpoint: bytes, **facts: str | int) -> OutletProof:
    told = {"sha256": str(sha256(checkpoint)), "taken_at": time_text(datetime.now(UTC)), **facts}
    return OutletProof(json.dumps(told, indent=1, ensure_ascii=False).encode() + b"\n", "json")
