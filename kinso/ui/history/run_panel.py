"""The panel of every kind of run: its question, how far it has come with a way to stop it, its report, Undo."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from threading import RLock
from typing import Any, Generic, NamedTuple, TypeVar, cast

import streamlit as st

from kinso.models.history import Run
from kinso.models.merging import SeparationPreview, Side
from kinso.services.history.runs import Progress, get_run
from kinso.services.history.undo import may_undo, preview_undo_of_merge, undo_run
from kinso.ui.customers.words import isolated, named
from kinso.ui.feedback import celebrate, failures_as_toasts, show_toasts, warn
from kinso.ui.history.filters import link_to_history
from kinso.ui.history.words import describe, noun_of, undo_in_words
from kinso.ui.job import LOOK_AGAIN, Job, draw_ending, watch
from kinso.ui.request_context import RequestContext, current_context
from kinso.ui.wording import counted, plain

Asked = TypeVar("Asked")
Plan = TypeVar("Plan")

_PANELS = "run_panels"


class Outcome(NamedTuple):
    """What became of a run, in words, and the run itself where there was anything to do."""

    report: str
    run: Run | None


@dataclass
class _State(Generic[Plan]):
    """Lives as long as the browser tab's session, so that a run is found again after a look at another page."""

    asked: Plan | None = None
    job: Job | None = None
    ended: Job | None = None
    run: Run | None = None
    lock: RLock = field(default_factory=RLock, repr=False)


@dataclass(frozen=True, kw_only=True)
class RunPanel(Generic[Plan]):
    """A kind of run, one of which is under way at a time in a tab; `failed` says what is so when it was not done.

    `when_stopped` tells what becomes of one that somebody stops.
    """

    key: str
    title: Callable[[Plan], str]
    work: Callable[[RequestContext, Plan, Progress], Outcome]
    failed: str
    when_stopped: str = "what was done is undone"

    @property
    def state(self) -> _State[Plan]:
        """What this person has of it."""
        return cast("_State[Plan]", st.session_state.setdefault(_PANELS, {}).setdefault(self.key, _State()))

    @property
    def is_under_way(self) -> bool:
        """Whether a run that was started here goes on, or has ended unseen."""
        return self.state.job is not None

    def start(self, plan: Plan) -> None:
        """From a callback: do it, unless one is under way; earlier reports go."""
        state = self.state
        with state.lock:
            if state.job is None:
                forget_reports()
                state.run = None
                work = self._working(plan, state, current_context())
                state.job = Job(self.title(plan), work, when_stopped=self.when_stopped)

    def show(self, on_end: Callable[[Job], None] | None = None) -> None:
        """How far it has come, until it has ended; then what became of it."""
        if not self.show_progress(on_end):
            self.show_report()

    def show_progress(self, on_end: Callable[[Job], None] | None = None) -> bool:
        """Draw how far it has come; returns whether it goes on. `on_end` is called once, when it has ended."""
        state = self.state
        if state.job is not None and not state.job.has_ended(within=LOOK_AGAIN):
            watch(lambda: state.job)
            return True
        if state.job is not None:
            job, state.job = state.job, None
            state.ended = job
            self._tell(job)
            if on_end:
                on_end(job)
        return False

    def show_report(self) -> None:
        """What became of the last one, until it is undone."""
        state, context = self.state, current_context()
        if state.ended is None:
            return
        run = get_run(context.store, context.actor, state.run.id) if state.run else None
        if run is not None and run.undone_by:
            return
        draw_ending(state.ended)
        if run is not None and run.changed:
            with st.container(horizontal=True, vertical_alignment="center"):
                offer_undo(run, context, key=f"report_undo_{run.id}")
                link_to_history("Its changes in the history", run=run.id)

    def forget_report(self) -> None:
        """Something else is looked at now; what was done before is listed under the recent runs."""
        self.state.ended = None

    def _tell(self, job: Job) -> None:
        if job.outcome:
            celebrate(plain(job.outcome))
        else:
            warn(self.failed)
        show_toasts()

    def _working(self, plan: Plan, state: _State[Plan], context: RequestContext) -> Callable[[Progress], str]:
        def work(on_progress: Progress) -> str:
            report, state.run = self.work(context, plan, on_progress)
            return report

        return work


