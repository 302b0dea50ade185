"""What somebody may do here, from the words by which the host knows them: its roles and groups.

In: words such as ``Letapis collector`` or ``simple:viewer``, and the operator's own (setting ``LETAPIS_ROLES``).
Out: a `Role`, the highest that one of the words gives; None for somebody none of whose words is known, who then
sees nothing.
"""

from collections.abc import Iterable, Mapping
from typing import Final

from storage.access_labels import Role

ROLE_NAMES: Final[Mapping[str, Role]] = {role.name.lower(): role for role in Role}
"""Our roles as settings name them."""

SIMPLE: Final = "simple:"
"""What stands before a role of Airflow's simple auth manager, whose names others use for something else."""

WORDS: Final[Mapping[str, Role]] = {
    # made by `letapis prepare` in Airflow's FAB auth manager
    "Letapis reader": Role.READER,
    "Letapis collector": Role.COLLECTOR,
    "Letapis custodian": Role.CUSTODIAN,
    "Admin": Role.ADMINISTRATOR,
    # the simple auth manager, for one machine: whoever looks at runs there may also ask for pages
    f"{SIMPLE}viewer": Role.COLLECTOR,
    f"{SIMPLE}user": Role.COLLECTOR,
    f"{SIMPLE}op": Role.CUSTODIAN,
    f"{SIMPLE}admin": Role.ADMINISTRATOR,
}


def role_of(words: Iterable[str], own: Mapping[str, str]) -> Role | None:
    """The highest role of the words; ``own`` gives more words, each with one of `ROLE_NAMES`."""
    known = {**WORDS, **{word: ROLE_NAMES[name] for word, name in own.items()}}
    return max((known[word] for word in words if word in known), default=None)
