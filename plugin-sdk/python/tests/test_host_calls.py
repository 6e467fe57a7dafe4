"""Streams and secrets in a native test."""

import unittest
from typing import Any

from playhouse_plugin import Ending, Event, Filter, HostError, log, net, secret
from playhouse_plugin.net import Connect, NetError
from playhouse_plugin.testing import Peer, Stream, TestPlugin

ADDRESS = "tcp://peer:7"


class Idle(Filter):
    settings: dict

    def keep(self, event: Event) -> bool:
        return True


class Greeter(Idle):
    """Says hello when it begins, and goodbye with its password when it ends."""

    def start(self) -> None:
        self.peer = net.connect(ADDRESS, timeout=5)
        self.peer.write(b"hello\n", timeout=1)
        log.info(self.peer.read(1024, timeout=1).decode())

    def finish(self, ending: Ending) -> None:
        with self.peer as peer:
            peer.write(secret.get("password").encode())
            peer.finish()


def test_of(*peers: Peer, **secrets: str | None) -> TestPlugin:
    return TestPlugin(Idle, peers=peers, secrets=secrets)


class StreamTest(unittest.TestCase):
    def kind(self, call: Any, *arguments: Any) -> str:
        with self.assertRaises(NetError) as raised:
            call(*arguments)
        self.assertIsInstance(raised.exception, HostError)
        return raised.exception.kind

    def test_a_plugin_talks_to_a_peer_of_its_test(self) -> None:
        peer = Peer(ADDRESS).expect(b"hello\n").answer(b"good day")
        test = TestPlugin(Greeter, peers=[peer], secrets={"password": "swordfish"})
        self.assertEqual(test.log, [("info", "good day")])
        test.finish()
        connect = Connect(ADDRESS, timeout=5)
        sent = b"hello\nswordfish"
        self.assertEqual(test.streams, [Stream(connect, sent, finished=True, closed=True)])

    def test_a_peer_is_a_script(self) -> None:
        test = test_of(
            Peer(ADDRESS).expect(b"one").answer(b"first").expect(b"two").answer(b"second").close()
        )
        peer = net.connect(ADDRESS)
        self.assertEqual(self.kind(peer.read, 9), "timed-out")
        peer.write(b"on")
        peer.write(b"")
        peer.write(b"et")
        self.assertEqual((peer.read(3), peer.read(9)), (b"fir", b"st"))
        self.assertEqual(self.kind(peer.read, 9), "timed-out")
        peer.write(b"wo and more")
        self.assertEqual((peer.read(9), peer.read(9), peer.read(9)), (b"second", b"", b""))
        self.assertEqual(test.streams[0].sent, b"onetwo and more")

    def test_what_a_peer_does_not_expect_fails_the_test(self) -> None:
        test_of(Peer(ADDRESS).expect(b"one").expect(b"two"))
        peer = net.connect(ADDRESS)
        with self.assertRaises(AssertionError) as raised:
            peer.write(b"one, two")
        said = "`tcp://peer:7` was sent b', t' from byte 3 on, and expects b'two'"
        self.assertEqual(str(raised.exception), said)

    def test_a_peer_fails_what_reads_or_connects(self) -> None:
        reset = NetError("closed", "it hung up")
        test = test_of(Peer(ADDRESS).fail(NetError("tls", "no trust")), Peer(ADDRESS).fail(reset))
        self.assertEqual(self.kind(net.connect, ADDRESS), "tls")
        self.assertEqual(test.streams, [], "there was no connection")

        test_of(Peer(ADDRESS).answer(b"x").fail(reset))
        peer = net.connect(ADDRESS)
        self.assertEqual(peer.read(1), b"x")
        self.assertEqual(self.kind(peer.read, 1), "closed")
        self.assertEqual(self.kind(peer.read, 1), "closed")

    def test_each_peer_takes_one_connection_to_its_address(self) -> None:
        script = Peer("unix:/run/x.sock")
        test = test_of(Peer(ADDRESS).answer(b"1"), script, Peer(ADDRESS).answer(b"2"))
        with net.connect(ADDRESS) as first, net.connect(ADDRESS) as second:
            self.assertEqual((first.read(9), second.read(9)), (b"1", b"2"))
        self.assertEqual(self.kind(net.connect, ADDRESS), "unreachable")
        net.connect("unix:/run/x.sock")
        self.assertEqual(len(test.streams), 3)
        test_of(script)
        net.connect("unix:/run/x.sock")

    def test_what_is_asked_for_can_be_looked_at(self) -> None:
        test = test_of(Peer("tls://peer:8883"))
        net.connect("tls://peer:8883", alpn=["mqtt"], identity="me")
        asked = Connect("tls://peer:8883", 10.0, ("mqtt",), "me")
        self.assertEqual(test.streams[0].connect, asked)

    def test_a_connection_that_nobody_holds_is_closed(self) -> None:
        test = test_of(Peer(ADDRESS), Peer(ADDRESS))
        kept = net.connect(ADDRESS)
        net.connect(ADDRESS)
        self.assertEqual([stream.closed for stream in test.streams], [False, True])
        kept.close()
        kept.close()
        self.assertTrue(test.streams[0].closed)
        with self.assertRaises(ValueError):
            kept.read(1)


class SecretTest(unittest.TestCase):
    def test_a_secret_is_what_the_test_says(self) -> None:
        test_of(token="abc", empty=None)
        self.assertEqual(secret.get("token"), "abc")
        with self.assertRaises(secret.Missing):
            secret.get("empty")
        with self.assertRaises(secret.Denied) as raised:
            secret.get("other")
        self.assertIsInstance(raised.exception, secret.SecretError)
        self.assertEqual(raised.exception.message, "the test has no secret `other`")
