"""The roles of the archive in Airflow's FAB auth manager, with what each may do in Airflow.

In: a logged-in `AirflowApi` of an administrator. Out: each role with whether it was made. Another auth manager
has no such roles: none is made, and the setting ``LETAPIS_ROLES`` says what its own mean. Guaranteed: a role
that is there stays as it is. All three look at DAGs, runs and logs and change nothing in Airflow: what people
start, the pages start for them (`pipeline.collect.request_desk`). Source: provider-fab 3.10,
`auth_manager/api_fastapi/routes/roles.py` and `auth_manager/security_manager/override.py` (Viewer), read
2026-11.
"""

from collections.abc import Iterator, Mapping
from http import HTTPStatus
from typing import Any, Final
from urllib.parse import quote

from pipeline.airflow_api import AirflowApi, AirflowRefused

ROLES: Final = ("Letapis reader", "Letapis collector", "Letapis custodian")
"""Administrators have FAB's own role Admin."""

READ: Final = (
    "DAGs",
    "DAG Dependencies",
    "DAG Code",
    "DAG Runs",
    "DAG Versions",
    "DAG Warnings",
    "Assets",
    "Asset Aliases",
    "Backfills",
    "Cluster Activity",
    "Pools",
    "ImportError",
    "Jobs",
    "My Password",
    "My Profile",
    "Plugins",
    "Task Instances",
    "Task Logs",
    "XComs",
    "HITL Detail",
    "Website",
)
EDIT: Final = ("My Password", "My Profile")
MENUS: Final = ("Browse", "DAGs", "DAG Dependencies", "DAG Runs", "Assets", "Cluster Activity", "Task Instances")

PATH: Final = "/auth/fab/v1/roles"


def ensure_roles(api: AirflowApi) -> Iterator[tuple[str, bool]]:
    """Make the roles that are missing: each with whether it was made; nothing where the auth manager is another.

    Raises `AirflowRefused` where this account may not make roles.
    """
    try:
        api.get(f"{PATH}?limit=1", what="list roles")
    except AirflowRefused as refused:
        if refused.status in (HTTPStatus.NOT_FOUND, HTTPStatus.METHOD_NOT_ALLOWED):
            return
        raise
    for name in ROLES:
        yield name, _ensure_role(api, name)


def _ensure_role(api: AirflowApi, name: str) -> bool:
    try:
        api.get(f"{PATH}/{quote(name)}", what=f"show the role {name}")
    except AirflowRefused as refused:
        if refused.status != HTTPStatus.NOT_FOUND:
            raise
        api.post(PATH, {"name": name, "actions": list(_actions())}, what=f"make the role {name}")
        return True
    return False


def _actions() -> Iterator[Mapping[str, Any]]:
    for action, resources in (("can_read", READ), ("can_edit", EDIT), ("menu_access", MENUS)):
        yield from ({"action": {"name": action}, "resource": {"name": each}} for each in resources)
