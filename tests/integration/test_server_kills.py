"""kill -9 of the server at random instants under calls, messages and registrations: what was accepted is there after the restart, once
(B-IM-1), on the phone that slept through all of it, too (B-IM-4); every call that its caller heard of has a trace that ends, and no phone rings on for
a dead call without being told (B-CALL-13, B-CALL-3)."""
import random
import threading
import time
import uuid
from collections import Counter

from reveille import Cluster
from sip_load import Call, DeskPhone, Peer, header_of, headers_of, register_and_sleep, register_phone, sleeping_phone
from waiting import pass_time, wait_until
from xmpp_client import XmppClient

KILLS, SLEEPERS = 50, 3
USERS, PHONES = 5, 40  # a user may have 12 bindings; some are kept whose 200 a kill took away
CALL_ENDS = {"answered", "cancelled", "declined", "busy", "no_answer", "unreachable", "interrupted"}


class Asleep(XmppClient):
    """Juliet's phone: its session has lost its connection, and it is woken only at the end. Its pushes are heard on Apple's stream."""

    def __init__(self, server, apple):
        super().__init__(server.address("xmpp_tls"), server.ca, "juliet", resource="phone")
        phone = apple.new_device()
        self.stream = apple.pushes(phone["device"])
        fields = {"FORM_TYPE": "http://jabber.org/protocol/pubsub#publish-options", "app": "org.example.phone", "platform": "ios", "os_version": "18.0",
                  "provider": "apns", "environment": "sandbox", "team": apple.ready["team"], "channels": "split", "services": "im",
                  "token_message": phone["tokens"]["message"], "token_voip": phone["tokens"]["voip"]}
        form = "".join(f"<field var='{name}'><value>{value}</value></field>" for name, value in fields.items())
        self.connect()
        self.send(f"<iq type='set' id='push'><enable xmlns='urn:xmpp:push:0' jid='push.localhost' node='{uuid.uuid4()}'>"
                  f"<x xmlns='jabber:x:data' type='submit'>{form}</x></enable></iq>")
        self._write("<mode xmlns='urn:reveille:mode:0' state='background'/>")
        self.ask()
        wait_until(lambda: self.run(0.1) or not self.unacked)
        self.close()

    def heard(self) -> list[dict]:
        pushed = []
        while not self.stream.none_waiting():
            pushed.append(self.stream.next()["payload"]["reveille"])
        return pushed


class Messages:
    """Romeo writes without pause; Juliet reads. Both come back after every kill, and resume; her phone sleeps through them all."""

    def __init__(self, server, apple):
        self.phone = Asleep(server, apple)
        self.romeo, self.juliet = (XmppClient(server.address("xmpp_tls"), server.ca, user, resource=user) for user in ("romeo", "juliet"))
        for client in (self.juliet, self.romeo):
            client.connect()
        self.written: list[str] = []
        self.over = threading.Event()
        self.faults: list[str] = []
        self._threads = [threading.Thread(target=self._keep_up, args=each) for each in ((self.romeo, self._write), (self.juliet, self._read))]

    def _keep_up(self, client: XmppClient, work) -> None:
        while not self.over.is_set():
            try:
                if client._link is None:
                    client.connect()
                work()
            except AssertionError as fault:
                self.faults.append(str(fault))
                return
            except OSError:
                client.close()
                self.over.wait(0.02)

    def _write(self) -> None:
        self.written.append(f"message {len(self.written)}")
        self.romeo.message("juliet", self.written[-1])
        self.romeo.ask()
        self.romeo.run(random.uniform(0, 0.02))

    def _read(self) -> None:
        self.juliet.run(0.1)

    def __enter__(self):
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.over.set()
        for thread in self._threads:
            thread.join()

    def account(self) -> None:
        assert self.faults == []
        for client in (self.romeo, self.juliet):
            if client._link is None:
                client.connect()
        until = time.monotonic() + 15
        while (self.romeo.unacked or len(self.juliet.bodies) < len(self.written)) and time.monotonic() < until:
            self.romeo.ask()
            self.romeo.run(0.1)
            self.juliet.run(0.1)
        assert self.romeo.unacked == [], "not accepted"
        self.juliet.run(0.5)
        assert self.juliet.bodies == self.written, first_difference(self.juliet.bodies, self.written)
        for client in (self.romeo, self.juliet):
            archived = client.archive()
            assert archived == self.written, f"{client.user}'s archive: " + first_difference(archived, self.written)
            assert client.resumptions >= KILLS / 2, f"{client.user} came back {client.resumptions} times"
        print(len(self.written), "messages;", self.romeo.resumptions, "and", self.juliet.resumptions, "resumptions")
        self._wake_the_phone()

    def _wake_the_phone(self) -> None:
        """B-IM-2, B-IM-4: it was told while it slept, and resumes the session that it had before the first kill."""
        pushed = self.phone.heard()
        assert len(pushed) >= KILLS / 10, f"{len(pushed)} pushes"
        assert {each["type"] for each in pushed} == {"message"}
        self.phone.connect()
        assert self.phone.resumptions == 1
        until = time.monotonic() + 15
        while len(self.phone.bodies) < len(self.written) and time.monotonic() < until:
            self.phone.run(0.1)
        self.phone.run(0.5)
        assert self.phone.bodies == self.written, first_difference(self.phone.bodies, self.written)
        print(len(pushed), "pushes to the phone that slept, up to", max(each["unread"] for each in pushed), "unread")


