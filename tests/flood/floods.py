#!/usr/bin/env python3
"""Ways to starve a server, each as a process of its own: it floods for a number of seconds, and then prints as JSON how
often the server answered what ("401": 12, "closed": 3 …).

  floods.py NAME --address HOST:PORT --seconds 10 [--token FILE] [--connections N]

All of them go to loopback. Standard library only.
"""

import argparse
import collections
import errno
import json
import pathlib
import resource
import selectors
import socket
import sys
import time

ENDPOINT = "/mcp/sandbox"
TOKEN_ENDPOINT = "/issuer/sandbox/token"
MIB = 1024 * 1024


class Client:
    """A connection that writes what it is given as fast as the server takes it, or drop by drop."""

    def __init__(self, flood):
        self.flood = flood
        self.out = memoryview(b"")
        self.seen = bytearray()
        self.next_drop = 0.0
        self.socket = socket.socket()
        self.socket.setblocking(False)
        if flood.peers:
            self.socket.bind((f"127.0.0.{2 + flood.opened % flood.peers}", 0))
        flood.opened += 1
        self.socket.connect_ex(flood.address)
        flood.selector.register(self.socket, selectors.EVENT_READ | selectors.EVENT_WRITE, self)

    def write(self, data):
        self.out = memoryview(data)
        self.flood.selector.modify(self.socket, selectors.EVENT_READ | selectors.EVENT_WRITE, self)

    def close(self):
        self.flood.selector.unregister(self.socket)
        self.socket.close()

    def on_event(self, events):
        if events & selectors.EVENT_READ and not self._read():
            return False
        if events & selectors.EVENT_WRITE:
            return self._write()
        return True

    def _read(self):
        try:
            data = self.socket.recv(256 * 1024)
        except BlockingIOError:
            return True
        except OSError:
            data = b""
        if not data:
            self.flood.counts["closed"] += 1
            return False
        self.seen += data
        while self._take_answer():
            self.flood.on_answer(self)
        return True

    def _take_answer(self):
        end = self.seen.find(b"\r\n\r\n")
        if end < 0:
            return False
        head = bytes(self.seen[:end]).lower()
        at = head.find(b"content-length: ")
        length = int(head[at + 16:].split(b"\r\n")[0]) if at >= 0 else 0
        if len(self.seen) < end + 4 + length:
            return False
        self.body = bytes(self.seen[end + 4:end + 4 + length])
        self.status = head.split(b" ")[1].decode()
        self.flood.counts[self.status] += 1
        del self.seen[:end + 4 + length]
        return True

    def _write(self):
        if not self.out:
            self.flood.selector.modify(self.socket, selectors.EVENT_READ, self)
            self.flood.on_written(self)
            return True
        try:
            sent = self.socket.send(self.out[:MIB])
        except BlockingIOError:
            return True
        except OSError:
            self.flood.counts["closed"] += 1
            return False
        self.out = self.out[sent:]
        return True


class Flood:
    """So many connections at once; each that ends is followed by another."""

    connections = 64
    peers = 0       # how many addresses of 127.0.0.0/8 they come from; 0: the usual one
    answered_once = False  # a connection is left when it has been answered

    def __init__(self, options):
        host, port = options.address.split(":")
        self.address = (host, int(port))
        self.host = options.address
        self.seconds = options.seconds
        self.connections = options.connections or self.connections
        self.token = pathlib.Path(options.token).read_text().strip() if options.token else ""
        self.selector = selectors.DefaultSelector()
        self.counts = collections.Counter()
        self.opened = 0
        self.clients = set()

    # What a flood is.

    def request(self, client):
        """What a new connection sends."""
        raise NotImplementedError

    def on_written(self, client):
        """All of it has gone out."""

    def on_answer(self, client):
        """An answer has come."""

    def drop(self, client):
        """What a connection adds every now and then; None: nothing."""

    # How it runs.

    def post(self, path, length, fields=""):
        return (f"POST {path} HTTP/1.1\r\nHost: {self.host}\r\nContent-Type: application/json\r\n"
                f"Accept: application/json, text/event-stream\r\nContent-Length: {length}\r\n{fields}\r\n").encode()

    def bearer(self):
        return f"Authorization: Bearer {self.token}\r\n"

    def open(self):
        try:
            client = Client(self)
        except OSError as error:
            if error.errno != errno.EADDRNOTAVAIL:
                raise
            return
        self.clients.add(client)
        client.write(self.request(client))

    def leave(self, client):
        client.close()
        self.clients.discard(client)

    def run(self):
        end = time.monotonic() + self.seconds
        refused_until = 0.0
        while (now := time.monotonic()) < end:
            # Not more than the machine that is under test has ports for.
            for _ in range(min(64, self.connections - len(self.clients))):
                if now >= refused_until:
                    self.open()
            for key, events in self.selector.select(0.02):
                client = key.data
                if client in self.clients and not client.on_event(events):
                    self.leave(client)
            for client in list(self.clients):
                if client.next_drop <= now and not client.out and (data := self.drop(client)):
                    client.next_drop = now + 0.5
                    client.write(data)
        print(json.dumps({"opened": self.opened, **self.counts}))


