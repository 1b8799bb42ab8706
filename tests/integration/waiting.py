"""How a test waits: for something that can be asked, with wait_until. pass_time is for the few that are about time itself."""
import threading
import time


def wait_until(question, within: float = 10.0, every: float = 0.05, otherwise: str = ""):
    """Asks again and again; the first answer that is true. AssertionError, with `otherwise`, when none is in time."""
    deadline = time.monotonic() + within
    while not (answer := question()):
        assert time.monotonic() < deadline, f"not within {within} s: {otherwise or 'the answer stays ' + repr(answer)}"
        pass_time(every, "between two questions")
    return answer


def pass_time(seconds: float, because: str) -> None:
    """Lets time pass, where time is what the test is about; `because` says why no event can be waited for."""
    assert because
    threading.Event().wait(seconds)
