"""Puts small faults into core modules, one at a time, and counts how many of them the nearest tests notice.

In: modules of the core with the tests nearest to each (`NEAREST`), a seed, how many faults a module. A fault is a
comparison moved by one step or turned round, `and` for `or`, a `not` taken away, a number one too large, a call or
a `raise` left out, `min` for `max`. The tree is copied; the copy alone is changed. Out: a table, or JSON lines
(``--json``): for each fault its place, the line before and after, and whether a test failed. Exit code 1 where
fewer than nine in ten were noticed. A fault that changes nothing anybody could see is named with its reason in
``mutants_accepted.yaml`` and counts as neither.
Source: DeMillo, Lipton, Sayward, "Hints on test data selection", Computer 11(4), 1978.
"""

import ast
import json
import random
import subprocess
import sys
import tempfile
import time
from argparse import ArgumentParser
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

import yaml

from benchmarks.tree_copy import ROOT, copied_tree

ACCEPTED: Final = Path(__file__).with_name("mutants_accepted.yaml")
ASKED_SHARE: Final = 0.9

RECORDER: Final = "tests/crawlers/recorder"
COURT_LISTS: Final = (
    "tests/processors/court_list/test_rows.py",
    "tests/processors/parsing/test_bounds.py",
    "tests/processors/pages/test_page_cases.py",
)
NEAREST: Final[dict[str, tuple[str, ...]]] = {
    # WARC: writing and reading
    "storage/warc/records.py": ("tests/storage/warc/test_records.py", "tests/storage/spool/test_spool.py"),
    "storage/warc/writer.py": ("tests/storage/warc/test_durable_files.py", "tests/storage/spool/test_spool.py"),
    "storage/warc/headers.py": ("tests/storage/warc/test_headers.py", "tests/storage/catalogue/test_captures.py"),
    "storage/warc/members.py": (
        "tests/storage/warc/test_gzip_members.py",
        "tests/storage/deposit/test_foreign_files.py",
        "tests/storage/deposit/test_hostile_files.py",
    ),
    "storage/warc/reader.py": (
        "tests/storage/catalogue/test_captures.py",
        "tests/storage/deposit/test_hostile_files.py",
    ),
    "storage/warc/index.py": (
        "tests/storage/catalogue/test_captures.py",
        "tests/storage/deposit/test_foreign_files.py",
    ),
    # from the spool into the archive
    "storage/spool/spool.py": ("tests/storage/spool/test_spool.py", "tests/storage/catalogue/test_revisits.py"),
    "storage/spool/recovery.py": (
        "tests/storage/spool/test_recovery.py",
        "tests/storage/warc/test_durable_files.py",
    ),
    "storage/deposit/deposit.py": (
        "tests/storage/deposit/test_deposit.py",
        "tests/storage/deposit/test_deposit_steps.py",
        "tests/storage/deposit/test_deposit_failures.py",
    ),
    "storage/objects/multipart.py": ("tests/storage/objects/test_store.py",),
    "pipeline/collect/deposit_spool.py": ("tests/pipeline/collect/test_deposit_spool.py",),
    # custody
    "storage/ledger/custody.py": (
        "tests/storage/ledger/test_custody.py",
        "tests/storage/deposit/test_replication.py",
    ),
    "storage/ledger/entry.py": ("tests/storage/ledger/test_custody.py",),
    "storage/ledger/chain.py": (
        "tests/storage/ledger/test_custody.py",
        "tests/storage/integrity/test_verification.py",
    ),
    "storage/ledger/retention.py": ("tests/storage/ledger/test_retention.py",),
    # what changed
    "storage/queries/coverage.py": (
        "tests/storage/queries/test_coverage.py",
        "tests/pipeline/process/test_run.py",
    ),
    "storage/queries/changes.py": ("tests/pipeline/process/test_run.py", "tests/pipeline/process/test_lists.py"),
    "pipeline/quality/yield_rules.py": ("tests/pipeline/quality/test_yield_rules.py",),
    # the recorder
    "processors/http/framing.py": ("tests/processors/http/test_framing.py", RECORDER),
    "crawlers/recorder/http_messages.py": (
        "tests/crawlers/recorder/test_exchange_relay.py",
        "tests/crawlers/recorder/test_exchange_ending.py",
        RECORDER,
    ),
    "crawlers/recorder/exchange_relay.py": (
        "tests/crawlers/recorder/test_connections.py",
        "tests/crawlers/recorder/test_exchange_ending.py",
        RECORDER,
    ),
    "crawlers/recorder/upstream_connection.py": ("tests/crawlers/recorder/test_connections.py", RECORDER),
    "crawlers/rate_limit/limiter.py": ("tests/crawlers/rate_limit/test_limiter.py",),
    "crawlers/rate_limit/slots.py": (
        "tests/crawlers/rate_limit/test_limiter.py",
        "tests/storage/rate_limit/test_shared_limiter.py",
    ),
    "crawlers/engine/robots.py": (
        "tests/crawlers/engine/test_robots.py",
        "tests/crawlers/spiders/test_spiders.py",
    ),
    "crawlers/address_policy.py": (
        "tests/crawlers/test_address_policy.py",
        "tests/crawlers/recorder/test_proxy_responses.py",
    ),
    # what pages say
    "processors/pages/outcome.py": (
        "tests/processors/pages/test_outcome.py",
        "tests/processors/pages/test_page_cases.py",
    ),
    "processors/tables/table.py": COURT_LISTS,
    "processors/tables/grid.py": COURT_LISTS,
    "processors/court_list/rows.py": COURT_LISTS,
    "processors/pages/dates.py": (
        "tests/processors/pages/test_dates.py",
        "tests/processors/pages/test_page_cases.py",
    ),
    "processors/similarity/match.py": (
        "tests/processors/similarity/test_match.py",
        "tests/processors/media/test_video.py",
    ),
    "processors/similarity/hamming_kernels.py": (
        "tests/processors/similarity/test_hamming_search.py",
        "tests/processors/similarity/test_match.py",
    ),
}


