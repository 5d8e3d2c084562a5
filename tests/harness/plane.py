"""A real plane for tests: `remit serve` as a process, the benchmark's upstream behind it, commands through the CLI
and MCP sessions through the agents' door. Standard library only.
"""

import contextlib
import http.client
import json
import pathlib
import resource
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
import time

ENDPOINT = "/mcp/sandbox"
TOOL = "mirror/echo"


class Failed(Exception):
    """An expectation that was not met, or a process that did not do what it should."""


def expect(met, what):
    if not met:
        raise Failed(what)


def wait_until(met, what, seconds=10.0):
    """Polls; answers what `met` gave."""
    end = time.monotonic() + seconds
    while not (value := met()):
        expect(time.monotonic() < end, f"not within {seconds:g} s: {what}")
        time.sleep(0.001)
    return value


class Upstream:
    """bench_upstream; `calls()` is what reached it, as (number, CLOCK_MONOTONIC in ns), in the order of arrival."""

    def __init__(self, programs, record):
        self.record = record
        self.process = subprocess.Popen(
            [programs / "bench_upstream", "--record", record], stdout=subprocess.PIPE, text=True)
        line = self.process.stdout.readline()
        expect(line.startswith("listening "), f"bench_upstream said {line!r}")
        self.url = f"http://{line.split()[1]}/mcp"

    def calls(self):
        return read_record(self.record)

    def count(self):
        """How many bytes of record there are: cheap to poll, and more when a call has arrived."""
        return self.record.stat().st_size

    def stop(self):
        self.process.terminate()
        self.process.wait(10)


def read_record(file):
    if not file.exists():
        return []
    return [(int(number), int(at)) for number, at in (line.split() for line in file.read_text().splitlines())]


def read_log(store):
    """The audit log's (index, entry), as the store has them. Only of a store that no server has open."""
    with contextlib.closing(sqlite3.connect(f"file:{store}?mode=ro", uri=True)) as db:
        for index, text in db.execute("SELECT idx, entry FROM log_entry ORDER BY idx"):
            yield index, json.loads(text)


class Plane:
    """`remit serve` on one data folder. It keeps its address across restarts, so that tokens stay valid."""

    def __init__(self, programs, folder):
        self.programs = programs
        self.data = folder / "data"
        self.log = folder / "server.log"
        self.address = "127.0.0.1:0"
        self.descriptors = None  # how many the server may have; None: as many as this process
        self.limits = {}  # of the configuration
        self.options = []  # of `serve`
        self.process = None

    def start(self):
        """Answers how many seconds it took until it was ready."""
        began = time.monotonic()
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(
                [self.programs / "remit", "serve", *self._where(), "--listen", self.address, *self.options],
                stdout=subprocess.PIPE, stderr=log, text=True, preexec_fn=self._limit_descriptors)
        for line in self.process.stdout:
            if line.startswith("listening "):
                self.address = line.split()[1].removeprefix("http://")
            if line.strip() == "ready":
                return time.monotonic() - began
        raise Failed(f"the server ended with {self.process.wait()} before it was ready; see {self.log}")

    def _where(self):
        if not self.limits:
            return ["--data", self.data]
        config = self.data.parent / "remit.toml"
        config.write_text(f'data = "{self.data}"\n[limits]\n' +
                          "".join(f"{name} = {value}\n" for name, value in self.limits.items()))
        return ["--config", config]

    def _limit_descriptors(self):
        if self.descriptors:
            resource.setrlimit(resource.RLIMIT_NOFILE, (self.descriptors, self.descriptors))

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def stop(self):
        self.process.terminate()
        code = self.process.wait(60)
        expect(code == 0, f"the server ended with {code} on SIGTERM")

    def command(self, *arguments):
        """Runs a command as a person would. Answers (exit code, stdout, stderr)."""
        done = subprocess.run(
            [self.programs / "remit", "--data", self.data, *arguments], capture_output=True, text=True, timeout=60)
        return done.returncode, done.stdout, done.stderr

    def run(self, *arguments):
        """Runs a command that must succeed. Answers what it printed."""
        code, out, err = self.command(*arguments)
        expect(code == 0, f"remit {' '.join(map(str, arguments))}: exit {code}: {err.strip() or out.strip()}")
        return out

    def add_destination(self, url):
        """One person, one destination `mirror`, and its one tool classified."""
        self.run("human", "add", "Ada")
        self.run("destination", "add", "mirror", "--env", "sandbox", "--owner", "Ada", "--data-class", "internal",
                 "--url", url)
        self.run("tool", "classify", TOOL, "--env", "sandbox", "--effect", "read", "--data-class", "internal",
                 "--by", "Ada")

    def add_agent(self, name, key_file, owner="Ada"):
        """An active agent in the sandbox that may call the tool."""
        self.run("agent", "register", name, "--env", "sandbox", "--owner", owner, "--purpose", "tests",
                 "--process", "tests", "--key-out", key_file)
        self.run("agent", "approve", name, "--env", "sandbox", "--by", "Ada")
        self.run("tool", "grant", TOOL, "--agent", name, "--env", "sandbox", "--by", "Ada")

    def metric(self, name):
        lines = self.run("metrics").splitlines()
        return next(float(line.split()[1]) for line in lines if line.startswith(name + " "))

    def token(self, name, key_file):
        return self.run("token", "mint", "--agent", name, "--env", "sandbox", "--key", key_file).strip()

    def load(self, token_file, *options):
        """Starts bench_load against the agents' door."""
        return subprocess.Popen(
            [self.programs / "bench_load", "--url", f"http://{self.address}{ENDPOINT}", "--tool", TOOL,
             "--token-file", token_file, *map(str, options)], stdout=subprocess.PIPE, text=True)


