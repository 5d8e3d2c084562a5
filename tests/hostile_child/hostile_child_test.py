#!/usr/bin/env python3
"""What a hostile MCP server can do to Remit, to other destinations and to the machine: nothing; and that honest ones
work under the same confinement. A real `remit serve`, on each level that this machine gives: as it is, as root
without the right to make mounts or namespaces, and as an account without any rights.

What it proves: each attempt that is listed fails, and its twin, the same code on what is the child's own, works. What
it does not prove: that there is no other way.
"""

import contextlib
import ctypes
import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "harness"))
from plane import Failed, Plane, Session, expect, main  # noqa: E402

PROGRAMS = pathlib.Path(sys.argv[1])
TOOL = "attempt"
PYTHON = "/usr/bin/python3"
# The account of a plane that has no rights.
NOBODY = 65534
LIBC = ctypes.CDLL(None, use_errno=True)
LANDLOCK = max(0, LIBC.syscall(444, None, 0, 1))  # landlock_create_ruleset: the revision
SCOPES = 6  # from which on it keeps children from signals and abstract sockets


class ConfinedPlane(Plane):
    """A plane that is started with fewer rights than the test has."""

    def __init__(self, folder, rights):
        super().__init__(PROGRAMS, folder)
        self.folder = folder
        self.rights = rights
        self.config = folder / "remit.toml"
        self.told = []

    def start(self, **settings):
        lines = [f'data = "{self.data}"', f'listen = ["{self.address}"]', "[calls]", "upstream_open_seconds = 120",
                 "[children]"]
        lines += [f"{key} = {json.dumps(value)}" for key, value in settings.items()]
        self.config.write_text("\n".join(lines) + "\n")
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen([PROGRAMS / "remit", "--config", self.config, "serve"], stdout=subprocess.PIPE,
                                            stderr=log, text=True, preexec_fn=self.rights.take)
        for line in self.process.stdout:
            if line.startswith("listening "):
                self.address = line.split()[1].removeprefix("http://")
            elif line.strip() == "ready":
                return
            else:
                self.told.append(line.strip())
        raise Failed(f"the server ended with {self.process.wait()}; see {self.log}")

    @property
    def level(self):
        return self.told[0].removeprefix("children are confined by ").split()[0]

    @property
    def unprivileged(self):
        return os.geteuid() != 0 or self.rights.account is not None

    def children(self):
        """What the server has started."""
        pid = self.process.pid
        return [int(child) for task in pathlib.Path(f"/proc/{pid}/task").iterdir()
                for child in (task / "children").read_text().split()]

    def own(self, folder):
        """Gives the folders to whom they must belong here: to the plane's account, or to children's."""
        if self.rights.account is not None:
            for path in [folder, *folder.rglob("*")]:
                os.lchown(path, self.rights.account, self.rights.account)
        elif self.level == "account":
            for number, name in enumerate(["out", "twin-out"]):
                os.chown(folder / name, 3000 + number, 3000 + number)

    def add(self, name, *command, environment="sandbox", tools=(TOOL,), agent="clerk", **options):
        flags = []
        for key, values in options.items():
            for value in values if isinstance(values, (list, tuple)) else [values]:
                flags += ["--" + key, str(value)]
        self.run("destination", "add", name, "--env", environment, "--owner", "Ada", "--data-class", "internal", *flags,
                 "--command", "--", *map(str, command))
        for tool in tools:
            self.run("tool", "classify", f"{name}/{tool}", "--env", environment, "--effect", "read", "--data-class",
                     "internal", "--by", "Ada")
            self.run("tool", "grant", f"{name}/{tool}", "--agent", agent, "--env", environment, "--by", "Ada")


class Attempts(Session):
    """A session of the agent's, through which it has destinations try things."""

    number = 10

    def ask(self, method, params):
        Attempts.number += 1
        answer, _ = self._post({"jsonrpc": "2.0", "id": Attempts.number, "method": method, "params": params})
        return answer

    def tool(self, name, arguments):
        answer = self.ask("tools/call", {"name": name, "arguments": arguments})
        result = answer.get("result")
        expect(result is not None, f"{name}: {answer}")
        return result

    def attempt(self, destination, what, *arguments):
        result = self.tool(self.names[destination], {"what": what, "arguments": json.dumps(arguments)})
        expect(not result.get("isError"), f"{destination} {what}: {result}")
        return json.loads(result["content"][0]["text"])

    def learn_names(self, *destinations):
        """How the agent is shown each destination's tool."""
        shown = [tool["name"] for tool in self.ask("tools/list", {})["result"]["tools"]]
        self.names = {one: name for one in destinations for name in shown if name.startswith(one)}
        for one in destinations:  # one may have the plain name
            self.names.setdefault(one, TOOL)


