"""What kinds, outcomes, events and fields are called on a page: the names of the catalogue as people read them.

In: names as they stand in JSON (architecture section 7). Out: text in the reader's language. A name that is not
listed here, such as a column of somebody's register, is written as it is, without underscores.
"""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from access.rendering.translations import N_, gettext, ngettext
from processors.kinds import KINDS as SOURCE_KINDS
from processors.kinds import kind_of_record

KINDS: Final[Mapping[str, str]] = {
    **{kind.record.name: kind.record.labels[0] for kind in SOURCE_KINDS.values() if kind.record.labels},
    **{name: kind.label for name, kind in SOURCE_KINDS.items()},
    "page": N_("page"),
    "page_text": N_("page without records"),
    # outcomes of a visit
    "content": N_("content"),
    "empty": N_("empty"),
    "challenge": N_("challenge"),
    "login_wall": N_("login wall"),
    "soft_404": N_("soft 404"),
    "consent": N_("consent"),
    "blocked": N_("blocked"),
    "restricted": N_("restricted"),
    "unreachable": N_("unreachable"),
    "refused_by_policy": N_("refused by policy"),
    "unreadable": N_("unreadable"),
    # media of a post
    "photo": N_("photo"),
    "video": N_("video"),
    "picture": N_("picture"),
    "screenshot": N_("screenshot"),
    "round_video": N_("round video"),
    "voice": N_("voice"),
    "audio": N_("audio"),
    "document": N_("document"),
    "sticker": N_("sticker"),
    "location": N_("location"),
    "contact": N_("contact"),
}

CHANGES: Final[Mapping[str, str]] = {
    "added": N_("added"),
    "edited": N_("edited"),
    "moved": N_("moved"),
    "missing": N_("vanished"),
    "returned": N_("came back"),
}

READINGS: Final[Mapping[str, str]] = {
    "changed": N_("read otherwise"),
    "gone": N_("no longer read"),
    "added": N_("not read before"),
}
"""How a record stands that a later parser reads otherwise."""

LEVELS: Final[Mapping[str, str]] = {
    "court": N_("a court"),
    "prosecutor": N_("a prosecutor"),
    "partner": N_("a partner"),
    "public": N_("the public"),
}
"""Who receives a package, by how much they are shown."""

VERDICTS: Final[Mapping[str, str]] = {
    "same": N_("same"),
    "different": N_("different"),
    "undecided": N_("undecided"),
}

INTERVALS: Final[Mapping[str, str]] = {
    "hour": N_("every hour"),
    "day": N_("every day"),
    "week": N_("every week"),
    "once": N_("once, at a time"),
}
"""By the choices of `storage.ledger.repeat_schedule`, `WORDS` and `ONCE`."""

NIGHTS: Final[Mapping[str, str]] = {
    "came through": N_("OK"),
    "at work": N_("Running"),
    "due now": N_("Due"),
}
"""By the state of a night in which nothing is wrong; any other is a problem."""

STATUSES: Final[Mapping[str, str]] = {
    "unverified": N_("unverified"),
    "in_work": N_("in work"),
    "verified": N_("verified"),
    "refuted": N_("refuted"),
    "disputed": N_("disputed"),
}
"""How a record or medium stands after what analysts found out."""

RENDERINGS: Final[Mapping[str, str]] = {
    "fullPage": N_("Screenshot of the whole page"),
    "view": N_("Screenshot of the viewport"),
    "thumbnail": N_("Thumbnail"),
    "text": N_("Visible text"),
    "dom": N_("Rendered page (DOM)"),
    "pdf": N_("PDF"),
    "mhtml": N_("Page in one file (MHTML)"),
    "pageinfo": N_("List of what the browser requested"),
    "videoinfo": N_("List of the video and audio behind its players"),
    "viewBeforeConsent": N_("Viewport before the consent dialog was rejected"),
    "viewAfterConsent": N_("Viewport after the consent dialog was rejected"),
}
"""By the name in the address (`crawlers.model.capture.RenderingKind`); other tools may have further ones."""

RESOURCE_OUTCOMES: Final[Mapping[str, str]] = {
    "cut": N_("recorded in part"),
    "no_response": N_("no response"),
    "failed": N_("failed in the browser"),
    "unfinished": N_("not at its end when the page was left"),
    "unrecorded": N_("not recorded"),
}
"""By `crawlers.recorder.page_accounts.ResourceOutcome`."""