@dataclass(frozen=True, slots=True)
class Mutant:
    """One fault: the bytes ``start`` to ``end`` of the module are replaced by ``put_in``."""

    module: str
    line: int
    start: int
    end: int
    put_in: str
    fault: str


@dataclass(frozen=True, slots=True)
class Result:
    """What came of one fault; ``seconds`` is how long its tests ran."""

    module: str
    line: int
    fault: str
    before: str
    after: str
    noticed: bool
    accepted: str | None
    seconds: float


COMPARISONS: Final[dict[type[ast.cmpop], tuple[str, str]]] = {
    ast.Lt: ("<", "<="),
    ast.LtE: ("<=", "<"),
    ast.Gt: (">", ">="),
    ast.GtE: (">=", ">"),
    ast.Eq: ("==", "!="),
    ast.NotEq: ("!=", "=="),
    ast.Is: ("is", "is not"),
    ast.IsNot: ("is not", "is"),
    ast.In: ("in", "not in"),
    ast.NotIn: ("not in", "in"),
}


class _Source:
    """A module's text with the offsets of its nodes in bytes."""

    def __init__(self, module: str) -> None:
        self.module = module
        self.content = (ROOT / module).read_bytes()
        self.tree = ast.parse(self.content)
        lines = self.content.splitlines(keepends=True)
        self._starts = [0]
        for line in lines:
            self._starts.append(self._starts[-1] + len(line))

    def span(self, node: ast.expr | ast.stmt) -> tuple[int, int]:
        assert node.end_lineno is not None and node.end_col_offset is not None
        return (
            self._starts[node.lineno - 1] + node.col_offset,
            self._starts[node.end_lineno - 1] + node.end_col_offset,
        )

    def between(self, left: ast.expr, right: ast.expr, word: str) -> tuple[int, int] | None:
        """Where the operator ``word`` stands between two operands."""
        start, end = self.span(left)[1], self.span(right)[0]
        at = self.content[start:end].find(word.encode())
        return None if at < 0 else (start + at, start + at + len(word))


