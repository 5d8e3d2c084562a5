#!/usr/bin/env python3
"""Stops agents while 64 clients call for each, and shows that the stop is binding when its command returns:

- `remit agent kill` and `remit agent retire`: no call reaches the upstream any more, every stream has ended, and
  sessions, calls, streams and tokens are refused from then on;
- `remit human leave` of an owner without a deputy: no call reaches the upstream any more, and calls and tokens are
  refused from then on.

  kill_test.py PROGRAMS [--rounds 10] [--seed N]

Each round kills an agent; every other one retires another agent and has the owner of a third one leave.

PROGRAMS is the folder of remit, bench_load and bench_upstream. The upstream's record and this test read the same
clock (CLOCK_MONOTONIC).
"""

import argparse
import collections
import json
import pathlib
import random
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).parents[1]))
from harness.plane import Failed, Session, expect, main, read_log, scene, wait_until  # noqa: E402

NUMBERS = 1_000_000  # that each round may use
CONNECTIONS = 64
STREAMS = 4

# How a stop is commanded, and what is heard afterwards: whether streams end, and how a call and a new session are
# refused (by the code of a decision, or by an HTTP status where the session itself is over).
Stop = collections.namedtuple("Stop", "command ends_streams call session")
STOPS = {
    "kill": Stop(["agent", "kill", "{agent}", "--reason", "test", "--by", "Ada"], True, "RMT-D003", "HTTP 403"),
    # A retired agent's credentials are revoked, so its tokens are worth nothing from then on.
    "retire": Stop(["agent", "retire", "{agent}", "--env", "sandbox", "--reason", "test"], True, "HTTP 401",
                   "HTTP 401"),
    "leave": Stop(["human", "leave", "{owner}"], False, "RMT-D003", None),
}


def refusal(attempt):
    """The code or status that `attempt` is refused with; None where it is not."""
    try:
        return attempt()
    except Failed as failure:
        return str(failure).split(":")[0]


class Round:
    def __init__(self, folder, upstream, plane, kind, number):
        self.folder, self.upstream, self.plane = folder, upstream, plane
        self.stop = STOPS[kind]
        self.agent, self.owner, self.number = f"{kind}-{number}", f"Owner {kind} {number}", number
        self.key, token_file = folder / f"{self.agent}.jwk", folder / f"{self.agent}.token"
        plane.run("human", "add", self.owner)
        plane.add_agent(self.agent, self.key, self.owner)
        self.token = plane.token(self.agent, self.key)
        token_file.write_text(self.token)
        self.session = Session(plane, self.token)
        self.streams = [Session(plane, self.token).open_stream() for _ in range(STREAMS)]
        expect(self.session.call(0) is None, "the agent cannot call even before it is stopped")
        self.options = [token_file, "--connections", CONNECTIONS, "--calls", NUMBERS, "--first", number * NUMBERS,
                        "--seconds", 2]

    def run(self, delay):
        """Answers (calls that arrived before, calls refused, ms from the last arrival to the return)."""
        before = len(self.upstream.calls())
        size = self.upstream.count()
        load = self.plane.load(*self.options)
        try:
            wait_until(lambda: self.upstream.count() > size, "a call at the upstream")
            time.sleep(delay)
            self.plane.run(*(part.format(agent=self.agent, owner=self.owner) for part in self.stop.command))
            returned = time.monotonic_ns()
            self.check_streams()
            self.check_refusals()
            report = json.loads(load.communicate(timeout=30)[0])
        finally:
            load.kill()
        times = [at for _, at in self.upstream.calls()[before:]]
        late = [at for at in times if at > returned]
        expect(not late, f"{len(late)} calls reached the upstream after the command had returned, "
                         f"the last one {(max(late or [0]) - returned) / 1e6:.3f} ms after")
        refused = report["denied"] + report["errors"]
        expect(report["lost"] == 0 and refused > CONNECTIONS, f"64 clients should go on, and be refused: {report}")
        return len(times), refused, (returned - max(times)) / 1e6

    def check_streams(self):
        if not self.stop.ends_streams:
            expect(not any(stream.ended() for stream in self.streams), "a stream ended that may stay open")
            return
        wait_until(lambda: all(stream.ended() for stream in self.streams), "the end of every stream", 2)
        wait_until(lambda: self.plane.metric("remit_streams") == 0, "an end to counting streams that ended", 2)

    def check_refusals(self):
        heard = refusal(lambda: self.session.call(0))
        expect(heard == self.stop.call, f"a call was refused with {heard}, not {self.stop.call}")
        heard = refusal(lambda: Session(self.plane, self.token) and None)
        expect(heard == self.stop.session, f"a new session was refused with {heard}, not {self.stop.session}")
        code, _, said = self.plane.command(
            "token", "mint", "--agent", self.agent, "--env", "sandbox", "--key", self.key)
        expect(code in (4, 5), f"a token was asked for, with exit {code}: {said}")
        if self.stop.ends_streams:
            self.check_no_new_stream()

    def check_no_new_stream(self):
        try:
            stream = self.session.open_stream()
        except Failed:
            return  # refused
        wait_until(stream.ended, "the end of a stream that was opened after the stop", 2)


