"""Launcher: `streamlit run app.py` serves the pages, the sign-in, the downloads and the HTTP API from one process."""

from pathlib import Path

import streamlit as st
from starlette.routing import Mount

from kinso.api.app import create_api
from kinso.ui.errors import show_script_error
from kinso.web.lifespan import lifespan
from kinso.web.paths import API
from kinso.web.routes import web_middleware, web_routes

app = st.App(
    Path(__file__).resolve().parent / "kinso" / "ui" / "main.py",
    routes=[Mount(API, app=create_api()), *web_routes()],
    middleware=web_middleware(),
    lifespan=lifespan,
    on_script_error=show_script_error,
)
