"""Small wrong changes to the code that decides about money and memberships: the tests of its subject have to notice.

`python -m tests.mutation` tries all subjects, `python -m tests.mutation money ledger` only these; `--every 5` tries
every fifth change. Prints what no test noticed, and fails below 95 % in any subject. No file is changed: each change is
tried in a forked process (so not on Windows), by those tests only that enter the changed function, first those that
noticed most until then. Where it is in a function, everything is loaded already and only its code is replaced.
"""

import argparse
import os
import pickle
import sys
import threading
import time
import traceback
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import pydantic  # noqa: F401 - loaded once for all processes
import pymongo  # noqa: F401
import pytest
from hypothesis import Phase, settings

from tests.support import examples, server
from tests.support.mutants import Mutant, Place, mutants, place_of

_LEAST = 0.95

_HISTORY, _TRANSFER = "integration/services/history", "integration/services/transfer"
_UNDONE, _UNFINISHED = f"{_TRANSFER}/test_purchase_imports_undone.py", f"{_TRANSFER}/test_unfinished_imports.py"
_LINES = "unit/models/test_receipt_lines.py"
SUBJECTS = {
    "money": (["models.money"], ["unit/models/test_money.py", _LINES]),
    "ledger": (
        ["models.purchases", "services.purchases.receipts", "services.purchases.ledger"],
        [_LINES, "integration/services/purchases", _HISTORY, _UNDONE],
    ),
    "eligibility": (
        ["models.membership", "models.rule_bases", "services.membership.eligibility"],
        ["unit/services/test_eligibility.py", "integration/services/membership", f"{_HISTORY}/test_history.py"],
    ),
    "undo": (["services.history.reverting", "services.history.undo"], [_HISTORY, _UNDONE, _UNFINISHED]),
}
"""Modules of kinso, and the tests (files or folders) that have to notice what is wrong in them."""

settings.register_profile("unshrunk", settings.get_profile(examples.USUAL), phases=(Phase.explicit, Phase.generate))
_OPTIONS = "-n 0 -p no:cacheprovider --timeout 100 --hypothesis-profile unshrunk"
_FORKED = ("-W", "ignore::pytest.PytestAssertRewriteWarning", "-W", "ignore:MongoClient opened before fork")


def forked(work: Callable[[], Any]) -> Any:
    """What `work` returns, done in a process of its own."""
    reading, writing = os.pipe()
    if not (child := os.fork()):
        try:
            with os.fdopen(writing, "wb") as pipe:
                pickle.dump(work(), pipe)
        except BaseException:
            traceback.print_exc()
        finally:
            os._exit(0)
    os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        told = pipe.read()
    os.waitpid(child, 0)
    return pickle.loads(told)


