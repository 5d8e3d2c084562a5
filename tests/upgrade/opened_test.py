#!/usr/bin/env python3
"""opened_test.py PROGRAMS_DIR ARCHIVE: a data folder of an older Remit (made by make_data_folder.py), opened by this one as it
lies: everybody is there, in the state that they were left in; keys, credential, pins, grants and policies still do what they
did; the log goes on as one log under one key, and what it says of before is read in names.
"""

import json
import pathlib
import subprocess
import sys
import tarfile
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / "harness"), str(HERE)]
import plane as harness  # noqa: E402
import world  # noqa: E402
from plane import expect  # noqa: E402

PROGRAMS, ARCHIVE = map(pathlib.Path, sys.argv[1:])


def calls(plane, key):
    """What was decided before is decided so now."""
    session = harness.Session(plane, plane.token("clerk", key))
    expect(session.call(1) is None, "the call that was allowed is not any more")
    expect(session.call(world.FORBIDDEN) == "RMT-D042", "the policy refuses no longer what it refused")


def states(plane):
    lines = plane.run("agent", "list").splitlines()
    for agent, state in [("clerk", "active"), ("stopped", "killed"), ("retired", "retired")]:
        line = next((line for line in lines if agent in line.split()), "")
        expect(state in line, f"{agent} is not {state}: {line or lines}")
    for human in [world.OWNER, world.DEPUTY]:
        expect(human in plane.run("human", "list"), f"{human} is not there")
    code, _, err = plane.command("token", "mint", "--agent", "stopped", "--env", "sandbox", "--key",
                                 plane.data.parent / "stopped.jwk")
    expect(code != 0 and "killed" in err, f"a killed agent was not refused a token: {code} {err}")


def log(plane, before, key):
    """One log: what was signed before is a part of it, and all of it hangs together."""
    plane.run("audit", "verify", plane.data / "audit", "--key", key, "--checkpoint", before)
    entries = [entry for _, entry in harness.read_log(plane.data / "remit.db")]
    count = int(before.read_text().splitlines()[1])
    expect(len(entries) > count, "nothing was added")
    kinds = [entry["kind"] for entry in entries[:count]]
    expect(kinds.count("intent") == kinds.count("outcome") == 3 and kinds.count("denial") == 2, f"it is another log: {kinds}")


def names(plane, key):
    """What was named before names were in the log is committed to by now, and shown: by a server and from its folder."""
    file = plane.data.parent / "names.jsonl"
    plane.run("audit", "names", "--out", file)
    published = ["--folder", plane.data / "audit", "--key", key, "--names", file]
    for where in [[], published]:
        rows = plane.run("audit", "list", "--agent", "retired", *where).splitlines()
        expect(any("agent.retire " in row and "sandbox/retired" in row for row in rows), f"{where} tell no retirement: {rows}")
        rows = plane.run("audit", "could", "--agent", "clerk", *where).splitlines()
        expect("sandbox/clerk" in rows[1] and world.OWNER in rows[1], f"{where} do not say what the clerk could: {rows}")
    found = json.loads(plane.run("audit", "list", "--agent", "clerk", "--verdict", "allow", "--limit", "1", "-o", "json"))
    call = found["items"][0]
    index = str(call["index"])
    expect(call["outcome"]["status"] == "ok", f"the call did not end: {call}")
    expect("sandbox/clerk called" in plane.run("audit", "show", index), "the call is not told in words")
    revealed = ["audit", "reveal", index, "--value"]
    expect("is what the log commits to" in plane.run(*revealed, "arguments.call=0"), "the argument is not opened")
    code, _, err = plane.command(*revealed, "arguments.call=1")
    expect(code != 0 and "RMT-A015" in err, f"another argument was opened: {code} {err}")
    receipt = plane.data.parent / "receipt.tlog-proof"
    plane.run("audit", "prove", index, "--out", receipt)
    proven = json.loads(plane.run("audit", "verify", "--receipt", receipt, "--key", key, "-o", "json"))
    expect(proven["entry"] == call["entry"], f"another entry was proven: {proven}")


def opened(folder):
    with tarfile.open(ARCHIVE) as archive:
        archive.extractall(folder)  # modes too
    plane = harness.Plane(PROGRAMS, folder)
    (folder / "before").write_bytes((plane.data / "audit.checkpoint").read_bytes())
    key = (plane.data / "audit.key.pub").read_text().strip()
    record = folder / "upstream.record"
    upstream = subprocess.Popen(
        [PROGRAMS / "bench_upstream", "--listen", world.ADDRESS, "--record", record], stdout=subprocess.PIPE, text=True)
    try:
        expect(upstream.stdout.readline().startswith("listening"), f"{world.ADDRESS} is taken")
        for start in ["first", "second"]:  # what the first start changed, the second one opens
            plane.start()
            states(plane)
            calls(plane, folder / "clerk.jwk")
            plane.stop()
            print(f"{start} start: opened, {len(harness.read_record(record))} calls arrived", flush=True)
        expect(len(harness.read_record(record)) == 2, "other calls arrived than were made")
        log(plane, folder / "before", key)
        names(plane, key)
    finally:
        upstream.terminate()
        if plane.process and plane.process.poll() is None:
            plane.kill()


def main():
    with tempfile.TemporaryDirectory(prefix="remit-upgrade-") as folder:
        opened(pathlib.Path(folder))


harness.main(main)
