"""Launcher: `streamlit run app.py` serves the pages, the sign-in, the downloads and the HTTP API from one process."""

from pathlib import Path

import streamlit as st
from starlette.middleware import Middleware

from kinso.api.app import api_routes, create_api
from kinso.api.middleware import OddAddresses
from kinso.ui.browser import SCRIPTS
from kinso.ui.feedback import show_script_error
from kinso.web.addresses import API
from kinso.web.lifespan import lifespan
from kinso.web.routes import web_middleware, web_routes

api = create_api()
app = st.App(
    Path(__file__).resolve().parent / "kinso" / "ui" / "main.py",
    routes=[*api_routes(API, api), *web_routes()],
    middleware=[*web_middleware(SCRIPTS), Middleware(OddAddresses, path=API, api=api)],
    lifespan=lifespan,
    on_script_error=show_script_error,
)