@dataclass(eq=False)
class Trials:
    """A plugin of pytest: runs all tests, and then with each mutant in its place those that enter its function.

    With an `order` it runs these tests only. `entered` are the changed functions that each test entered, `failed` is
    the first test that did, `notices` tells how many mutants each of them noticed.
    """

    mutants: Sequence[Mutant] = ()
    order: Sequence[str] = ()
    entered: dict[str, set[Place]] = field(default_factory=lambda: defaultdict(set))
    seconds: Counter[str] = field(default_factory=Counter)
    notices: Counter[str] = field(default_factory=Counter)
    failed: str | None = None

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        items = {item.nodeid: item for item in session.items}
        if session.testsfailed or self._fails(items[id] for id in self.order or items):
            return True
        for mutant in self.mutants:
            if self.entering(mutant):
                self.note(mutant, forked(lambda mutant=mutant: self._with(mutant, items)))
        self.mutants = ()
        return True

    def _with(self, mutant: Mutant, items: dict[str, pytest.Item]) -> str | None:
        mutant.put_in_place()
        self.mutants = ()
        return self._fails(items[id] for id in self.able(mutant))

    def _fails(self, items: Iterable[pytest.Item]) -> str | None:
        places = {mutant.function for mutant in self.mutants}
        for item in items:
            # Any test may be next: what belongs to the whole session stays, and nothing else.
            following = SimpleNamespace(listchain=lambda item=item: [item.session])
            with _entering(places, self.entered[item.nodeid]):
                item.ihook.pytest_runtest_protocol(item=item, nextitem=following)
            if self.failed:
                break
        return self.failed

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        self.seconds[report.nodeid] += report.duration
        if report.failed:
            self.failed = self.failed or report.nodeid

    def entering(self, mutant: Mutant) -> list[str]:
        return [id for id in self.seconds if mutant.function in self.entered[id]]

    def able(self, mutant: Mutant) -> list[str]:
        """Tests that may notice a mutant; what none of them enters may have run when its module was loaded."""
        return sorted(self.entering(mutant) or self.seconds, key=lambda id: (-self.notices[id], self.seconds[id]))

    def note(self, mutant: Mutant, failed: str | None) -> None:
        if failed:
            self.notices[failed] += 1
        else:
            # Between tests pytest captures nothing.
            sys.stderr.write(f"  not noticed: {mutant.what}\n")


@contextmanager
def _entering(places: set[Place | None], entered: set[Place]) -> Iterator[None]:
    def enter(frame: Any, event: str, argument: Any) -> None:
        if (place := place_of(frame.f_code)) in places:
            entered.add(place)

    if places:
        sys.settrace(enter)
        threading.settrace(enter)
    yield
    sys.settrace(None)
    threading.settrace(None)  # type: ignore[arg-type]


def run(uri: str, files: Iterable[str], trials: Trials, mutant: Mutant | None = None) -> Trials:
    """Have pytest run in a process of its own, with a mutant or without."""

    def work() -> Trials:
        server.shared_uri = lambda run_process_id: uri  # type: ignore[assignment]
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        if mutant:
            assert mutant.module not in sys.modules
            sys.meta_path.insert(0, mutant)
        code = pytest.main([*_OPTIONS.split(), *_FORKED, "-m", "not slow", *files], plugins=[trials])
        if code not in (pytest.ExitCode.OK, pytest.ExitCode.INTERNAL_ERROR):
            trials.failed = trials.failed or "at import"
        assert trials.failed or code == pytest.ExitCode.OK
        return trials

    return forked(work)


def try_subject(uri: str, modules: list[str], tests: list[str], every: int) -> tuple[int, int]:
    """Number of changes that were noticed, and of all that were tried."""
    chosen = [mutant for module in modules for mutant in mutants(f"kinso.{module}")][::every]
    trials = run(uri, [f"tests/{each}" for each in tests], Trials(chosen))
    assert not trials.failed, f"Fails without any change: {trials.failed}"
    for mutant in chosen:
        if not trials.entering(mutant):
            order = trials.able(mutant)
            trials.note(mutant, run(uri, {id.split("::")[0] for id in order}, Trials(order=order), mutant).failed)
    return trials.notices.total(), len(chosen)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.mutation", description=__doc__)
    parser.add_argument("subjects", nargs="*", metavar="subject", choices=[*SUBJECTS, []], help=", ".join(SUBJECTS))
    parser.add_argument("--every", type=int, default=1, help="try every so manieth change only")
    options = parser.parse_args()
    shares = []
    server.begin_run()
    try:
        for name in options.subjects or SUBJECTS:
            began = time.monotonic()
            noticed, tried = try_subject(server.shared_uri(os.getpid()), *SUBJECTS[name], options.every)
            sys.stdout.write(f"{name}: {noticed} of {tried} changes noticed in {time.monotonic() - began:.0f} s\n")
            shares.append(noticed / tried)
    finally:
        server.end_run()
    return 0 if min(shares) >= _LEAST else 1


if __name__ == "__main__":
    sys.exit(main())