@contextlib.contextmanager
def listener(family, address):
    with socket.socket(family) as server:
        server.bind(address)
        server.listen(16)
        yield server


class Service:
    """A service on this machine: answers with what it was sent once that is all. A connection that says `held` is kept,
    and its end put down."""

    def __init__(self):
        self.taken = 0
        self.held_ended = threading.Event()
        self.server = socket.create_server(("127.0.0.1", 0))
        self.port = self.server.getsockname()[1]
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self):
        while True:
            connection, _ = self.server.accept()
            self.taken += 1
            threading.Thread(target=self._answer, args=(connection,), daemon=True).start()

    def _answer(self, connection):
        got = bytearray()
        with connection:
            try:
                while chunk := connection.recv(1 << 16):
                    got += chunk
            except ConnectionResetError:
                pass
            if got == b"held":
                self.held_ended.set()
            else:
                connection.sendall(got)


def fails(session, destination, what, *arguments):
    told = session.attempt(destination, what, *arguments)
    expect(not told["done"], f"{destination} could {what} {arguments}: {told}")
    return told["why"]


def fails_at_once(session, *attempt):
    """By an answer: refused, no way there, no such name. Nobody waited for one that never came."""
    why = fails(session, *attempt)
    told = ["ECONNREFUSED", "ENETUNREACH", "EADDRNOTAVAIL", "Name or service not known", "No address associated"]
    expect(any(answer in why for answer in told), f"{attempt}: {why}")


def works(session, destination, what, *arguments):
    told = session.attempt(destination, what, *arguments)
    expect(told["done"], f"{destination} could not {what} {arguments}: {told}")
    return told["got"]


