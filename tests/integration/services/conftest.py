"""What tests of several subjects need."""

import pytest

from kinso.services.history import runs
from tests.support.power_cut import PowerCut


@pytest.fixture
def cut_off(monkeypatch):
    """Does something whose run is cut off after its first batch, or later, and not undone."""

    def cut(work, after=0):
        def progress(done, total):
            if done >= after:
                raise PowerCut

        with monkeypatch.context() as crash:
            crash.setattr(runs, "roll_back", lambda store, run: 0)
            with pytest.raises(PowerCut):
                work(progress)

    return cut
