"""Mounts the archive's pages at /archive inside Airflow's UI, for whoever Airflow knows.

Thin: the pages are `access`; here Airflow's user becomes their `Viewer`, and Airflow's words for what the user may
do (roles of the simple and the FAB auth manager, roles or groups of others) become our role. The archive is opened
at the first question, so that an API server starts whether or not store and database already run. A change here
needs its restart.
"""

from collections.abc import Iterable, Iterator
from functools import cache
from http import HTTPStatus
from typing import Any

from airflow.api_fastapi.auth.managers.simple.user import SimpleAuthManagerUser
from airflow.api_fastapi.core_api.security import GetUserDep
from airflow.plugins_manager import AirflowPlugin
from fastapi import FastAPI, HTTPException

from access.app import create_app
from access.replay.door import ReplayDoor
from access.roles import SIMPLE, role_of
from pipeline.collect.receiving_desk import FilesDesk
from pipeline.collect.request_desk import AirflowRequestDesk
from pipeline.config.archive_factory import open_archive, replay_door
from pipeline.config.settings import Settings, load_settings
from pipeline.handover.desk import ExportDesk
from pipeline.handover.receipts.desk import SigningReceiptDesk
from pipeline.handover.redaction.desk import CopiesDesk
from pipeline.operations.desk import SettingsOperationsDesk
from pipeline.setup.machine_desk import SettingsMachineDesk
from pipeline.sources.sources_desk import AddingDesk
from storage.access_labels import Viewer
from storage.archive import Archive
from storage.search_index.keeper import keep_index


def airflow_user(user: GetUserDep) -> Viewer:
    """The user who is logged in; Airflow's own dependency answers 401 for anyone else.

    Raises ``HTTPException`` (403) for one whose roles and groups give no role here.
    """
    role = role_of(words_of(user), own_roles())
    if role is None:
        raise HTTPException(
            HTTPStatus.FORBIDDEN,
            "Your account has no role in the archive. Ask an administrator for one: docs/production.md, Users.",
        )
    return Viewer(user.get_name(), role)


def words_of(user: Any) -> Iterator[str]:
    """The names of the user's roles and groups, as their auth manager has them."""
    if isinstance(user, SimpleAuthManagerUser):
        yield f"{SIMPLE}{(user.role or '').lower()}"
        return
    # FAB's user is a row whose session has ended: of it only what was loaded can be asked for
    loaded = vars(user) if hasattr(user, "_sa_instance_state") else None
    for name in ("roles", "groups"):
        found = getattr(user, name, None) if loaded is None else loaded.get(name)
        if isinstance(found, Iterable) and not isinstance(found, str):
            yield from (str(getattr(each, "name", each)) for each in found)


@cache
def own_roles() -> dict[str, str]:
    """What the operator has said of further roles and groups."""
    return dict(load_settings().roles)


def running_settings() -> Settings:
    """The settings of this moment."""
    return load_settings()


def running_archive() -> Archive:
    """The archive that the settings of this moment name."""
    return open_archive(running_settings())


def keep_search_index(archive: Archive) -> None:
    """Bring the search index of this host up to date for as long as this process lives."""
    if archive.search_folder is not None:
        keep_index(archive.reader, archive.search_folder)


def running_replay() -> ReplayDoor | None:
    """The door to the replay host that the settings of this moment name; None while there is none."""
    return replay_door(running_settings())


app: FastAPI = create_app(
    running_archive,
    airflow_user,
    desk=AirflowRequestDesk(running_settings),
    on_opened=keep_search_index,
    replay=running_replay,
    handover=ExportDesk(),
    operations=SettingsOperationsDesk(running_settings),
    receipts=SigningReceiptDesk(running_settings),
    redaction=CopiesDesk(),
    machine=SettingsMachineDesk(running_settings),
    receiving=FilesDesk(running_settings),
    sources=AddingDesk(running_settings),
)


class ArchivePlugin(AirflowPlugin):
    """The pages and their entry in Airflow's navigation."""

    name = "archive"
    fastapi_apps = [{"app": app, "url_prefix": "/archive", "name": "Archive"}]  # noqa: RUF012 - so declared by Airflow
    external_views = [  # noqa: RUF012 - so declared by Airflow
        {
            "name": "Archive",
            "href": "/archive/",
            "destination": "nav",
            "url_route": "archive",
            "nav_top_level": True,
        }
    ]