STEP_OUTCOMES: Final[Mapping[str, str]] = {
    "done": N_("done"),
    "not_found": N_("not found on the page"),
    "timed_out": N_("its time was used up"),
    "failed": N_("failed"),
    "not_done": N_("left out"),
}
"""By `crawlers.browser.step_results.StepOutcome`."""
QUALITY_PARTS: Final[Mapping[str, str]] = {
    "screenshot": N_("Screenshot"),
    "text": N_("Visible text"),
    "resources": N_("Resources"),
}
"""By `processors.quality.score.PartName`."""

VIDEO_OUTCOMES: Final[Mapping[str, str]] = {
    "taken": N_("captured"),
    "part": N_("captured in part"),
    "none": N_("none found"),
    "over_limit": N_("beyond the limits"),
    "failed": N_("failed"),
}
"""By `crawlers.video.report.VideoOutcome`."""

EVENTS: Final[Mapping[str, str]] = {
    "accesses_batched": N_("part of the access log stored"),
    "asserted": N_("verdict"),
    "assessment_begun": N_("work begun"),
    "assessment_confirmed": N_("finding confirmed"),
    "assessment_disputed": N_("disagreed"),
    "assessment_dropped": N_("taken back"),
    "assessment_proposed": N_("finding proposed"),
    "audited": N_("audited"),
    "catalogue_checked": N_("catalogue compared with the files"),
    "collection_ended": N_("collection ended"),
    "collection_started": N_("collection started"),
    "copied": N_("copied"),
    "deposited": N_("deposited"),
    "disclosed": N_("handed over"),
    "drilled": N_("recovery tried"),
    "exhibit_numbered": N_("exhibits numbered"),
    "held": N_("legal hold"),
    "lock_renewed": N_("lock renewed"),
    "log_begun": N_("log begun"),
    "log_key_lost": N_("key of the log lost, another began"),
    "log_key_rotated": N_("key of the log replaced"),
    "member_added": N_("member added"),
    "member_removed": N_("member removed"),
    "proposal_declined": N_("proposal declined"),
    "quarantined": N_("quarantined"),
    "file_received": N_("received from a person"),
    "redacted": N_("redacted copy made"),
    "released": N_("legal hold ended"),
    "repeat_begun": N_("repeat begun"),
    "repeat_stopped": N_("repeat stopped"),
    "requests_batched": N_("requests stored"),
    "restoration_proposed": N_("restoration proposed"),
    "restored": N_("given back"),
    "purge_ordered": N_("purge ordered"),
    "purge_proposed": N_("purge proposed"),
    "purge_removed": N_("old file removed"),
    "purged": N_("purged"),
    "results_batched": N_("results of requests stored"),
    "revocation_asked": N_("revocation asked"),
    "source_added": N_("source added"),
    "source_changed": N_("settings of a source changed"),
    "source_ended": N_("source ended"),
    "time_owed": N_("timestamp pending"),
    "time_renewed": N_("timestamp renewed"),
    "token_made": N_("token made"),
    "token_revoked": N_("token revoked"),
    "timestamped": N_("timestamped"),
    "withdrawal_proposed": N_("withdrawal proposed"),
    "withdrawn": N_("withdrawn"),
}

