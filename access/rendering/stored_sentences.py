"""Sentences that the archive stores, as people read them: what a distance means, why a file counts as an import.

In: a sentence as it is stored in the catalogue or in an entry of the custody ledger, and as JSON gives it. Out: a
full sentence in the reader's language. What is stored never changes, so a clearer wording is made here, where the
sentence is shown. A sentence that is not listed, such as one of an older version, is shown as it is stored.
"""

import re
from collections.abc import Mapping
from typing import Final

from access.rendering.translations import N_, gettext

MEANINGS: Final[Mapping[str, str]] = {
    "the same file, byte for byte": N_("The two files are identical, byte for byte."),
    "the same in all 64 bits of coarse structure: the same picture, re-saved at most": N_(
        "All 64 bits of the coarse fingerprints are equal: this is the same picture, at most saved again."
    ),
    "almost the same coarse structure: the same picture, re-saved or scaled": N_(
        "The coarse fingerprints are almost equal: this is the same picture, saved again or scaled."
    ),
    "similar coarse structure: the same picture edited, or a very similar scene; look at both": N_(
        "The coarse fingerprints are similar: this is an edited copy, or a very similar scene. Compare both files."
    ),
    "not alike by coarse structure": N_("The coarse fingerprints are not similar."),
    "the same in all 256 bits: the same picture, re-saved at most": N_(
        "All 256 bits of the fingerprints are equal: this is the same picture, at most saved again."
    ),
    "as near as re-saving or scaling brings it: the same picture": N_(
        "The difference is as small as after saving again or scaling: this is the same picture."
    ),
    "near: the same picture, re-compressed, recoloured or with a small addition": N_(
        "The difference is small: this is the same picture, compressed again, recoloured or with a small addition."
    ),
    "not alike by fine structure": N_("The fine fingerprints are not similar."),
    "parts agree in look and place: one is a crop of the other, framed, turned, or has something added": N_(
        "Parts match in appearance and position: one picture is a crop of the other, framed, rotated, or has "
        "something added."
    ),
    "parts agree in place and roughly in look: probably a crop or an edited copy; look at both": N_(
        "Parts match in position and roughly in appearance: this is probably a crop or an edited copy. "
        "Compare both files."
    ),
    "no part in common": N_("The pictures have no part in common."),
    "the picture is shown in the video, at the times named": N_(
        "The video shows the picture at the listed times."
    ),
    "the same video throughout": N_("Both videos show the same from beginning to end."),
    "one is a part of the other, or was cut from it": N_("One video is a part of the other, or was cut from it."),
    "both show the same for a part of their time; look at both": N_(
        "Both videos show the same for a part of their duration. Compare both files."
    ),
}
"""By the ``meaning`` of a similarity (`processors.similarity`)."""

ORIGINS: Final[Mapping[str, str]] = {
    "no crawl of this software is named by it": N_("The file does not name a crawl of this software."),
    "no signatures of a crawl stand beside it": N_("The file came without the signatures of a crawl."),
    "none of the signatures beside it covers these bytes, all of them": N_(
        "None of the signatures that came with the file covers all of its bytes."
    ),
    "its crawl had not closed it with these bytes": N_("The crawl had not finished writing the file."),
    "custody here tells of no crawl *": N_(
        "The custody ledger of this archive has no entry about the crawl %(crawl)s."
    ),
    "custody names no key of the crawl *": N_("The custody ledger names no signing key of the crawl %(crawl)s."),
    "it is not signed by the key of the crawl *": N_(
        "The file is not signed with the key of the crawl %(crawl)s."
    ),
}
"""By the ``origin_reason`` of a deposit (`storage.deposit.origin`), with ``*`` for the id of a crawl."""

