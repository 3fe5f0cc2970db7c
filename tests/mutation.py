"""Small wrong changes to the code that decides about money and memberships: the tests of its subject have to notice.

`python -m tests.mutation` tries all subjects, `python -m tests.mutation money ledger` only these; `--every 5` tries
every fifth change. Works on a copy of the project, prints what no test noticed, and fails below 95 % in any subject.
"""

import argparse
import ast
import copy
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

_ROOT = Path(__file__).parents[1]
_LEAST = 0.95
_SECONDS = 300
"""A test that never ends has noticed the change as well."""


@dataclass(frozen=True)
class Subject:
    """Modules of kinso, and the tests that have to notice what is wrong in them."""

    modules: tuple[str, ...]
    tests: tuple[str, ...]


SUBJECTS = {
    "money": Subject(("models/money.py",), ("unit/models/test_money.py", "unit/models/test_sale_items.py")),
    "ledger": Subject(
        ("services/purchases/ledger.py",),
        tuple(
            f"integration/services/test_{name}.py"
            for name in ("opening_balances", "sales", "refunds", "taking_back", "undo", "purchase_imports_undone")
        ),
    ),
    "eligibility": Subject(
        ("services/membership/eligibility.py", "models/membership.py"),
        (
            "unit/services/membership/test_eligibility.py",
            "integration/services/membership/test_eligibility.py",
            "integration/services/membership/test_rule_bases.py",
            "integration/services/membership/test_membership.py",
            "integration/services/membership/test_demotion.py",
        ),
    ),
    "undo": Subject(
        ("services/history/reverting.py", "services/history/undo.py"),
        tuple(
            f"integration/services/test_{name}.py"
            for name in ("undo", "taking_back", "history", "purchase_imports_undone")
        ),
    ),
}

_SWAPPED: dict[type[ast.AST], type[ast.AST]] = {
    **{ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Eq: ast.NotEq, ast.NotEq: ast.Eq},
    **{ast.In: ast.NotIn, ast.NotIn: ast.In, ast.Is: ast.IsNot, ast.IsNot: ast.Is},
    **{ast.And: ast.Or, ast.Or: ast.And, ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Div, ast.Div: ast.Mult},
}


def mutants(source: str) -> Iterator[tuple[str, str]]:
    """The source with one thing changed, and what that is."""
    tree = ast.parse(source)
    for number, node in enumerate(ast.walk(tree)):
        for change in _changes_of(node):
            mutant = copy.deepcopy(tree)
            place = list(ast.walk(mutant))[number]
            before = ast.unparse(place)
            change(place)
            yield ast.unparse(mutant), f"line {getattr(node, 'lineno', 0)}: {before} -> {ast.unparse(place)}"


def _changes_of(node: ast.AST) -> Iterator[Callable[[ast.AST], None]]:
    match node:
        case ast.Compare(ops=[only]) if type(only) in _SWAPPED:
            yield lambda place: setattr(place, "ops", [_SWAPPED[type(only)]()])
        case ast.BoolOp(op=op) | ast.BinOp(op=op) if type(op) in _SWAPPED and not _is_annotation(node):
            yield lambda place: setattr(place, "op", _SWAPPED[type(op)]())
        case ast.If(test=test) | ast.IfExp(test=test):
            yield lambda place: setattr(place, "test", ast.UnaryOp(ast.Not(), test))
        case ast.Return(value=ast.expr() as value) if ast.unparse(value) != "None":
            yield lambda place: setattr(place, "value", ast.Constant(None))
        case ast.Constant(value=bool() as value):
            yield lambda place: setattr(place, "value", not value)
        case ast.Constant(value=int() as value):
            yield lambda place: setattr(place, "value", value + 1)
        case ast.Constant(value=str() as value) if value.replace(".", "", 1).isdigit():
            yield lambda place: setattr(place, "value", value[:-1] + str((int(value[-1]) + 1) % 10))


def _is_annotation(node: ast.AST) -> bool:
    return isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitOr)


def notices(folder: Path, subject: Subject) -> bool:
    """Whether a test of the subject fails in this copy of the project."""
    command = [sys.executable, "-m", "pytest", "-n", "0", "-x", "-q", "-p", "no:cacheprovider"]
    try:
        tests = [f"tests/{each}" for each in subject.tests]
        done = subprocess.run([*command, *tests], cwd=folder, capture_output=True, timeout=_SECONDS, check=False)
    except subprocess.TimeoutExpired:
        return True
    return done.returncode != 0


def try_subject(folder: Path, subject: Subject, every: int) -> tuple[int, int]:
    """Number of changes that were noticed, and of all that were tried."""
    assert not notices(folder, subject), "The tests fail without any change."
    noticed = tried = 0
    for module in subject.modules:
        file = folder / "kinso" / module
        source = file.read_text(encoding="utf-8")
        for changed, what in list(mutants(source))[::every]:
            file.write_text(changed, encoding="utf-8")
            tried += 1
            if notices(folder, subject):
                noticed += 1
            else:
                sys.stdout.write(f"  not noticed: {module}, {what}\n")
                sys.stdout.flush()
        file.write_text(source, encoding="utf-8")
    return noticed, tried


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.mutation", description=__doc__)
    parser.add_argument("subjects", nargs="*", metavar="subject", choices=[*SUBJECTS, []], help=", ".join(SUBJECTS))
    parser.add_argument("--every", type=int, default=1, help="try every so manieth change only")
    options = parser.parse_args()
    good = True
    with tempfile.TemporaryDirectory(prefix="kinso-") as name:
        folder = Path(name, "project")
        shutil.copytree(_ROOT, folder, ignore=shutil.ignore_patterns(".git", ".venv", "__pycache__", "node_modules"))
        for subject in options.subjects or SUBJECTS:
            noticed, tried = try_subject(folder, SUBJECTS[subject], options.every)
            sys.stdout.write(f"{subject}: {noticed} of {tried} changes noticed\n")
            good = good and noticed >= _LEAST * tried
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
