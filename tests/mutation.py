"""Small wrong changes to the code that decides about money and memberships: the tests of its subject have to notice.

`python -m tests.mutation` tries all subjects, `python -m tests.mutation money ledger` only these; `--every 5` tries
every fifth change. Prints what no test noticed, and fails below 95 % in any subject. No file is changed: each change is
tried in a process that is forked (so not on Windows) before Kinso is loaded, by those tests only that enter the changed
function, first those that noticed most until then.
"""

import argparse
import ast
import copy
import os
import pickle
import sys
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from importlib.abc import InspectLoader, MetaPathFinder
from importlib.util import spec_from_loader
from pathlib import Path
from typing import Any

import pydantic  # noqa: F401 - loaded once for all processes
import pymongo  # noqa: F401
import pytest
from hypothesis import Phase, settings

from tests.support import examples, server

_ROOT = Path(__file__).parents[1]
_LEAST = 0.95

_HISTORY, _UNDONE = "integration/services/history", "integration/services/transfer/test_purchase_imports_undone.py"
_LINES = "unit/models/test_receipt_lines.py"
SUBJECTS = {
    "money": (["models.money"], ["unit/models/test_money.py", _LINES]),
    "ledger": (
        ["models.purchases", "services.purchases.receipts", "services.purchases.ledger"],
        [_LINES, "integration/services/purchases", _HISTORY, _UNDONE],
    ),
    "eligibility": (
        ["models.membership", "models.rule_bases", "services.membership.eligibility"],
        ["unit/services/test_eligibility.py", "integration/services/membership", f"{_HISTORY}/test_history.py"],
    ),
    "undo": (["services.history.reverting", "services.history.undo"], [_HISTORY, _UNDONE]),
}
"""Modules of kinso, and the tests (files or folders) that have to notice what is wrong in them."""

_SWAPPED: dict[type[ast.AST], type[ast.AST]] = {
    **{ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Eq: ast.NotEq, ast.NotEq: ast.Eq},
    **{ast.In: ast.NotIn, ast.NotIn: ast.In, ast.Is: ast.IsNot, ast.IsNot: ast.Is},
    **{ast.And: ast.Or, ast.Or: ast.And, ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Div, ast.Div: ast.Mult},
}
settings.register_profile("unshrunk", settings.get_profile(examples.USUAL), phases=(Phase.explicit, Phase.generate))
_QUICKLY = "-n 0 -x -p no:cacheprovider --timeout 60 --hypothesis-profile unshrunk"
_ALREADY_LOADED = "ignore::pytest.PytestAssertRewriteWarning"


@dataclass(frozen=True)
class Mutant(MetaPathFinder, InspectLoader):
    """A module with one thing changed; `function` are the lines of the function around it, empty outside of any."""

    module: str
    source: str
    what: str
    function: range

    def find_spec(self, fullname: str, path: Any, target: Any = None) -> Any:
        return spec_from_loader(fullname, self) if fullname == self.module else None

    def get_source(self, fullname: str) -> str:
        return self.source


def mutants(module: str) -> Iterator[Mutant]:
    tree = ast.parse(_file(module).read_text(encoding="utf-8"))
    nodes = list(ast.walk(tree))
    functions = [_lines(node) for node in nodes if isinstance(node, ast.FunctionDef)]
    guards = [node.value for node in nodes if isinstance(node, ast.keyword) and node.arg == "frozen"]
    for number, node in enumerate(nodes):
        for change in _changes_of(node) if node not in guards else ():
            mutant = copy.deepcopy(tree)
            place = list(ast.walk(mutant))[number]
            before, line = ast.unparse(place), getattr(node, "lineno", 0)
            change(place)
            function = next((lines for lines in functions if line in lines), range(0))
            what = f"{module}, line {line}: {before} -> {ast.unparse(place)}"
            yield Mutant(module, ast.unparse(ast.fix_missing_locations(mutant)), what, function)


def _lines(function: ast.FunctionDef) -> range:
    return range(min(each.lineno for each in (function, *function.decorator_list)), (function.end_lineno or 0) + 1)


def _file(module: str) -> Path:
    return _ROOT.joinpath(*module.split(".")).with_suffix(".py")


