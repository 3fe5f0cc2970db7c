import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_everything_below_the_front_ends_loads_no_front_end_and_no_database_in_memory():
    program = """
import sys, pkgutil, importlib
for blocked in ("streamlit", "starlette", "fastapi", "uvicorn", "mongomock"):
    sys.modules[blocked] = None
for part in ("kinso.models", "kinso.database", "kinso.repository", "kinso.services"):
    for module in pkgutil.walk_packages(importlib.import_module(part).__path__, part + "."):
        importlib.import_module(module.name)
print("ok")
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert (done.stdout, done.stderr) == ("ok\n", "")


def test_templates_escape_what_is_put_into_html():
    by_hand = {
        str(path.relative_to(ROOT))
        for folder in ("kinso", "pages")
        for path in (ROOT / folder).rglob("*.py")
        if "from html import escape" in path.read_text()
    }
    # The labels of charts are no HTML, and no template writes them.
    assert by_hand == {"kinso/ui/insights/charts.py"}