@dataclass(frozen=True, kw_only=True)
class AskedRunPanel(RunPanel[Plan], Generic[Asked, Plan]):
    """A kind of run that is asked about in a dialog: `plan` says what it would do, `question` draws that.

    `count` is how many it would change; with none of them, or while it is not `is_ready` or not `is_confirmed` by what
    was typed, there is nothing to confirm.
    """

    heading: str
    icon: str
    plan: Callable[[RequestContext, Asked], Plan]
    count: Callable[[Plan], int]
    question: Callable[[Plan, RequestContext], None]
    confirm: Callable[[int, Plan], str]
    cancel: str = "Cancel"
    cancel_key: str = "cancel"
    is_ready: Callable[[], bool] = lambda: True
    is_confirmed: Callable[[Plan], bool] = lambda _plan: True

    def ask(self, asked: Asked) -> None:
        """From a callback: plan it and ask."""
        context = current_context()
        with failures_as_toasts():
            self.state.asked = self.plan(context, asked)
        st.rerun()

    def show_question(self) -> bool:
        """Draw the dialog, while it is being asked; returns whether it is."""
        plan = self.state.asked
        if plan is not None:
            st.dialog(self.heading, icon=self.icon, on_dismiss=self._drop)(self._draw_question)(plan)
        return plan is not None

    def _draw_question(self, plan: Plan) -> None:
        self.question(plan, current_context())
        count = self.count(plan)
        with st.container(horizontal=True, horizontal_alignment="right"):
            st.button(self.cancel, key=f"{self.key}_{self.cancel_key}", on_click=self._drop)
            st.button(
                self.confirm(count, plan),
                type="primary",
                key=f"{self.key}_confirm",
                disabled=not count or not self.is_ready() or not self.is_confirmed(plan),
                on_click=self._confirmed,
            )

    def _confirmed(self) -> None:
        state = self.state
        with state.lock:
            plan, state.asked = state.asked, None
            if plan is not None and self.is_ready():
                self.start(plan)
        st.rerun()

    def _drop(self) -> None:
        self.state.asked = None
        st.rerun()


def show_run_question(*panels: AskedRunPanel[Any, Any]) -> bool:
    """Draw the dialog of the one that is being asked about, if any; returns whether there is one."""
    return any(panel.show_question() for panel in panels)


def forget_reports() -> None:
    """Whoever starts something else, or comes from another page, has read the reports of what they did last."""
    panels: dict[str, _State[Any]] = st.session_state.get(_PANELS, {})
    for state in panels.values():
        state.ended = None


@dataclass
class Undoing:
    """A run that is to be undone; of a merge, who comes back, and whose the purchases since then shall be."""

    run: Run
    separation: SeparationPreview | None = None
    since: Side = "this"


def _plan_undo(context: RequestContext, run: Run) -> Undoing:
    is_merge = run.kind == "merge"
    return Undoing(run, preview_undo_of_merge(context.store, context.actor, run.id) if is_merge else None)


def _ask_about_undo(undoing: Undoing, context: RequestContext) -> None:
    run = undoing.run
    st.markdown(f"**{plain(describe(run, context.shop))}**, by {isolated(run.by_name)}")
    if undoing.separation is not None:
        _ask_about_separation(undoing, undoing.separation)
        return
    st.markdown(
        f"Undo what it did to **{counted(run.changed, 'customer')}**? What somebody changed since is kept and"
        " reported. The undo is a bulk change, too, and can be undone as well."
    )
    if run.kind == "import":
        st.caption("Customers whom it registered go to the trash; those whom it changed get their old values again.")
    elif run.kind == "purchases":
        st.caption(
            "Customers whom it registered go to the trash, unless something was done for them since; what it added to"
            " the others is taken off again. Only sales of which money went back since stay."
        )


def _ask_about_separation(undoing: Undoing, separation: SeparationPreview) -> None:
    stays, back = named(separation.stays), named(separation.comes_back)
    st.markdown(
        f"{back} comes back as a customer of their own, with everything they brought. What was changed of {stays} since"
        " is kept and reported."
    )
    if not separation.sales:
        return
    chosen: Side = st.radio(
        f"{counted(len(separation.sales), 'purchase')} since then, with their refunds, belong to",
        ["this", "other"],
        format_func={"this": stays, "other": back}.__getitem__,
        key=f"undo_since_{undoing.run.id}",
    )
    undoing.since = chosen


def _confirm_undo(count: int, undoing: Undoing) -> str:
    return "Undo the merge" if undoing.separation else f"Undo for {counted(count, 'customer')}"


def _undo(context: RequestContext, undoing: Undoing, on_progress: Progress) -> Outcome:
    undo = undo_run(context.store, context.actor, undoing.run.id, since=undoing.since, on_progress=on_progress)
    return Outcome(undo_in_words(undo), undo)


UNDO = AskedRunPanel[Run, Undoing](
    key="undo",
    heading="Undo a bulk change",
    icon=":material/undo:",
    plan=_plan_undo,
    count=lambda undoing: undoing.run.changed,
    question=_ask_about_undo,
    confirm=_confirm_undo,
    cancel="Keep",
    cancel_key="keep",
    title=lambda _run: "Undoing",
    work=_undo,
    failed="The bulk change was not undone.",
)


def offer_undo(run: Run, context: RequestContext, *, key: str) -> None:
    """The button, for those who may and where there is something to undo."""
    if may_undo(context.actor, run) and run.status == "done" and run.changed and not run.undone_by:
        st.button(
            f"Undo this {noun_of(run)}",
            icon=":material/undo:",
            key=key,
            disabled=UNDO.is_under_way,
            on_click=UNDO.ask,
            args=(run,),
        )
