"""What every command does before its work: chooses how log lines look, and names variables that nothing reads.

In: the environment and `.env`. Out: a sentence for each misspelt variable; the form of the log in the environment,
where processes that this one starts find it. Raises `SettingsError` on another form than there is.
"""

import os
from collections.abc import Iterator, Mapping
from dataclasses import fields
from difflib import get_close_matches
from pathlib import Path
from typing import Final

from crawlers.log_lines import LOGS_AS, begin_json_lines
from pipeline.config.parsing import EGRESS_PREFIX, READERS, read_dotenv
from pipeline.config.settings import NOT_VARIABLES, ROOT, Settings, SettingsError, variable

PREFIX: Final = "LETAPIS_"
ALIKE: Final = 0.85
"""Of `difflib.SequenceMatcher.ratio`: one letter too many, too few or another in a name of five and more."""

OF_PROGRAMS: Final = ("LETAPIS_CRAWL_", "LETAPIS_ROOT", "LETAPIS_REALDATA", EGRESS_PREFIX)
"""Names that are no settings of an installation, and how names begin that are free to choose."""


def begin_command(env: Mapping[str, str] | None = None, *, dotenv: Path = ROOT / ".env") -> tuple[str, ...]:
    """Set this process's log up; returns a sentence for each variable that is misspelt."""
    variables = os.environ if env is None else env
    written, _ = read_dotenv(dotenv)  # lines that cannot be read are reported by whoever needs settings
    raw = (variables.get(LOGS_AS) or written.get(LOGS_AS) or "").strip()
    if raw:
        try:
            os.environ[LOGS_AS] = READERS["logs_as"](raw)
        except ValueError as wanted:
            raise SettingsError((f"{LOGS_AS}: expected {wanted}, found {raw!r}.",)) from wanted
    begin_json_lines()
    return tuple(misspelt([*written, *variables]))


def misspelt(names: list[str]) -> Iterator[str]:
    """A sentence for each name that is no setting and is nearly one."""
    known = {variable(each.name) for each in fields(Settings) if each.name not in NOT_VARIABLES}
    for name in dict.fromkeys(names):
        if not name.startswith(PREFIX) or name in known or name.startswith(OF_PROGRAMS):
            continue
        nearest = get_close_matches(name[len(PREFIX) :], [each[len(PREFIX) :] for each in known], 1, ALIKE)
        if nearest:
            yield f"{name}: no setting has this name, so nothing reads it; {PREFIX}{nearest[0]} is one."
