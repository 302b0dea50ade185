from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import pytest
from sqlalchemy import select, update

from pipeline.handover.choosing import MOST_EXHIBITS, Choice, ChoiceRefusedError, Preview, preview
from pipeline.handover.freezing import freeze, recipient_of
from pipeline.handover.register import changes_since, choice_of_supplement, register_package
from pipeline.handover.selection import CaptureRole, DisclosureLevel, FrozenSelection, WhyLeftOut
from processors.digest import sha256
from storage.access_labels import EVERYONE, Role, Viewer
from storage.archive import Archive
from storage.catalogue.captures import captures_of
from storage.catalogue.records import records_of_capture
from storage.catalogue.tables import captures
from storage.deposit.deposit import deposit_file
from storage.ledger.disclosures import disclosures_to
from storage.ledger.tables import exhibits
from tests.pipeline.handover.handed_channel import CHANNEL, PHOTO, POST
from tests.storage.crawled_files import KANAL, NIGHT, crawl_one, exchange, response
from tests.storage.labelled_archive import CASE, OPEN, SECRET, Labelled

COURT, PUBLIC = DisclosureLevel.COURT, DisclosureLevel.PUBLIC
MEMBER = Viewer("ala", Role.CUSTODIAN)
STRANGER = Viewer("basia", Role.CUSTODIAN)
RECIPIENT = recipient_of("Regional Court", "court", "12/2026", "lt")


def capture_ids(archive: Archive, url: str) -> list[str]:
    with archive.reader.connect() as connection:
        return [each.id for each in captures_of(connection, url)]


def the_post(archive: Archive) -> str:
    with archive.reader.connect() as connection:
        posts = records_of_capture(connection, capture_ids(archive, CHANNEL)[0])
        return next(each.record_id for each in posts if each.content["post_id"] == 15)


def roles_of(seen: Preview) -> Counter[str]:
    (only,) = seen.exhibits
    return Counter(str(each.role) for each in only.draft.captures)


@contextmanager
def labelled_as(archive: Archive, label: str, *ids: str) -> Iterator[None]:
    """As if these captures had another label."""
    with archive.reader.connect() as connection:
        query = select(captures.c.id, captures.c.access_label).where(captures.c.id.in_(ids))
        before = {row.id: row.access_label for row in connection.execute(query)}
    with archive.writer.begin() as connection:
        connection.execute(update(captures).where(captures.c.id.in_(ids)).values(access_label=label))
    try:
        yield
    finally:
        with archive.writer.begin() as connection:
            for capture_id, kept in before.items():
                connection.execute(update(captures).where(captures.c.id == capture_id).values(access_label=kept))


def test_a_post_goes_with_its_neighbours_versions_photo_and_failed_captures(handed: Labelled) -> None:
    record = the_post(handed.archive)
    seen = preview(handed.archive, Choice(ids=(record,)), PUBLIC, viewer=EVERYONE)
    (only,) = seen.exhibits
    with handed.archive.reader.connect() as connection:
        shown = {
            each.record_id: each.content["post_id"]
            for each in records_of_capture(connection, capture_ids(handed.archive, CHANNEL)[1])
        }
    assert sorted(shown[each] for each in only.draft.record_ids) == list(range(5, 26))
    assert only.draft.captures[0].capture_id == capture_ids(handed.archive, CHANNEL)[1]
    assert {each.capture_id for each in only.draft.captures} == {
        *capture_ids(handed.archive, CHANNEL),
        *capture_ids(handed.archive, PHOTO),
        *capture_ids(handed.archive, POST),
    }
    assert roles_of(seen) == {"subject": 1, "version": 1, "medium": 1, "failed": 1}
    assert (only.draft.title, len(only.draft.media)) == ("Convoy at the bridge, wording 1.", 1)
    assert seen.length_bytes > 0
    assert (seen.left_out, seen.refused) == ((), ())


def test_without_context_the_post_alone_goes_as_it_was_seen_last(handed: Labelled) -> None:
    record = the_post(handed.archive)
    seen = preview(handed.archive, Choice(ids=(record,), context=False), PUBLIC, viewer=EVERYONE)
    assert roles_of(seen) == {"subject": 1}
    assert seen.exhibits[0].draft.record_ids == (record,)


def test_a_search_a_source_and_days_choose_records(handed: Labelled) -> None:
    by_words = preview(handed.archive, Choice(text="convoy"), PUBLIC, viewer=EVERYONE)
    assert [each.draft.subject_id for each in by_words.exhibits] == [the_post(handed.archive)]
    by_source = preview(
        handed.archive, Choice(source="kanal", kind="telegram_post", context=False), PUBLIC, viewer=EVERYONE
    )
    assert len(by_source.exhibits) == 30


