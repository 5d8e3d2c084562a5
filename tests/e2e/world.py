"""The company that a scenario is played in, set up with the command line alone.

people        ada owns clerk, ben owns courier, cleo the destinations; each approves what is another's
production    clerk, courier;  files (stdio), archive (stdio), everything (HTTP), odd (HTTP)
sandbox       clerk;           toolbox (stdio, with a credential of its own)
"""

import hashlib
import pathlib

import odd_server
from processes import SERVERS

HERE = pathlib.Path(__file__).resolve().parent

NOTE = "Invoices are paid on Fridays.\n"
PAYROLL = "Ada earns 4711 a month.\n"
CLOSED = "The books of 1999.\n"
TOOLBOX_TOKEN = "toolbox-credential-of-its-own"

# What tools/list must show to clerk in production: granted, classified and not closed by policy whatever the arguments
# (as the archive is), under the name that it has had since it was granted.
CLERK_TOOLS = [
    "echo",
    "files_read",
    "get-sum",
    "list_directory",
    "l" * 53 + "_" + hashlib.sha256(b"l" * 100).hexdigest()[:10],
    "odd__echo",
    "odd__everything__echo",
    "plain",
    "read_text_file",
    "trigger-long-running-operation",
    "write_file",
]
ODD_TOOLS = [f"odd/{tool['name']}" for tool in odd_server.GOOD]
# Granted, but nobody has said what it does; and classified, but not granted.
UNCLASSIFIED = "files/move_file"
UNGRANTED = "everything/get-tiny-image"


class World:
    def __init__(self, remit, everything, odd, node, work):
        self.remit, self.work = remit, work
        self.deployments, self.keys = {}, {}
        self.files, self.archive = work / "files", work / "archive"
        for folder in (self.files, self.archive):
            folder.mkdir()
        (self.files / "note.txt").write_text(NOTE)
        (self.files / "payroll.txt").write_text(PAYROLL)
        (self.archive / "closed.txt").write_text(CLOSED)

        for name in ("ada", "ben", "cleo"):
            remit.ask("human add", name)
        self._destinations(everything, odd, node)
        self._agents()
        remit.ask("policy validate", HERE / "policy.cedar", env="production")
        remit.ask("policy publish", HERE / "policy.cedar", "--yes", env="production", by="ben")

    def _destinations(self, everything, odd, node):
        # The folders that the servers over stdio run from.
        programs = [SERVERS.parent] + ([] if str(node).startswith("/usr/") else [pathlib.Path(node).parent.parent])

        def add(name, env, data_class, *how, writes=(), **options):
            # What is behind `--` is the destination's own command, so it comes last.
            reach = [f"--reads={folder}" for folder in programs] + [f"--writes={folder}" for folder in writes]
            command = [*reach, "--command", "--", *how] if how else []
            added = self.remit.ask(
                "destination add", name, *command, env=env, data_class=data_class, owner="cleo", by="ben", **options
            )
            if not added["scan"]:
                raise RuntimeError(f"the tools of {name} could not be listed")

        filesystem = [node, "--no-deprecation", SERVERS / "server-filesystem/dist/index.js"]
        add("files", "production", "internal", *filesystem, self.files, writes=[self.files])
        add("archive", "production", "restricted", *filesystem, self.archive, writes=[self.archive])
        add("everything", "production", "public", url=everything.url)
        add("odd", "production", "public", url=odd.url)
        secret = self.work / "toolbox.secret"
        secret.write_text(TOOLBOX_TOKEN)
        secret.chmod(0o600)
        toolbox = [node, SERVERS / "server-everything/dist/index.js", "stdio"]
        add("toolbox", "sandbox", "internal", *toolbox, secret=f"TOOLBOX_TOKEN={secret}")

        def classify(env, effect, data_class, *tools):
            self.remit.ask("tool classify", *tools, env=env, effect=effect, data_class=data_class, by="ben")

        classify("production", "read", "internal", "files/read_text_file", "files/list_directory")
        classify("production", "create", "internal", "files/write_file")
        classify("production", "read", "restricted", "archive/read_text_file")
        classify("production", "read", "public", "everything/echo", "everything/get-sum", UNGRANTED)
        classify("production", "read", "public", "everything/trigger-long-running-operation")
        classify("production", "read", "public", *ODD_TOOLS)
        classify("sandbox", "read", "internal", "toolbox/get-env", "toolbox/echo")

    def _agents(self):
        def register(name, env, owner, approver, algorithm):
            key = self.work / f"{name}-{env}.jwk"
            particulars = {"purpose": "clears the inbox", "process": "accounts-payable", "expires": "30d"}
            answer = self.remit.ask(
                "agent register", name, env=env, owner=owner, key_out=key, algorithm=algorithm, **particulars
            )
            self.deployments[name, env] = answer["deployment"]
            self.keys[name, env] = key, algorithm
            self.remit.ask("agent approve", name, env=env, by=approver)

        def grant(agent, env, *tools, by="ben"):
            self.remit.ask("tool grant", *tools, agent=agent, env=env, by=by)

        register("clerk", "production", "ada", "ben", "ES256")
        register("clerk", "sandbox", "ada", "ada", "EdDSA")
        register("courier", "production", "ben", "ada", "EdDSA")
        grant("clerk", "production", "files/read_text_file", "files/list_directory", "files/write_file", UNCLASSIFIED)
        grant("clerk", "production", "archive/read_text_file", "everything/echo", "everything/get-sum")
        grant("clerk", "production", "everything/trigger-long-running-operation")
        grant("clerk", "production", *ODD_TOOLS)
        grant("clerk", "sandbox", "toolbox/get-env", "toolbox/echo")
        grant("courier", "production", "everything/echo", "everything/trigger-long-running-operation", by="ada")

    def connection(self, name, environment, endpoint=None):
        """What a client needs to authenticate by itself as this agent: its id and key; and where to go."""
        key, algorithm = self.keys[name, environment]
        endpoint = endpoint or environment
        return {
            "url": f"{self.remit.url}/mcp/{endpoint}",
            "issuer": f"{self.remit.url}/issuer/{endpoint}",
            "client_id": self.deployments[name, environment],
            "key_file": str(key),
            "algorithm": algorithm,
        }

    def token(self, name, environment):
        key, _ = self.keys[name, environment]
        return self.remit.ask("token mint", agent=name, env=environment, key=key)["access_token"]

    def log(self):
        """The newest entries of the audit log, as {decision: [entry, …]}."""
        found = {}
        for item in self.remit.ask("audit tail", count=1000):
            entry = item["entry"]
            found.setdefault(entry.get("decision"), []).append(entry)
        return found
