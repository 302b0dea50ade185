"""Who runs a command, as custody and ledger name them."""

import getpass
import os


def current_user() -> str:
    """The user's name; in a container that gave them none, their number."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return f"uid {os.getuid()}"
