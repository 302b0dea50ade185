"""Carries out purges with the keys of the settings; the embedded store then gives up the blocks as well.

In: settings and their archive, who acts. Out: every `Purge`, with what is left of it. For a day after a removal
each run asks the store again, since one may have been killed, or have come too early. Raises what
`storage.integrity.purge` raises.
"""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Final

from pipeline.config.archive_factory import open_removers
from pipeline.config.purge_keys import uses_embedded_store
from pipeline.config.settings import Settings
from pipeline.devstack.freed_blocks import free_blocks
from storage.archive import Archive
from storage.integrity.purge import Purge, tend_purges
from storage.objects.model import PRIMARY

AGAIN_FOR: Final = timedelta(days=1)


def run_purges(
    settings: Settings, archive: Archive, *, actor: str, on_progress: Callable[[str], None] = lambda _: None
) -> tuple[Purge, ...]:
    """Do of every purge what can be done now."""
    done = tend_purges(archive, open_removers(settings), actor=actor, on_progress=on_progress)
    since = datetime.now(UTC) - AGAIN_FOR
    removed = any(
        old.store == PRIMARY and old.removed_at is not None and old.removed_at > since
        for each in done
        for old in each.old
    )
    if removed and uses_embedded_store(settings) and not free_blocks(settings.data / "store"):
        on_progress("The embedded store did not compact its volumes; the next run asks it again.")
    return done
