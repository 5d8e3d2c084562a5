"""The programs that a scenario runs: MCP servers, `remit serve`, the command line and the clients."""

import itertools
import json
import os
import pathlib
import queue
import re
import shutil
import signal
import socket
import subprocess
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
SERVERS = ROOT / "build/npm/demo/node_modules/@modelcontextprotocol"


def node():
    """The `node` that runs servers and clients."""
    folder = subprocess.run([ROOT / "scripts/node", ROOT / "build"], check=True, capture_output=True, text=True)
    return pathlib.Path(folder.stdout.strip()) / "node"


def wait_until(done, seconds, every=0.02):
    """Whether `done()` became true in time."""
    end = time.monotonic() + seconds
    while not done():
        if time.monotonic() > end:
            return False
        time.sleep(every)
    return True


def accepts(port):
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def documents(text):
    """The JSON of a command: one document, or a list where it printed several."""
    decoder, found, at = json.JSONDecoder(), [], 0
    while at < len(text.rstrip()):
        value, at = decoder.raw_decode(text, at)
        at += len(text[at:]) - len(text[at:].lstrip())
        found.append(value)
    return found[0] if len(found) == 1 else found


class Everything:
    """`server-everything` over Streamable HTTP, on a port that was free."""

    def __init__(self, node_program, work):
        for _ in range(5):  # another may take the port between asking for it and using it
            with socket.socket() as probe:
                probe.bind(("127.0.0.1", 0))
                port = probe.getsockname()[1]
            self.log = open(work / "everything.log", "w")
            self.process = subprocess.Popen(
                [node_program, SERVERS / "server-everything/dist/index.js", "streamableHttp"],
                env={"PORT": str(port)},
                stdout=self.log,
                stderr=self.log,
            )
            if self._answers(port):
                self.url = f"http://127.0.0.1:{port}/mcp"
                return
            self.stop()
        raise RuntimeError(f"server-everything does not start; see {self.log.name}")

    def _answers(self, port):
        wait_until(lambda: accepts(port) or self.process.poll() is not None, 30)
        return self.process.poll() is None

    def stop(self):
        self.process.kill()
        self.process.wait()
        self.log.close()


class Remit:
    """A `remit serve` and the command line that talks to it."""

    def __init__(self, program, work):
        self.program, self.data, self.work = program, work / "data", work
        self.process, self.url, self.port = None, None, 0
        # What the environment holds must not reach the MCP servers that Remit starts.
        self.environment = {**os.environ, "REMIT_E2E_MARK": "must-not-leak"}

    def start(self):
        self.log = open(self.work / "remit.log", "a")
        self.process = subprocess.Popen(
            [self.program, "serve", "--data", self.data, "--listen", f"127.0.0.1:{self.port}"],
            stdout=subprocess.PIPE,
            stderr=self.log,
            text=True,
            env=self.environment,
        )
        for line in self.process.stdout:
            if address := re.match(r"listening (http://127\.0\.0\.1:(\d+))$", line.strip()):
                self.url, self.port = address[1], int(address[2])
            if line.strip() == "ready":
                return
        raise RuntimeError(f"remit serve ended with {self.process.wait()}; see {self.log.name}")

    def stop(self):
        """SIGTERM. Gives the exit code and the seconds that it took."""
        began = time.monotonic()
        self.process.send_signal(signal.SIGTERM)
        code = self.process.wait(60)
        self.process.stdout.close()
        self.log.close()
        self.process = None
        return code, time.monotonic() - began

    def command(self, command, *arguments, **options):
        """A command of the command line: `command("tool grant", "files/read", by="ben")`."""
        words = [*command.split(), *(f"--{name.replace('_', '-')}={value}" for name, value in options.items())]
        return subprocess.run(
            [self.program, "--data", self.data, "-o", "json", *words, *map(str, arguments)],
            capture_output=True,
            text=True,
            timeout=60,
        )

    def ask(self, command, *arguments, **options):
        """A command that must succeed. Gives what it says."""
        done = self.command(command, *arguments, **options)
        if done.returncode != 0:
            raise RuntimeError(f"exit {done.returncode}: {done.args}\n{done.stdout}{done.stderr}")
        return documents(done.stdout)

    def metric(self, name):
        for line in self.command("metrics").stdout.splitlines():
            if line.split(" ")[0] == name:
                return float(line.split(" ")[1])
        raise RuntimeError(f"there is no metric {name}")


class Pending:
    """An answer that a client has not given yet."""

    def __init__(self, answers, what):
        self._answers, self._what = answers, what

    def wait(self, seconds=60):
        try:
            return self._answers.get(timeout=seconds)
        except queue.Empty:
            raise RuntimeError(f"the client did not answer {self._what} within {seconds} s") from None

    def done(self):
        return not self._answers.empty()


class Client:
    """A client program: one SDK, obeying one command a line."""

    def __init__(self, name, node_program, work):
        clients = ROOT / "tests/e2e/clients"
        if name.startswith("ts"):
            # Node looks for packages beside the program, and the source tree has none.
            home = work / "clients"
            shutil.copytree(clients, home)
            (home / "node_modules").symlink_to(ROOT / "build/npm/tests/e2e/node_modules")
            command = [node_program, home / f"{name}.mjs"]
        else:
            command = [ROOT / f"build/venv/mcp{name[-1]}/bin/python", "-B", clients / f"{name}.py"]
        self.log = open(work / "client.log", "w")
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self.log, text=True, bufsize=1
        )
        self._ids, self._waiting = itertools.count(), {}
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self):
        for line in self.process.stdout:
            answer = json.loads(line)
            self._waiting.pop(answer.pop("id")).put(answer)
        for answers in self._waiting.values():
            answers.put({"error": {"kind": "Gone", "message": "the client program has ended", "status": None}})

    def begin(self, do, **arguments):
        number = next(self._ids)
        answers = self._waiting[number] = queue.Queue()
        self.process.stdin.write(json.dumps({"id": number, "do": do, **arguments}) + "\n")
        return Pending(answers, do)

    def ask(self, do, **arguments):
        return self.begin(do, **arguments).wait()

    def stop(self):
        self.process.stdin.close()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.log.close()