FIELDS: Final[Mapping[str, str]] = {
    **{name: label for kind in SOURCE_KINDS.values() for name, label in kind.record.field_labels.items()},
    # of records; a name with _raw stands for what the source wrote, one with _at for a time as it was understood
    "act": N_("Act"),
    "article_codes": N_("Article codes"),
    "authors": N_("Authors"),
    "born": N_("Born"),
    "canonical_url": N_("Canonical URL"),
    "buttons": N_("Buttons"),
    "case_number": N_("Case number"),
    "channel": N_("Channel"),
    "channel_id": N_("Channel id"),
    "charges": N_("Charges"),
    "clerk": N_("Clerk"),
    "court": N_("Court"),
    "decided": N_("Decided"),
    "decided_by": N_("Decided by"),
    "documents": N_("Documents"),
    "edited": N_("Edited"),
    "extra": N_("Extra"),
    "forwarded_from": N_("Forwarded from"),
    "hearing_kind": N_("Kind of hearing"),
    "images": N_("Images"),
    "in_force": N_("In force"),
    "instance": N_("Instance"),
    "issuer": N_("Issuer"),
    "judge": N_("Judge"),
    "kind": N_("Kind"),
    "language": N_("Language"),
    "links": N_("Links"),
    "media": N_("Media"),
    "modified": N_("Modified"),
    "name": N_("Name"),
    "number": N_("Number"),
    "officials": N_("Officials"),
    "panel": N_("Panel"),
    "parties": N_("Parties"),
    "persons": N_("Persons"),
    "poll": N_("Poll"),
    "post_id": N_("Post id"),
    "link_preview": N_("Link preview"),
    "prosecutor": N_("Prosecutor"),
    "published": N_("Published"),
    "reactions": N_("Reactions"),
    "register": N_("Register"),
    "reply_to": N_("Reply to"),
    "room": N_("Room"),
    "section": N_("Section"),
    "sentence": N_("Sentence"),
    "service": N_("Service message"),
    "signature": N_("Signature"),
    "starts": N_("Starts"),
    "status": N_("Status"),
    "struck": N_("Crossed out"),
    "names": N_("Names"),
    "remarks": N_("Remarks"),
    "tags": N_("Tags"),
    "text": N_("Text"),
    "title": N_("Title"),
    "url": N_("URL"),
    "verdict": N_("Verdict"),
    "views": N_("Views"),
    # facts of a collection
    "case": N_("Case"),
    "collector": N_("Collector"),
    "egress_address": N_("Egress address"),
    "egress_profile": N_("Egress profile"),
    "machine": N_("Machine"),
    "reason": N_("Reason"),
    "request": N_("Request"),
    "requested_by": N_("Requested by"),
    "virtual_identity": N_("Virtual identity"),
}


FACETS: Final[Mapping[str, str]] = {
    "kind": N_("Kind"),
    "source": N_("Source"),
    "verification": N_("Verification status"),
    "court": N_("Court"),
    "judge": N_("Judge"),
    "article": N_("Article of law"),
    "status": N_("Status of the hearing"),
    "outcome": N_("Outcome of the capture"),
    "language": N_("Language"),
    "media_type": N_("Media type of the capture"),
    "year": N_("Year"),
}

LANGUAGES: Final[Mapping[str, str]] = {
    "be": N_("Belarusian"),
    "be-tarask": N_("Belarusian, classical orthography"),
    "en": N_("English"),
    "lt": N_("Lithuanian"),
    "other": N_("other or unknown"),
    "pl": N_("Polish"),
    "ru": N_("Russian"),
    "uk": N_("Ukrainian"),
}

COMPLETENESS: Final[Mapping[str, str]] = {
    "url": N_("Address (URL)"),
    "source_code": N_("Source code"),
    "full_page": N_("Capture of the full page"),
    "embedded_media": N_("Embedded media"),
    "metadata": N_("Metadata"),
    "context": N_("Context"),
    "collection_data": N_("Data on the collection"),
    "hash": N_("Hash at collection"),
    "has": N_("has"),
    "partly": N_("partly"),
    "no": N_("no"),
}
"""Items after the Berkeley Protocol (`access.views.completeness`), and what is said of each."""

SCOPES: Final[Mapping[str, str]] = {
    "read": N_("read"),
    "collect": N_("start captures, judge media"),
    "custody": N_("read the access log, change members"),
}

ROLES: Final = {
    "presiding_judge": N_("Presiding judge"),
    "panel_member": N_("Member of the panel"),
    "judge": N_("Judge"),
    "prosecutor": N_("Prosecutor"),
    "clerk": N_("Clerk"),
    "defence_lawyer": N_("Defence lawyer"),
    "defendant": N_("Defendant"),
    "victim": N_("Victim"),
    "witness": N_("Witness"),
    "investigator": N_("Investigator"),
    "expert": N_("Expert"),
    "interpreter": N_("Interpreter"),
}


def role_label(name: str) -> str:
    """The part of a person in a trial."""
    return _label(ROLES, name)


def scope_label(name: str) -> str:
    """What a token may be used for."""
    return _label(SCOPES, name)


