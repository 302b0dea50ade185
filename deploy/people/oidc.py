"""Logins by OpenID Connect, for Airflow's FAB auth manager: `AIRFLOW__FAB__CONFIG_FILE` names this file.

What to set, and what each group may do: docs/people.md. Nothing secret stands here. Every login takes the groups
anew from the provider, so who leaves a group there has lost the role here within 30 seconds of the next login.
"""

import os
from pathlib import Path

from flask_appbuilder.const import AUTH_OAUTH

AUTH_TYPE = AUTH_OAUTH

# Whoever the provider lets in gets an account here; without one of the groups below it may do nothing.
AUTH_USER_REGISTRATION = True
AUTH_USER_REGISTRATION_ROLE = "Public"
AUTH_ROLES_SYNC_AT_LOGIN = True
AUTH_ROLES_MAPPING = {
    "letapis-readers": ["Letapis reader"],
    "letapis-collectors": ["Letapis collector"],
    "letapis-custodians": ["Letapis custodian"],
    "letapis-administrators": ["Admin"],
}

OAUTH_PROVIDERS = [
    {
        # A name that FAB does not know by itself: it then asks the provider's userinfo endpoint for
        # preferred_username, given_name, family_name, email and groups.
        "name": "oidc",
        "icon": "fa-key",
        "token_key": "access_token",
        "remote_app": {
            "client_id": os.environ["OIDC_CLIENT_ID"],
            "client_secret": Path(os.environ["OIDC_CLIENT_SECRET_FILE"]).read_text("utf-8").strip(),
            "server_metadata_url": os.environ["OIDC_ISSUER"].rstrip("/") + "/.well-known/openid-configuration",
            "client_kwargs": {
                "scope": os.environ.get("OIDC_SCOPE", "openid profile email groups"),
                "code_challenge_method": "S256",
            },
        },
    }
]
