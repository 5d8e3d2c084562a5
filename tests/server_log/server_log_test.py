#!/usr/bin/env python3
"""server_log_test.py PROGRAMS_DIR: what the real server writes to standard error at each level: a line for each change of
governance at `info`, one for each call at `debug` besides, and neither at `warn`; and what its metrics say of the same calls.
"""

import json
import pathlib
import re
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "harness"))
import plane as harness  # noqa: E402
from plane import expect, wait_until  # noqa: E402

PROGRAMS = pathlib.Path(sys.argv[1])


def play(folder, plane, level):
    """Answers the messages of a run at a level, in which a person is added, a call made and one refused."""
    plane.options = ["--log-level", level]
    start = plane.log.stat().st_size
    plane.start()
    plane.run("human", "add", f"{level}@acme.test")
    session = harness.Session(plane, plane.token("clerk", folder / "clerk.jwk"))
    expect(session.call(1) is None, "a call was refused")
    expect(session.ask_for("no such tool") == "RMT-D020", "what is not there was not refused")
    metrics = plane.run("metrics")
    plane.stop()
    with open(plane.log) as log:
        log.seek(start)
        return [json.loads(line) for line in log], metrics


def test():
    with harness.scene(PROGRAMS, "server-log") as (folder, _, plane):
        plane.add_agent("clerk", folder / "clerk.jwk")
        plane.stop()
        for level, governance, calls in [("warn", 0, 0), ("info", 1, 0), ("debug", 1, 2)]:
            lines, metrics = play(folder, plane, level)
            told = [line["message"] for line in lines]
            changes = [line for line in told if line.startswith("governance human.add hum_")]
            expect(len(changes) == governance, f"{level}: {told}")
            called = [line["message"] for line in lines if line["level"] == "debug" and line["message"].startswith("call ")]
            expect(len(called) == calls, f"{level}: {told}")
            expect('remit_calls_total{environment="sandbox",verdict="allow",destination="mirror"} 1' in metrics and
                   'remit_calls_total{environment="sandbox",verdict="deny",destination=""} 1' in metrics and
                   'remit_upstream_seconds_count{environment="sandbox",destination="mirror"} 1' in metrics,
                   f"metrics say otherwise:\n{metrics}")
        index = int(re.search(r"entry (\d+) of the audit log", changes[0]).group(1))
        expect('code=RMT-D000 environment=sandbox agent=clerk' in called[0] and called[0].endswith('tool="mirror/echo"'), called[0])
        expect('code=RMT-D020' in called[1] and called[1].endswith('tool="no such tool"'), called[1])
        entry = dict(harness.read_log(plane.data / "remit.db"))[index]
        expect(entry["kind"] == "governance" and entry["action"] == "human.add", f"entry {index} is {entry}")


harness.main(test)
