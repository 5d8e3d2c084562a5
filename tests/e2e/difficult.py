"""What a client sees of a destination that is difficult: nothing of it that Remit can mend, and the rest in words.

One agent, one destination (difficult_server.py), set up with the command line alone.
"""

from difficult_server import BIG, UNREADABLE, DifficultServer
from processes import Client, Remit, node, wait_until

GOOD = ["big", "changing", "echo", "surrogate"]


class Difficult:
    def __init__(self, client_name, remit_program, work, check, stack):
        self.check, self.work = check, work
        self.server = DifficultServer()
        stack.callback(self.server.stop)
        self.remit = Remit(remit_program, work)
        self.remit.start()
        stack.callback(lambda: self.remit.process and self.remit.stop())
        self.set_up()
        self.client = Client(client_name, node(), work)
        stack.callback(self.client.stop)

    def set_up(self):
        ask = self.remit.ask
        ask("human add", "ada")
        self.key = self.work / "agent.jwk"
        particulars = {"purpose": "copes", "process": "office", "expires": "30d"}
        self.agent = ask("agent register", "coper", env="sandbox", owner="ada", key_out=self.key, **particulars)
        ask("agent approve", "coper", env="sandbox", by="ada")
        self.added = ask(
            "destination add", "difficult", env="sandbox", owner="ada", data_class="public", url=self.server.url
        )
        tools = [f"difficult/{name}" for name in GOOD]
        ask("tool classify", *tools, env="sandbox", effect="read", data_class="public", by="ada")
        ask("tool grant", *tools, agent="coper", env="sandbox", by="ada")

    def play(self):
        self.is_told_which_tools_are_unreadable()
        self.connects()
        self.lists_the_readable_tools()
        self.calls_across_restarts()
        self.gets_a_big_answer_whole()
        self.is_kept_from_a_tool_that_changed_unannounced()
        self.survives_half_a_surrogate_pair()
        self.left_one_intent_and_one_outcome_a_call()

    def call(self, tool, **arguments):
        return self.client.ask("call", session="one", tool=tool, arguments=arguments, progress=False)

    def echoes(self, what, message):
        answer = self.call("echo", message=message)
        self.check(answer.get("is_error") is False and answer.get("text") == message, what, answer)

    def is_told_which_tools_are_unreadable(self):
        told = self.added["scan"]["refused"]
        names = sorted(tool["name"] for tool in told)
        right = names == sorted(tool["name"] for tool in UNREADABLE) and all(tool["detail"] for tool in told)
        self.check(right, "destination add says which tools are unreadable, and why", *told)

    def connects(self):
        hello = self.client.ask("hello")
        self.check("error" not in self.connect(hello["modes"][0]), "connects")

    def connect(self, mode):
        return self.client.ask(
            "connect",
            session="one",
            mode=mode,
            url=f"{self.remit.url}/mcp/sandbox",
            issuer=f"{self.remit.url}/issuer/sandbox",
            client_id=self.agent["deployment"],
            key_file=str(self.key),
            algorithm="ES256",
        )

    def lists_the_readable_tools(self):
        answer = self.client.ask("list", session="one")
        self.check(answer.get("tools") == GOOD, "lists the readable tools, and nothing throws", answer)

    def calls_across_restarts(self):
        self.echoes("calls", "before")
        for status in (404, 400):
            before = len(self.server.calls)
            self.server.restart(status)
            self.echoes(f"calls on after a restart (the old session: {status})", f"after {status}")
            self.check(self.server.calls[before:] == ["echo"], "and the server was called once")

    def gets_a_big_answer_whole(self):
        answer = self.call("big")
        whole = answer.get("is_error") is False and answer.get("text") == "x" * BIG
        seen = {**answer, "text": f"{len(answer.get('text', ''))} characters"}
        # After 100 ms it can only come as an event, and Python 2.x reads none of over 1 MiB.
        too_large = "exceeded the 1048576 byte limit" in str(answer.get("error", ""))
        what = "the SDK reads no event as large as 3 MiB, and says so" if too_large else "3 MiB after 300 ms come whole"
        self.check(whole or too_large, what, seen)

    def survives_half_a_surrogate_pair(self):
        # What comes is for the SDK to read or to refuse; that the call has its outcome is Remit's. Python 1.x neither reads
        # nor refuses it, and leaves its caller waiting.
        pending = self.client.begin("call", session="one", tool="surrogate", arguments={}, progress=False)
        if not wait_until(pending.done, 5):
            answered = wait_until(lambda: self.server.calls.count("surrogate") == 1, 5)
            return self.check(answered, "half a surrogate pair: the SDK says nothing of it, Remit was answered")
        answer = pending.wait()
        passed = answer.get("text") == "half a pair: \ud83d."
        seen = "reads it" if passed else f"refuses it: {answer}"
        self.check(passed or "error" in answer, f"half a surrogate pair: the SDK {seen}")
        return self.echoes("and goes on", "still here")

    def is_kept_from_a_tool_that_changed_unannounced(self):
        self.check(self.call("changing").get("is_error") is False, "calls a tool as it was reviewed")
        wait_until(lambda: self.server.streams > 0, 10)
        self.server.change_a_tool()
        self.server.close_streams()

        def refused():
            decision = self.call("changing").get("decision") or {}
            return decision.get("decision") == "deny" and decision.get("reason") in ("RMT-D031", "RMT-D033")

        self.check(wait_until(refused, 20, 0.1), "the stream closes, a tool changes: the tool is refused")
        before = self.server.calls.count("changing")
        self.check(refused() and self.server.calls.count("changing") == before, "and is not called any more")
        tools = wait_until(lambda: "changing" not in self.client.ask("list", session="one").get("tools", []), 10)
        self.check(tools, "and is listed no more")

    def left_one_intent_and_one_outcome_a_call(self):
        kinds = [item["entry"]["kind"] for item in self.remit.ask("audit tail", count=1000)]
        counts = {kind: kinds.count(kind) for kind in ("intent", "outcome")}
        self.check(counts["intent"] == counts["outcome"] == len(self.server.calls), "one intent, one outcome a call", counts)
