"""What Streamlit would draw by itself."""

import ast
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]


def test_no_bare_value_of_a_script_is_drawn():
    config = tomllib.loads((ROOT / ".streamlit" / "config.toml").read_text())
    assert config["runner"]["magicEnabled"] is False


@pytest.mark.parametrize("page", sorted((ROOT / "pages").glob("*.py")), ids=lambda page: page.stem)
def test_a_page_holds_no_bare_text_below_its_docstring(page):
    body = ast.parse(page.read_text(encoding="utf-8")).body[1:]
    assert [node.lineno for node in body if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)] == []
