"""Mounts the archive's pages at /archive inside Airflow's UI, for whoever Airflow knows.

Thin: the pages are `access`; here Airflow's user becomes their `Viewer`. The archive is opened at the first
question, so that an API server starts whether or not store and database already run. A change here needs its
restart.
"""

from airflow.api_fastapi.auth.managers.models.base_user import BaseUser
from airflow.api_fastapi.core_api.security import GetUserDep
from airflow.plugins_manager import AirflowPlugin
from fastapi import FastAPI

from access.app import create_app
from pipeline.config.archive_factory import open_archive
from pipeline.config.settings import load_settings
from storage.access_labels import Viewer
from storage.archive import Archive


def airflow_user(user: GetUserDep) -> Viewer:
    """The user who is logged in; Airflow's own dependency answers 401 for anyone else."""
    return Viewer(user.get_name(), administrator=is_administrator(user))


def is_administrator(user: BaseUser) -> bool:
    """Whether Airflow calls the user an administrator, who has one role or several, as the auth manager gives."""
    named = [getattr(user, "role", None), *(getattr(each, "name", None) for each in getattr(user, "roles", ()))]
    return any(str(name).lower() == "admin" for name in named)


def running_archive() -> Archive:
    """The archive that the settings of this moment name."""
    return open_archive(load_settings())


app: FastAPI = create_app(running_archive, airflow_user)


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
