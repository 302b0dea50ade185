"""A program: people log in by `deploy/people/oidc.py` through Airflow's FAB auth manager, its tables in SQLite.

In: the environment of `tests.test_people_logins`, a JSON list of names with groups. Out: a line of JSON for each
login: status and place it ended at, the roles of the account. Airflow is loaded here and not in a test's process.
"""

import json
import os
import sys
from urllib.parse import urlsplit

import httpx

from pipeline.airflow_roles import ROLES
from tests.oidc_provider import CLIENT, OidcProvider


def main() -> None:
    """Entry point: ``python -m tests.fab_logins LOGINS``."""
    provider = OidcProvider()
    os.environ |= {"OIDC_ISSUER": provider.issuer, "OIDC_CLIENT_ID": CLIENT}
    from airflow.api_fastapi.app import init_auth_manager
    from airflow.providers.fab.auth_manager.api_fastapi.routes.login import _get_flask_app
    from airflow.providers.fab.www.utils import get_fab_auth_manager

    init_auth_manager()
    app = _get_flask_app()  # type: ignore[no-untyped-call]  # it has no types
    with app.app_context():
        manager = get_fab_auth_manager().security_manager
        for role in ROLES:
            manager.add_role(role)
    for name, groups in json.loads(sys.argv[1]):
        provider.person = {
            "sub": f"id-{name}",
            "preferred_username": name,
            "given_name": name.title(),
            "family_name": "Prydumanaja",
            "email": f"{name}@example.org",
            "groups": groups,
        }
        browser = app.test_client()
        leaving = browser.get("/login/oidc").headers["Location"]
        back = urlsplit(httpx.get(leaving, trust_env=False).headers["Location"])
        ended = browser.get(back.path, query_string=back.query)
        with app.app_context():
            user = manager.find_user(username=name)
            row = {
                "name": name,
                "status": ended.status_code,
                "to": ended.headers["Location"],
                "roles": [] if user is None else sorted(role.name for role in user.roles),
                "logins": None if user is None else user.login_count,
                "asked": provider.asked[-1],
            }
        sys.stdout.write(json.dumps(row) + "\n")
    provider.close()


if __name__ == "__main__":
    main()