class UnfinishedBodies(Flood):
    """Bodies of 4 MiB that never end, of somebody proven and of strangers by turns."""

    connections = 400

    def request(self, client):
        stranger = self.opened % 2 == 0
        head = self.post(ENDPOINT, 4 * MIB, "" if stranger else self.bearer())
        return head + bytes(4 * MIB - 1)


class TokenBodies(Flood):
    """Bodies at the token endpoint: some that are too large, others that are just not, and never end."""

    connections = 400

    def request(self, client):
        length = 4 * MIB if self.opened % 2 == 0 else 64 * 1024
        return self.post(TOKEN_ENDPOINT, length) + b"a" * min(length - 1, 256 * 1024)


class IdleConnections(Flood):
    """More connections than there are descriptors, and nothing on them."""

    connections = 1_500
    peers = 4

    def request(self, client):
        return b""


class SlowHeaders(Flood):
    connections = 1_000
    peers = 4

    def request(self, client):
        return f"POST {ENDPOINT} HTTP/1.1\r\nHost: {self.host}\r\n".encode()

    def drop(self, client):
        return b"X-Drop: by drop\r\n"


class BadTokens(Flood):
    """Tokens that look right and are not, as fast as they are refused."""

    def request(self, client):
        head, _, tail = self.token.rpartition(".")
        signature = tail[::-1]
        body = b'{"jsonrpc":"2.0","id":1,"method":"ping"}'
        return self.post(ENDPOINT, len(body), f"Authorization: Bearer {head}.{signature}\r\n") + body

    def on_answer(self, client):
        client.write(self.request(client))


class LogLines(Flood):
    """Requests that are refused and told of, with a path as long as a header may be."""

    def request(self, client):
        return f"GET /mcp/{client.flood.opened}{'x' * 30_000} HTTP/1.1\r\nHost: {self.host}\r\n\r\n".encode()

    def on_answer(self, client):
        self.opened += 1
        client.write(self.request(client))


class InSession(Flood):
    """What is sent in sessions of somebody proven, which are open already."""

    def __init__(self, options):
        super().__init__(options)
        self.sessions = options.sessions.split(",")

    def call(self, arguments, number):
        body = json.dumps({"jsonrpc": "2.0", "id": number, "method": "tools/call",
                           "params": {"name": self.tool, "arguments": arguments}}, separators=(",", ":")).encode()
        session = self.sessions[number % len(self.sessions)]
        fields = self.bearer() + f"Mcp-Session-Id: {session}\r\nMCP-Protocol-Version: 2025-11-25\r\n"
        return self.post(ENDPOINT, len(body), fields) + body

    def on_answer(self, client):
        self.counts[self.said(client)] += 1
        client.write(self.request(client))

    def said(self, client):
        """The code in an answer, or "called"."""
        at = client.body.find(b"RMT-")
        return client.body[at:at + 8].decode() if at >= 0 else "called"


class ManyMembers(InSession):
    """Calls of 3.7 MiB with 380,000 members."""

    connections = 16
    tool = "mirror/echo"

    def __init__(self, options):
        super().__init__(options)
        self.whole = self.call({f"{i:x}": 7 for i in range(380_000)}, 1)

    def request(self, client):
        return self.whole


class ManyNodes(ManyMembers):
    """Calls of nearly 4 MiB with two million elements."""

    def __init__(self, options):
        super().__init__(options)
        self.whole = self.call({"call": 1, "text": "x", "list": [1] * 1_900_000}, 1)


class ManyCalls(InSession):
    """Calls to a tool that takes its time, more than one caller may have under way."""

    connections = 300
    tool = "slow/wait"
    number = 0

    def request(self, client):
        self.number += 1
        return self.call({}, self.number)


FLOODS = {"unfinished-bodies": UnfinishedBodies, "token-bodies": TokenBodies, "idle-connections": IdleConnections,
          "slow-headers": SlowHeaders, "bad-tokens": BadTokens, "log-lines": LogLines, "many-members": ManyMembers,
          "many-nodes": ManyNodes, "many-calls": ManyCalls}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("name", choices=FLOODS)
    parser.add_argument("--address", required=True)
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--token")
    parser.add_argument("--sessions", help="ids, with commas between them")
    parser.add_argument("--connections", type=int)
    options = parser.parse_args()
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    FLOODS[options.name](options).run()


if __name__ == "__main__":
    sys.exit(main())
