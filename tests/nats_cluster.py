"""Three real nats-servers that keep each stream three times."""

from __future__ import annotations

from nats_broker import NatsBroker, free_port

NODES = 3


class NatsCluster:
    """Each node is a `NatsBroker`: it can be killed, frozen and started again."""

    def __init__(self) -> None:
        ports = [free_port() for _ in range(NODES)]
        routes = ", ".join(f'"nats://127.0.0.1:{port}"' for port in ports)
        self.nodes = [
            NatsBroker(
                f"""
                server_name: node{number}
                cluster {{
                  name: test, listen: "127.0.0.1:{port}", routes: [{routes}], no_advertise: true
                }}
                """
            )
            for number, port in enumerate(ports)
        ]

    @property
    def urls(self) -> tuple[str, ...]:
        return tuple(node.url for node in self.nodes)

    def start(self) -> NatsCluster:
        for node in self.nodes:
            node.start()
        return self

    def node_named(self, name: str) -> NatsBroker:
        return self.nodes[int(name.removeprefix("node"))]

    def remove(self) -> None:
        for node in self.nodes:
            node.remove()
