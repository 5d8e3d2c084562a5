"""The scenario that every client goes through: what an agent may do, what it may not, and what the log says of it.

A client is an SDK with a line protocol around it (clients/); all that is expected is said here, once.
"""

import shutil
import subprocess
import time

import damage
import odd_server
import world as company
from processes import Client, Everything, Remit, node, wait_until

LONG = "trigger-long-running-operation"


class Scenario:
    def __init__(self, client_name, remit_program, work, check, stack):
        node_program = node()
        self.work, self.check = work, check
        everything = Everything(node_program, work)
        stack.callback(everything.stop)
        odd = odd_server.OddServer()
        stack.callback(odd.stop)
        self.remit = Remit(remit_program, work)
        self.remit.start()
        stack.callback(lambda: self.remit.process and self.remit.stop())
        self.world = company.World(self.remit, everything, odd, node_program, work)
        self.client = Client(client_name, node_program, work)
        stack.callback(self.client.stop)
        hello = self.client.ask("hello")
        self.modes, self.cancels = hello["modes"], hello["cancels"]
        print(f"──   {client_name}  {hello['name']}, modes: {', '.join(self.modes)}", flush=True)
        self.decided = {}  # decision id → verdict and reason, as the agent was told

    def play(self):
        self.connects_by_discovery()
        self.falls_back_in_every_mode()
        self.lists_what_is_granted()
        self.calls_what_is_allowed()
        self.is_refused_what_is_not()
        self.is_told_what_is_too_large()
        self.keeps_environments_apart()
        self.answers_many_at_once()
        self.is_not_kept_waiting()
        self.passes_progress_on()
        self.passes_cancelling_on()
        self.survives_a_restart()
        self.survives_its_token()
        self.stops_when_the_owner_leaves()
        self.stops_when_killed()
        self.left_all_of_it_in_the_log()
        self.finds_a_broken_log()

    # ── asking

    def connect(self, session, mode=None, **how):
        return self.client.ask("connect", session=session, mode=mode or self.modes[0], **how)

    def call(self, session, tool, progress=False, **arguments):
        answer = self.client.ask("call", session=session, tool=tool, arguments=arguments, progress=progress)
        return self.remembered(answer)

    def remembered(self, answer):
        if decision := answer.get("decision"):
            self.decided[decision["decision_id"]] = (decision["decision"], decision["reason"])
        return answer

    def requests(self, session):
        return self.client.ask("seen", session=session)["requests"]

    def session_id(self, session):
        return next(r["session"] for r in reversed(self.requests(session)) if r["session"])

    def streams(self, session):
        return self.client.ask("seen", session=session)["streams"]

    # ── checking

    def allowed(self, what, answer, text):
        # A tool that was asked and answered, not a refusal that mentions the text.
        right = answer.get("is_error") is False and text in answer["text"] and answer["decision"] is None
        self.check(right, what, answer)

    def refused(self, what, answer, reason, mentions=""):
        decision = answer.get("decision") or {}
        right = (
            answer.get("is_error") is True
            and decision.get("decision") == "deny"
            and decision.get("reason") == reason
            and decision.get("retryable") is False
            and str(decision.get("decision_id")).startswith("dec_")
            and mentions in answer["text"]
        )
        self.check(right, f"{what}: {reason}", answer)

    # ── the scenario

    def connects_by_discovery(self):
        how = self.world.connection("clerk", "production")
        answer = self.connect("clerk", **how)
        if not self.check(answer.get("protocol") == "2025-11-25", "connects, at 2025-11-25", answer):
            raise RuntimeError("nothing can be tried without a session")
        seen = [(r["method"], r["path"], r["status"]) for r in self.requests("clerk")]
        expected = [
            ("POST", "/mcp/production", 401),
            ("GET", "/.well-known/oauth-protected-resource/mcp/production", 200),
            ("GET", "/.well-known/oauth-authorization-server/issuer/production", 200),
            ("POST", "/issuer/production/token", 200),
        ]
        # The SDK was told no more than the endpoint: the rest comes from the challenge of the 401.
        self.check(seen[:4] == expected, "authenticates by private_key_jwt, found from the 401's challenge", *seen)
        probe = [("server/discover", 404)] if self.modes[0] == "auto" else []
        wanted = [*probe, ("initialize", 200), ("notifications/initialized", 202)]

        def posts():
            return [(r["rpc"], r["status"]) for r in self.requests("clerk")[4:] if r["method"] == "POST"]

        opened = wait_until(lambda: posts() == wanted, 5)
        self.check(opened, f"opens its session: {', '.join(rpc for rpc, _ in wanted)}", *posts())
        self.check(
            wait_until(lambda: self.streams("clerk") == 1, 5), "holds a stream open (GET)", *self.requests("clerk")
        )

    def falls_back_in_every_mode(self):
        for mode in self.modes[1:]:
            answer = self.connect("other", mode, **self.world.connection("clerk", "production"))
            self.check("error" not in answer, f"connects in mode {mode}", answer)
            opened = [r["rpc"] for r in self.requests("other") if r["status"] == 404]
            if mode == "auto":
                self.check(opened == ["server/discover"], "falls back from server/discover", *self.requests("other"))
            self.allowed(f"calls in mode {mode}", self.call("other", "echo", message="hi"), "Echo: hi")
            ended = self.client.ask("end", session="other")
            last = [(r["method"], r["status"]) for r in self.requests("other")][-1:]
            self.check("error" not in ended and last == [("DELETE", 200)], "ends its session (DELETE)", ended, *last)

    def lists_what_is_granted(self):
        tools = self.client.ask("list", session="clerk").get("tools")
        self.check(
            tools == company.CLERK_TOOLS, "lists the tools that could be called, and no others", tools
        )

        # Had one of its unreadable definitions come through, the client would have had no list at all.
        set_aside = [one for one in self.remit.ask("status")["set_aside"] if one["destination"] == "odd"]
        self.check(
            len(set_aside) == 1 and set_aside[0]["tools"] == len(odd_server.BAD),
            "and status says what was set aside",
            set_aside,
        )

    def calls_what_is_allowed(self):
        path = self.world.files / "note.txt"
        self.allowed(
            "allowed: reads a file (stdio)", self.call("clerk", "read_text_file", path=str(path)), company.NOTE
        )
        self.allowed(
            "allowed: the same by its qualified name",
            self.call("clerk", "files/read_text_file", path=str(path)),
            company.NOTE,
        )
        for name, own in (("files_read", "files.read"), ("odd__echo", "echo"), ("odd/echo", "echo")):
            self.allowed(f"allowed: {name}", self.call("clerk", name), f"called {own}")
        self.allowed("allowed: sums (HTTP)", self.call("clerk", "get-sum", a=19, b=23), "42")
        written = self.world.files / "written.txt"
        answer = self.call("clerk", "write_file", path=str(written), content="kept\n")
        there = written.exists() and written.read_text() == "kept\n"
        self.check(answer.get("is_error") is False and there, "allowed: writes a file, and it is there", answer)
        # The tool's own error is the tool's own: no refusal of ours.
        answer = self.call("clerk", "read_text_file", path=str(self.world.files / "none.txt"))
        self.check(
            answer.get("is_error") is True and answer["decision"] is None, "a tool's own error comes as it is", answer
        )

    def is_refused_what_is_not(self):
        path = self.world.files / "payroll.txt"
        answer = self.call("clerk", "read_text_file", path=str(path))
        self.refused("denied by argument", answer, "RMT-D042", "payroll-is-closed")
        self.check(company.PAYROLL.strip() not in str(answer), "and nothing of the file comes back", answer)
        written = self.world.files / "payroll-2.txt"
        self.refused(
            "denied by argument, before it happens",
            self.call("clerk", "write_file", path=str(written), content="x"),
            "RMT-D042",
        )
        self.check(not written.exists(), "and nothing was written")

        path = self.world.archive / "closed.txt"
        answer = self.call("clerk", "archive__read_text_file", path=str(path))
        self.refused("denied by destination", answer, "RMT-D042", "archive-is-closed")
        self.check(company.CLOSED.strip() not in str(answer), "and nothing of the archive comes back", answer)

        unknown = self.call("clerk", "launch-rockets")
        self.refused("unknown tool", unknown, "RMT-D020")
        hidden = self.call("clerk", company.UNGRANTED)
        self.refused("a tool that is there and not granted", hidden, "RMT-D020")
        alike = [
            answer["text"].replace(name, "").replace(answer["decision"]["decision_id"], "")
            for answer, name in ((unknown, "launch-rockets"), (hidden, company.UNGRANTED))
            if answer.get("decision")
        ]
        self.check(len(alike) == 2 and alike[0] == alike[1], "and both are told alike", *alike)
        answer = self.call("clerk", company.UNCLASSIFIED, source=str(path), destination=str(path) + ".moved")
        self.refused("a tool that nobody has classified", answer, "RMT-D030")

    def is_told_what_is_too_large(self):
        """Over the server's limit: the call fails, and nothing else does."""
        written = self.world.files / "large.txt"
        answer = self.client.ask(
            "call_large", session="clerk", tool="write_file", arguments={"path": str(written)}, fill="content", megabytes=5
        )
        right = "over the limit" in str(answer.get("error", "")) and not written.exists()
        self.check(right, "a message over the limit: an error of its own", answer)
        self.allowed("and the session goes on", self.call("clerk", "get-sum", a=20, b=22), "42")

    def keeps_environments_apart(self):
        answer = self.connect("sandbox", **self.world.connection("clerk", "sandbox"))
        self.check("error" not in answer, "connects in sandbox, with the sandbox key (EdDSA)", answer)
        answer = self.call("sandbox", "get-env")
        self.allowed("allowed: the destination got its own credential", answer, "TOOLBOX_TOKEN")
        self.check(
            company.TOOLBOX_TOKEN not in answer.get("text", company.TOOLBOX_TOKEN),
            "which it says back, and which is hidden",
            answer,
        )
        self.check(
            "REMIT_E2E_MARK" not in answer.get("text", "REMIT_E2E_MARK"),
            "and nothing of the gateway's environment",
            answer,
        )
        self.client.ask("end", session="sandbox")

        token = self.world.token("clerk", "sandbox")
        production = f"{self.remit.url}/mcp/production"
        answer = self.connect("astray", "legacy", url=production, bearer=token)
        statuses = [r["status"] for r in self.requests("astray") if r["path"] == "/mcp/production"]
        right = "error" in answer and statuses and set(statuses) == {401}
        self.check(right, "a sandbox token in production: 401", answer, *self.requests("astray"))
        answer = self.connect("astray", **self.world.connection("clerk", "sandbox", endpoint="production"))
        tried = [(r["path"], r["status"]) for r in self.requests("astray")]
        right = (
            "error" in answer and ("/issuer/production/token", 401) in tried and tried[0] == ("/mcp/production", 401)
        )
        self.check(right, "a sandbox key at production's issuer: no token", answer, *tried)

    def answers_many_at_once(self):
        pending = [
            self.client.begin("call", session="clerk", tool="echo", arguments={"message": f"number {i}"})
            for i in range(24)
        ]
        answers = [one.wait() for one in pending]
        wrong = [
            a for i, a in enumerate(answers) if a.get("is_error") is not False or a["text"] != f"Echo: number {i}"
        ]
        self.check(not wrong, "24 calls at once: each gets its own answer", *wrong)

    def is_not_kept_waiting(self):
        pending = self.client.begin("call", session="clerk", tool=LONG, arguments={"duration": 3, "steps": 2})
        self.check(wait_until(lambda: self.remit.metric("remit_open_calls") == 1, 5), "a long call is out")
        self.allowed("a short one is answered", self.call("clerk", "echo", message="quick"), "Echo: quick")
        self.check(not pending.done(), "while the long one is still out")
        self.allowed("and then the long one", pending.wait(), "completed")

    def passes_progress_on(self):
        answer = self.call("clerk", LONG, progress=True, duration=0.8, steps=4)
        self.allowed("a long call ends", answer, "completed")
        self.check(answer.get("progress") == [1, 2, 3, 4], "and told its progress, in order", answer)

    def passes_cancelling_on(self):
        if not self.cancels:
            return
        began = time.monotonic()
        arguments = {"duration": 40, "steps": 2}
        answer = self.client.ask("give_up", session="clerk", tool=LONG, arguments=arguments, seconds=0.5)
        told = wait_until(
            lambda: ("notifications/cancelled", 202) in [(r["rpc"], r["status"]) for r in self.requests("clerk")], 5
        )
        self.check("error" in answer and told, "gives a call up, and says so", answer, *self.requests("clerk")[-3:])
        ended = wait_until(lambda: self.remit.metric("remit_open_calls") == 0, 5)
        self.check(ended and time.monotonic() - began < 10, "and the call ends at once, not when its tool does")

    def survives_a_restart(self):
        before, session = self.requests("clerk"), self.session_id("clerk")
        code, seconds = self.remit.stop()
        self.check(
            code == 0 and seconds < 10, f"the server ends on SIGTERM while streams are open: {seconds:.1f} s", code
        )
        self.remit.start()
        self.allowed("the same session goes on after a restart", self.call("clerk", "get-sum", a=20, b=22), "42")
        since = self.requests("clerk")[len(before) :]
        asked = [(r["rpc"], r["session"]) for r in since if r["rpc"]]
        right = all(rpc != "initialize" and its == session for rpc, its in asked)
        self.check(right, "with its session id, and without a new handshake", *since)

    def survives_its_token(self):
        # Tokens live for minutes, sessions for as long as they are used. A new signing key makes every token of before
        # worthless at once, as their age would in time.
        before, session = self.requests("clerk"), self.session_id("clerk")
        self.remit.ask("issuer rotate", env="production", by="cleo", reason="a test of it")
        self.remit.stop()
        self.remit.start()
        self.allowed(
            "a token that is good no longer: the call goes through all the same",
            self.call("clerk", "get-sum", a=21, b=21),
            "42",
        )
        since = self.requests("clerk")[len(before) :]
        asked = [(r["method"], r["path"], r["status"]) for r in since]
        right = ("POST", "/mcp/production", 401) in asked and ("POST", "/issuer/production/token", 200) in asked
        self.check(right and self.session_id("clerk") == session, "with a new token, in the same session", *since)

    def stops_when_the_owner_leaves(self):
        left = self.remit.ask("human leave", "ada")
        self.check(len(left["held"]) == 2, "the owner leaves: both deployments are held", left)
        self.refused(
            "and the agent stops at once, in the same session",
            self.call("clerk", "get-sum", a=1, b=1),
            "RMT-D003",
            "owner-missing",
        )
        answer = self.client.ask("list", session="clerk")
        self.check(answer.get("tools") == [], "it is shown no tools", answer)
        answer = self.connect("again", **self.world.connection("clerk", "production"))
        tried = [(r["path"], r["status"]) for r in self.requests("again")]
        right = "error" in answer and ("/issuer/production/token", 400) in tried
        self.check(right, "and gets no new token", answer, *tried)

    def stops_when_killed(self):
        answer = self.connect("courier", **self.world.connection("courier", "production"))
        self.check("error" not in answer, "another agent is not touched by that: it connects", answer)
        self.check(wait_until(lambda: self.streams("courier") == 1, 5), "and holds a stream open")
        arguments = {"duration": 40, "steps": 80}
        pending = self.client.begin("call", session="courier", tool=LONG, arguments=arguments, progress=True)
        self.check(wait_until(lambda: self.remit.metric("remit_open_calls") == 1, 5), "its long call is out")
        self.remit.ask("agent kill", "courier", reason="it went astray", by="cleo")
        began = time.monotonic()
        answer = self.remembered(pending.wait(20))
        took = time.monotonic() - began
        ended = (answer.get("decision") or {}).get("reason") == "RMT-U007" and answer["is_error"]
        self.check(ended and took < 2, f"agent kill ends the call: RMT-U007 after {took:.2f} s", answer)
        self.check(wait_until(lambda: self.streams("courier") == 0, 2), "agent kill ends the stream")
        self.refused(
            "and nothing more gets through", self.call("courier", "echo", message="hello?"), "RMT-D003", "killed"
        )
        # An SDK asks for its stream again after a second or so.
        again = wait_until(lambda: self.streams("courier") > 0, 3)
        self.check(
            not again,
            "the stream stays closed, though the client asks for it again",
            *[r for r in self.requests("courier") if r["method"] == "GET"],
        )
        answer = self.connect("courier again", **self.world.connection("courier", "production"))
        self.check("error" in answer, "and it can open no session", answer)

    def left_all_of_it_in_the_log(self):
        log = self.world.log()
        wrong = {}
        for decision, (verdict, reason) in self.decided.items():
            entry = next((e for e in log.get(decision, []) if e["kind"] in ("intent", "denial")), {})
            told_of_outcome = reason == "RMT-U007"
            if entry.get("verdict") != verdict or not (told_of_outcome or entry.get("reason") == reason):
                wrong[decision] = (verdict, reason, entry)
        self.check(
            len(self.decided) >= 9 and not wrong, f"all {len(self.decided)} refusals are in the log as told", wrong
        )
        kinds = [entry["kind"] for entries in log.values() for entry in entries]
        self.check(
            kinds.count("intent") == kinds.count("outcome"),
            "each call that left has its intent and its outcome",
            {kind: kinds.count(kind) for kind in sorted(set(kinds))},
        )

        decision, (verdict, reason) = next(iter(self.decided.items()))
        why = self.remit.ask("explain", decision)
        right = (
            why.get("reason") == reason
            and why.get("verdict") == verdict
            and why.get("tool") == "files/read_text_file"
        )
        self.check(right, "remit explain tells why a call was refused", why)
        verified = self.remit.command("audit verify")
        self.check(verified.returncode == 0, "remit audit verify: the log is whole", verified.stdout, verified.stderr)

    def finds_a_broken_log(self):
        code, _ = self.remit.stop()
        self.check(code == 0, "the server ends", code)
        # Of here on nothing but the folder and the public key: what an auditor has.
        key = self.work / "verifier.pub"
        shutil.copy(self.remit.data / "audit.key.pub", key)
        for harm in damage.KINDS:
            folder = self.work / f"log-{harm.__name__}"
            shutil.copytree(self.remit.data / "audit", folder)
            whole = self.verify(folder, key)
            self.check(
                whole.returncode == 0, "the copied log verifies with nothing but its key", whole.stdout, whole.stderr
            )
            told = harm(folder)
            broken = self.verify(folder, key)
            right = broken.returncode == 9 and told in broken.stdout
            self.check(
                right,
                f"broken on purpose ({harm.__doc__}): exit 9, {told!r}",
                broken.returncode,
                broken.stdout,
                broken.stderr,
            )

    def verify(self, folder, key):
        return subprocess.run(
            [self.remit.program, "audit", "verify", folder, "--key", key], capture_output=True, text=True, timeout=60
        )