def first_difference(found: list[str], wanted: list[str]) -> str:
    at = next((at for at, (one, other) in enumerate(zip(found, wanted)) if one != other), min(len(found), len(wanted)))
    return f"{len(found)} instead of {len(wanted)}; at {at}: {found[at:at + 3]} instead of {wanted[at:at + 3]}"


class Registrations:
    """New phones register one after another, and once there are enough, old ones from elsewhere; what got its 200 is remembered."""

    def __init__(self, server, apple):
        self.server, self.apple = server, apple
        self.accepted: list[dict] = []
        self.again: list[dict] = []
        self.over = threading.Event()
        self._thread = threading.Thread(target=self._register)

    def _register(self) -> None:
        address = self.server.address("sip_udp")
        while not self.over.is_set():
            if len(self.accepted) < PHONES:
                phone = sleeping_phone(address, self.apple, f"user{len(self.accepted) % USERS}")
                if phone["registered"]:
                    self.accepted.append(phone)
            else:
                phone = random.choice(self.accepted)
                if register_and_sleep(address, phone):
                    self.again.append(phone)
            self.over.wait(0.1)

    def count(self) -> int:
        return len(self.accepted) + len(self.again)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self.over.set()
        self._thread.join()

    def account(self) -> None:
        devices = {device["instance"]: device for device in self.server.devices()}
        for phone in self.accepted:
            device = devices.get(phone["instance"])
            assert device is not None, f"{phone} is forgotten"
            assert device["sip"] is not None, device
            assert all(device["channels"][channel] is not None for channel in ("voip", "message")), device
        for number in range(USERS):
            query = Peer(self.server.address("sip_udp"), f"user{number}")
            listed = query.ask(query.request("REGISTER", "sip:localhost", f"<sip:user{number}@localhost>", uuid.uuid4().hex, 1))
            wanted = len(self.accepted[number::USERS])
            assert wanted <= ", ".join(headers_of(listed, "Contact")).count(f"sip:user{number}@"), listed
        print(len(self.accepted), "phones registered,", len(self.again), "times again")


class Sleeper:
    """A phone asleep: it never comes. What its operating system shows is heard on Apple's stream."""

    def __init__(self, server, apple, user: str):
        self.user = user
        self.phone = sleeping_phone(server.address("sip_udp"), apple, user)
        assert self.phone["registered"]
        self.stream = apple.pushes(self.phone["device"])
        self.rung: Counter = Counter()
        self.told: Counter = Counter()

    def listen(self) -> None:
        while not self.stream.none_waiting():
            pushed = self.stream.next()["payload"]["reveille"]
            (self.rung if pushed["type"] == "call" else self.told)[pushed["call_uuid"]] += 1

    def untold(self) -> set[str]:
        self.listen()
        return set(self.rung) - set(self.told)


