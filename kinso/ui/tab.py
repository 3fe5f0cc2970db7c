"""What the browser's tab, its history and its bookmarks say."""

from __future__ import annotations

import streamlit as st


def show_in_tab(title: str) -> None:
    """Name what the page shows, such as a page or a customer."""
    st.set_page_config(page_title=f"{title} · Kinso")