def judge_log(store):
    """An intent that stands behind the stop of its deployment was decided before it: it must not have been sent.
    Answers how many such intents there are."""
    stopped, overtaken, agents = set(), set(), {}
    for index, entry in read_log(store):
        if entry["kind"] == "governance" and entry["action"] == "agent.register":
            agents.setdefault(entry["detail"]["agent"], []).append(entry["object"])
        elif entry["kind"] == "governance" and entry["action"] == "agent.kill":
            stopped.update(agents[entry["object"]])
        elif entry["kind"] == "governance" and entry["action"] in ("hold.place", "agent.retire"):
            stopped.add(entry["object"])
        elif entry["kind"] == "intent" and entry["deployment"] in stopped:
            overtaken.add(entry["decision"])
        elif entry["kind"] == "outcome" and entry["decision"] in overtaken:
            expect(entry["status"] == "not_sent",
                   f"outcome {index}: a call was sent ({entry['status']}) whose intent stands behind the agent's stop")
    expect(stopped, "the log tells of no stop")
    return len(overtaken)


def kill(programs, rounds, seed):
    print(f"{rounds} rounds, seed {seed}", flush=True)
    began = time.monotonic()
    delays = random.Random(seed)
    with scene(programs, "kill") as (folder, upstream, plane):
        number = 0
        for kind in STOPS:
            results = []
            for _ in range(rounds if kind == "kill" else (rounds + 1) // 2):
                number += 1
                last = Round(folder, upstream, plane, kind, number)
                results.append(last.run(delays.uniform(0.1, 0.6)))
            arrived, refused, quiet = zip(*results)
            print(f"{kind:6} {len(results)} times: {sum(arrived)} calls arrived before, none after; {sum(refused)} refused; "
                  f"the last arrived {min(quiet):.1f} to {max(quiet):.1f} ms before the command returned; "
                  f"{time.monotonic() - began:.0f} s", flush=True)
        # Streams that an agent still holds open are no reason to wait: nearly every client has one.
        stopping = time.monotonic()
        plane.stop()
        expect(time.monotonic() - stopping < 10, "the server waited for streams when it was stopped")
        expect(all(stream.ended() for stream in last.streams), "a stream outlived the server")
        plane.run("audit", "verify")
        overtaken = judge_log(plane.data / "remit.db")
        print(f"the log verifies; {overtaken} calls were decided before a stop, recorded behind it and not sent; "
              f"{time.monotonic() - began:.0f} s")


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("programs", type=pathlib.Path)
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--seed", type=int, default=random.randrange(1_000_000))
    options = parser.parse_args()
    main(lambda: kill(options.programs.resolve(), options.rounds, options.seed))
