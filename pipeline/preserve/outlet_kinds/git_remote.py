"""A git repository as an outlet: each checkpoint is a commit that is pushed to a remote.

In: the bytes of a signed checkpoint, a folder for our clone. Out: a receipt with the id of the commit. Only the
checkpoint stands in the repository. Raises `OutletError`. The program `git` is run, with its own credentials.
"""

import json
import os
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Final

from processors.digest import sha256
from processors.transparency_log.checkpoint import read_checkpoint
from storage.log.outlets import OutletError, OutletProof

FILE: Final = "checkpoint.txt"
GIT_S: Final = 120.0
AUTHOR: Final = ("-c", "user.name=letapis", "-c", "user.email=letapis@localhost", "-c", "commit.gpgsign=false")


@dataclass(frozen=True, slots=True)
class GitOutlet:
    """``remote`` is an address that `git push` takes; ``folder`` holds our clone, made anew where it is lost."""

    name: str
    remote: str
    branch: str
    folder: Path
    witnesses: ClassVar[bool] = False

    def deliver(self, checkpoint: bytes) -> OutletProof:
        """Commit the checkpoint on top of what the remote has, and push it."""
        self._take_over()
        (self.folder / FILE).write_bytes(checkpoint)
        self._git("add", FILE)
        if self._git("status", "--porcelain").strip():
            parsed = read_checkpoint(checkpoint)
            self._git(*AUTHOR, "commit", "-q", "-m", f"{parsed.origin}: {parsed.size} entries")
        self._git("push", "-q", "origin", f"HEAD:refs/heads/{self.branch}")
        commit = self._git("rev-parse", "HEAD").strip()
        receipt = {"sha256": str(sha256(checkpoint)), "branch": self.branch, "commit": commit}
        return OutletProof(json.dumps(receipt, indent=1).encode() + b"\n", "json")

    def newest(self) -> bytes | None:
        """The checkpoint on the branch of the remote."""
        self._take_over()
        path = self.folder / FILE
        return path.read_bytes() if path.exists() else None

    def _take_over(self) -> None:
        """Let the clone be as the remote is."""
        if not (self.folder / ".git").exists():
            self.folder.mkdir(parents=True, exist_ok=True)
            self._git("init", "-q")
            self._git("remote", "add", "origin", self.remote)
        self._git("remote", "set-url", "origin", self.remote)
        if self._git("ls-remote", "origin", f"refs/heads/{self.branch}").strip():
            self._git("fetch", "-q", "origin", self.branch)
            self._git("checkout", "-q", "-f", "-B", self.branch, "FETCH_HEAD")

    def _git(self, *arguments: str) -> str:
        environment = {**os.environ, "GIT_TERMINAL_PROMPT": "0", "LC_ALL": "C"}
        try:
            done = subprocess.run(
                ["git", *arguments],
                cwd=self.folder,
                env=environment,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                timeout=GIT_S,
                check=False,
            )
        except (OSError, subprocess.SubprocessError) as problem:
            raise OutletError(self.name, "running git", "a program that ends", str(problem)) from problem
        if done.returncode:
            said = done.stderr.strip().splitlines()
            step = next((each for each in arguments if not each.startswith("-") and "=" not in each), "git")
            raise OutletError(self.name, f"git {step}", "success", said[-1] if said else f"code {done.returncode}")
        return done.stdout