class Calls:
    """Callers for phones that sleep, ring and answer."""

    def __init__(self, server, apple):
        self.address = server.address("sip_udp")
        self.sleepers = [Sleeper(server, apple, f"sleeper{number}") for number in range(SLEEPERS)]
        self.rings, self.answers = DeskPhone(self.address, "rings", None), DeskPhone(self.address, "answers", 0.1)
        for desk in (self.rings, self.answers):
            assert desk.register().startswith("SIP/2.0 200")
            desk.start()
        self.made: list[Call] = []
        self.over = threading.Event()
        self._threads = [threading.Thread(target=self._make, args=(kind,)) for kind in ("sleeper", "rings", "answers")]

    def _make(self, kind: str) -> None:
        while not self.over.is_set():
            callee = f"sleeper{random.randrange(SLEEPERS)}" if kind == "sleeper" else kind
            call = Call(self.address, "romeo", callee, gives_up_after=random.uniform(0.1, 2.5), talks_for=random.uniform(0.1, 2.5))
            call.start()
            self.made.append(call)
            self.over.wait(random.uniform(0.1, 0.4))

    def __enter__(self):
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.over.set()
        for thread in self._threads:
            thread.join()

    def account(self, server) -> None:
        for call in self.made:
            call.join(40)
            assert not call.is_alive(), f"no end: {call.callee} told {call.told}"
        talked = [call for call in self.made if call.answer]
        assert {call.bye for call in talked} <= {200}, Counter(call.bye for call in talked)
        outcomes = Counter(self._outcome(server, call) for call in self.made if call.told)
        print(len(self.made), "calls;", len(talked), "answered;", dict(outcomes))
        assert set(outcomes) <= CALL_ENDS, outcomes
        self._check_that_calls_were_served(len(talked), outcomes)
        self._check_ringing()

    # Some ten calls are made for each kill, most of them in set-up when it comes; nearly every caller hears of his.
    def _check_that_calls_were_served(self, talked: int, outcomes: Counter) -> None:
        assert outcomes.total() > len(self.made) / 2, f"{outcomes.total()} of {len(self.made)} callers were told anything"
        assert talked >= KILLS / 2, f"{talked} answered"
        assert outcomes["interrupted"] >= KILLS / 2, outcomes

    @staticmethod
    def _outcome(server, call: Call) -> str:
        def outcome():
            status, _, trace = server.admin(f"/v1/traces/{call.call_id}")
            return trace["outcome"] if status == 200 else ""

        return wait_until(outcome, within=5, every=0.1, otherwise=f"{call.callee}'s caller was told {call.told}, and its trace does not end")

    def _check_ringing(self) -> None:
        wait_until(lambda: not any(each.untold() for each in self.sleepers), within=15, every=0.2, otherwise="a phone that rang was told of no end")
        wait_until(lambda: not self._rings_on(), within=15, every=0.2, otherwise="a desk phone rings on")
        for each in self.sleepers:
            assert set(each.rung.values()) <= {1}, "B-CALL-4: one call shows once"
            assert set(each.told.values()) <= {1}, "one notice a call"
        woken = sum(len(each.rung) for each in self.sleepers)
        assert woken >= KILLS / 2, f"{woken} calls woke a sleeping phone"
        print(woken, "calls woke a sleeping phone; cancelled on the desk:",
              Counter(call.get("reason", "") for call in self.rings.calls.values()))

    # A caller who had heard nothing when the server was killed calls anew, and the phone knows the INVITE already.
    def _rings_on(self) -> set[str]:
        return self.rings.in_state("ringing") - self.rings.merged


def killable(cluster: Cluster):
    server = cluster.server
    server.settings["sip"] = {"require_digest": False}
    server.keep_ports()
    for user in ("romeo", "juliet", "rings", "answers", *(f"sleeper{number}" for number in range(SLEEPERS)), *(f"user{number}" for number in range(USERS))):
        server.add_user(f"{user}@localhost", "secret")
    server.restart()
    return server


