"""IM and presence against slixmpp, a client that nobody here wrote: B-IM-1, B-IM-4, B-MODE-3, RFC 6120, RFC 6121, XEP-0198, XEP-0313."""
import asyncio
import os
import ssl

import pytest
import slixmpp

from xmpp_server import Server

PATIENCE = 20


class Client(slixmpp.ClientXMPP):
    """Signs in over STARTTLS, keeps what it is sent, and lets a test wait for it."""

    def __init__(self, server, user, password="secret", resource="test", resumes=True):
        super().__init__(f"{user}@localhost/{resource}", password)
        self.reveille = server
        self.bodies = []
        self.presences = []
        self.changed = asyncio.Event()
        self.ca_certs = server.ca
        self.force_starttls = True
        self.use_ipv6 = False
        self.auto_reconnect = False
        for plugin in ("xep_0030", "xep_0198", "xep_0199", "xep_0280", "xep_0313", "xep_0352", "xep_0359"):
            if plugin != "xep_0280" and (resumes or plugin != "xep_0198"):
                self.register_plugin(plugin)
        self.add_event_handler("message", self.on_message)
        self.add_event_handler("presence_available", self.on_presence)
        self.add_event_handler("presence_unavailable", self.on_presence)
        self.add_event_handler("session_start", lambda _: self.note("session_start"))
        self.add_event_handler("session_resumed", lambda _: self.note("session_resumed"))
        self.add_event_handler("sm_enabled", lambda _: self.note("sm_enabled"))
        self.add_event_handler("failed_auth", lambda _: self.note("failed_auth"))
        self.add_event_handler("disconnected", lambda _: self.note("disconnected"))
        self.seen = []

    def note(self, name):
        self.seen.append(name)
        self.changed.set()

    def on_message(self, message):
        if message["body"]:
            self.bodies.append(message["body"])
            self.changed.set()

    def on_presence(self, presence):
        self.presences.append((str(presence["from"]), presence["type"]))
        self.changed.set()

    def start(self):
        self.connect((self.reveille.host, self.reveille.port), force_starttls=True, disable_starttls=False)
        return self

    async def until(self, condition):
        async def wait():
            while not condition():
                self.changed.clear()
                await self.changed.wait()
        await asyncio.wait_for(wait(), PATIENCE)

    async def until_seen(self, name, times=1):
        await self.until(lambda: self.seen.count(name) >= times)

    async def sign_in(self):
        self.start()
        await self.until_seen("session_start")
        if "xep_0198" in self.plugin:
            await self.until_seen("sm_enabled")
        await self.get_roster()
        self.send_presence()
        return self


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with Server(tmp_path_factory.mktemp("data"), ["romeo", "juliet"]) as running:
        yield running


def run(conversation):
    asyncio.run(asyncio.wait_for(conversation(), 60))


async def leave(*clients):
    for client in clients:
        client.disconnect(wait=1)
    await asyncio.gather(*(client.until_seen("disconnected") for client in clients))


def test_a_wrong_password_is_refused(server):
    async def conversation():
        client = Client(server, "juliet", password="guess").start()
        await client.until_seen("failed_auth")
        assert "session_start" not in client.seen
        client.abort()
    run(conversation)


def test_messages_and_the_archive(server):
    async def conversation():
        romeo = await Client(server, "romeo").sign_in()
        juliet = await Client(server, "juliet").sign_in()
        romeo.send_message("juliet@localhost", "But soft!", mtype="chat")
        await juliet.until(lambda: "But soft!" in juliet.bodies)
        results = juliet["xep_0313"].iterate(with_jid=slixmpp.JID("romeo@localhost"))
        bodies = [item["mam_result"]["forwarded"]["stanza"]["body"] async for item in results]
        assert bodies == ["But soft!"]
        assert await juliet["xep_0199"].ping("localhost", timeout=5)
        await leave(romeo, juliet)
    run(conversation)


def test_presence_between_users_who_know_each_other(server):
    async def conversation():
        romeo = await Client(server, "romeo").sign_in()
        juliet = await Client(server, "juliet").sign_in()
        romeo.send_presence_subscription("juliet@localhost")
        await romeo.until(lambda: any(who.startswith("juliet@localhost/") and kind == "available" for who, kind in romeo.presences))
        await juliet.until(lambda: any(who.startswith("romeo@localhost/") and kind == "available" for who, kind in juliet.presences))
        await leave(juliet)
        await romeo.until(lambda: any(who.startswith("juliet@localhost/") and kind == "unavailable" for who, kind in romeo.presences))
        await leave(romeo)
    run(conversation)


@pytest.mark.parametrize("how", ["killed", "stopped"])
def test_who_went_with_the_server_is_away_for_a_client_that_resumes(server, how):
    """RFC 6121 section 4.5. The desk cannot resume; the phone can, so it stays."""
    async def conversation():
        juliet = await Client(server, "juliet", resource="phone").sign_in()
        phone = await Client(server, "romeo", resource="phone").sign_in()
        desk = await Client(server, "romeo", resource="desk", resumes=False).sign_in()
        phone.send_presence_subscription("juliet@localhost")
        await juliet.until(lambda: {("romeo@localhost/phone", "available"), ("romeo@localhost/desk", "available")} <= set(juliet.presences))
        assert await juliet["xep_0199"].ping("localhost", timeout=10)
        server.kill() if how == "killed" else server.stop()
        for client in (juliet, phone, desk):
            await client.until_seen("disconnected")
        juliet.presences.clear()
        server.start()
        juliet.start()
        await juliet.until_seen("session_resumed")
        await juliet.until(lambda: ("romeo@localhost/phone", "available") in juliet.presences)
        away = [who for who, kind in juliet.presences if kind == "unavailable" and who.startswith("romeo")]
        assert away == (["romeo@localhost"] if how == "killed" else ["romeo@localhost/desk"])
        assert juliet.presences.index((away[0], "unavailable")) < juliet.presences.index(("romeo@localhost/phone", "available"))
        await leave(juliet)
    run(conversation)


def lose_socket(client):
    """No </stream>, no more bytes: as when a phone's network goes."""
    client.transport.abort()


@pytest.mark.parametrize("restarted", [False, True], ids=["server_stays", "server_restarts"])
def test_a_lost_socket_100_messages_and_each_once_in_order(server, restarted):
    async def conversation():
        romeo = await Client(server, "romeo", resource="sender").sign_in()
        juliet = await Client(server, "juliet", resource="phone").sign_in()
        juliet["xep_0352"].send_inactive()
        romeo.send_message("juliet@localhost", "before", mtype="chat")
        await juliet.until(lambda: "before" in juliet.bodies)
        lose_socket(juliet)
        await juliet.until_seen("disconnected")
        expected = [f"message {number}" for number in range(100)]
        for text in expected:
            romeo.send_message("juliet@localhost", text, mtype="chat")
        assert await romeo["xep_0199"].ping("localhost", timeout=10)  # everything before it has been taken
        if restarted:
            await leave(romeo)
            server.restart()
        juliet.start()
        await juliet.until_seen("session_resumed")
        await juliet.until(lambda: len(juliet.bodies) >= 101)
        assert juliet.bodies == ["before", *expected]
        await juliet["xep_0199"].ping("localhost", timeout=5)
        assert juliet.bodies == ["before", *expected]
        await leave(juliet, *([] if restarted else [romeo]))
    run(conversation)
