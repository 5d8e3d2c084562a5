#!/usr/bin/env python3
"""Floods a plane, each flood for ten seconds, and shows that nobody is starved: while a flood goes on

- another agent's calls are made, `remit status` and /healthz answer, and a kill returns and is binding;
- what the server holds in memory stays within the sum of the budgets that `remit status` tells;
- what is over a bound is refused, and what is refused is counted here.

  flood_test.py PROGRAMS [--seconds 10] [--only NAME …]

The last scene is a machine that lets a process have 1,024 descriptors and no more. PROGRAMS is the folder of remit and
bench_upstream. Nothing here is timed: bench/flood does that.
"""

import argparse
import collections
import contextlib
import http.client
import json
import pathlib
import subprocess
import sys
import threading

sys.path.insert(0, str(pathlib.Path(__file__).parents[1]))
from harness.plane import Session, expect, main, scene  # noqa: E402

HERE = pathlib.Path(__file__).parent
MIB = 1024 * 1024
FEW_DESCRIPTORS = 1_024
LIMITS = {"connections": 1024, "bodies_mib": 96, "caller_bodies_mib": 64, "stranger_bodies_mib": 8}
# Of one connection: two buffers for a request, and what the kernel and the heap add.
CONNECTION_BYTES = 128 * 1024
# What the allocator keeps of what was freed, threads' stacks, the store's cache: not bodies, and not more with more of them.
BASE_BYTES = 96 * MIB
SERVER_LOG_BYTES = 2 * MIB

# What each flood must have been told: at least one of a group of answers, however many.
EXPECTED = {
    "unfinished-bodies": [{"401"}, {"503", "408"}],
    "token-bodies": [{"413"}, {"503", "408", "closed"}],
    "idle-connections": [{"closed"}],
    "slow-headers": [{"408", "closed"}],
    "bad-tokens": [{"401"}],
    "log-lines": [{"404"}],
    "many-members": [{"RMT-M002"}],
    "many-nodes": [{"RMT-M002"}],
    "many-calls": [{"RMT-G050"}, {"called"}],
}
NEED_SESSIONS = {"many-members", "many-nodes", "many-calls"}


class SlowUpstream:
    """slow_upstream.py"""

    def __init__(self):
        self.process = subprocess.Popen([sys.executable, HERE / "slow_upstream.py"], stdout=subprocess.PIPE, text=True)
        self.url = f"http://{self.process.stdout.readline().split()[1]}/mcp"

    def stop(self):
        self.process.terminate()
        self.process.wait(10)


class Memory:
    """The most that a process has held, looked at again and again."""

    def __init__(self, pid):
        self.status = pathlib.Path(f"/proc/{pid}/status")
        self.most = self.now()
        self.ended = threading.Event()
        self.thread = threading.Thread(target=self._watch)

    def now(self):
        line = next(line for line in self.status.read_text().splitlines() if line.startswith("VmRSS:"))
        return int(line.split()[1]) * 1024

    def _watch(self):
        while not self.ended.wait(0.05):
            self.most = max(self.most, self.now())

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.ended.set()
        self.thread.join()


def healthy(plane):
    connection = http.client.HTTPConnection(plane.address, timeout=60)
    with contextlib.closing(connection):
        connection.request("GET", "/healthz")
        answer = connection.getresponse()
        return answer.status == 200 and answer.read() == b"ok\n"