QUALITY: Final[Mapping[str, str]] = {
    "compared after the steps of the capture were done again in the replay": N_(
        "Compared after the steps of the capture were done again in the replay."
    ),
    "not all steps of the capture could be done again in the replay": N_(
        "Not all steps of the capture could be done again in the replay, so the score may be lower than it "
        "should be."
    ),
    "the exchange that holds the page is not in the archive": N_(
        "The response that holds the page is not in the archive."
    ),
    "the replay did not get the page": N_("The replay did not get the page from the archive."),
    "the crawl made no screenshot": N_("The crawl made no screenshot."),
    "no screenshot could be made of the replay": N_("No screenshot could be made of the replay."),
    "a screenshot could not be decoded": N_("A screenshot could not be decoded."),
    "the crawl kept no visible text": N_("The crawl kept no visible text."),
    "the text of the replay could not be taken": N_("The text of the replay could not be taken."),
    "no text was seen, neither at capture nor in the replay": N_(
        "No text was seen, neither at capture nor in the replay."
    ),
    "the crawl kept no list of resources": N_("The crawl kept no list of resources."),
    "no resource was recorded that a replay could load": N_(
        "The page has no other resources that a replay could load."
    ),
    "nothing that was seen at capture can be compared": N_("Nothing that was seen at capture can be compared."),
}
"""By the reason for which a part of a quality score, or the score, has no value (`processors.quality.score`)."""

_NO_INDEX: Final[Mapping[str, str]] = {
    "no search index is configured here": N_("No search index is configured here."),
    "the search index of this host is not made yet": N_("The search index is not made yet."),
}
"""By the reason for which the database answers a search (`storage.queries.search`)."""

_BEHIND = re.compile(r" is (\d+) s behind the catalogue$")

_CRAWL_AT_END = re.compile(r"(?<= crawl )\S+$")

HANDOVER: Final = frozenset(
    (
        N_("It is kept for a circle of people to which the recipient does not belong."),
        N_("It belongs to a matter other than the one that is handed over."),
        N_("It was withdrawn from the archive."),
        N_("It was purged from the archive, as the law asked; its bytes are gone."),
        N_("It was set aside until it is decided whether it may be shown."),
        N_("The archive shows nothing under this id."),
        N_(
            "Everybody may read all of it: the bytes that sites sent, addresses, times, and custody without names."
        ),
        N_("The partner reads the bytes that sites sent, addresses, times, and custody without names."),
        N_(
            "The prosecutor reads the bytes that sites sent, also of sources with a label, addresses, times, and "
            "custody; committed values such as who collected stay closed unless they are opened one by one."
        ),
        N_(
            "The court, and with it every party, reads the bytes that sites sent, also of sources with a label, "
            "addresses, times, and custody; committed values such as who collected stay closed unless they are "
            "opened one by one."
        ),
        N_("Something of it is covered: a redacted copy goes in its place, or nothing."),
        N_(
            "Something of what was chosen is covered: redacted copies go in place of originals, and what was read "
            "goes with bars; the originals stay here."
        ),
        N_("The originals go along, and everything that is covered in copies of them can be read and seen."),
    )
)
"""What a recipient reads of what stays out, and who will see what (`pipeline.handover.choosing`)."""


def similarity_meaning(stored: str) -> str:
    """What the distance of two media means, as a sentence."""
    return gettext(MEANINGS[stored]) if stored in MEANINGS else f"{stored}."


def origin_reason(stored: str) -> str:
    """Why a deposited file counts as an import, as a sentence."""
    crawl = _CRAWL_AT_END.search(stored)
    name = stored if crawl is None else f"{stored[: crawl.start()]}*"
    return gettext(ORIGINS[name], crawl=crawl and crawl[0]) if name in ORIGINS else f"{stored}."


def quality_reason(stored: str) -> str:
    """Why there is no value to a part of a quality score, why a page is 0, or what of its steps, as a sentence."""
    return gettext(QUALITY[stored]) if stored in QUALITY else f"{stored[:1].upper()}{stored[1:]}."


def database_reason(stored: str) -> str:
    """Why the database answered a search and not the search index, as a sentence."""
    if stored in _NO_INDEX:
        return gettext(_NO_INDEX[stored])
    behind = _BEHIND.search(stored)
    if behind is not None:
        minutes = max(1, int(behind[1]) // 60)
        return gettext("The search index is %(minutes)s minutes behind the archive.", minutes=minutes)
    return gettext("The search index cannot be asked at the moment.")


def handover_sentence(sentence: str) -> str:
    """Why something is not handed over, or who will see what, in the reader's language."""
    return gettext(sentence) if sentence in HANDOVER else sentence
