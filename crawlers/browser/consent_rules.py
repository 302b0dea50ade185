"""DuckDuckGo's autoconsent, as far as it is used here: its script, and rules that reject.

The files lie in ``autoconsent`` beside this module (MPL-2.0, see its ``NOTICE.md``) and are read only with the
digests below; raises `ConsentRulesDiffer` otherwise. Left out are (decision 0046) rules that a crawler of theirs
generated, rules that are marked as cosmetic or whose steps hide an element or change its style, and the platforms
built into the script but four: the others leave the page, act inside frames of other sites, or are one site's own.
Most of what is left clicks; some rules run a script of theirs in the page or call a function of the platform.
"""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

VERSION: Final = "autoconsent 16.23.0"
FOLDER: Final = Path(__file__).with_name("autoconsent")
DIGESTS: Final = {
    "autoconsent.playwright.js": "d5d1d372976129e25596e0959f85cb954eec4d783684da1055e3ac0dc4d9b58e",
    "rules.json": "e4c2a7e84a5dc5d74104ec52fb1125fa68d088cb22c49043a917967aa82acb73",
}

BUILT_IN_UNUSED: Final = (
    "Admiral",
    "Conversant",
    "Evidon",
    "HEURISTIC",
    "Sourcepoint-frame",
    "TrustArc-top",
    "consentmanager.net",
    "tiktok.com",
    "tumblr-com",
)
"""Used of those in the script: Onetrust, Cybotcookiebot, Klaro, Uniconsent."""

CHANGES_THE_PAGE: Final = frozenset({"hide", "removeClass", "setStyle", "addStyle"})


class ConsentRulesDiffer(Exception):
    """A file of autoconsent is not the one that was read and pinned."""


@dataclass(frozen=True, slots=True)
class ConsentRules:
    """``script`` is to run beside a page; ``rules`` and ``config`` are what it asks for when it begins."""

    script: str
    rules: tuple[dict[str, Any], ...]

    @property
    def answer(self) -> str:
        """The script's answer to ``init``, as JSON: detect, and reject only on the message ``optOut``."""
        config = {
            "enabled": True,
            "autoAction": None,
            "disabledCmps": list(BUILT_IN_UNUSED),
            "enablePrehide": False,
            "enableCosmeticRules": False,
            "enableGeneratedRules": False,
            "enableHeuristicDetection": False,
            "heuristicMode": "off",
            "detectRetries": 4,
            "isMainWorld": False,
            "visualTest": False,
        }
        message = {"type": "initResp", "config": config, "rules": {"autoconsent": list(self.rules)}}
        return json.dumps(message)


@lru_cache(1)
def consent_rules() -> ConsentRules:
    """The rules that are used; raises `ConsentRulesDiffer`."""
    declared = json.loads(_pinned("rules.json"))["autoconsent"]
    return ConsentRules(_pinned("autoconsent.playwright.js"), tuple(each for each in declared if _is_used(each)))


def _is_used(rule: dict[str, Any]) -> bool:
    if rule["name"].startswith("auto_") or rule.get("cosmetic"):
        return False
    return not CHANGES_THE_PAGE & set(_keys(rule.get("optOut")))


def _keys(steps: Any) -> Iterator[str]:
    if isinstance(steps, dict):
        for key, value in steps.items():
            yield key
            yield from _keys(value)
    elif isinstance(steps, list):
        for each in steps:
            yield from _keys(each)


def _pinned(name: str) -> str:
    content = (FOLDER / name).read_bytes()
    found = hashlib.sha256(content).hexdigest()
    if found != DIGESTS[name]:
        raise ConsentRulesDiffer(
            f"{FOLDER / name}: sha256 expected {DIGESTS[name]}, found {found}; no consent dialog is "
            f"touched. Put the file of {VERSION} back."
        )
    return content.decode("utf-8")
