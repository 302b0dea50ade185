"""Logins by LDAP or Active Directory, for Airflow's FAB auth manager: `AIRFLOW__FAB__CONFIG_FILE` names this file.

What to set, and what each group may do: docs/people.md. Nothing secret stands here. It needs python-ldap, which is
not in our lock. Every login takes the groups anew from the directory.
"""

import os
from pathlib import Path

from flask_appbuilder.const import AUTH_LDAP

AUTH_TYPE = AUTH_LDAP

AUTH_LDAP_SERVER = os.environ["LDAP_SERVER"]
# A password never goes over an open line: an ldaps:// address, or STARTTLS.
AUTH_LDAP_USE_TLS = not AUTH_LDAP_SERVER.startswith(("ldaps://", "ldapi://"))
AUTH_LDAP_TLS_DEMAND = True
AUTH_LDAP_ALLOW_SELF_SIGNED = False
if "LDAP_CA_FILE" in os.environ:
    AUTH_LDAP_TLS_CACERTFILE = os.environ["LDAP_CA_FILE"]

# An account that may only search: it finds the person, whose own password is then tried.
AUTH_LDAP_BIND_USER = os.environ["LDAP_BIND_USER"]
AUTH_LDAP_BIND_PASSWORD = Path(os.environ["LDAP_BIND_PASSWORD_FILE"]).read_text("utf-8").strip()
AUTH_LDAP_SEARCH = os.environ["LDAP_PEOPLE"]
AUTH_LDAP_UID_FIELD = os.environ.get("LDAP_UID_FIELD", "uid")  # Active Directory: sAMAccountName
AUTH_LDAP_GROUP_FIELD = "memberOf"

# Whoever the directory lets in gets an account here; without one of the groups below it may do nothing.
AUTH_USER_REGISTRATION = True
AUTH_USER_REGISTRATION_ROLE = "Public"
AUTH_ROLES_SYNC_AT_LOGIN = True
AUTH_ROLES_MAPPING = {
    f"cn=letapis-readers,{os.environ['LDAP_GROUPS']}": ["Letapis reader"],
    f"cn=letapis-collectors,{os.environ['LDAP_GROUPS']}": ["Letapis collector"],
    f"cn=letapis-custodians,{os.environ['LDAP_GROUPS']}": ["Letapis custodian"],
    f"cn=letapis-administrators,{os.environ['LDAP_GROUPS']}": ["Admin"],
}
