"""Nothing that people said stands in the store in clear: no byte of any object has a word of it.

What the web said stands in WARC files, which are searched as well: they carry commitments alone.
"""

import gzip
from pathlib import Path
from typing import Final

from pipeline.preserve.audit import audit
from pipeline.preserve.replicate import replicate_pending
from pipeline.preserve.verify import verify, verify_store_alone
from processors.digest import sha256
from processors.similarity.clustering import Verdict
from storage.archive import Archive
from storage.deposit.deposit import deposit_file
from storage.ledger.access_log import log_access
from storage.ledger.batches import store_batches
from storage.ledger.chain import read_chain
from storage.ledger.crawl_facts import Fact, begin_collection, end_collection
from storage.ledger.harvests import begin_harvest, end_harvest
from storage.ledger.judgements import judge
from storage.ledger.requests import insert_request
from tests.storage.crawled_files import crawl_one, exchange, response

WORDS: Final = {
    "actor": "akciorka-qzx",
    "reason": "prychyna-wvk",
    "case": "sprava-jtr",
    "machine": "mashyna-hgf",
    "address": "203.0.113.77",
    "file name": "imia-faila-pkl",
    "judgement": "toj-samy-plakat-mnb",
    "url": "patajemny-adras-cvz.example",
    "failure": "niauchacha-lop",
    "detail": "poshuk-dsa",
}


def test_no_byte_of_any_object_has_a_word_that_a_person_said(copied_archive: Archive, tmp_path: Path) -> None:
    archive = copied_archive
    actor = WORDS["actor"]
    facts = {
        "requested_by": Fact(actor),
        "reason": Fact(WORDS["reason"]),
        "case": Fact(WORDS["case"]),
        "machine": Fact(WORDS["machine"]),
        "egress_address": Fact(None, f"nobody told {WORDS['address']}"),
    }
    begin_collection(archive, crawl_id="01J", source_id="kanal", actor=actor, facts=facts)
    brought = tmp_path / f"{WORDS['file name']}.warc.gz"
    crawl_one(tmp_path, [exchange("https://t.me/s/kanal", response(b"page"))]).rename(brought)
    deposit_file(archive, brought, source_id="kanal", actor=actor)
    end_collection(archive, crawl_id="01J", actor=actor, details={"failures": {"kanal": WORDS["failure"]}})
    begin_harvest(archive, "h1", actor=actor, due_at=None, sources=["kanal"], covers_watchlist=True)
    end_harvest(archive, "h1", actor=actor, failures={"kanal": WORDS["failure"]}, network=None)
    judge(archive, sha256(b"one"), sha256(b"other"), Verdict.SAME, author=actor, reason=WORDS["judgement"])
    with archive.writer.begin() as connection:
        insert_request(
            connection,
            actor=actor,
            urls=[f"https://{WORDS['url']}/"],
            reason=WORDS["reason"],
            case_reference=WORDS["case"],
        )
    log_access(archive, actor=actor, action="viewed", subject_id="x", details={"text": WORDS["detail"]})
    store_batches(archive, actor=actor)
    audit(archive, weeks=1, actor=actor, renew=True)
    verify(archive, actor=actor)
    replicate_pending(archive, actor=actor)

    told = [repr(each.entry) for each in read_chain(archive.objects, archive.sealing).entries]
    assert {each for each in ("actor", "reason", "file name", "judgement") if WORDS[each] in " ".join(told)} == {
        "actor",
        "reason",
        "file name",
        "judgement",
    }
    assert archive.replica is not None
    for store in (archive.objects, archive.replica):
        found = {version.key: store.read(version.key, version.version_id) for version in store.list()}
        assert {key.partition("/")[0] for key in found} == {"warc", "custody", "sealed"}
        for key, content in found.items():
            plain = gzip.decompress(content) if key.endswith(".gz") else content
            assert [word for word in WORDS.values() if word.encode() in plain or word in key] == []
        assert [each.problems for each in verify_store_alone(store, keys=archive.sealing) if not each.ok] == []
