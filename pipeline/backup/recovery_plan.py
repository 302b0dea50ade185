"""What a recovery would do on this machine, thing by thing, before anything is written.

In: contents of a backup, the variables that are given here, the file that gets the settings. Out: `RecoveryPlan`.
Settings that are given here stay; a file that differs from the backup's is a conflict, which only ``replace``
resolves. Raises `OfNewerVersionError` of what this version does not know, and `SettingsError`. Changes nothing.
"""

import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Final

from pipeline.backup.contents import Contents, KeptThing, OfNewerVersionError
from pipeline.backup.gathering import (
    AIRFLOW,
    AIRFLOW_FILES,
    AIRFLOW_VARIABLES,
    LAST_CHECKPOINT,
    LOG_KEY,
    LOGIN_KEYS,
    NAMED_FILE,
    NEXT_LOG_KEY,
    OUTLETS,
    PACKAGE_KEY,
    SEALING_KEYS,
    SETTINGS,
    WATCHLIST,
)
from pipeline.backup.variables import as_dotenv, is_setting, merged
from pipeline.config.settings import Settings, SettingsError, load_settings
from processors.transparency_log.checkpoint import read_checkpoint
from processors.transparency_log.signed_note import NoteRefusedError
from storage.log.key_file import LAST_SIGNED, NEXT_KEY
from storage.migrations import knows_schema

AIRFLOW_VARIABLES_FILE: Final = "airflow-variables.env"
"""In the data folder; who runs an Airflow of their own brings its lines to where that reads its variables."""

NEEDS_FILES: Final = frozenset({"LETAPIS_TIME_AUTHORITIES"})
"""Settings that are refused while the files they name are not there."""


class Action(StrEnum):
    """What becomes of one thing."""

    PLACED = "placed"
    """Nothing stood there."""
    COMPLETED = "completed"
    """The file of settings gets the lines that it lacks."""
    SAME = "same"
    """The same bytes stand there."""
    REPLACED = "replaced"
    """Others stood there, and are kept beside."""
    NEWER = "newer"
    """What is here is newer, and stays."""
    DIFFERS = "differs"
    """Others stand there; nothing is written."""


@dataclass(frozen=True, slots=True)
class Placement:
    """One thing, and where it goes."""

    name: str
    what: str
    path: Path
    action: Action
    content: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class RecoveryPlan:
    """All placements in their order, the settings last: what they name is there before they name it.

    ``values`` are the settings afterwards, as variables; ``kept`` the names of those that have another value here
    than in the backup, ``left_out`` those that belong to a store, database or Airflow other than that named here.
    """

    placements: tuple[Placement, ...]
    values: Mapping[str, str] = field(repr=False)
    added: tuple[str, ...]
    kept: tuple[str, ...]
    left_out: tuple[str, ...]

    @property
    def conflicts(self) -> tuple[Placement, ...]:
        """What keeps the recovery from beginning."""
        return tuple(each for each in self.placements if each.action is Action.DIFFERS)

    def settings(self, *, files_are_there: bool) -> Settings:
        """The settings afterwards; before files are placed, without those that need them."""
        needed = frozenset() if files_are_there else NEEDS_FILES
        return load_settings(
            {name: value for name, value in self.values.items() if name not in needed}, dotenv=Path(os.devnull)
        )


def plan_recovery(
    contents: Contents, given: Mapping[str, str], settings_file: Path, *, replace: bool
) -> RecoveryPlan:
    """What is to be done; ``given`` are the settings here, those of ``settings_file`` among them."""
    if not knows_schema(contents.manifest.schema):
        raise OfNewerVersionError(f"tables {contents.manifest.schema} (Letapis {contents.manifest.software})")
    backed_up = _variables(contents)
    values = merged(backed_up, given)
    plan = RecoveryPlan(
        placements=(),
        values=values,
        added=tuple(sorted(values.keys() - given.keys())),
        kept=tuple(sorted(name for name in backed_up.keys() & given.keys() if backed_up[name] != given[name])),
        left_out=tuple(sorted(backed_up.keys() - values.keys())),
    )
    settings = plan.settings(files_are_there=False)
    placements = list(_placements(contents, settings, replace=replace))
    placements.append(_settings_file(contents, settings_file, values))
    return RecoveryPlan(tuple(placements), values, plan.added, plan.kept, plan.left_out)


