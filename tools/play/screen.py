"""What the demo prints. Written for someone who has never seen SIP."""
import sys
import threading

_colour = sys.stdout.isatty()
_lock = threading.Lock()

EVENTS = {"voice": "voice call", "video": "video call", "message": "message", "presence": "presence"}
MODES = {
    "foreground": "app on screen",
    "off_screen": "app off screen",
    "locked": "phone locked",
    "screen_off": "screen dark",
    "killed": "app swiped away",
}


def _paint(text: str, code: str) -> str:
    return f"\033[{code}m{text}\033[0m" if _colour else text


def say(text: str = "") -> None:
    with _lock:
        print(text, flush=True)


def opening() -> None:
    say(_paint("Reveille", "1") + ": phones fall asleep; calls and messages must reach them all the same.")
    say("Everything below runs on this machine, each part a process of its own, speaking its real protocol.")
    say()


def cast(cast) -> None:
    server, push, apple = cast.cluster.server, cast.cluster.push, cast.cluster.apple
    say("  Romeo's desk phone ──SIP, XMPP──▶ Reveille ──REST──▶ push service ──HTTP/2──▶ Apple (simulated)")
    say("                                       ▲                                           │")
    say("                                       └──── SIP, XMPP ──── Juliet's iPhone ◀──────┘")
    say()
    say(f"  Reveille       {server.listeners['sip_tls']} (SIP)  {server.listeners['xmpp_tls']} (XMPP)")
    say(f"  push service   {push.listeners['push']}, its own database, asked over TLS with OAuth")
    say(f"  Apple          {apple.listeners['apns']}, as strict as the real one")
    say()


def heading(text: str) -> None:
    say(_paint(text, "1"))


def result(entry: dict, story: str) -> None:
    mark = _paint("✔", "32") if entry["ok"] else _paint("✘", "31")
    times = " · ".join(f"{step['name']} {step['ms']:.0f} ms" for step in entry["milestones"])
    if entry["event"] in EVENTS:
        title = f"{EVENTS[entry['event']]:<11} {MODES[entry['mode']]:<16}"
    else:
        title = f"{story:<28}"
    say(f"  {mark} {title} {times}")
    if not entry["ok"]:
        say(f"      {_paint(entry['why'], '31')}")


def closing(report: dict, seconds: float) -> None:
    say()
    say(f"{report['passed']} passed, {report['failed']} failed in {seconds:.0f} s")


def play_with(cast) -> None:
    server = cast.cluster.server
    say()
    heading("Everything stays up until Ctrl-C. Meanwhile, in another terminal:")
    say("  every phone, the state it is in, its last push:")
    say(f"    {server.command_line('devices')}")
    say("  why a phone rang, or did not, step by step; here for the newest traces:")
    for trace in server.recent_traces(5):
        told = " → ".join(filter(None, (trace.get("from"), trace.get("to"))))
        say(f"    {server.command_line('trace', trace['tracking_id'])}")
        say(f"        {_paint(' '.join(filter(None, (trace['kind'], told, trace.get('outcome')))), '2')}")
    say(f"  what Prometheus would read: curl http://{server.listeners['admin']}/metrics")
    say("  a SIP or XMPP client of your own signs in at")
    say(f"    SIP {server.listeners['sip_udp']} (UDP), {server.listeners['sip_tls']} (TLS); XMPP {server.listeners['xmpp_tls']} (TLS); CA {server.ca}")
    say(f"    as {cast.visitor}, password {cast.password}; and calls or writes to {cast.addresses[0]}")
