"""Calls that do not go as planned: the caller gives up, nobody answers, somebody answers elsewhere, the phone comes late."""
import time
from concurrent.futures import ThreadPoolExecutor

from play import screen
from play.cells import CLIENT, OS, Steps, attempt

RINGBACK, GIVE_UP = 5.0, 13.0


def _pair(cast, name: str, *phone_options: str):
    romeo_address, juliet_address = cast.add_user(f"romeo-{name}"), cast.add_user(f"juliet-{name}")
    romeo, juliet = cast.desk(f"romeo ({name})", romeo_address), cast.phone(f"juliet ({name})", juliet_address, "--suspend-after", "1", *phone_options)
    for handset in (romeo, juliet):
        handset.command("sign-in")
        handset.expect("signed_in", timeout=10)
    mark = juliet.mark()
    juliet.command("home")
    juliet.expect("app_state", state="suspended", since=mark, timeout=15)
    return romeo, juliet, juliet_address


def caller_gives_up(cast) -> list[dict]:
    """The iPhone rings; the caller hangs up; the ringing stops at once."""
    romeo, juliet, address = _pair(cast, "gives-up")
    steps, heard, said = Steps(), juliet.mark(), romeo.mark()
    romeo.command(f"call {address}")
    steps.add("call screen", juliet.expect("call_screen", since=heard, timeout=5))
    steps.add("rings", juliet.expect("ringing", since=heard, timeout=10))
    romeo.expect("ringing", since=said, timeout=10)
    gave_up = time.time() * 1000
    romeo.command("hangup")
    ended = juliet.expect("call_ended", since=heard, timeout=5)
    steps.steps.append({"name": "stops ringing after hang-up", "ms": max(0.0, round(ended["ms"] - gave_up, 1))})
    assert len(juliet.seen("call_screen", heard)) == 1, "one call showed more than once"
    return steps.steps


def nobody_answers(cast) -> list[dict]:
    """The iPhone has no network: ringback for the caller at 5 s, the end at 13 s, a missed-call notice when it is back."""
    romeo, juliet, address = _pair(cast, "nobody")
    juliet.freeze()
    try:
        steps, said = Steps(), romeo.mark()
        romeo.command(f"call {address}")
        ringback = steps.add("caller hears ringback", romeo.expect("ringing", since=said, timeout=8))
        ended = steps.add("caller is told", romeo.expect("call_ended", since=said, timeout=12))
    finally:
        heard = juliet.mark()
        juliet.thaw()
    assert abs(ringback["ms"] - steps.began - RINGBACK * 1000) < 500, "ringback did not come at 5 s"
    assert abs(ended["ms"] - steps.began - GIVE_UP * 1000) < 500, "the end did not come at 13 s"
    assert "480" in str(ended["why"]), f"the caller was told {ended['why']}"
    notice = juliet.expect("notification", since=heard, timeout=10)
    assert "missed" in (notice["title"] + notice["body"]).lower(), f"the notice says {notice}"
    return steps.steps


def answered_elsewhere(cast) -> list[dict]:
    """Juliet has a desk phone too and answers there; the iPhone stops and tells no lie about a missed call."""
    romeo, juliet, address = _pair(cast, "elsewhere")
    desk = cast.desk("juliet's desk phone", address)
    desk.command("sign-in")
    desk.expect("signed_in", timeout=10)
    steps, heard, said, rung = Steps(), juliet.mark(), romeo.mark(), desk.mark()
    romeo.command(f"call {address}")
    steps.add("desk phone rings", desk.expect("ringing", since=rung, timeout=5))
    steps.add("iPhone rings", juliet.expect("ringing", since=heard, timeout=10))
    answered = time.time() * 1000
    desk.command("answer")
    steps.add("answered at the desk", romeo.expect("answered", since=said, timeout=5))
    ended = juliet.expect("call_ended", since=heard, timeout=5)
    steps.steps.append({"name": "iPhone stops after", "ms": max(0.0, round(ended["ms"] - answered, 1))})
    assert "elsewhere" in str(ended["why"]).lower(), f"the iPhone was told {ended['why']}"
    romeo.command("hangup")
    desk.expect("call_ended", since=rung, timeout=5)
    # A message comes after whatever the call has left behind: its notification is the only one.
    juliet.expect("app_state", state="suspended", since=heard, timeout=15)
    romeo.command(f"send {address} Do not answer in haste.")
    juliet.expect("notification", since=heard, timeout=15)
    told = [f"{notice['title']}: {notice['body']}" for notice in juliet.seen("notification", heard)]
    assert len(told) == 1 and "missed" not in told[0].lower(), f"the iPhone was told of the call that was answered: {told}"
    return steps.steps


def late_phone(cast) -> list[dict]:
    """The iPhone comes out of a tunnel after the caller was told: it sees the call and its end, not a ghost that rings on."""
    romeo, juliet, address = _pair(cast, "late")
    juliet.freeze()
    try:
        steps, said, heard = Steps(), romeo.mark(), juliet.mark()
        romeo.command(f"call {address}")
        steps.add("caller is told", romeo.expect("call_ended", since=said, timeout=16))
    finally:
        back = time.time() * 1000
        juliet.thaw()
    steps.steps.append({"name": "out of the tunnel", "ms": round(back - steps.began, 1)})
    steps.add("call screen", juliet.expect("call_screen", since=heard, timeout=10))
    steps.add("registered", juliet.expect("registered", since=heard, timeout=10))
    # The call screen ends by an INVITE and its CANCEL, not because the phone has waited in vain (`no_invite`).
    rings = steps.add("INVITE, rings", juliet.expect("ringing", since=heard, timeout=10))
    ended = steps.add("call screen ends", juliet.expect("call_ended", since=heard, timeout=10))
    assert ended["call_uuid"] == rings["call_uuid"] and rings["ms"] <= ended["ms"], "another call ended, or before it rang"
    assert ended["why"] == "cancelled", f"the call screen ended as '{ended['why']}'"
    assert "cause=480" in ended.get("reason", ""), f"the CANCEL gave as its reason '{ended.get('reason', '')}'"
    return steps.steps


SCENARIOS = {
    "caller-gives-up": ("the caller gives up", caller_gives_up),
    "nobody-answers": ("nobody answers", nobody_answers),
    "answered-elsewhere": ("answered elsewhere", answered_elsewhere),
    "late-phone": ("the phone comes late", late_phone),
}


def play(cast, only: str) -> list[dict]:
    wanted = {name: entry for name, entry in SCENARIOS.items() if only in f"scenario/{name}"}
    if wanted:
        screen.heading("Calls that do not go as planned")

    def run(name: str) -> dict:
        title, scenario = wanted[name]
        identity = {"id": f"scenario/{name}", "client": CLIENT, "os": OS, "mode": "off_screen", "event": name}
        entry = attempt(identity, lambda: scenario(cast))
        screen.result(entry, title)
        return entry

    with ThreadPoolExecutor(4) as pool:
        return list(pool.map(run, wanted))
