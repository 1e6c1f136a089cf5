"""Network namespaces: a server's network and clients behind a router with NAT; needs root."""

import asyncio
import contextlib
import os
import shutil
import subprocess
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from pathlib import Path

SERVER_NET = "10.77.0"
CLIENT_NET = "10.78"


def run(*command: str) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise OSError(f"{' '.join(command)}: {done.stderr.strip()}")


def missing() -> str | None:
    """What keeps this machine from making namespaces, or None."""
    if os.geteuid() != 0:
        return "network namespaces need root"
    for program in ("ip", "iptables"):
        if shutil.which(program, path=f"{os.environ['PATH']}:/usr/sbin:/sbin") is None:
            return f"{program} is not installed"
    name = f"antiphon-try-{os.getpid()}"
    try:
        run("ip", "netns", "add", name)
    except OSError as error:
        return str(error)
    run("ip", "netns", "delete", name)
    return None


@dataclass
class Namespace:
    """One namespace. `address`: its own; `gateway`: the router's in the same network."""

    name: str
    address: str = ""
    gateway: str = ""

    @property
    def inside(self) -> list[str]:
        """The command by which others are run in it."""
        return ["ip", "netns", "exec", self.name]

    def run(self, *command: str) -> None:
        run(*self.inside, *command)

    @contextlib.asynccontextmanager
    async def unplugged(self) -> AsyncIterator[None]:
        """Its interface is down, as when a cable is pulled: programs inside may notice."""
        self.run("ip", "link", "set", "eth0", "down")
        try:
            yield
        finally:
            self.run("ip", "link", "set", "eth0", "up")
            self.run("ip", "route", "replace", "default", "via", self.gateway)
            await asyncio.sleep(0)

    @contextlib.asynccontextmanager
    async def swallowed(self) -> AsyncIterator[None]:
        """Every packet is lost both ways, and nothing inside is told."""
        for chain in ("INPUT", "OUTPUT"):
            self.run(
                "iptables", "-I", chain, "-i" if chain == "INPUT" else "-o", "eth0", "-j", "DROP"
            )
        try:
            yield
        finally:
            self.run("iptables", "-F")
            await asyncio.sleep(0)


@dataclass
class Network:
    """A server and clients, each in a namespace of its own, and the router between them."""

    server: Namespace
    router: Namespace
    clients: list[Namespace] = field(default_factory=list)


def join(router: Namespace, member: Namespace, port: str, net: str) -> None:
    """Connect `member` by an `eth0` with address NET.2 to the router's `port` with NET.1."""
    member.address, member.gateway = f"{net}.2", f"{net}.1"
    peer = ["peer", "name", "eth0", "netns", member.name]
    run("ip", "link", "add", port, "netns", router.name, "type", "veth", *peer)
    router.run("ip", "address", "add", f"{member.gateway}/24", "dev", port)
    router.run("ip", "link", "set", port, "up")
    member.run("ip", "address", "add", f"{member.address}/24", "dev", "eth0")
    member.run("ip", "link", "set", "lo", "up")
    member.run("ip", "link", "set", "eth0", "up")
    member.run("ip", "route", "add", "default", "via", member.gateway)


@contextlib.contextmanager
def behind_nat(clients: int, folder: Path) -> Iterator[Network]:
    """A server's network, and `clients` networks behind a router that hides their addresses.

    `folder`: its name makes the namespaces' names this test's own.
    """
    tag = f"antiphon-{os.getpid()}-{abs(hash(str(folder))) % 10000}"
    network = Network(Namespace(f"{tag}-s"), Namespace(f"{tag}-r"))
    with contextlib.ExitStack() as stack:

        def make(namespace: Namespace) -> None:
            run("ip", "netns", "add", namespace.name)
            stack.callback(run, "ip", "netns", "delete", namespace.name)

        make(network.router)
        network.router.run("ip", "link", "set", "lo", "up")
        network.router.run("sysctl", "-q", "-w", "net.ipv4.ip_forward=1")
        make(network.server)
        join(network.router, network.server, "server", SERVER_NET)
        for number in range(clients):
            client = Namespace(f"{tag}-c{number}")
            make(client)
            join(network.router, client, f"client{number}", f"{CLIENT_NET}.{number}")
            network.clients.append(client)
        hide = ["-t", "nat", "-A", "POSTROUTING", "-o", "server", "-j", "MASQUERADE"]
        network.router.run("iptables", *hide)
        # Whoever is outside cannot begin: only answers come in.
        answers = ["-m", "conntrack", "--ctstate", "ESTABLISHED,RELATED", "-j", "ACCEPT"]
        network.router.run("iptables", "-A", "FORWARD", "-i", "server", *answers)
        network.router.run("iptables", "-A", "FORWARD", "-i", "server", "-j", "DROP")
        yield network
