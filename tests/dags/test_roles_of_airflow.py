"""What the words of Airflow's auth managers mean in the archive."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from fastapi import HTTPException

from storage.access_labels import Role


class LoadedRow:
    """A row of a database whose session has ended: what was not loaded cannot be asked for."""

    def __init__(self, *roles: str) -> None:
        self._sa_instance_state = object()
        self.roles = [SimpleNamespace(name=role) for role in roles]

    @property
    def groups(self) -> Any:
        raise RuntimeError("not bound to a session")

    def get_name(self) -> str:
        return "ala"


class Grouped:
    """A user of some other auth manager, who has groups."""

    groups = ("Letapis reader", "editors")

    def get_name(self) -> str:
        return "ala"


def test_each_auth_managers_words_give_a_role_and_unknown_ones_none(airflow_home: Path) -> None:
    from airflow.api_fastapi.auth.managers.simple.user import SimpleAuthManagerUser

    from plugins.archive import airflow_user

    users: dict[Any, Role] = {
        SimpleAuthManagerUser(username="ala", role="viewer"): Role.COLLECTOR,
        SimpleAuthManagerUser(username="ala", role="ADMIN"): Role.ADMINISTRATOR,
        LoadedRow("Public", "Letapis custodian"): Role.CUSTODIAN,
        LoadedRow("Admin"): Role.ADMINISTRATOR,
        Grouped(): Role.READER,
    }
    for user, role in users.items():
        viewer = airflow_user(user)
        assert (viewer.name, viewer.role, viewer.every_label) == ("ala", role, False)
    for stranger in (LoadedRow("Viewer"), SimpleAuthManagerUser(username="ala", role=None), LoadedRow()):
        with pytest.raises(HTTPException) as refused:
            airflow_user(stranger)  # type: ignore[arg-type]  # a stand-in for FAB's row
        assert refused.value.status_code == 403