def attack(plane, session, folder):
    """All of it, and beside each attempt its twin."""
    data, remit = plane.data, plane.process.pid
    inside = plane.level == "namespaces"
    own_account = plane.level in ("namespaces", "account") and os.geteuid() == 0 and not plane.unprivileged
    out = str(folder / "out")

    # Files of Remit's, of the machine's and of another destination's.
    works(session, "hostile", "read", str(folder / "in/note"))
    works(session, "hostile", "write", f"{out}/mine")
    fails(session, "hostile", "write", str(folder / "in/mine"))
    for name in ["vault.key", "issuer-production.jwk", "issuer-sandbox.jwk", "audit.key", "remit.db"]:
        fails(session, "hostile", "read", str(data / name))
        fails(session, "hostile", "read", f"/proc/{remit}/root{data}/{name}")
        fails(session, "hostile", "read", f"/proc/{remit}/cwd/{name}")
    for path in ["/etc/shadow", f"/proc/{remit}/environ", f"/proc/{remit}/mem", f"/proc/{remit}/maps",
                 str(folder / "secret")]:
        fails(session, "hostile", "read", path)
    fails(session, "hostile", "link", f"{out}/link", str(data / "vault.key"))
    works(session, "hostile", "link", f"{out}/link2", f"{out}/mine")

    # Another destination's home; its own stays.
    home = works(session, "hostile", "variables")["HOME"]
    other = works(session, "twin", "variables")["HOME"]
    works(session, "hostile", "write", f"{home}/kept", "hostile's")
    works(session, "twin", "write", f"{other}/kept", "twin's")
    expect(works(session, "hostile", "read", f"{home}/kept") == "hostile's", "its home is another's")
    for path in plane.folder.glob("**/home/kept"):
        if path.read_text() == "twin's":
            fails(session, "hostile", "read", str(path))

    # Processes.
    own = works(session, "hostile", "own_pid")
    works(session, "hostile", "signal_process", own)
    victims = [remit, *(child for child in plane.children() if inside or child != own)]
    if inside:
        seen = works(session, "hostile", "processes")
        expect(not seen, f"it sees the processes {seen}")
    for victim in victims:
        if plane.level != "landlock" or LANDLOCK >= SCOPES:
            fails(session, "hostile", "signal_process", victim)
        fails(session, "hostile", "trace", victim)
        fails(session, "hostile", "read", f"/proc/{victim}/environ")

    # Sockets.
    fails(session, "hostile", "connect_local", str(data / "remit.sock"))
    fails(session, "hostile", "connect_orphaned", str(data / "remit.sock"))
    name = f"remit-hostile-{os.getpid()}"
    with listener(socket.AF_UNIX, "\0" + name):
        fails(session, "hostile", "connect_local", "@" + name)
        if not inside or LANDLOCK >= SCOPES:
            fails(session, "networked", "connect_local", "@" + name)
    with listener(socket.AF_INET, ("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        fails(session, "hostile", "connect", "127.0.0.1", port)
        works(session, "networked", "connect", "127.0.0.1", port)
    host, port = plane.address.split(":")
    fails(session, "hostile", "connect", host, int(port))
    fails(session, "hostile", "connect", "192.0.2.1", 443)

    # Limits.
    fails(session, "hostile", "memory", 3 << 30)
    works(session, "hostile", "memory", 1 << 20)
    fails(session, "hostile", "fill", f"{home}/big", 1 << 30)
    works(session, "hostile", "fill", f"{home}/small", 1 << 20)
    if plane.level in ("namespaces", "account"):
        fails(session, "hostile", "fork_bomb", 2000)
    works(session, "hostile", "fork_bomb", 5)
    fails(session, "hostile", "setuid_file", f"{out}/rooted")
    if own_account:
        account = works(session, "hostile", "account")
        expect(account != 0, "it runs as root")


def reach_single_hosts(plane, session, declared, other):
    """A destination with one host reaches that one, and nothing beside it."""
    if plane.level != "namespaces":
        return
    host, port = plane.address.split(":")
    for count in [1, 8 << 20]:
        expect(works(session, "single", "exchange", "localhost", declared.port, count), "other bytes came back")
    expect(declared.taken == 2, f"{declared.taken} connections came")
    for address in ["localhost", "127.0.0.1", "127.0.0.2", "::1"]:
        fails_at_once(session, "single", "connect", address, other.port)
    for address, at in [(host, int(port)), ("localhost", int(port)), ("192.0.2.1", 443), ("2001:db8::1", 443),
                        ("db.internal", 5432), ("::1", declared.port)]:
        fails_at_once(session, "single", "connect", address, at)
    expect(other.taken == 0, "another service was reached")
    fails(session, "single", "connect_local", str(plane.data / "remit.sock"))
    name = f"remit-single-{os.getpid()}"
    with listener(socket.AF_UNIX, "\0" + name):
        fails(session, "single", "connect_local", "@" + name)
    fails(session, "hostile", "connect", "localhost", declared.port)

    works(session, "single", "hold", "localhost", declared.port)
    expect(not declared.held_ended.wait(0.5), "its connection ended before it did")
    for child in plane.children():
        if b"the-single-one" in pathlib.Path(f"/proc/{child}/cmdline").read_bytes():
            os.kill(child, signal.SIGKILL)
    expect(declared.held_ended.wait(5), "its connection outlived it")


def add_single(plane, server, folder, declared):
    """Where the machine cannot hold a child to one host, no such destination is added."""
    if plane.level == "namespaces":
        plane.add("single", *server, "the-single-one", reads=folder / "server", network=f"LOCALHOST:{declared.port}")
        shown = plane.run("destination", "show", "single", "--env", "sandbox")
        expect(f"localhost:{declared.port}" in shown, f"its host is not shown: {shown}")
    for what, hosts in [("a host", [f"localhost:{declared.port}"]), ("no host", ["127.1:80"]),
                        ("everything too", ["all", f"localhost:{declared.port}"])]:
        if what == "a host" and plane.level == "namespaces":
            continue
        flags = [flag for one in hosts for flag in ("--network", one)]
        code, out, err = plane.command("destination", "add", "refused", "--env", "sandbox", "--owner", "Ada", "--data-class",
                                       "internal", "--reads", folder / "server", *flags, "--command", "--", *server)
        expected = {"a host": "RMT-C044", "no host": "RMT-C043", "everything too": "RMT-K007"}[what]
        expect(code != 0 and expected in out + err, f"{what} at {plane.level}: exit {code}: {err or out}")
    expect("refused" not in plane.run("destination", "list"), "what was refused was added")


def add_broken(plane):
    """One whose server does not start is added, but nobody takes that for a success."""
    code, out, err = plane.command(
        "destination", "add", "broken", "--env", "sandbox", "--owner", "Ada", "--data-class", "internal", "--command", "--",
        "/bin/sh", "-c", "echo cannot find module x >&2; exit 3")
    expect(code == 10 and "cannot find module x" in err, f"exit {code}: {err or out}")
    plane.run("destination", "retire", "broken", "--env", "sandbox")


def prepare(plane, folder, declared):
    """One person, one agent, and three destinations with one server: hostile, its twin, and one with the network; and one
    with a single host."""
    for name in ["in", "out", "twin-out"]:
        (folder / name).mkdir()
    (folder / "in/note").write_text("a note")
    (folder / "secret").write_text("nobody's business")
    (folder / "secret").chmod(0o600)
    plane.own(folder)
    plane.run("human", "add", "Ada")
    plane.run("human", "add", "Ben")
    plane.run("agent", "register", "clerk", "--env", "sandbox", "--owner", "Ada", "--purpose", "tests", "--process",
              "tests", "--key-out", folder / "clerk.jwk")
    plane.run("agent", "approve", "clerk", "--env", "sandbox", "--by", "Ada")
    server = [PYTHON, "-I", folder / "server/server.py"]
    plane.add("hostile", *server, reads=[folder / "server", folder / "in"], writes=folder / "out",
              var=["MODE=a b", f"FAREWELL={folder}/out/farewell"])
    plane.add("twin", *server, reads=folder / "server", writes=folder / "twin-out")
    plane.add("networked", *server, reads=folder / "server", network="all")
    add_broken(plane)
    add_single(plane, server, folder, declared)


def session_of(plane, folder):
    session = Attempts(plane, plane.token("clerk", folder / "clerk.jwk"))
    session.learn_names("hostile", "twin", "networked", *(["single"] if plane.level == "namespaces" else []))
    return session


def end_gently(plane, session, folder):
    """A session that ends lets its servers finish."""
    expect(works(session, "hostile", "variables")["MODE"] == "a b", "its variable is another")
    farewell = folder / "out/farewell"
    farewell.unlink(missing_ok=True)  # of the servers that were asked for their tools
    expect(works(session, "hostile", "account") is not None, "it has ended before its session")
    plane.stop()
    expect(farewell.read_text() == "goodbye", "it was not let finish when the plane stopped")


PYTHON_SERVER = """
from mcp.server.fastmcp import FastMCP
server = FastMCP("adder")
@server.tool()
def add(a: int, b: int) -> int:
    return a + b
server.run()
"""
# A network behind a proxy of its own makes its certificates known so.
CERTIFICATES = [f"{name}={os.environ[name]}" for name in ["NODE_EXTRA_CA_CERTS", "SSL_CERT_FILE"]
                if name in os.environ]


def honest(plane, folder):
    """Servers as people run them, under the same confinement."""
    notes = folder / "notes"
    notes.mkdir()
    (notes / "note.txt").write_text("an honest note")
    plane.add("files", "npx", "-y", "@modelcontextprotocol/server-filesystem", notes, network="all", writes=notes,
              var=CERTIFICATES, tools=["read_text_file", "write_file"])
    plane.add("memory", "npx", "-y", "@modelcontextprotocol/server-memory", network="all", var=CERTIFICATES,
              tools=["read_graph"])
    venv = folder / "venv"
    subprocess.run([PYTHON, "-m", "venv", venv], check=True)
    subprocess.run([venv / "bin/pip", "install", "--quiet", "mcp==1.30.0"], check=True)
    (venv / "adder.py").write_text(PYTHON_SERVER)
    plane.add("adder", venv / "bin/python", venv / "adder.py", reads=venv, tools=["add"])
    session = Attempts(plane, plane.token("clerk", folder / "clerk.jwk"))
    shown = {tool["name"] for tool in session.ask("tools/list", {})["result"]["tools"]}
    for name, arguments, part in [("read_text_file", {"path": str(notes / "note.txt")}, "an honest note"),
                                  ("write_file", {"path": str(notes / "new.txt"), "content": "new"}, "new.txt"),
                                  ("read_graph", {}, "entities"), ("add", {"a": 2, "b": 3}, "5")]:
        found = next(one for one in shown if one.split("/")[-1].split("__")[-1] == name)
        result = session.tool(found, arguments)
        expect(not result.get("isError") and part in json.dumps(result), f"{name}: {result}")
    expect((notes / "new.txt").stat().st_uid == notes.stat().st_uid, "what it wrote is not its folder's owner's")


class Rights:
    """What a plane is started with: all that the test has, or less, taken in the process that becomes it."""

    # What Docker's containers do not have, of what matters here: SYS_ADMIN, SYS_PTRACE, NET_ADMIN, DAC_READ_SEARCH.
    TAKEN = [21, 19, 12, 2]

    def __init__(self, name, level=None, namespaces=True, account=None):
        self.name, self.level, self.namespaces, self.account = name, level, namespaces, account
        self.complete = level is None and account is None

    def take(self):
        if not self.namespaces:
            self._forbid_namespaces()
            for capability in self.TAKEN:
                LIBC.prctl(24, capability, 0, 0, 0)  # PR_CAPBSET_DROP
        if self.account is not None:
            os.setgroups([])
            os.setresgid(self.account, self.account, self.account)
            os.setresuid(self.account, self.account, self.account)

    @staticmethod
    def _forbid_namespaces():
        """A user namespace with every account as it is outside, in which no further one can be made."""
        owner = os.getpid()
        reading, writing = os.pipe()
        helper = os.fork()
        if helper == 0:  # it stays outside, with the right to map accounts
            os.close(writing)
            os.read(reading, 1)
            for file in ["uid_map", "gid_map"]:
                pathlib.Path(f"/proc/{owner}/{file}").write_text("0 0 4294967295")
            os._exit(0)
        os.close(reading)
        if LIBC.unshare(0x10000000) != 0:  # CLONE_NEWUSER
            raise OSError(ctypes.get_errno(), "unshare")
        os.write(writing, b"1")
        os.close(writing)
        os.waitpid(helper, 0)
        pathlib.Path("/proc/sys/user/max_user_namespaces").write_text("0")


def kinds():
    """The machine as it is, and with less."""
    yield Rights("as it is")
    if os.geteuid() == 0:
        yield Rights("an account without rights", account=NOBODY)
        yield Rights("root, no mounts or namespaces, as in a container", level="account", namespaces=False)
        yield Rights("an account without rights, no namespaces", level="landlock", namespaces=False, account=NOBODY)


def play(rights):
    folder = pathlib.Path(tempfile.mkdtemp(prefix="remit-hostile-"))
    folder.chmod(0o755)
    (folder / "server").mkdir()
    shutil.copy(HERE / "server.py", folder / "server")
    if rights.account is not None:
        os.chown(folder, rights.account, rights.account)
    plane = ConfinedPlane(folder, rights)
    try:
        plane.start(processes=64, file_mib=16)
        print(f"{rights.name}: {'; '.join(plane.told)}", flush=True)
        expect(rights.level in (None, plane.level), f"the level is {plane.level}, not {rights.level}")
        expect(plane.told[0].split("confined by ")[1] in plane.run("status"), "status does not say what confines children")
        declared, other = Service(), Service()
        prepare(plane, folder, declared)
        session = session_of(plane, folder)
        attack(plane, session, folder)
        reach_single_hosts(plane, session, declared, other)
        refuse_production(plane, folder)
        if rights.complete:
            honest(plane, folder)
        end_gently(plane, session, folder)
    except BaseException:
        print(f"{rights.name}: the test's folder is kept: {folder}", file=sys.stderr)
        raise
    finally:
        if plane.process and plane.process.poll() is None:
            plane.kill()
    shutil.rmtree(folder)


def refuse_production(plane, folder):
    """Production starts a child only where it is confined well."""
    code, out, err = plane.command(
        "destination", "add", "main", "--env", "production", "--owner", "Ada", "--by", "Ben", "--data-class", "internal",
        "--reads", folder / "server", "--command", "--", PYTHON, "-I", folder / "server/server.py")
    well = plane.level in ("namespaces", "account")
    expect((code == 0) == well and ("RMT-X040" in err + out) != well, f"in production at {plane.level}: exit {code}: {err or out}")


def everything():
    for rights in kinds():
        play(rights)


main(everything)
