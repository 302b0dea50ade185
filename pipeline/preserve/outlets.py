"""The outlets that the settings name: places outside to which the log's checkpoints go."""

from pathlib import Path

from pipeline.config.outlet_file import (
    DeclaredCalendar,
    DeclaredEmail,
    DeclaredGit,
    DeclaredOutlet,
    DeclaredTimeAuthority,
    DeclaredWebhook,
    DeclaredWitness,
    read_outlet_file,
)
from pipeline.config.settings import Settings
from pipeline.preserve.outlet_kinds.git_remote import GitOutlet
from pipeline.preserve.outlet_kinds.messages import EmailOutlet, WebhookOutlet
from pipeline.preserve.outlet_kinds.outside_time import OpenTimestampsOutlet, TimeAuthorityOutlet
from pipeline.preserve.outlet_kinds.witness import WitnessOutlet
from processors.transparency_log.signed_note import VerifierKey
from storage.archive import Archive
from storage.log.checkpoints import newest_in_ledger
from storage.log.outlets import Outlet
from storage.log.second_store import SecondStore


def configured_outlets(settings: Settings, archive: Archive) -> tuple[Outlet, ...]:
    """Every configured outlet; empty where none is, and the owner could rewrite the archive unnoticed.

    Raises `pipeline.config.outlet_file.OutletFileError`.
    """
    second = () if archive.replica is None else (SecondStore(archive),)
    if settings.outlets is None:
        return second
    declared = read_outlet_file(settings.outlets)
    with archive.reader.connect() as connection:
        newest = newest_in_ledger(connection)
    origin = None if newest is None else newest.checkpoint.origin
    return (*second, *(_outlet(each, archive, settings.data / "outlets", origin) for each in declared))


def _outlet(declared: DeclaredOutlet, archive: Archive, folder: Path, origin: str | None) -> Outlet:
    match declared:
        case DeclaredWitness(name=name, url=url, key=key):
            return WitnessOutlet(name, url.rstrip("/"), VerifierKey.parse(key), origin, archive.objects)
        case DeclaredTimeAuthority(name=name, url=url, roots=roots):
            return TimeAuthorityOutlet(name, url, roots)
        case DeclaredCalendar(name=name, url=url):
            return OpenTimestampsOutlet(name, url.rstrip("/"))
        case DeclaredWebhook(name=name, url=url):
            return WebhookOutlet(name, url)
        case DeclaredEmail():
            return EmailOutlet(
                name=declared.name,
                host=declared.host,
                port=declared.port,
                sender=declared.sender,
                receivers=declared.receivers,
                starttls=declared.starttls,
                user=declared.user,
                password_file=declared.password_file,
            )
        case DeclaredGit(name=name, remote=remote, branch=branch):
            return GitOutlet(name, remote, branch, folder / name)
