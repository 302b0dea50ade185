"""What tests of `deploy/` know of names: settings of ours and of Airflow, commands, variables in files."""

import re
import sys
from configparser import RawConfigParser
from dataclasses import fields
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Final

import yaml
from typer.exceptions import TyperException
from typer.main import get_group

from pipeline.cli import app
from pipeline.config.parsing import EGRESS_PREFIX
from pipeline.config.settings import NOT_VARIABLES, ROOT, Settings

DEPLOY: Final = ROOT / "deploy"
PROGRAMS: Final = Path(sys.executable).parent
"""Where the programs of the development group are."""

CELERY_OPTIONS: Final = {"celery": {"broker_url", "result_backend"}}
"""Options of apache-airflow-providers-celery 3.26.0 that Airflow's own list of its providers' leaves out."""

AIRFLOW_COMMANDS: Final = {
    "api-server",
    "scheduler",
    "dag-processor",
    "triggerer",
    "celery worker",
    "db migrate",
    "db check-migrations",
    "jobs check",
}


def our_variables() -> set[str]:
    """Every `LETAPIS_...` that something reads."""
    settings = {f"LETAPIS_{each.name.upper()}" for each in fields(Settings) if each.name not in NOT_VARIABLES}
    return settings | {"LETAPIS_ROOT"}  # airflow.cfg reads this one


@cache
def airflow_options() -> dict[str, set[str]]:
    """Airflow's options by section, with those of its providers and those that airflow.cfg names."""
    spec = find_spec("airflow")
    assert spec is not None
    assert spec.origin is not None
    templates = Path(spec.origin).parent / "config_templates"
    found: dict[str, set[str]] = {name: set(options) for name, options in CELERY_OPTIONS.items()}
    for section, content in yaml.safe_load((templates / "config.yml").read_text("utf-8")).items():
        found.setdefault(section, set()).update(content["options"])
    of_providers = RawConfigParser(strict=False)
    of_providers.read(templates / "provider_config_fallback_defaults.cfg")
    for section in of_providers.sections():
        found.setdefault(section, set()).update(of_providers.options(section))
    return found


def unknown_variables(text: str) -> list[str]:
    """Variables in a file that neither Letapis nor Airflow knows."""
    ours = our_variables()
    unknown = [
        name
        for name in re.findall(r"\bLETAPIS_[A-Z0-9_]+\b", text)
        if name not in ours and not name.startswith(EGRESS_PREFIX)
    ]
    for name in re.findall(r"\bAIRFLOW__[A-Z0-9_]+\b", text):
        _, section, option = name.lower().split("__", 2)
        if option.removesuffix("_cmd") not in airflow_options().get(section, set()):
            unknown.append(name)
    return unknown


def is_known_command(words: list[str]) -> bool:
    """Whether a container's command is one of Letapis or of Airflow."""
    if words[0] == "letapis":
        return _is_parsed(words[1], words[2:])
    return words[0] == "airflow" and (words[1] in AIRFLOW_COMMANDS or " ".join(words[1:3]) in AIRFLOW_COMMANDS)


def _is_parsed(name: str, arguments: list[str]) -> bool:
    """Whether the command's own parser takes the arguments; nothing is run."""
    command = get_group(app).commands.get(name)
    if command is None:
        return False
    if "--help" in arguments:
        return True
    try:
        command.make_context(name, list(arguments))
    except TyperException:
        return False
    return True