def faults_of(module: str) -> list[Mutant]:
    """Every fault that can be put into the module."""
    source = _Source(module)
    found: list[Mutant] = []

    def add(node: ast.AST, span: tuple[int, int] | None, put_in: str, fault: str) -> None:
        if span is not None:
            found.append(Mutant(module, getattr(node, "lineno", 0), *span, put_in, fault))

    for node in _reached(source.tree):
        match node:
            case ast.Compare(left=left, ops=[operator], comparators=[right]) if type(operator) in COMPARISONS:
                was, becomes = COMPARISONS[type(operator)]
                add(node, source.between(left, right, was), becomes, f"`{was}` becomes `{becomes}`")
            case ast.BoolOp(op=ast.And(), values=[left, right, *_]):
                add(node, source.between(left, right, "and"), "or", "`and` becomes `or`")
            case ast.BoolOp(op=ast.Or(), values=[left, right, *_]):
                add(node, source.between(left, right, "or"), "and", "`or` becomes `and`")
            case ast.UnaryOp(op=ast.Not(), operand=operand):
                start, _ = source.span(node)
                add(node, (start, source.span(operand)[0]), "", "`not` is left out")
            case ast.BinOp(op=ast.Add(), left=left, right=right):
                add(node, source.between(left, right, "+"), "-", "`+` becomes `-`")
            case ast.BinOp(op=ast.Sub(), left=left, right=right):
                add(node, source.between(left, right, "-"), "+", "`-` becomes `+`")
            case ast.Constant(value=bool(value)):
                add(node, source.span(node), str(not value), f"{value} becomes {not value}")
            case ast.Constant(value=int(value)):
                add(node, source.span(node), str(value + 1), f"{value} becomes {value + 1}")
            case ast.Call(func=ast.Name(id="min" | "max" as name) as function):
                other = {"min": "max", "max": "min"}[name]
                add(node, source.span(function), other, f"`{name}` becomes `{other}`")
            case ast.Expr(value=ast.Call()):
                add(node, source.span(node), "pass", "the call is left out")
            case ast.Raise():
                add(node, source.span(node), "pass", "the error is not raised")
            case ast.Return(value=ast.expr() as value) if not _is_none(value):
                start, end = source.span(node)
                add(node, (start, end), "return None", "nothing is returned")
            case ast.Continue():
                add(node, source.span(node), "break", "`continue` becomes `break`")
    return found


def _is_none(value: ast.expr) -> bool:
    return isinstance(value, ast.Constant) and value.value is None


def _reached(tree: ast.AST) -> Iterator[ast.AST]:
    """The nodes that run when the module works: no types, no decorators, nothing that only a checker reads."""
    for child in ast.iter_child_nodes(tree):
        if isinstance(child, ast.If) and ast.unparse(child.test) == "TYPE_CHECKING":
            continue
        if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef):
            for statement in child.body:
                yield statement
                yield from _reached(statement)
            continue
        if isinstance(child, ast.ClassDef):
            for statement in child.body:
                if not isinstance(statement, ast.AnnAssign):
                    yield statement
                    yield from _reached(statement)
            continue
        if isinstance(child, ast.AnnAssign):
            if child.value is not None:
                yield child.value
                yield from _reached(child.value)
            continue
        if isinstance(child, ast.Assert):
            continue
        yield child
        yield from _reached(child)


def drawn(modules: Sequence[str], each: int, seed: int) -> list[Mutant]:
    """So many faults of each module, by chance but the same for the same seed."""
    chosen: list[Mutant] = []
    for module in modules:
        found = faults_of(module)
        chosen.extend(random.Random(f"{seed} {module}").sample(found, min(each, len(found))))
    return chosen


