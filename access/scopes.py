"""What a session or a token may be used for: each scope stands for the routes of one role.

In: a request whose user is known. Out: names of scopes. A session has all of them; a token has those it was made
with. A scope never gives what the user's own role does not.
"""

from fastapi import Request

from access.views.tokens import SCOPES
from storage.access_labels import Role


def scopes_of(request: Request) -> frozenset[str]:
    """The scopes of this request."""
    scopes: frozenset[str] = getattr(request.state, "scopes", frozenset(SCOPES))
    return scopes


def scope_of_role(role: Role) -> str:
    """The scope that routes of this role ask for."""
    return next(name for name, each in SCOPES.items() if each >= min(role, Role.CUSTODIAN))