def test_what_belongs_to_a_case_goes_only_where_the_case_is_named_and_never_to_the_public(
    handed: Labelled,
) -> None:
    secret, shown = capture_ids(handed.archive, SECRET)[0], capture_ids(handed.archive, OPEN)[0]
    other = preview(handed.archive, Choice(ids=(secret, shown)), COURT, viewer=MEMBER)
    assert [(each.subject_id, each.reason) for each in other.left_out] == [(secret, WhyLeftOut.SEALED_CASE)]
    assert other.refused == (f"{secret}: It belongs to a matter other than the one that is handed over.",)
    its_own = preview(handed.archive, Choice(ids=(secret,), case=CASE), COURT, viewer=MEMBER)
    assert [each.draft.subject_id for each in its_own.exhibits] == [secret]
    to_all = preview(handed.archive, Choice(ids=(secret,), case=CASE), PUBLIC, viewer=MEMBER)
    assert (to_all.exhibits, to_all.left_out[0].reason) == ((), WhyLeftOut.SEALED_CASE)


def test_a_person_who_is_no_member_learns_nothing_of_what_the_case_has(handed: Labelled) -> None:
    secret, none = capture_ids(handed.archive, SECRET)[0], "urn:uuid:00000000-0000-0000-0000-000000000000"
    seen = preview(handed.archive, Choice(ids=(secret, none), case=CASE), COURT, viewer=STRANGER)
    assert seen.exhibits == ()
    assert [(each.subject_id, each.reason) for each in seen.left_out] == [
        (secret, WhyLeftOut.MISSING),
        (none, WhyLeftOut.MISSING),
    ]
    with pytest.raises(ChoiceRefusedError, match="no request with this reference that you may see"):
        preview(handed.archive, Choice(case=CASE), COURT, viewer=STRANGER)


def test_a_label_of_the_watch_list_opens_to_courts_and_prosecutors_alone(handed: Labelled) -> None:
    shown = capture_ids(handed.archive, OPEN)[0]
    with labelled_as(handed.archive, "вузкае кола", shown):
        by_level = {
            level: [each.reason for each in seen.left_out if each.subject_id == shown]
            for level in DisclosureLevel
            for seen in [preview(handed.archive, Choice(ids=(shown,)), level, viewer=EVERYONE)]
        }
    assert by_level == {
        DisclosureLevel.PUBLIC: [WhyLeftOut.LABEL],
        DisclosureLevel.PARTNER: [WhyLeftOut.LABEL],
        DisclosureLevel.PROSECUTOR: [],
        DisclosureLevel.COURT: [],
    }


def test_what_was_withdrawn_stays_out_and_stops_the_hand_over_where_it_was_named(handed: Labelled) -> None:
    shown = capture_ids(handed.archive, OPEN)[0]
    with labelled_as(handed.archive, "withdrawn", shown):
        seen = preview(handed.archive, Choice(ids=(shown,)), COURT, viewer=Viewer("celina"))
        with pytest.raises(ChoiceRefusedError) as refused:
            freeze(handed.archive, Choice(ids=(shown,)), RECIPIENT, viewer=Viewer("celina"))
    assert [each.reason for each in seen.left_out] == [WhyLeftOut.WITHDRAWN]
    assert str(refused.value) == (
        f"{shown}: It was withdrawn from the archive. Choose again without what is named here. "
        "Nothing was built and nothing was disclosed."
    )


def test_a_wording_that_only_another_case_has_gives_neither_title_nor_medium(handed: Labelled) -> None:
    record, (first, second) = the_post(handed.archive), capture_ids(handed.archive, CHANNEL)
    with labelled_as(handed.archive, handed.label, second):
        seen = preview(handed.archive, Choice(ids=(record,)), COURT, viewer=EVERYONE)
    assert seen.exhibits[0].draft.title == "Convoy at the bridge, wording 0."
    assert second not in {each.capture_id for each in seen.exhibits[0].draft.captures}
    assert seen.exhibits[0].draft.captures[0].capture_id == first
    assert [(each.subject_id, each.reason) for each in seen.left_out] == [(second, WhyLeftOut.SEALED_CASE)]


@pytest.mark.parametrize(
    ("choice", "said"),
    [
        (Choice(), "Nothing is chosen"),
        (Choice(text="няма такога слова"), "comes to no exhibit"),
        (Choice(case="No such case"), "no request with this reference"),
        (Choice(ids=("LTP-2026-999999",)), "LTP-2026-999999: The archive shows nothing under this id."),
        (Choice(ids=("sha256:" + "0" * 64,)), "The archive shows nothing under this id."),
    ],
)
def test_what_cannot_be_handed_over_is_refused_in_a_sentence_and_nothing_is_numbered(
    handed: Labelled, choice: Choice, said: str
) -> None:
    def numbered() -> int:
        with handed.archive.reader.connect() as connection:
            return len(connection.execute(select(exhibits)).all())

    before = numbered()
    with pytest.raises(ChoiceRefusedError, match=said) as refused:
        freeze(handed.archive, choice, RECIPIENT, viewer=EVERYONE)
    assert str(refused.value).endswith("Nothing was built and nothing was disclosed.")
    assert numbered() == before