class Session:
    """One MCP session; a connection of its own for each request, so that it outlives the server's process."""

    def __init__(self, plane, token):
        self.plane = plane
        self.token = token
        self.id = None
        answer, self.id = self._post({"jsonrpc": "2.0", "id": 0, "method": "initialize", "params": {
            "protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "test", "version": "1"}}})
        expect("result" in answer, f"no session: {answer}")
        self._post({"jsonrpc": "2.0", "method": "notifications/initialized"})

    def _headers(self):
        headers = {"Authorization": f"Bearer {self.token}", "Accept": "application/json, text/event-stream",
                   "Content-Type": "application/json"}
        if self.id:
            headers |= {"Mcp-Session-Id": self.id, "MCP-Protocol-Version": "2025-11-25"}
        return headers

    def _post(self, message):
        connection = http.client.HTTPConnection(self.plane.address, timeout=30)
        with contextlib.closing(connection):
            connection.request("POST", ENDPOINT, json.dumps(message), self._headers())
            answer = connection.getresponse()
            text = answer.read().decode()
            expect(answer.status in (200, 202), f"HTTP {answer.status}: {text[:300]}")
            if answer.getheader("Content-Type") == "text/event-stream":  # it took its time: the last event is the answer
                text = [line for line in text.splitlines() if line.startswith("data: ")][-1].removeprefix("data: ")
            return json.loads(text) if text else {}, answer.getheader("Mcp-Session-Id")

    def ask_for(self, tool):
        """Calls a tool that is refused. Answers the code of the refusal."""
        answer, _ = self._post({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": tool, "arguments": {}}})
        return answer["result"]["_meta"]["remit/decision"]["reason"]

    def call(self, number):
        """Calls the tool. Answers None where it was made, else the code of the refusal."""
        answer, _ = self._post({"jsonrpc": "2.0", "id": number, "method": "tools/call", "params": {
            "name": TOOL, "arguments": {"call": number, "text": "probe"}}})
        result = answer.get("result", {})
        if not result.get("isError"):
            expect(result.get("content") == [{"type": "text", "text": "probe"}], f"an unexpected answer: {answer}")
            return None
        return result["_meta"]["remit/decision"]["reason"]

    def open_stream(self):
        return Stream(self.plane.address, self._headers())


class Stream:
    """A session's GET stream, behind its header."""

    def __init__(self, address, headers):
        host, port = address.split(":")
        self.socket = socket.create_connection((host, int(port)), timeout=10)
        head = "".join(f"{name}: {value}\r\n" for name, value in headers.items() if name != "Content-Type")
        self.socket.sendall(f"GET {ENDPOINT} HTTP/1.1\r\nHost: {address}\r\n{head}\r\n".encode())
        self.seen = b""
        self.closed = False
        while b"\r\n\r\n" not in self.seen and not self.closed:
            self._read()
        expect(self.seen.startswith(b"HTTP/1.1 200 "), f"no stream: {self.seen!r}")
        self.socket.setblocking(False)

    def _read(self):
        with contextlib.suppress(BlockingIOError):
            more = self.socket.recv(65536)
            self.seen += more
            self.closed = not more

    def ended(self):
        """Whether the server has ended it: the last chunk is there, or the connection is closed."""
        self._read()
        return self.closed or self.seen.endswith(b"\r\n0\r\n\r\n")


@contextlib.contextmanager
def scene(programs, name):
    """A temporary folder, an upstream and a plane that serves; everything is ended behind it. The folder stays where
    the test failed."""
    folder = pathlib.Path(tempfile.mkdtemp(prefix=f"remit-{name}-"))
    upstream = Upstream(programs, folder / "upstream.record")
    plane = Plane(programs, folder)
    try:
        try:
            plane.start()
            plane.add_destination(upstream.url)
            yield folder, upstream, plane
        finally:
            if plane.process and plane.process.poll() is None:
                plane.kill()
            upstream.stop()
    except BaseException:
        print(f"the test's folder is kept: {folder}", file=sys.stderr)
        raise
    shutil.rmtree(folder)


def main(test):
    """Runs a test: exit 0 when it passes; what failed on stderr and exit 1 otherwise."""
    try:
        test()
    except Failed as failure:
        print(f"FAILED: {failure}", file=sys.stderr)
        sys.exit(1)
