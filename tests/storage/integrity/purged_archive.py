"""An archive in two stores, something in it that is withdrawn and to be purged, and looks for bytes everywhere."""

import gzip
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path

from sqlalchemy import Engine, text

from crawlers.model.capture import Captured, Rendering, RenderingKind
from pipeline.config.settings import Settings
from pipeline.devstack.seaweedfs import ObjectStoreServer
from pipeline.process.run import process_pending
from samples.media.files import media_file
from storage.access_labels import UPKEEP
from storage.archive import Archive
from storage.catalogue.captures import Capture, captures_in
from storage.deposit.deposit import deposit_file
from storage.integrity.purge import propose_purge
from storage.integrity.withdrawal import confirm, propose_withdrawal
from storage.ledger.withdrawals import WithdrawalAct
from storage.objects.model import PRIMARY, REPLICA
from storage.objects.store import ObjectStore
from storage.objects.version_remover import VersionRemover
from tests.storage.crawled_files import NIGHT, crawl_one, exchange, response

SECRET = "https://vesnik.example/tajna?imia=Nichto"
WORDS = "Слоўы якія мусяць знікнуць"
BASIS = "Пастанова № 7"
PICTURE = media_file("tram/w800/q82").content


def page(words: str) -> bytes:
    return (
        f"<html><head><title>{words}</title></head><body><article><p>{words}</p></article></body></html>".encode()
    )


def fill(archive: Archive, folder: Path) -> tuple[str, str]:
    """Two nights; the second has a revisit of the picture. Returns the keys of both files, which are read."""
    keys = []
    for night in (0, 1):
        at = NIGHT + timedelta(days=night)
        items: list[Captured] = [
            exchange(f"https://vesnik.example/{night}", response(page(f"Застаецца {night}")), at=at),
            *([exchange(SECRET, response(page(WORDS)), at=at)] if night == 0 else []),
            *(
                [
                    Rendering(
                        kind=RenderingKind.VIEW,
                        url=SECRET,
                        page_id="1",
                        content=media_file("tram/w960/q80").content,
                        media_type="image/jpeg",
                        made_at=at,
                        made_by="test",
                    )
                ]
                if night == 0
                else []
            ),
            exchange("https://vesnik.example/p.jpg", response(PICTURE, "image/jpeg"), at=at),
        ]
        keys.append(deposit_file(archive, crawl_one(folder, items)).key)
    process_pending(archive)
    return keys[0], keys[1]


def captures(archive: Archive, key: str) -> list[Capture]:
    with archive.reader.connect() as connection:
        return list(captures_in(connection, key, viewer=UPKEEP))


def withdraw(archive: Archive, name: str) -> None:
    proposal = propose_withdrawal(archive, name, actor="ala", reason="асабовыя даныя", basis=BASIS, second="kust")
    confirm(archive, proposal.seq, actor="kust")


def order_purge(archive: Archive, name: str) -> WithdrawalAct:
    withdraw(archive, name)
    proposal, _ = propose_purge(archive, name, actor="ala", reason="суд", basis=BASIS, second="kust")
    return confirm(archive, proposal.seq, actor="kust")


def removers(settings: Settings, *servers: ObjectStoreServer) -> Mapping[str, VersionRemover]:
    names = {PRIMARY: settings.s3_bucket, REPLICA: settings.replica_bucket}
    return {
        name: VersionRemover(
            server.endpoint,
            bucket,
            access_key=server.purge_keys.access_key,
            secret_key=server.purge_keys.secret_key,
            region="us-east-1",
            name=name,
        )
        for (name, bucket), server in zip(names.items(), servers, strict=False)
    }


def found_in(store: ObjectStore, *wanted: bytes) -> list[str]:
    """Every version of every object that has one of these bytes, as it lies there or without its compression."""
    found = []
    for each in store.list():
        if each.delete_marker:
            continue
        content = store.read(each.key, each.version_id)
        plain = gzip.decompress(content) if each.key.endswith(".gz") else b""
        found += [f"{each.key} {each.version_id}" for some in wanted if some in content or some in plain]
    return found


def found_below(folder: Path, *wanted: bytes) -> list[str]:
    """Every file below the folder that has one of these bytes."""
    files = [each for each in folder.rglob("*") if each.is_file()]
    return [str(each) for each in files if any(some in each.read_bytes() for some in wanted)]


def dump(engine: Engine) -> str:
    """Every row of every table."""
    names = text(
        "SELECT format('%I.%I', table_schema, table_name) FROM information_schema.tables "
        "WHERE table_type = 'BASE TABLE' AND table_schema NOT IN ('pg_catalog', 'information_schema')"
    )
    with engine.connect() as connection:
        return "\n".join(
            str(row)
            for name in connection.scalars(names).all()
            for row in connection.execute(text(f"TABLE {name}"))
        )