def kill_under_load(cluster: Cluster, seed: int) -> None:
    print("seed", seed)
    instants = random.Random(seed)
    server = killable(cluster)
    with Messages(server, cluster.apple) as messages, Registrations(server, cluster.apple) as registrations, Calls(server, cluster.apple) as calls:
        for _ in range(KILLS):
            pass_time(instants.uniform(0.05, 1.5), "a kill comes at any instant")
            server.kill()
            server.start()
        for name, count in (("message", lambda: len(messages.juliet.bodies)), ("registration", registrations.count), ("call", lambda: len(calls.answers.calls))):
            before = count()
            wait_until(lambda: count() > before, otherwise=f"after the last kill no {name}")
    messages.account()
    registrations.account()
    calls.account(server)


def test_killed_50_times_what_was_accepted_is_there(cluster):
    kill_under_load(cluster, seed=random.randrange(1 << 32))


def test_a_call_that_is_up_outlives_a_kill(cluster):
    """B-CALL-13: requests of the dialog find their way by Record-Route, both ways."""
    server = killable(cluster)
    desk = DeskPhone(server.address("sip_udp"), "answers", 0.05)
    assert desk.register().startswith("SIP/2.0 200")
    desk.start()
    call = Call(server.address("sip_udp"), "romeo", "answers", gives_up_after=10, talks_for=0)
    call.talk = lambda: call.send(call.in_dialog("ACK", 1))
    call.run()
    assert call.answer, call.told
    server.kill()
    server.start()
    assert call.ask(call.in_dialog("INVITE", 2)).startswith("SIP/2.0 200")
    desk.over.set()
    desk.join()
    # Hung up by the callee: its dialog is the caller's seen from the other end.
    invite = desk.calls[call.call_id]["invite"]
    routes = ["Route: " + route.strip() for line in headers_of(invite, "Record-Route") for route in line.split(",")]
    desk.send([f"BYE sip:romeo@{call.host}:{call.port} SIP/2.0", f"Via: SIP/2.0/UDP {desk.host}:{desk.port};rport;branch=z9hG4bK{uuid.uuid4().hex}",
               "Max-Forwards: 70", f"From: {header_of(call.answer, 'To')}", f"To: {header_of(invite, 'From')}", f"Call-ID: {call.call_id}", "CSeq: 1 BYE",
               *routes])
    until = time.monotonic() + 5
    while not (message := call.receive(0.2)).startswith("BYE "):
        assert time.monotonic() < until, "no BYE"
    assert server.trace(call.call_id)["outcome"] == "answered"


def test_a_waiting_call_that_is_killed_is_a_missed_call(cluster):
    """B-CALL-13, with B-CALL-9: the phone that comes after the restart gets the INVITE, and its CANCEL with the reason."""
    server = killable(cluster)
    sleeper = Sleeper(server, cluster.apple, "sleeper0")
    desk = DeskPhone(server.address("sip_udp"), "rings", None)
    assert desk.register().startswith("SIP/2.0 200")
    desk.start()
    waiting, ringing = (Call(server.address("sip_udp"), "romeo", callee, gives_up_after=30, talks_for=0) for callee in ("sleeper0", "rings"))
    for call in (waiting, ringing):
        call.start()
    wait_until(lambda: sleeper.untold() and desk.in_state("ringing"), every=0.01)
    server.kill()
    server.start()
    wait_until(lambda: not sleeper.untold() and not desk.in_state("ringing"))
    assert desk.calls[ringing.call_id]["state"] == "cancelled"
    assert "Interrupted" in desk.calls[ringing.call_id]["reason"]
    woken = DeskPhone(server.address("sip_udp"), "sleeper0", None)
    assert register_phone(woken, sleeper.phone).startswith("SIP/2.0 200")
    woken.start()
    wait_until(lambda: woken.in_state("cancelled"), otherwise="no INVITE and CANCEL for the phone that came late")
    assert list(woken.calls) == [waiting.call_id]
    assert "Interrupted" in woken.calls[waiting.call_id]["reason"]
    assert woken.in_state("ringing") == set()
    for call in (waiting, ringing):
        trace = server.trace(call.call_id)
        assert trace["outcome"] == "interrupted"
        assert [milestone["name"] for milestone in trace["milestones"]].count("interrupted") == 1
