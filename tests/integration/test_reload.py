"""SIGHUP: what the guide says is read again has its effect from then on."""
import signal

from reveille import Server
from test_wake_path import SipSocket, add_users, sleeping_phone
from waiting import wait_until
from xmpp_client import XmppClient


def change(server: Server, **settings) -> None:
    server.settings.update(settings)
    server.run("user", "list")  # writes the file
    before = server.log().count("read again; push is")
    server.process.send_signal(signal.SIGHUP)
    wait_until(lambda: server.log().count("read again; push is") > before)


def test_a_call_follows_the_times_that_were_read_again(tmp_path, apple):
    server = Server(tmp_path, {"sip": {"require_digest": False}, "push": {"apns": [apple.credential(environment="sandbox")]},
                               "calls": {"give_up_after": "60s"}}).start()
    try:
        add_users(server)
        phone = sleeping_phone(server, apple, "juliet")
        change(server, calls={"ringback_after": "200ms", "give_up_after": "700ms"})
        with apple.pushes(phone["device"]) as pushes:
            romeo = SipSocket(server, "romeo")
            romeo.invite("juliet")
            pushes.next()
            assert romeo.status() == 480  # far within the minute, after which the socket would have given up
    finally:
        server.kill()


def test_a_silent_xmpp_client_is_given_the_time_that_was_read_again(tmp_path):
    server = Server(tmp_path, {"roles": ["im", "admin"], "wake": {"acknowledgement_wait": "60s"}}).start()
    try:
        add_users(server)
        romeo, juliet = (XmppClient(server.address("xmpp_tls"), server.ca, user) for user in ("romeo", "juliet"))
        for each in (romeo, juliet):
            each.connect()
        # Juliet acknowledges her own presence: a request that is under way keeps its time.
        wait_until(lambda: juliet.run(0.1) or juliet.received == 1)
        juliet.run(0.2)
        wait_until(lambda: server.metrics()["reveille_xmpp_streams"] == 2)
        change(server, wake={"acknowledgement_wait": "300ms"})
        romeo.message("juliet", "of which she never says that she has it")
        wait_until(lambda: server.metrics()["reveille_xmpp_streams"] < 2)
    finally:
        server.kill()