def _variables(contents: Contents) -> dict[str, str]:
    stated = json.loads(contents.bytes_of.get(SETTINGS, b"{}"))
    return {name: str(value) for name, value in stated.items() if is_setting(name)}


def _placements(contents: Contents, settings: Settings, *, replace: bool) -> Iterator[Placement]:
    same_key = True
    for thing in contents.manifest.things:
        if thing.name == SETTINGS:
            continue
        path, content = _destination(thing, settings), contents.bytes_of[thing.name]
        action = _action(path, content, replace=replace)
        if thing.name == LOG_KEY:
            same_key = action is Action.SAME
        if thing.name == LAST_CHECKPOINT and same_key and action in (Action.DIFFERS, Action.REPLACED):
            action = _of_checkpoint(path.read_bytes(), content, action)
        yield Placement(thing.name, thing.what, path, action, content)


def _destination(thing: KeptThing, settings: Settings) -> Path:
    log = settings.log_key_file
    known = {
        SEALING_KEYS: settings.sealing_keys_file,
        LOG_KEY: log,
        LAST_CHECKPOINT: log.with_name(f"{log.name}{LAST_SIGNED}"),
        NEXT_LOG_KEY: log.with_name(f"{log.name}{NEXT_KEY}"),
        PACKAGE_KEY: settings.package_key_file,
        LOGIN_KEYS: settings.login_keys_file,
        WATCHLIST: settings.watchlist,
        OUTLETS: settings.outlets,
        AIRFLOW_VARIABLES: settings.data / AIRFLOW_VARIABLES_FILE,
    } | {f"{AIRFLOW}{name}": settings.data / "airflow" / name for name in AIRFLOW_FILES}
    if thing.name.startswith(NAMED_FILE) and thing.path is not None:
        return Path(thing.path)
    found = known.get(thing.name)
    if found is None:
        raise OfNewerVersionError(f"{thing.name} ({thing.what})")
    return found


def _action(path: Path, content: bytes, *, replace: bool) -> Action:
    if not os.path.lexists(path):
        return Action.PLACED
    if path.is_file() and path.read_bytes() == content:
        return Action.SAME
    return Action.REPLACED if replace and path.is_file() else Action.DIFFERS


def _of_checkpoint(here: bytes, backed_up: bytes, otherwise: Action) -> Action:
    """The same key has signed both: the larger one says how far the log is, and an older one must not hide it."""
    try:
        newer = read_checkpoint(here).size >= read_checkpoint(backed_up).size
    except NoteRefusedError:
        return otherwise
    return Action.NEWER if newer else Action.REPLACED


def _settings_file(contents: Contents, path: Path, values: Mapping[str, str]) -> Placement:
    what = next((each.what for each in contents.manifest.things if each.name == SETTINGS), "settings")
    before = path.read_bytes() if path.is_file() else b""
    written = {line.partition(b"=")[0].strip().decode(errors="replace") for line in before.splitlines()}
    lacking = {name: value for name, value in values.items() if name not in written}
    try:
        lines = as_dotenv(lacking).encode()
    except ValueError as problem:
        raise SettingsError((f"{problem}: expected one line, found a line break in it.",)) from problem
    if not lines:
        return Placement(SETTINGS, what, path, Action.SAME, before)
    action = Action.COMPLETED if os.path.lexists(path) else Action.PLACED
    between = b"\n" if before and not before.endswith(b"\n") else b""
    return Placement(SETTINGS, what, path, action, before + between + lines)