def completeness_label(name: str) -> str:
    """An item of the completeness of a capture, or its state."""
    return _label(COMPLETENESS, name)


def facet_label(name: str) -> str:
    """What a search may be narrowed by."""
    return _label(FACETS, name)


def facet_value_label(facet: str, value: str) -> str:
    """A value of a facet; what a source wrote stays as it is written."""
    if facet in ("kind", "outcome"):
        return kind_label(value)
    if facet == "verification":
        return status_label(value)
    return gettext(LANGUAGES[value]) if facet == "language" and value in LANGUAGES else value


def kind_label(name: str) -> str:
    """A kind of record, source or medium, or an outcome."""
    return _label(KINDS, name)


def status_label(name: str) -> str:
    """How a record or medium stands after what analysts found out."""
    return _label(STATUSES, name)


def change_label(name: str) -> str:
    """A kind of change."""
    return _label(CHANGES, name)


def reading_label(name: str) -> str:
    """How a record stands that a later parser reads otherwise."""
    return _label(READINGS, name)


def verdict_label(name: str) -> str:
    """What an analyst decided about two media."""
    return _label(VERDICTS, name)


def rendering_label(name: str) -> str:
    """What the crawler made of a page, by the name in its address."""
    return _label(RENDERINGS, name)


def video_outcome_label(name: str) -> str:
    """What came of a video behind a player."""
    return _label(VIDEO_OUTCOMES, name)


def resource_outcome_label(name: str) -> str:
    """Why something that the browser requested for a page was not recorded, or not whole."""
    return _label(RESOURCE_OUTCOMES, name)


def step_outcome_label(name: str) -> str:
    """What came of a step that a source declares for its pages."""
    return _label(STEP_OUTCOMES, name)


def quality_part_label(name: str) -> str:
    """What of a page was compared with its replay."""
    return _label(QUALITY_PARTS, name)


def event_label(name: str) -> str:
    """An event of the custody ledger."""
    return _label(EVENTS, name)


def level_label(name: str) -> str:
    """Who a recipient is, by how much they are shown."""
    return _label(LEVELS, name)


def night_label(night: Mapping[str, Any]) -> str:
    """How a night stands, in a word, from a row of `access.views.nights`."""
    return gettext("Problem") if night["bad"] else _label(NIGHTS, night["state"])


def interval_choice(name: str) -> str:
    """How often, as a choice of the forms."""
    return _label(INTERVALS, name)


def interval_word(every_s: int) -> str:
    """How often, from the seconds between two turns."""
    for unit_s, one in ((604_800, "week"), (86_400, "day"), (3600, "hour")):
        if every_s == unit_s:
            return interval_choice(one)
        if every_s % unit_s == 0:
            count = every_s // unit_s
            return {
                "week": ngettext("every %(num)s week", "every %(num)s weeks", count),
                "day": ngettext("every %(num)s day", "every %(num)s days", count),
                "hour": ngettext("every %(num)s hour", "every %(num)s hours", count),
            }[one]
    return ngettext("every %(num)s minute", "every %(num)s minutes", every_s // 60)


def until_word(until_at: str) -> str:
    """Until when a repeat lasts, by the day that its author chose; ``until_at`` is the midnight after it."""
    day = (datetime.fromisoformat(until_at) - timedelta(seconds=1)).astimezone(UTC).date()
    return gettext("until the end of %(day)s (UTC)", day=day.isoformat())


def field_label(name: str) -> str:
    """A field's name: ``starts_at`` is a time as it was understood, ``starts_raw`` what the source wrote,
    ``extra.`` with its heading a column.
    """
    if name.startswith("extra."):
        return name.removeprefix("extra.")
    bare = name.removesuffix("_raw").removesuffix("_at")
    written = bare.replace("_", " ")
    text = gettext(FIELDS[bare]) if bare in FIELDS else written[:1].upper() + written[1:]
    return gettext("%(field)s, as written", field=text) if name.endswith("_raw") else text


def records_label(kind: str, count: int) -> str:
    """What so many records of a kind are called."""
    declared = kind_of_record(kind)
    if declared is None or declared.labels is None:
        return kind_label(kind)
    return ngettext(*declared.labels, count)


def _label(labels: Mapping[str, str], name: str) -> str:
    return gettext(labels[name]) if name in labels else name.replace("_", " ")
