"""Backups on the settings page: those in the folder, one more at the press of a button, and what went wrong."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from kinso.services.application import current_application
from kinso.services.history.runs import Progress
from kinso.services.transfer.daily_backups import back_up, backup_folder, get_backup_state, list_backups
from kinso.ui.job import LOOK_AGAIN, Job, draw_ending, watch
from kinso.ui.request_context import RequestContext, current_context
from kinso.ui.wording import counted, moment, plain

_UNDER_WAY = "backup_under_way"


def show_backups(context: RequestContext) -> None:
    """The backups that there are, and a button for one more."""
    st.subheader("Backups", anchor=False)
    settings = current_application().settings
    folder = backup_folder(settings)
    if folder is None:
        st.info(
            "Kinso makes no backups by itself. Set KINSO_BACKUP_DIR to a folder, on another disk if possible, and start"
            " Kinso again.",
            icon=":material/info:",
        )
        return
    st.caption(
        f"Kept in {plain(str(folder))}, with everything that Kinso knows. Copy them to another machine now and then:"
        " they are of no use if they are lost together with the data."
    )
    show_backup_problem(context)
    _show_progress()
    stored = list_backups(context.store, context.actor, settings)
    if not stored:
        st.caption(f"There is none yet. {_next(context)}")
        return
    table = pd.DataFrame(
        {
            "File": [each.name for each in stored],
            "Made": [each.made_at.astimezone(context.shop.zone).replace(tzinfo=None) for each in stored],
            "Size": [each.size for each in stored],
        }
    )
    columns = {
        "Made": st.column_config.DatetimeColumn(format="D MMM YYYY, HH:mm"),
        "Size": st.column_config.NumberColumn(format="bytes"),
    }
    st.dataframe(table, hide_index=True, column_config=columns, alt="Backups", width=640)


def show_backup_problem(context: RequestContext) -> None:
    """Why there is no backup of today, for those who can do something about it."""
    if not context.may(get_backup_state):
        return
    state = get_backup_state(context.store, context.actor)
    if state.failed_at:
        last = f"The last one is of {moment(state.made_at, context.shop)}." if state.made_at else "There is none yet."
        st.error(
            f"The backup of {moment(state.failed_at, context.shop)} failed. {plain(state.problem)} {last}",
            icon=":material/error:",
        )


def _next(context: RequestContext) -> str:
    if not context.shop.daily_backups:
        return "They are switched off above."
    return f"The first one is made at {context.shop.backup_hour:02d}:00."


def _show_progress() -> None:
    job: Job | None = st.session_state.get(_UNDER_WAY)
    if job is not None and not job.has_ended(within=LOOK_AGAIN):
        watch(_under_way)
        return
    if job is not None:
        draw_ending(job)
    st.button("Back up now", icon=":material/backup:", key="back_up_now", on_click=_start)


def _start() -> None:
    job = _under_way()
    if job is None or job.has_ended():
        st.session_state[_UNDER_WAY] = _begin(current_context())


def _under_way() -> Job | None:
    job: Job | None = st.session_state.get(_UNDER_WAY)
    return job


def _begin(context: RequestContext) -> Job:
    settings = current_application().settings

    def work(on_progress: Progress) -> str:
        name, content = back_up(context.store, context.actor, settings, on_progress)
        made = moment(content.made_at, context.shop)
        return f"{name} holds everything as of {made}: {counted(content.customers, 'customer')}."

    return Job("Backing up", work, when_stopped="the unfinished file is removed")
