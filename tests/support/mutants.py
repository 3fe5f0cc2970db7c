"""Modules of Kinso with one small thing changed, as the check in `tests/mutation.py` tries them."""

import ast
import copy
import gc
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.abc import InspectLoader, MetaPathFinder
from importlib.util import spec_from_loader
from pathlib import Path
from types import CodeType, FunctionType
from typing import Any

_ROOT = Path(__file__).parents[2]

_SWAPPED: dict[type[ast.AST], type[ast.AST]] = {
    **{ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Eq: ast.NotEq, ast.NotEq: ast.Eq},
    **{ast.In: ast.NotIn, ast.NotIn: ast.In, ast.Is: ast.IsNot, ast.IsNot: ast.Is},
    **{ast.And: ast.Or, ast.Or: ast.And, ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Div, ast.Div: ast.Mult},
}

Place = tuple[str, int, str]
"""File, first line and name of a function."""


@dataclass(frozen=True)
class Mutant(MetaPathFinder, InspectLoader):
    """A module with one thing changed, to be loaded instead of the real one; `function` is where, if it is in one."""

    module: str
    code: CodeType
    what: str
    function: Place | None

    def find_spec(self, fullname: str, path: Any, target: Any = None) -> Any:
        return spec_from_loader(fullname, self) if fullname == self.module else None

    def get_code(self, fullname: str) -> CodeType:
        return self.code

    def get_source(self, fullname: str) -> None:
        return None

    def put_in_place(self) -> None:
        """Replace the code of the function where that is loaded already."""
        codes = [self.code]
        for code in codes:
            codes += [each for each in code.co_consts if isinstance(each, CodeType)]
        new = next(code for code in codes if place_of(code) == self.function)
        for each in gc.get_objects():
            if type(each) is FunctionType and place_of(each.__code__) == self.function:
                each.__code__ = new


def place_of(code: CodeType) -> Place:
    return code.co_filename, code.co_firstlineno, code.co_name


def mutants(module: str) -> Iterator[Mutant]:
    file = _ROOT.joinpath(*module.split(".")).with_suffix(".py")
    tree = ast.parse(file.read_text(encoding="utf-8"))
    nodes = list(ast.walk(tree))
    places: dict[ast.AST, Place] = {}
    for function in (node for node in nodes if isinstance(node, ast.FunctionDef)):
        place = str(file), min(each.lineno for each in (function, *function.decorator_list)), function.name
        for inner in [inner for each in function.body for inner in ast.walk(each)]:
            places.setdefault(inner, place)
    guards = [node.value for node in nodes if isinstance(node, ast.keyword) and node.arg == "frozen"]
    for number, node in enumerate(nodes):
        for change in _changes_of(node) if node not in guards else ():
            mutant = copy.deepcopy(tree)
            changed = list(ast.walk(mutant))[number]
            before = ast.unparse(changed)
            change(changed)
            what = f"{module}, line {getattr(node, 'lineno', 0)}: {before} -> {ast.unparse(changed)}"
            code = compile(ast.fix_missing_locations(mutant), str(file), "exec")
            yield Mutant(module, code, what, places.get(node))


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
