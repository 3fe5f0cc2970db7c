"""What several tests of imports need."""

import pytest

from kinso.services.history import runs
from tests.support.power_cut import PowerCut


@pytest.fixture
def cut_off(monkeypatch):
    """Does something whose run is cut off after its first batch, and not undone."""

    def cut(work):
        def progress(done, total):
            raise PowerCut

        with monkeypatch.context() as crash:
            crash.setattr(runs, "roll_back", lambda store, run: 0)
            with pytest.raises(PowerCut):
                work(progress)

    return cut
