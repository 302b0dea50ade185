"""Checks the machine on which the pages are served, for the page of administrators.

In: how to read the settings of this moment. Out: rows of `pipeline.setup.doctor`, as `letapis doctor` prints them.
Raises nothing: settings that contradict themselves are a check that is missing.
"""

import socket
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from pipeline.config.settings import Settings, SettingsError


class SettingsMachineDesk:
    """The desk of an installation."""

    def __init__(self, settings: Callable[[], Settings]) -> None:
        self._settings = settings

    def host(self) -> str:
        """The name of this machine."""
        return socket.gethostname()

    def checks(self) -> Sequence[Mapping[str, Any]]:
        """Every check; may take half a minute, most of it for the start of a Chromium."""
        from pipeline.setup.doctor import Check, examine, label_of  # not at the start of the API server

        try:
            settings = self._settings()
        except SettingsError as problem:
            return (
                asdict(Check("Settings", "missing", str(problem), "Correct them; `letapis doctor` reads them.")),
            )
        return tuple({**asdict(check), "name": label_of(check.name)} for check in examine(settings))