def try_out(mutant: Mutant, tree: Path, seconds: float) -> Result:
    """Put the fault into the copy at ``tree``, run the nearest tests until one fails, take it out again."""
    path = tree / mutant.module
    content = path.read_bytes()
    changed = content[: mutant.start] + mutant.put_in.encode() + content[mutant.end :]
    path.write_bytes(changed)
    began = time.monotonic()
    try:
        noticed = not passes(tree, NEAREST[mutant.module], seconds)
    finally:
        path.write_bytes(content)
    line = content[: mutant.start].count(b"\n")
    return Result(
        module=mutant.module,
        line=line + 1,
        fault=mutant.fault,
        before=content.splitlines()[line].decode().strip(),
        after=changed.splitlines()[line].decode().strip(),
        noticed=noticed,
        accepted=None,
        seconds=round(time.monotonic() - began, 1),
    )


def passes(tree: Path, tests: Sequence[str], seconds: float) -> bool:
    """Whether all of these tests pass in the tree within so many seconds; a fault may make them endless."""
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-x",
        "-p",
        "no:cacheprovider",
        "--hypothesis-profile=ci",
        *tests,
    ]
    with subprocess.Popen(
        command, cwd=tree, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
    ) as running:
        try:
            return running.wait(seconds) == 0
        except subprocess.TimeoutExpired:
            running.kill()
            return False


def accepted_faults() -> dict[tuple[str, str, str], str]:
    """Faults that no test needs to notice, by module, line before and line after, with the reason."""
    if not ACCEPTED.exists():
        return {}
    rows = yaml.safe_load(ACCEPTED.read_text("utf-8")) or []
    return {(row["module"], row["before"], row["after"]): row["reason"] for row in rows}


def main() -> None:
    parser = ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument(
        "modules", nargs="*", choices=[[], *NEAREST], help="modules to try; all of them by default"
    )
    parser.add_argument("--each", type=int, default=5, help="faults a module")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=1, help="faults tried at once, each in a copy of its own")
    parser.add_argument("--json", action="store_true", help="a line for each fault")
    options = parser.parse_args()
    modules = options.modules or list(NEAREST)
    mutants = drawn(modules, options.each, options.seed)
    accepted = accepted_faults()
    results: list[Result] = []
    with tempfile.TemporaryDirectory(prefix="letapis-mutants-") as folder:
        trees = [copied_tree(Path(folder) / str(job)) for job in range(options.jobs)]
        limits: dict[str, float] = {}
        for module in dict.fromkeys(mutant.module for mutant in mutants):
            began = time.monotonic()
            if not passes(trees[0], NEAREST[module], 1800):
                raise SystemExit(f"{module}: expected its nearest tests to pass without a fault; they do not.")
            limits[module] = 60 + 4 * (time.monotonic() - began)
        with ThreadPoolExecutor(options.jobs) as pool:
            free = list(trees)

            def run(mutant: Mutant) -> Result:
                tree = free.pop()
                try:
                    return try_out(mutant, tree, limits[mutant.module])
                finally:
                    free.append(tree)

            for done, result in enumerate(pool.map(run, mutants), 1):
                reason = None if result.noticed else accepted.get((result.module, result.before, result.after))
                known = Result(**{**asdict(result), "accepted": reason})
                results.append(known)
                if options.json:
                    print(json.dumps(asdict(known), ensure_ascii=False), flush=True)
                else:
                    word = "noticed" if known.noticed else "accepted" if reason else "NOT NOTICED"
                    print(
                        f"{done:4d}/{len(mutants)} {word:11} {known.module}:{known.line} {known.fault}", flush=True
                    )
                    if not known.noticed:
                        print(f"          - {known.before}\n          + {known.after}", flush=True)
    counted = [result for result in results if result.accepted is None]
    noticed = sum(result.noticed for result in counted)
    summary = f"{noticed} of {len(counted)} faults noticed"
    if len(results) > len(counted):
        summary += f"; {len(results) - len(counted)} more change nothing that anybody could see"
    print(summary, file=sys.stderr)
    raise SystemExit(0 if noticed >= ASKED_SHARE * len(counted) else 1)


if __name__ == "__main__":
    main()
