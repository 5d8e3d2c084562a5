#!/usr/bin/env python3
"""make_data_folder.py PROGRAMS_DIR FILE: makes a data folder as a version of Remit writes it, for opened_test.py to open
with a later one. PROGRAMS_DIR holds that version's `remit` and `bench_upstream`. FILE becomes a tar.xz of the data folder and
of the keys of two agents. Of 0.1, whose commands this speaks.
"""

import pathlib
import subprocess
import sys
import tarfile
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / "harness"), str(HERE)]
import plane as harness  # noqa: E402
import world  # noqa: E402

ENV = ["--env", "sandbox"]


def fill(plane, folder, policy):
    for human in [world.OWNER, world.DEPUTY]:
        plane.run("human", "add", human)
    (folder / "secret").write_text(world.SECRET)
    plane.run("destination", "add", "mirror", *ENV, "--owner", world.OWNER, "--data-class", "internal", "--label", "pii",
              "--url", f"http://{world.ADDRESS}/mcp", "--secret-slot", "X-Mirror-Key", "--secret-file", folder / "secret")
    plane.run("tool", "classify", harness.TOOL, *ENV, "--effect", "read", "--data-class", "internal", "--by", world.OWNER)
    for agent in ["clerk", "stopped", "retired"]:
        plane.run("agent", "register", agent, *ENV, "--owner", world.OWNER, "--purpose", "upgrades", "--process", "tests",
                  "--key-out", folder / f"{agent}.jwk")
        plane.run("agent", "approve", agent, *ENV, "--by", world.OWNER)
        plane.run("tool", "grant", harness.TOOL, *ENV, "--agent", agent, "--by", world.OWNER)
    plane.run("policy", "publish", policy, *ENV, "--by", world.OWNER)
    session = harness.Session(plane, plane.token("clerk", folder / "clerk.jwk"))
    for number in range(3):
        harness.expect(session.call(number) is None, "a call was refused")
    harness.expect(session.call(world.FORBIDDEN) == "RMT-D042", "the policy refused nothing")
    plane.run("agent", "kill", "stopped", "--reason", "for the test", "--by", world.DEPUTY)
    plane.run("agent", "retire", "retired", *ENV, "--reason", "for the test", "--by", world.OWNER)
    plane.run("tool", "revoke", harness.TOOL, *ENV, "--agent", "clerk", "--by", world.OWNER)
    harness.expect(session.call(9) == "RMT-D020", "a call without a grant was made")
    plane.run("tool", "grant", harness.TOOL, *ENV, "--agent", "clerk", "--by", world.OWNER)


def main():
    programs, target = map(pathlib.Path, sys.argv[1:])
    with tempfile.TemporaryDirectory(prefix="remit-make-") as temporary:
        folder = pathlib.Path(temporary)
        (folder / "policy.cedar").write_text(world.POLICY)
        upstream = subprocess.Popen([programs / "bench_upstream", "--listen", world.ADDRESS], stdout=subprocess.PIPE)
        plane = harness.Plane(programs, folder)
        try:
            upstream.stdout.readline()
            plane.start()
            fill(plane, folder, folder / "policy.cedar")
            plane.stop()
        finally:
            upstream.terminate()
            if plane.process and plane.process.poll() is None:
                plane.kill()
        with tarfile.open(target, "w:xz") as archive:
            for name in ["data", "clerk.jwk", "stopped.jwk"]:
                archive.add(folder / name, name, filter=lambda entry: entry.replace(uid=0, gid=0, uname="", gname="", mtime=0, deep=False))


if __name__ == "__main__":
    main()
