import subprocess
import sys


def test_everything_below_the_front_ends_works_without_streamlit_and_web_frameworks():
    program = """
import sys, pkgutil, importlib
for blocked in ("streamlit", "starlette", "fastapi", "uvicorn"):
    sys.modules[blocked] = None
for part in ("kinso.models", "kinso.database", "kinso.repository", "kinso.services"):
    for module in pkgutil.walk_packages(importlib.import_module(part).__path__, part + "."):
        importlib.import_module(module.name)
print("ok")
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert (done.stdout, done.stderr) == ("ok\n", "")
