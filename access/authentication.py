"""The user of a request. A mounted app has no authentication of its own, so every route of it depends on a user.

In: a dependency of the host (Airflow's, in `plugins/archive.py`) that gives a `Viewer` or raises
``HTTPException(401)``. Out: a dependency that also keeps the viewer for the pages of the request.
"""

from collections.abc import Callable
from typing import Annotated, Any

from fastapi import Depends, Request

from storage.access_labels import Viewer

UserDependency = Callable[..., Any]
"""A FastAPI dependency that gives a `Viewer` or raises ``HTTPException(401)``."""


def store_viewer(user: UserDependency) -> UserDependency:
    """A dependency that asks ``user`` and keeps the viewer as ``request.state.viewer``."""

    def current(request: Request, viewer: Annotated[Viewer, Depends(user)]) -> Viewer:
        request.state.viewer = viewer
        return viewer

    return current
