"""An analyst's verdict on two media: written to the ledger, after which their groups are formed anew.

In: the archive, two digests, the verdict, its author and reason. Out: what was written. Raises
`UnknownMediumError` for a medium that is not in the archive, or of which the author may see nothing, and
`storage.ledger.judgements.JudgementError` for a judgement without a reason; then nothing was written.
"""

from processors.digest import Digest
from processors.similarity.clustering import Verdict
from storage.access_labels import Viewer
from storage.archive import Archive
from storage.errors import StorageError
from storage.ledger.judgements import AnalystVerdict, judge
from storage.similarity.compare import group_judged
from storage.similarity.media import is_visible_to


class UnknownMediumError(StorageError):
    """There is no such medium for this user; ``sha256`` names it."""

    def __init__(self, sha256: Digest) -> None:
        super().__init__(
            f"The archive has no image or video with the digest {sha256}, so no verdict was written. "
            "It may not be processed yet: check the digest, or try again later."
        )
        self.sha256 = sha256


def judge_media(
    archive: Archive, one: Digest, other: Digest, verdict: Verdict, *, author: Viewer, reason: str
) -> AnalystVerdict:
    """Write the verdict to the ledger and form the groups of both media anew."""
    with archive.reader.connect() as connection:
        for digest in (one, other):
            if not is_visible_to(connection, digest, author):
                raise UnknownMediumError(digest)
    judgement = judge(archive, one, other, verdict, author=author.name, reason=reason)
    with archive.writer.begin() as connection:
        group_judged(connection, (judgement.a, judgement.b))
    return judgement
