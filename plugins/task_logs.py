"""How Airflow writes logs: no address of a watched site in them is a link.

Airflow's pages make a link of every ``http(s)://`` in the log of a task (its UI, version 3.3, read 2026-11), and a
click on it would tell a watched site who watches. Named in ``airflow.cfg`` as ``logging_config_class``: Airflow
reads `LOGGING_CONFIG` and `REMOTE_TASK_LOG` from here, and passes each line of each log through ``processors``
before it is written. Logs stay on this machine, in Airflow's own folder; `Logs` neither sends nor reads any.
"""

from functools import cache
from typing import Any

from airflow.config_templates.airflow_local_settings import DEFAULT_LOGGING_CONFIG

from processors.defanged_links import unlinked

LOGGING_CONFIG = DEFAULT_LOGGING_CONFIG


@cache
def own_address() -> str:
    """Where this stack's own pages are: links to them stay."""
    from airflow.sdk.configuration import conf  # not while Airflow is still setting its logs up

    return str(conf.get("api", "base_url", fallback="")).rstrip("/")


def without_links(logger: Any, method: str, event: dict[str, Any]) -> dict[str, Any]:
    """A line of a log as it may be shown: also the words of an error, and of those behind it."""
    return {name: _unlinked(value) for name, value in event.items()}


def _unlinked(value: Any) -> Any:
    match value:
        case str():
            return unlinked(value, own=own_address() or None)
        case dict():
            return {name: _unlinked(item) for name, item in value.items()}
        case list():
            return [_unlinked(item) for item in value]
        case tuple() if type(value) is tuple:
            return tuple(_unlinked(item) for item in value)
    return value


class Logs:
    """What Airflow asks of a place for logs; here nothing but the ``processors``."""

    processors = (without_links,)

    def upload(self, path: Any, ti: Any = None) -> None:
        """Nothing leaves this machine."""

    def read(self, relative_path: str, ti: Any) -> Any:
        """Raises ``NotImplementedError``: Airflow then reads its own folder."""
        raise NotImplementedError


REMOTE_TASK_LOG = Logs()
