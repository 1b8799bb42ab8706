"""Fixtures: the programs under test, each in a folder and on ports of its own."""
import resource
import signal
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from reveille import Apple, Cluster, Server  # noqa: E402


# A crowd of connections is more than the 1024 files that Debian allows at first.
_, most_files = resource.getrlimit(resource.RLIMIT_NOFILE)
resource.setrlimit(resource.RLIMIT_NOFILE, (most_files, most_files))


LONGEST_TEST_SECONDS = 400  # several times what the longest needs on a busy machine


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_call(item):
    """A test that waits for what never comes fails, and the others run."""
    def give_up(*_):
        raise AssertionError(f"no end after {LONGEST_TEST_SECONDS} s")

    before = signal.signal(signal.SIGALRM, give_up)
    signal.alarm(LONGEST_TEST_SECONDS)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


def show_logs_of_failure(request, *programs) -> None:
    """The logs of the programs go to the report of a test that failed."""
    report = getattr(request.node, "report_of_call", None)
    if report is not None and report.failed:
        for each in programs:
            print(f"----- log of {each.name}\n{each.log()[-4000:]}")


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    outcome = yield
    if call.when == "call":
        item.report_of_call = outcome.get_result()


@pytest.fixture
def server(tmp_path, request):
    """One process with every role, and no provider credential."""
    running = Server(tmp_path).start()
    yield running
    show_logs_of_failure(request, running)
    running.kill()


@pytest.fixture
def apple(tmp_path):
    running = Apple(tmp_path).start()
    yield running
    running.kill()


@pytest.fixture
def cluster(tmp_path, request):
    """Apple's cloud, push service and server; domain localhost, no users."""
    running = Cluster(tmp_path)
    try:
        running.start()
        yield running
        show_logs_of_failure(request, running.server, running.push)
    finally:
        running.kill()