def _changes_of(node: ast.AST) -> Iterator[Callable[[Any], None]]:
    match node:
        case ast.Compare(ops=[only]) if type(only) in _SWAPPED:
            yield lambda place: setattr(place, "ops", [_SWAPPED[type(only)]()])
        case ast.BoolOp(op=op) | ast.BinOp(op=op) if type(op) in _SWAPPED:
            yield lambda place: setattr(place, "op", _SWAPPED[type(op)]())
        case ast.If(test=test) | ast.IfExp(test=test):
            yield lambda place: setattr(place, "test", ast.UnaryOp(ast.Not(), test))
        case ast.Return(value=ast.expr() as value) if ast.unparse(value) != "None":
            yield lambda place: setattr(place, "value", ast.Constant(None))
        case ast.Expr(value=ast.Call()):
            yield lambda place: setattr(place, "value", ast.Constant(None))
        case ast.Constant(value=bool() as value):
            yield lambda place: setattr(place, "value", not value)
        case ast.Constant(value=int() as value):
            yield lambda place: setattr(place, "value", value + 1)
        case ast.Constant(value=str() as value) if value.replace(".", "", 1).isdigit():
            yield lambda place: setattr(place, "value", value[:-1] + str((int(value[-1]) + 1) % 10))


@dataclass(eq=False)
class Record:
    """A plugin of pytest that runs tests in the given order, all without one, and keeps what they did.

    `entered` are file and first line of the functions that each test entered; `failed` is the first test that did.
    """

    order: list[str] | None = None
    entered: dict[str, set[tuple[str, int]]] = field(default_factory=lambda: defaultdict(set))
    seconds: Counter[str] = field(default_factory=Counter)
    failed: str | None = None

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        if self.order is not None:
            rank = {id: number for number, id in enumerate(self.order)}
            items[:] = sorted((each for each in items if each.nodeid in rank), key=lambda each: rank[each.nodeid])

    def pytest_runtest_logstart(self, nodeid: str) -> None:
        def enter(frame: Any, event: str, argument: Any) -> None:
            self.entered[nodeid].add((frame.f_code.co_filename, frame.f_code.co_firstlineno))

        if self.order is None:
            sys.settrace(enter)
            threading.settrace(enter)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        self.seconds[report.nodeid] += report.duration
        if report.failed and self.failed is None:
            self.failed = report.nodeid


def run(uri: str, files: list[str], order: list[str] | None = None, mutant: Mutant | None = None) -> Record:
    """Run the tests in these files, all or those of `order`, in a process of their own."""
    reading, writing = os.pipe()
    if not (child := os.fork()):
        try:
            server.shared_uri = lambda run_process_id: uri  # type: ignore[assignment]
            if mutant:
                assert mutant.module not in sys.modules
                sys.meta_path.insert(0, mutant)
                os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
            record = Record(order)
            options = [*_QUICKLY.split(), "-m", "not slow", "-W", _ALREADY_LOADED]
            code = pytest.main([*options, *files], plugins=[record])
            if code in (pytest.ExitCode.INTERRUPTED, pytest.ExitCode.USAGE_ERROR):
                record.failed = "at import"
            assert record.failed or code == pytest.ExitCode.OK
            with os.fdopen(writing, "wb") as pipe:
                pickle.dump(record, pipe)
        finally:
            os._exit(0)
    os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        told = pipe.read()
    os.waitpid(child, 0)
    return pickle.loads(told)


def try_subject(uri: str, modules: list[str], tests: list[str], every: int) -> tuple[int, int]:
    """Number of changes that were noticed, and of all that were tried."""
    usual = run(uri, [f"tests/{each}" for each in tests])
    assert not usual.failed, f"Fails without any change: {usual.failed}"
    notices: Counter[str] = Counter()
    chosen = [mutant for module in modules for mutant in mutants(f"kinso.{module}")][::every]
    for mutant in chosen:
        lines = {(str(_file(mutant.module)), line) for line in mutant.function}
        # What no test enters may have run when its module was loaded, as everything outside of functions.
        able = [id for id in usual.seconds if lines & usual.entered[id]] or list(usual.seconds)
        order = sorted(able, key=lambda id: (-notices[id], usual.seconds[id]))
        if failed := run(uri, list(dict.fromkeys(id.split("::")[0] for id in order)), order, mutant).failed:
            notices[failed] += 1
        else:
            sys.stdout.write(f"  not noticed: {mutant.what}\n")
            sys.stdout.flush()
    return notices.total(), len(chosen)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.mutation", description=__doc__)
    parser.add_argument("subjects", nargs="*", metavar="subject", choices=[*SUBJECTS, []], help=", ".join(SUBJECTS))
    parser.add_argument("--every", type=int, default=1, help="try every so manieth change only")
    options = parser.parse_args()
    shares = []
    server.begin_run()
    try:
        for name in options.subjects or SUBJECTS:
            began = time.monotonic()
            noticed, tried = try_subject(server.shared_uri(os.getpid()), *SUBJECTS[name], options.every)
            sys.stdout.write(f"{name}: {noticed} of {tried} changes noticed in {time.monotonic() - began:.0f} s\n")
            shares.append(noticed / tried)
    finally:
        server.end_run()
    return 0 if min(shares) >= _LEAST else 1


if __name__ == "__main__":
    sys.exit(main())
