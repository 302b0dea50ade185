"""Answers the machines that ask the API server how the archive is: orchestrators, and Prometheus.

In: how to read the settings of this moment. Out: rows and bytes for `access.operations_gate`. A change of the
settings counts at the next question. Raises nothing: settings that contradict themselves are a failed part.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from pipeline.config.settings import Settings, SettingsError


class SettingsOperationsDesk:
    """The operations desk of an installation."""

    def __init__(self, settings: Callable[[], Settings]) -> None:
        self._settings = settings

    def readiness(self) -> Sequence[Mapping[str, Any]]:
        """Every part, as JSON-ready rows."""
        from pipeline.operations.readiness import parts_of

        try:
            settings = self._settings()
        except SettingsError:
            reason = "The settings of this process contradict themselves; `letapis doctor` names what is wrong."
            return ({"name": "settings", "state": "failed", "reason": reason},)
        return tuple(asdict(part) for part in parts_of(settings))

    def metrics_token(self) -> str | None:
        """The token of the settings."""
        try:
            return self._settings().metrics_token
        except SettingsError:
            return None

    def metrics(self) -> tuple[bytes, str]:
        """The figures in Prometheus' text form."""
        # not at the start of the API server: pages are served without it
        from pipeline.operations.exposition import MEDIA_TYPE, as_text
        from pipeline.operations.samples import all_samples

        return as_text(all_samples(self._settings())), MEDIA_TYPE
