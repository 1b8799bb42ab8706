"""kill -9 of the push service at random instants under load: each accepted notification ends in exactly one recorded outcome, and Apple
has none more than twice, and twice only where its fate was unknown to the disk (B-PUSH-3, B-CALL-4)."""
import http.client
import random
import threading
import time
import uuid
from collections import Counter

from push_client import ENDS, PushTenant, a_call, a_message, push_service
from waiting import pass_time, wait_until

KILLS, ASKERS = 50, 8
CALL_LIVES, MESSAGE_LIVES = 4, 8  # seconds


class Load:
    """Threads that ask without pause, and ask again with the same key until they hear that it is accepted."""

    def __init__(self, apple, tenant: PushTenant):
        self.apple, self.tenant = apple, tenant
        self.devices = [apple.new_device() for _ in range(ASKERS)]
        self.accepted: set[str] = set()
        self.over = threading.Event()
        self.faults: list[str] = []
        self._threads = [threading.Thread(target=self._ask, args=(index,)) for index in range(ASKERS)]

    def _ask(self, index: int) -> None:
        device = self.devices[index]
        while not self.over.is_set():
            is_call = random.random() < 0.7
            body = a_call(self.apple, device, CALL_LIVES) if is_call else a_message(self.apple, device, MESSAGE_LIVES)
            key = str(uuid.uuid4())
            while not self._is_accepted(body, key):
                self.over.wait(0.01)

    def _is_accepted(self, body: dict, key: str) -> bool:
        try:
            status, answer = self.tenant.notify(body, key=key, wait=random.choice([None, 1]))
        except (OSError, http.client.HTTPException, AssertionError):
            return self.over.is_set()  # it was killed: nobody knows
        if status not in (200, 202):
            self.faults.append(f"{status} {answer}")
            return True
        self.accepted.add(answer["id"])
        return True

    def __enter__(self):
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.over.set()
        for thread in self._threads:
            thread.join()


def kill_under_load(tmp_path, apple, seed: int) -> None:
    print("seed", seed)
    instants = random.Random(seed)
    push = push_service(tmp_path, apple)
    try:
        tenant = PushTenant(push, "romeo")
        tenant.sign_in()
        apple.fault(latency_ms=15, count=-1)  # so that something is under way at each kill
        with Load(apple, tenant) as load:
            for _ in range(KILLS):
                pass_time(instants.uniform(0.05, 0.8), "a kill comes at any instant")
                push.kill()
                push.start()
            before = len(load.accepted)
            wait_until(lambda: len(load.accepted) > before + ASKERS)
        assert load.faults == []
        account_for(apple, tenant, load.accepted)
    finally:
        push.kill()


def account_for(apple, tenant: PushTenant, accepted: set[str]) -> None:
    taken = Counter(request["id"] for request in apple.requests() if request["status"] == 200)
    deadline = time.monotonic() + MESSAGE_LIVES + 20
    marks, outcomes = Counter(), Counter()
    for identifier in accepted:
        view = tenant.fate_when(identifier, ENDS, deadline - time.monotonic())
        steps = [milestone["name"] for milestone in view["milestones"]]
        assert [step for step in steps if step in ENDS] == [view["state"]], view
        marks[identifier] = steps.count("sending")
        assert taken[identifier] <= marks[identifier] <= 2, (taken[identifier], view)
        if view["state"] == "unconfirmed":
            assert taken[identifier] >= 1, f"nobody sent it: {view}"
        outcomes[view["state"]] += 1
    print(len(accepted), "accepted;", dict(outcomes), "; marked twice:", sum(count == 2 for count in marks.values()),
          "; taken twice:", sum(count == 2 for count in taken.values()))
    assert max(taken.values()) <= 2
    assert set(outcomes) <= {"unconfirmed", "unknown", "expired"}
    assert len(accepted) > 100
    assert any(count == 2 for count in marks.values()), "no kill hit anything that was under way: this shows nothing"


def test_killed_50_times_each_notification_ends_once(tmp_path, apple):
    kill_under_load(tmp_path, apple, seed=random.randrange(1 << 32))
