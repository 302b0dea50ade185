"""The outlets that the settings name: places outside to which the log's checkpoints go."""

from pipeline.config.settings import Settings
from storage.archive import Archive
from storage.log.outlets import Outlet
from storage.log.second_store import SecondStore


def configured_outlets(settings: Settings, archive: Archive) -> tuple[Outlet, ...]:
    """Every configured outlet; empty where none is, and the owner could rewrite the archive unnoticed."""
    return () if archive.replica is None else (SecondStore(archive),)
