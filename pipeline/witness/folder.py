"""What a witness keeps in one folder: its key, the logs it knows, the last checkpoint of each, contradictions.

In: the folder. Out: keys, checkpoints. A checkpoint is on the disk before its cosignature is given, so that a
witness that was killed never cosigns what contradicts it. One process serves a folder at a time. Raises
`WitnessFolderError`.

| file | what it is |
|---|---|
| `witness.key` | the signing key (``PRIVATE+KEY+…``), for its owner alone |
| `witness.pub` | its public half, for the archives that ask |
| `logs.txt` | verifier keys of the logs, one a line; a log whose key changed has two lines |
| `checkpoints/<sha256 of the origin>.txt` | the newest checkpoint that was cosigned |
| `contradictions/<time>-<sha256 of the origin>.txt` | signed checkpoints that contradict one that was cosigned |
"""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path

from processors.transparency_log.signed_note import COSIGNATURE_V1, SigningKey, VerifierKey
from storage.private_folder import closed_folder


class WitnessFolderError(Exception):
    """The folder cannot be used as it is; the person who runs the witness mends what is named."""


class WitnessFolder:
    """One witness's folder."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._key = path / "witness.key"
        self._logs = path / "logs.txt"

    def prepare(self, name: str) -> SigningKey:
        """Make the folder and the key, where they are missing; returns the key. ``name`` is that of a new key."""
        closed_folder(self.path)
        closed_folder(self.path / "checkpoints")
        closed_folder(self.path / "contradictions")
        if not self._key.exists():
            key = SigningKey.generate(name, COSIGNATURE_V1)
            self._write(self._key, f"{key.private_text()}\n".encode())
            self._write(self.path / "witness.pub", f"{key.verifier_key}\n".encode())
        return self.key()

    def key(self) -> SigningKey:
        """The signing key."""
        try:
            state, text = self._key.stat(), self._key.read_text("ascii").strip()
            key = SigningKey.parse(text)
        except (OSError, ValueError) as problem:
            raise WitnessFolderError(
                f"{self._key}: expected the key of a witness, found none: {problem}"
            ) from problem
        if state.st_mode & 0o077:
            raise WitnessFolderError(f"{self._key}: expected it closed to other users; run chmod 600 on it.")
        if key.kind != COSIGNATURE_V1:
            raise WitnessFolderError(f"{self._key}: expected a key that cosigns (kind 4), found kind {key.kind}")
        return key

    def logs(self) -> tuple[VerifierKey, ...]:
        """The keys of the logs that this witness knows."""
        try:
            lines = self._logs.read_text("utf-8").splitlines()
            return tuple(VerifierKey.parse(line.strip()) for line in lines if line.strip())
        except FileNotFoundError:
            return ()
        except (OSError, ValueError) as problem:
            raise WitnessFolderError(f"{self._logs}: expected a verifier key on each line: {problem}") from problem

    def add_logs(self, keys: Iterator[VerifierKey] | tuple[VerifierKey, ...]) -> None:
        """Remember logs; one that is known already is not written again."""
        known = dict.fromkeys((*self.logs(), *keys))
        self._write(self._logs, "".join(f"{key}\n" for key in known).encode())

    def newest(self, origin: str) -> bytes | None:
        """The newest checkpoint of a log that was cosigned, with the cosignature; None where there is none."""
        try:
            return self._checkpoint(origin).read_bytes()
        except FileNotFoundError:
            return None

    def keep(self, origin: str, note: bytes) -> None:
        """Let this be the newest checkpoint of the log, on the disk before this returns."""
        self._write(self._checkpoint(origin), note)

    def keep_contradiction(self, origin: str, note: bytes, reason: str) -> Path:
        """Keep a signed checkpoint that contradicts an earlier one, with the reason as its first lines."""
        moment = datetime.now(UTC).strftime("%Y%m%dT%H%M%S.%fZ")
        path = self.path / "contradictions" / f"{moment}-{_digest(origin)}.txt"
        self._write(path, f"{reason}\n\n".encode() + note)
        return path

    def contradictions(self) -> tuple[Path, ...]:
        """What was kept of logs that contradicted themselves, oldest first."""
        return tuple(sorted((self.path / "contradictions").glob("*.txt")))

    @contextmanager
    def held(self) -> Iterator[None]:
        """Let no other process serve this folder while the block runs."""
        with (self.path / "lock").open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError as taken:
                raise WitnessFolderError(
                    f"{self.path}: another witness serves this folder. End it first."
                ) from taken
            yield

    def _checkpoint(self, origin: str) -> Path:
        return self.path / "checkpoints" / f"{_digest(origin)}.txt"

    def _write(self, path: Path, content: bytes) -> None:
        """Whole or not at all, for the owner alone, and on the disk."""
        draft = path.with_name(f"{path.name}.new")
        draft.unlink(missing_ok=True)
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


def _digest(origin: str) -> str:
    return sha256(origin.encode()).hexdigest()