class Scene:
    """A plane with an agent that floods, one that works, and one for each flood that is killed."""

    def __init__(self, folder, plane, slow, names):
        self.folder, self.plane = folder, plane
        plane.run("destination", "add", "slow", "--env", "sandbox", "--owner", "Ada", "--data-class", "internal",
                  "--url", slow.url)
        plane.run("tool", "classify", "slow/wait", "--env", "sandbox", "--effect", "read", "--data-class", "internal",
                  "--by", "Ada")
        self.worker = Session(plane, self.add("worker"))
        flooder = self.add("flooder")
        plane.run("tool", "grant", "slow/wait", "--agent", "flooder", "--env", "sandbox", "--by", "Ada")
        self.flooder_token = folder / "flooder.token"
        self.flooder_token.write_text(flooder)
        # One session alone may not have so many calls as its agent.
        self.flooders = [Session(plane, flooder).id for _ in range(4)]
        self.doomed = {name: Session(plane, self.add(f"doomed-{name}")) for name in names}
        self.calls = 0
        status = json.loads(plane.run("-o", "json", "status"))
        self.limits = {limit["name"]: limit["value"] for limit in status["limits"]}

    def add(self, name):
        key = self.folder / f"{name}.jwk"
        self.plane.add_agent(name, key)
        return self.plane.token(name, key)

    def call(self, session):
        self.calls += 1
        return session.call(self.calls)

    def allowed_bytes(self):
        return self.limits["bodies_mib"] * MIB + self.limits["connections"] * CONNECTION_BYTES + BASE_BYTES

    def flood(self, name, seconds):
        command = [sys.executable, HERE / "floods.py", name, "--address", self.plane.address, "--seconds", seconds,
                   "--token", self.flooder_token]
        if name in NEED_SESSIONS:
            command += ["--sessions", ",".join(self.flooders)]
        return subprocess.Popen(list(map(str, command)), stdout=subprocess.PIPE, text=True)

    def run(self, name, seconds):
        doomed = self.doomed[name]
        expect(self.call(doomed) is None, f"{name}: the agent cannot call even before")
        expect(self.call(self.worker) is None, f"{name}: the other agent cannot call even before")
        log_before = self.plane.log.stat().st_size
        done = collections.Counter()
        with Memory(self.plane.process.pid) as memory:
            before = memory.now()
            flood = self.flood(name, seconds)
            try:
                # As soon as it is under way, and until it ends: each of these is to complete while it goes on.
                while flood.poll() is None:
                    if self.call(self.worker) is None and flood.poll() is None:
                        done["calls"] += 1
                    if done["calls"] % 5 != 1:
                        continue
                    if healthy(self.plane) and flood.poll() is None:
                        done["health"] += 1
                    if "worker" not in self.plane.run("agent", "list") or flood.poll() is not None:
                        continue
                    done["commands"] += 1
                    self.plane.run("status")
                    if flood.poll() is None:
                        done["status"] += 1
                    if not done["kills"] and done["calls"] > 5:
                        self.plane.run("agent", "kill", f"doomed-{name}", "--reason", "drill", "--by", "Ada")
                        if flood.poll() is None:
                            done["kills"] += 1
                            expect(self.call(doomed) == "RMT-D003", f"{name}: a killed agent could call")
                counts = json.loads(flood.communicate(timeout=60)[0])
            finally:
                flood.kill()
        grown = memory.most - before
        print(f"{name}: {dict(done)}; the flood saw {counts}; {grown / MIB:.0f} MiB more at most", flush=True)
        for what in ("calls", "health", "commands", "status", "kills"):
            expect(done[what] > 0, f"{name}: no {what} completed during the flood")
        for answers in EXPECTED[name]:
            expect(any(counts.get(answer) for answer in answers), f"{name}: none of {answers} among {counts}")
        expect(not counts.get("500"), f"{name}: {counts}")
        expect(grown <= self.allowed_bytes(), f"{name}: {grown / MIB:.0f} MiB more, the budgets allow "
                                              f"{self.allowed_bytes() / MIB:.0f}")
        logged = self.plane.log.stat().st_size - log_before
        expect(logged <= SERVER_LOG_BYTES, f"{name}: {logged} bytes of server log")


def play(programs, name, floods, seconds, few=False):
    with scene(programs, name) as (folder, _, plane):
        plane.stop()
        plane.limits = LIMITS
        plane.descriptors = FEW_DESCRIPTORS if few else None
        plane.start()
        slow = SlowUpstream()
        try:
            stage = Scene(folder, plane, slow, floods)
            for flood in floods:
                stage.run(flood, seconds)
            if few:
                limits = pathlib.Path(f"/proc/{plane.process.pid}/limits").read_text()
                expect(f"Max open files {FEW_DESCRIPTORS}" in " ".join(limits.split()), limits)
                expect(stage.limits["connections"] < FEW_DESCRIPTORS, f"{stage.limits}")
            plane.stop()
            plane.run("audit", "verify")
        finally:
            slow.stop()


def test(programs, seconds, only):
    few = ["idle-connections", "slow-headers"]
    plenty = [name for name in EXPECTED if name not in few]
    chosen = lambda names: [name for name in names if not only or name in only]  # noqa: E731
    if floods := chosen(plenty):
        play(programs, "flood", floods, seconds)
    if floods := chosen(few):
        play(programs, "flood-few", floods, seconds, few=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("programs", type=pathlib.Path)
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--only", nargs="*", choices=EXPECTED)
    options = parser.parse_args()
    main(lambda: test(options.programs.resolve(), options.seconds, options.only))
