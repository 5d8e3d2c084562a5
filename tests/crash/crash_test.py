#!/usr/bin/env python3
"""Kills `remit serve` with SIGKILL again and again under load, and shows that nothing that was promised is lost:

- it starts again each time, and sessions of before the kill work on, with the token of before;
- the log verifies after each kill, as the dead process left it, and extends the checkpoint of the kill before. A
  publication that the kill cut off is told as such, and the next start ends it;
- no call reached the upstream without its intent in the log, and none twice; each intent has exactly one outcome;
  what a client was told is what the log says, or `unknown`.

  crash_test.py PROGRAMS [--runs 50] [--seed N]

PROGRAMS is the folder of remit, bench_load and bench_upstream. Ten runs share a data folder. What is killed is the
process: the kernel keeps what was written, so this is no test of the sync (the store's own tests inject its faults).
"""

import argparse
import collections
import json
import pathlib
import random
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).parents[1]))
from crash.ledger import Ledger  # noqa: E402
from harness.plane import Session, expect, main, read_record, scene, wait_until  # noqa: E402

CONNECTIONS = 64
NUMBERS = 1_000_000  # that each run may use: the load from the beginning, probes from the middle
RUNS_PER_FOLDER = 10
FINDINGS = 9  # the exit code


class Series:
    """Kills of one plane on one data folder."""

    def __init__(self, folder, upstream, plane, delays):
        self.upstream, self.plane, self.delays = upstream, plane, delays
        self.acknowledged = folder / "acknowledged.record"
        self.checkpoint = folder / "checkpoint.kept"
        self.token_file = folder / "token"
        self.probes = []  # numbers of the calls that the test itself was answered
        self.starts = []  # seconds
        self.unfinished = False  # whether the last kill cut a publication off
        self.cut_off = 0  # how many did
        plane.add_agent("worker", folder / "agent.jwk")
        self.token = plane.token("worker", folder / "agent.jwk")
        self.token_file.write_text(self.token)
        self.sessions = [Session(plane, self.token)]  # the oldest, and those of the last run

    def run(self, run):
        if run > 0:
            self.restart(run)
        before = self.upstream.count()
        load = self.plane.load(self.token_file, "--connections", CONNECTIONS, "--first", run * NUMBERS,
                               "--calls", NUMBERS // 2, "--survive", 1, "--record", self.acknowledged, "--seconds", 30)
        try:
            self.sessions[1:] = [Session(self.plane, self.token) for _ in range(2)]
            wait_until(lambda: self.upstream.count() > before, "a call at the upstream")
            time.sleep(self.delays.uniform(0.1, 1.3))  # the log is published each second: across it
            self.plane.kill()
            report = json.loads(load.communicate(timeout=30)[0])
        finally:
            load.kill()
        expect(report["answered"] > 0 and report["denied"] == 0 and report["errors"] == 0, f"the load saw {report}")
        self.verify()

    def restart(self, run):
        self.starts.append(self.plane.start())
        if self.unfinished:
            self.verify(killed=False)
        for position, session in enumerate(self.sessions):
            number = run * NUMBERS + NUMBERS // 2 + position
            refused = session.call(number)
            expect(refused is None, f"a session of before the kill was refused a call: {refused}")
            self.probes.append(number)

    def verify(self, killed=True):
        kept = ["--checkpoint", self.checkpoint] if self.checkpoint.exists() else []
        code, out, err = self.plane.command("audit", "verify", *kept, "--output", "json")
        expect(code in (0, FINDINGS), f"remit audit verify: exit {code}: {err.strip()}")
        report = json.loads(out)
        self.unfinished = report["unfinished"]
        self.cut_off += self.unfinished
        expect(report["verified"] or (killed and self.unfinished), f"remit audit verify: {report['problems']}")
        self.checkpoint.write_bytes((self.plane.data / "audit" / "checkpoint").read_bytes())

    def finish(self, runs):
        """Starts once more, so that calls that were out are found, and takes stock. Answers the figures."""
        self.restart(runs)
        self.plane.stop()
        self.verify(killed=False)
        arrived = [number for number, _ in self.upstream.calls()]
        acknowledged = [number for number, _ in read_record(self.acknowledged)] + self.probes
        ledger = Ledger(self.plane.data / "remit.db")
        outcomes = ledger.reconcile(arrived, acknowledged, NUMBERS)
        for problem in ledger.problems[:20]:
            print(f"  {problem}", file=sys.stderr)
        expect(not ledger.problems, f"{len(ledger.problems)} problems in the accounts")
        return collections.Counter(intents=len(ledger.intents), arrived=len(arrived), answered=len(acknowledged),
                                   cut_off=self.cut_off, **outcomes)


def crash(programs, runs, seed):
    print(f"{runs} runs, seed {seed}", flush=True)
    began = time.monotonic()
    delays = random.Random(seed)
    total, starts = collections.Counter(), []

    def told(figures):
        return (f"{figures['intents']} intents; {figures['arrived']} calls reached the upstream, each with its intent "
                f"before it ({figures['ok']} ok, {figures['unknown']} unknown); {figures['answered']} were answered; "
                f"{figures['cut_off']} publications cut off; "
                f"slowest start {max(starts):.2f} s; {time.monotonic() - began:.0f} s")

    for first in range(0, runs, RUNS_PER_FOLDER):
        count = min(RUNS_PER_FOLDER, runs - first)
        with scene(programs, "crash") as (folder, upstream, plane):
            series = Series(folder, upstream, plane, delays)
            for run in range(count):
                series.run(run)
            figures = series.finish(count)
        starts += series.starts
        total += figures
        print(f"{first + count:4} kills: {told(figures)}", flush=True)
    print(f"all {runs} kills, {len(starts)} restarts, every log verified: {told(total)}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("programs", type=pathlib.Path)
    parser.add_argument("--runs", type=int, default=50)
    parser.add_argument("--seed", type=int, default=random.randrange(1_000_000))
    options = parser.parse_args()
    main(lambda: crash(options.programs.resolve(), options.runs, options.seed))
