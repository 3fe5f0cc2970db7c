import logging
from threading import Event

from kinso.errors import Conflict
from kinso.ui.job import Job


def finished(work):
    job = Job("Trying", work)
    assert job.has_ended(within=10)
    return job


def test_a_job_that_succeeds_leaves_its_sentence():
    job = finished(lambda on_progress: "3 customers changed.")
    assert (job.outcome, job.problem) == ("3 customers changed.", None)


def test_a_refusal_is_left_as_its_sentence():
    def refuse(on_progress):
        raise Conflict("Someone else was first.")

    job = finished(refuse)
    assert (job.outcome, job.problem) == (None, "Someone else was first.")


def test_a_defect_is_logged_and_told_without_its_details(caplog):
    def fail(on_progress):
        raise ZeroDivisionError("secret")

    with caplog.at_level(logging.ERROR):
        job = finished(fail)
    assert "nothing was changed" in job.problem
    assert "secret" not in job.problem
    assert "secret" in caplog.text


def test_progress_can_be_read_while_it_works():
    half, go_on = Event(), Event()

    def work(on_progress):
        on_progress(5, 10)
        half.set()
        go_on.wait(10)
        return "Done."

    job = Job("Trying", work)
    assert job.share in {0.0, 0.5}
    assert half.wait(10)
    assert job.share == 0.5
    assert not job.has_ended()
    go_on.set()
    assert job.has_ended(within=10)


def test_a_job_that_is_stopped_passes_through_its_work_and_says_so():
    begun, go_on, reverted = Event(), Event(), []

    def work(on_progress):
        begun.set()
        assert go_on.wait(10)
        try:
            on_progress(5, 10)
        except BaseException:
            reverted.append(5)
            raise
        return "Done."

    job = Job("Trying", work)
    assert begun.wait(10)
    assert not job.is_stopping
    job.stop()
    go_on.set()
    assert job.has_ended(within=10)
    assert (job.is_stopping, job.outcome, reverted) == (True, None, [5])
    assert "undone" in job.problem


def test_stopping_what_has_ended_changes_nothing():
    job = finished(lambda on_progress: "3 customers changed.")
    job.stop()
    assert (job.outcome, job.problem) == ("3 customers changed.", None)