@pytest.mark.parametrize(
    ("name", "level", "language", "said"),
    [
        ("", "court", "en", "expected a name"),
        (
            "Court",
            None,
            "en",
            "Court has no level: expected one of public, partner, prosecutor, court, found none",
        ),
        ("Court", "everybody", "en", "found everybody"),
        ("Court", "court", "english", "expected a code such as en"),
    ],
)
def test_a_recipient_needs_a_name_a_level_and_a_language(
    name: str, level: str | None, language: str, said: str
) -> None:
    with pytest.raises(ChoiceRefusedError, match=said):
        recipient_of(name, level, None, language)


def test_a_frozen_selection_names_all_it_is_built_of_and_a_supplement_keeps_the_numbers(
    handed: Labelled, tmp_path_factory: pytest.TempPathFactory
) -> None:
    archive = handed.archive
    shown, secret = capture_ids(archive, OPEN)[0], capture_ids(archive, SECRET)[0]
    frozen = freeze(archive, Choice(ids=(shown, secret), case=CASE), RECIPIENT, viewer=MEMBER, opened=["actor"])
    assert FrozenSelection.from_json(frozen.to_json()) == frozen
    numbers = [each.number for each in frozen.exhibits]
    assert sorted(set(numbers)) == numbers
    assert {each.subject_id for each in frozen.exhibits} == {shown, secret}
    its_number = next(each.number for each in frozen.exhibits if each.subject_id == shown)
    (others_number,) = set(numbers) - {its_number}
    assert frozen.query == {"case": CASE, "ids": [shown, secret], "context": True}
    assert (frozen.software.name, frozen.opened) == ("letapis", ("actor",))
    again = freeze(archive, Choice(ids=(its_number,)), RECIPIENT, viewer=MEMBER)
    assert again.exhibits == tuple(each for each in frozen.exhibits if each.number == its_number)

    disclosed = register_package(archive, frozen, sha256(b"package"), actor="ala")
    assert set(disclosed.labels) == {"default", handed.label}
    assert [each.changed for each in changes_since(archive, RECIPIENT.name, viewer=MEMBER)] == [False, False]
    with pytest.raises(ChoiceRefusedError, match="nothing has come to it since"):
        choice_of_supplement(archive, frozen.package_id, viewer=MEMBER)
    with pytest.raises(ChoiceRefusedError, match="nothing that you may know of"):
        changes_since(archive, RECIPIENT.name, viewer=STRANGER)

    later = exchange(OPEN, response(b"<p>third</p>"), at=NIGHT + 40 * timedelta(days=1))
    deposit_file(archive, crawl_one(tmp_path_factory.mktemp("later"), [later], source=KANAL))
    newest = capture_ids(archive, OPEN)[-1]
    changed = {each.exhibit.number: each for each in changes_since(archive, RECIPIENT.name, viewer=MEMBER)}
    assert (changed[its_number].added, changed[others_number].added) == ((newest,), ())
    choice, before = choice_of_supplement(archive, frozen.package_id, viewer=MEMBER)
    supplement = freeze(archive, choice, RECIPIENT, viewer=MEMBER, supplement_of=before.package_id)
    assert [each.number for each in supplement.exhibits] == [its_number]
    roles = {each.capture_id: each.role for each in supplement.exhibits[0].captures}
    assert roles[newest] is CaptureRole.VERSION
    assert (supplement.supplement_of, supplement.query["case"]) == (frozen.package_id, CASE)
    with labelled_as(archive, "withdrawn", secret):
        compared = changes_since(archive, RECIPIENT.name, viewer=MEMBER)
    gone = next(each for each in compared if each.exhibit.number == others_number)
    assert (gone.gone, gone.gone_because is not None) == ((secret,), True)
    with archive.reader.connect() as connection:
        assert disclosures_to(connection, RECIPIENT.name) == (disclosed,)


def test_what_stays_out_of_another_matter_has_no_name_for_the_recipient(handed: Labelled) -> None:
    record, (_, second) = the_post(handed.archive), capture_ids(handed.archive, CHANNEL)
    with labelled_as(handed.archive, handed.label, second):
        frozen = freeze(handed.archive, Choice(ids=(record,)), RECIPIENT, viewer=EVERYONE)
    assert [each.subject_id for each in frozen.left_out] == [None]
    for hidden in (second, handed.label, CASE):
        assert hidden.encode() not in frozen.to_json()


def test_more_exhibits_than_a_person_can_check_are_refused(handed: Labelled) -> None:
    seen = preview(handed.archive, Choice(text="post"), PUBLIC, viewer=EVERYONE)
    many = Preview(seen.choice, seen.level, seen.exhibits, (), (), MOST_EXHIBITS + 1)
    with pytest.raises(ChoiceRefusedError, match="501 exhibits: expected at most 500"):
        many.require_whole()
