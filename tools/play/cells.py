"""The delivery table (behaviour contract, section 4): five modes of the phone × voice call, video call, message, presence.

Each mode has a pair of users of its own, so the modes play side by side. All times count from the moment when Romeo's phone was told to act.
"""
import threading
import time
from concurrent.futures import ThreadPoolExecutor

from play import screen

CLIENT, OS = "jabber-ios", "18"
MODES = {"foreground": [], "off_screen": ["home"], "locked": ["lock"], "screen_off": ["screen-off"], "killed": ["kill"]}
EVENTS = ("voice", "video", "message", "presence")


class Stage:
    """One mode's pair: Romeo at his desk, Juliet with her iPhone."""

    def __init__(self, cast, mode: str):
        self.cast, self.mode = cast, mode
        self.romeo_address = cast.add_user(f"romeo-{mode.replace('_', '-')}")
        self.juliet_address = cast.add_user(f"juliet-{mode.replace('_', '-')}")
        # They know each other: each asks for the other's presence at sign-in.
        self.romeo = cast.desk(f"romeo ({mode})", self.romeo_address, "--contacts", self.juliet_address)
        self.juliet = cast.phone(f"juliet ({mode})", self.juliet_address, "--contacts", self.romeo_address, "--suspend-after", "1")
        self.romeo.command("sign-in")
        self.juliet.command("sign-in")
        for handset in (self.romeo, self.juliet):
            handset.expect("signed_in", timeout=10)

    @property
    def asleep(self) -> bool:
        return self.mode != "foreground"

    def put_to_sleep(self) -> None:
        """Brings the phone into the cell's mode, from whatever the last cell left."""
        mark = self.juliet.mark()
        self.juliet.command("unlock")
        self.juliet.command("open")
        self.juliet.expect("app_state", state="foreground", since=mark, timeout=10)
        if not self.asleep:
            return
        mark = self.juliet.mark()
        for command in MODES[self.mode]:
            self.juliet.command(command)
        ended = "killed" if self.mode == "killed" else "suspended"
        self.juliet.expect("app_state", state=ended, since=mark, timeout=15)


class Steps:
    """The milestones of a cell, in milliseconds since it began."""

    def __init__(self):
        self.began = time.time() * 1000
        self.steps: list[dict] = []

    def add(self, name: str, event: dict) -> dict:
        self.steps.append({"name": name, "ms": round(max(0.0, event["ms"] - self.began), 1)})
        return event


def call(stage: Stage, video: bool) -> list[dict]:
    romeo, juliet = stage.romeo, stage.juliet
    stage.put_to_sleep()
    steps, heard, said = Steps(), juliet.mark(), romeo.mark()
    romeo.command(f"call {stage.juliet_address}" + (" video" if video else ""))
    if stage.asleep:
        steps.add("push", juliet.expect("push_received", since=heard, timeout=5))
        shown = steps.add("call screen", juliet.expect("call_screen", since=heard, timeout=5))
        assert shown["media"] == ("video" if video else "audio"), f"the call screen says {shown['media']}"
        assert shown["from"].get("address") == stage.romeo_address, f"the call screen names {shown['from']}"
        steps.add("registered", juliet.expect("registered", since=heard, timeout=10))
    steps.add("INVITE, rings", juliet.expect("ringing", since=heard, timeout=10))
    romeo.expect("ringing", since=said, timeout=10)
    juliet.command("answer")
    steps.add("answered", romeo.expect("answered", since=said, timeout=10))
    for handset, mark in ((romeo, said), (juliet, heard)):
        handset.expect("media", since=mark, timeout=10, recognised=True)
    if video:
        for handset, mark in ((romeo, said), (juliet, heard)):
            handset.expect("media", since=mark, timeout=10, recognised=True, stream="video")
    screens = juliet.seen("call_screen", heard)
    assert len(screens) <= 1, f"one call showed {len(screens)} times"
    romeo.command("hangup")
    juliet.expect("call_ended", since=heard, timeout=10)
    romeo.expect("call_ended", since=said, timeout=10)
    return steps.steps


def message(stage: Stage) -> list[dict]:
    romeo, juliet = stage.romeo, stage.juliet
    stage.put_to_sleep()
    text = f"O Juliet, are you {stage.mode.replace('_', ' ')}?"
    steps, heard = Steps(), juliet.mark()
    romeo.command(f"send {stage.juliet_address} {text}")
    if stage.asleep:
        steps.add("notification", juliet.expect("notification", since=heard, timeout=10))
        assert not juliet.seen("message", heard), "the message came before the tap"
        tapped = time.time() * 1000
        juliet.command("unlock")
        juliet.command("tap")
        arrived = juliet.expect("message", since=heard, text=text, timeout=10)
        steps.steps.append({"name": "after the tap: message", "ms": max(0.0, round(arrived["ms"] - tapped, 1))})
    else:
        steps.add("message", juliet.expect("message", since=heard, text=text, timeout=10))
        assert not juliet.seen("push_received", heard), "a message to an app on screen was pushed"
    assert len(juliet.seen("message", heard)) == 1, "the message showed more than once"
    return steps.steps


def presence(stage: Stage) -> list[dict]:
    """While the phone sleeps its user is Away; on screen again, as before."""
    romeo, juliet = stage.romeo, stage.juliet
    begun = romeo.mark()
    stage.put_to_sleep()
    steps = Steps()
    if not stage.asleep:
        romeo.expect("presence", since=0, timeout=10, **{"from": stage.juliet_address}, show="available")
        latest = [entry for entry in romeo.seen("presence") if entry["from"] == stage.juliet_address][-1]
        assert latest["show"] == "available", f"Romeo sees {latest['show']}"
        return steps.steps
    away = romeo.expect("presence", since=begun, timeout=15, **{"from": stage.juliet_address}, show="away")
    steps.add("away", away)
    back, steps.began = romeo.mark(), time.time() * 1000
    juliet.command("unlock")
    juliet.command("open")
    steps.add("on screen again: available", romeo.expect("presence", since=back, timeout=10, **{"from": stage.juliet_address}, show="available"))
    return steps.steps


PLAYS = {"voice": lambda stage: call(stage, False), "video": lambda stage: call(stage, True), "message": message, "presence": presence}


def attempt(identity: dict, play) -> dict:
    entry = {**identity, "ok": True, "why": "", "milestones": []}
    try:
        entry["milestones"] = play()
    except Exception as fault:  # a cell that fails must not stop the others; its text is the report
        entry.update(ok=False, why=str(fault) or type(fault).__name__)
    return entry


def play_mode(cast, mode: str, only: str) -> list[dict]:
    wanted = [event for event in EVENTS if only in f"{CLIENT}-{OS}/{mode}/{event}"]
    if not wanted:
        return []
    stage: list[Stage] = []
    results = []
    for event in wanted:
        def play(event=event):
            if not stage:
                stage.append(Stage(cast, mode))
            return PLAYS[event](stage[0])

        identity = {"id": f"{CLIENT}-{OS}/{mode}/{event}", "client": CLIENT, "os": OS, "mode": mode, "event": event}
        results.append(attempt(identity, play))
        screen.result(results[-1], "")
    return results


def play(cast, only: str) -> list[dict]:
    screen.heading("Juliet's iPhone, iOS 18: what happens when Romeo calls or writes, or looks at her presence")
    with ThreadPoolExecutor(len(MODES)) as pool:
        played = list(pool.map(lambda mode: play_mode(cast, mode, only), MODES))
    screen.say()
    return [result for results in played for result in results]
