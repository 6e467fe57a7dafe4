"""Sends statuses over a stream, with a secret in them, and does what must not harm."""

from dataclasses import dataclass
from typing import Literal

from playhouse_plugin import StatusChange, StatusSink, log, net, secret


@dataclass
class Settings:
    address: str
    """Who hears of each status"""
    padding: int = 0
    """How many bytes more each message has"""
    at_the_end: Literal["nothing", "drop", "hold", "identify", "raise"] = "nothing"


class Telegraph(StatusSink):
    settings: Settings

    def deliver_status(self, change: StatusChange) -> None:
        token = secret.get("token")
        log.info(f"the token is {token}, of {len(token)} letters")
        with net.connect(self.settings.address, timeout=5) as peer:
            try:
                peer.read(1, timeout=0)
            except net.NetError as error:
                log.info(f"{error.kind} before it was asked")
            peer.write(f"{token} {change.status}\n".encode(), timeout=5)
            peer.write(b"." * self.settings.padding, timeout=5)
            peer.finish()
            answer = b""
            while piece := peer.read(1024, timeout=5):
                answer += piece
            log.info(answer.decode())
        if change.is_final:
            self.end(token)

    def end(self, token: str) -> None:
        match self.settings.at_the_end:
            case "drop":
                for _ in range(20):
                    net.connect(self.settings.address, timeout=5)
                log.info("20 connections, one after the other")
            case "hold":
                held = []
                try:
                    while True:
                        held.append(net.connect(self.settings.address, timeout=5))
                except net.NetError as error:
                    log.info(f"{error.kind} after {len(held)} connections")
            case "identify":
                address = self.settings.address.replace("tcp:", "tls:")
                try:
                    net.connect(address, alpn=["telegraph"])
                except net.NetError as error:
                    log.info(f"no handshake: {error.kind}")
                net.connect(address, identity="nobody")
            case "raise":
                raise ValueError(f"a fault with {token}")
