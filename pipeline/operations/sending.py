"""Sending a message to the operator's addresses, and the heartbeat to an outside one.

In: `Settings`, a title, a text. Out: one `Delivery` an address. apprise sends, in a process of its own
(`pipeline.operations.apprise_process`), whose environment holds nothing of this installation but the proxy of
the egress profile. What fails is kept (`pipeline.operations.outbox`) and goes first the next time. An address,
which may hold a password, is named by its number and its service alone. Raises `SettingsError` where the egress
profile cannot be used.
"""

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

import httpx

from crawlers.model.iso_time import time_text
from pipeline.config.settings import ROOT, Settings, SettingsError
from pipeline.operations.outbox import Outbox, UnsentMessage, name_of

SENDING_S: Final = 180.0
ANSWER_S: Final = httpx.Timeout(20.0, connect=5.0)
HEARTBEAT: Final = "heartbeat"
PASSED_ON: Final = ("PATH", "HOME", "LANG", "LC_ALL", "TZ", "SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE")
PROXIES: Final = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy")


@dataclass(frozen=True, slots=True)
class Delivery:
    """``to``: number and service of the address, or the heartbeat; ``earlier``: a message kept from before."""

    to: str
    sent: bool
    problem: str | None
    title: str
    earlier: bool = False


def send_message(settings: Settings, title: str, body: str) -> tuple[Delivery, ...]:
    """What is kept from before, then this message; what fails of it is kept."""
    outbox = Outbox(settings.data)
    with outbox.alone():
        earlier = _retried(settings, outbox, new=None)
        found = _delivered(settings, settings.morning_to, title, body)
        failed = _failed_at(settings.morning_to, found)
        outbox.keep(UnsentMessage(time_text(datetime.now(UTC)), title, body, failed))
    return (*earlier, *found)


def retry_unsent(settings: Settings, *, new: str | None = None) -> tuple[Delivery, ...]:
    """Try what is kept once more, at the addresses that still stand in the settings.

    ``new``: the moment of a message that was only just added, which is no earlier one.
    """
    outbox = Outbox(settings.data)
    with outbox.alone():
        return _retried(settings, outbox, new=new)


def every_address(settings: Settings) -> tuple[str, ...]:
    """The addresses of mornings and alarms, each once; their order gives them their numbers."""
    return tuple(dict.fromkeys((*settings.morning_to, *settings.alarms_to)))


def _retried(settings: Settings, outbox: Outbox, *, new: str | None) -> tuple[Delivery, ...]:
    found: list[Delivery] = []
    for message in outbox.unsent():
        still = [address for address in every_address(settings) if name_of(address) in message.failed]
        tried = _delivered(settings, still, message.title, message.body, earlier=message.at != new)
        outbox.keep_only(message, _failed_at(still, tried))
        found += tried
    return tuple(found)


def _failed_at(to: Sequence[str], found: Sequence[Delivery]) -> dict[str, str]:
    """By the digest of an address, why it was not reached."""
    return {name_of(address): str(each.problem) for address, each in zip(to, found, strict=True) if not each.sent}


def send_test(settings: Settings, title: str, body: str) -> tuple[Delivery, ...]:
    """A message that is kept nowhere: whoever tests, sees what came of it."""
    return send_unkept(settings, settings.morning_to, title, body)


def send_unkept(settings: Settings, to: Sequence[str], title: str, body: str) -> tuple[Delivery, ...]:
    """A message for which nothing is written, whether it arrives or not."""
    return _delivered(settings, to, title, body)


def send_heartbeat(settings: Settings, result: str, facts: Mapping[str, str | int]) -> Delivery | None:
    """GET the outside address with ``result`` and the facts; None where there is none."""
    if settings.morning_heartbeat_url is None:
        return None
    proxy = settings.egress_url(settings.morning_egress)
    try:
        url = httpx.URL(settings.morning_heartbeat_url).copy_merge_params({"result": result, **facts})
        with httpx.Client(timeout=ANSWER_S, proxy=proxy, trust_env=False) as client:
            response = client.get(url, headers={"User-Agent": "letapis"})
        problem = None if response.is_success else f"answered with status {response.status_code}"
    except (httpx.HTTPError, httpx.InvalidURL) as away:
        problem = f"did not answer ({type(away).__name__})"
    except ImportError as missing:
        raise SettingsError((f"LETAPIS_MORNING_EGRESS: {missing}",)) from missing
    return Delivery(HEARTBEAT, problem is None, problem, result)


def _delivered(
    settings: Settings, to: Sequence[str], title: str, body: str, *, earlier: bool = False
) -> tuple[Delivery, ...]:
    if not to:
        return ()
    known = every_address(settings)
    numbers = [known.index(address) + 1 for address in to]
    rows = _hand_to_apprise(settings, to, title, body)
    return tuple(
        Delivery(f"{number} ({row['service']})", row["sent"], row["problem"], title, earlier)
        for number, row in zip(numbers, rows, strict=True)
    )


def _hand_to_apprise(settings: Settings, to: Sequence[str], title: str, body: str) -> list[dict[str, Any]]:
    proxy = _http_proxy(settings)
    env = {name: os.environ[name] for name in PASSED_ON if name in os.environ}
    env |= {"PYTHONPATH": str(ROOT), **({} if proxy is None else dict.fromkeys(PROXIES, proxy))}
    order = json.dumps({"to": list(to), "title": title, "body": body, "proxied": proxy is not None})
    try:
        ran = subprocess.run(
            [sys.executable, "-m", "pipeline.operations.apprise_process"],
            input=order,
            env=env,
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=SENDING_S,
            check=True,
        )
        rows: list[dict[str, Any]] = json.loads(ran.stdout)
    except subprocess.TimeoutExpired:
        problem = f"nothing was heard for {SENDING_S:.0f} seconds; it may have been sent"
        return [{"service": "unknown", "sent": False, "problem": problem} for _ in to]
    except (OSError, subprocess.CalledProcessError, ValueError) as fault:
        problem = f"apprise did not run ({type(fault).__name__}); is it installed? `make env` installs it"
        return [{"service": "unknown", "sent": False, "problem": problem} for _ in to]
    return rows


def _http_proxy(settings: Settings) -> str | None:
    proxy = settings.egress_url(settings.morning_egress)
    if proxy is not None and not proxy.startswith("http://"):
        expected = "expected an egress profile with an http:// proxy"
        found = f"found {settings.morning_egress}, which has another kind"
        raise SettingsError((f"LETAPIS_MORNING_EGRESS: {expected}, {found}. Nothing was sent.",))
    return proxy
