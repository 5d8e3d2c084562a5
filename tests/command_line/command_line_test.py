#!/usr/bin/env python3
"""command_line_test.py PROGRAMS_DIR

The command line as a shell sees it: exit codes, what goes to standard output and what to standard error, pipes that
close, disks that are full, JSON where it is asked for.
"""

import json
import os
import pathlib
import subprocess
import sys
import tempfile

SERVER = pathlib.Path(__file__).with_name("tiny_server.py")


class Shell:
    def __init__(self, programs, home):
        self.home = pathlib.Path(home)
        self.environment = {"HOME": home, "PATH": f"{programs}:{os.environ['PATH']}", "LANG": "C.UTF-8"}
        self.failures = []

    def run(self, line):
        return subprocess.run(["bash", "-c", line], env=self.environment, cwd=self.home, text=True, capture_output=True,
                              timeout=120)

    def must(self, line):
        done = self.run(line)
        if done.returncode != 0:
            sys.exit("\n".join([*self.failures, f"{line}\n{done.stdout}{done.stderr}"]))
        return done.stdout

    def expect(self, line, code, out=(), err=()):
        done = self.run(line)
        missing = [text for text in out if text not in done.stdout] + [text for text in err if text not in done.stderr]
        if done.returncode != code or missing:
            self.failures.append(f"{line}\n  exit {done.returncode}, not {code}; missing {missing}\n"
                                 f"  out: {done.stdout[:2000]}\n  err: {done.stderr[:2000]}")
        return done

    def check(self, holds, what):
        if not holds:
            self.failures.append(what)


def before_there_is_a_plane(shell):
    shell.expect("remit agnt list", 2, err=["RMT-K020", "did you mean `agent`?"])
    shell.expect("remit agent register bot --ownr x", 2, err=["did you mean `--owner`?", "fix: remit agent register --help"])
    shell.expect("remit", 2, err=["is followed by a command"])
    shell.expect("remit help agent", 0, out=["register", "approve"])
    shell.expect("remit version", 0, out=["remit "])
    shell.expect("remit agent list", 3, err=["RMT-K002", "remit init"])
    problem = json.loads(shell.expect("remit -o json agent list", 3).stderr)
    shell.check(problem["code"] == "RMT-K002" and problem["fix"] and problem["status"] == 404, f"a problem: {problem}")
    problem = json.loads(shell.expect("remit -o json agnt", 2).stderr)
    shell.check(problem["code"] == "RMT-K020", f"a problem: {problem}")
    shell.expect("remit version > /dev/full", 8, err=["RMT-K022", "No space left on device"])
    shell.expect("remit completion bash | head -1", 0, out=["# Completion"])
    shell.expect("source <(remit completion bash) && complete -p remit", 0, out=["_remit"])
    shell.expect("remit man pages && ls pages", 0, out=["remit.1", "remit-agent-register.1"])


def configuration(shell):
    shell.expect("remit config example > remit.toml && remit config check remit.toml", 0, out=["no fault"])
    shell.must("printf 'data = \"d\"\\nlisn = 1\\n' > bad.toml")
    told = shell.expect("remit config check bad.toml", 2, err=["RMT-X002: bad.toml:2: unknown key `lisn`", "`listen`"]).stderr
    shell.check(told.count("RMT-X002") == 1, f"the code is told once: {told}")
    shell.expect("remit config reference", 0, out=["limits.connections", "4096"])


def a_plane_without_a_server(shell):
    shell.must("remit init")
    for name in ("ana@acme.test", "raj@acme.test"):
        shell.must(f"remit human add {name}")
    shell.expect("remit human add ana@acme.test", 7)
    shell.expect("remit agent show nobody", 3, err=["nobody"])
    made = json.loads(shell.must("remit agent register bot --env sandbox --owner ana@acme.test --purpose Test --process office "
                                 "--key-out bot.jwk -o json"))
    shell.check({"client_id", "expires", "key"} <= made.keys(), f"what register tells: {made}")
    key = json.loads((shell.home / "bot.jwk").read_text())
    shell.check(key["client_id"] == made["client_id"], "the key file says the client id")
    shell.must("remit agent register pem --env sandbox --owner ana@acme.test --purpose Test --process office --key-out bot.pem")
    shell.must("openssl pkey -in bot.pem -noout")
    shell.expect("remit token mint --agent bot --env sandbox --key missing.jwk", 8, err=["RMT-J050", "missing.jwk"])
    shell.must("cp bot.jwk open.jwk && chmod 644 open.jwk")
    shell.expect("remit token mint --agent bot --env sandbox --key open.jwk", 5, err=["RMT-J048", "chmod 600"])
    shell.expect("remit token mint --agent bot --env sandbox --key bot.jwk", 8, err=["RMT-K013"])
    shell.expect("remit token mint --agent pem --env sandbox --key bot.jwk", 2, err=["RMT-K019"])
    # More than a pipe holds, to a reader that leaves.
    told = shell.expect("for i in $(seq 400); do remit audit tail -n 1000 -o json; done 2>errors | head -1; cat errors >&2", 0)
    shell.check(told.stderr == "", f"a closed pipe is nobody's trouble: {told.stderr[:500]}")


def destinations_and_tools(shell):
    add = "remit destination add {} --env sandbox --owner ana@acme.test --data-class internal {} --command -- {}"
    python = "/usr/bin/python3"  # a child sees the system's programs
    shell.expect(add.format("broken", "", "/bin/false"), 10, out=["added"], err=["could not be listed"])
    shell.must(add.format("tiny", f"--reads {SERVER}", f"{python} {SERVER} one two"))
    shell.expect("remit destination list", 0, out=["WHERE", str(SERVER)])
    shell.expect("remit tool classify tiny/one tiny/tow --env sandbox --effect read --data-class internal --by ana@acme.test", 3,
                 err=["tiny/tow"])
    shell.must("remit tool classify tiny/one tiny/two --env sandbox --effect read --data-class internal --by ana@acme.test")
    shell.expect("remit tool classify tiny/one --env sandbox --effect raed --data-class internal --by ana@acme.test", 2,
                 err=["raed"])
    shell.must("remit tool grant tiny/one --agent bot --env sandbox --by ana@acme.test")
    shell.expect("remit tool grant tiny/one tiny/two --agent bot --env sandbox --by ana@acme.test", 0,
                 out=["has already: granted bot sandbox/tiny/one", "granted bot sandbox/tiny/two"])
    shell.expect("remit tool revoke tiny/two tiny/no --agent bot --env sandbox", 3)
    shell.expect("remit tool grant --filter effect=read --agent bot --env sandbox --by ana@acme.test", 0, out=["has already"])
    shell.expect("remit tool grant --filter effect=pay --agent bot --env sandbox --by ana@acme.test", 3)

    shell.expect("remit destination set tiny --env sandbox", 2, err=["RMT-C018"])
    shell.expect("remit destination set tiny --env sandbox --data-class confidential", 0, out=["changed sandbox/tiny"])
    shell.expect(f"remit destination set tiny --env sandbox --command -- {python} {SERVER} one two other", 0,
                 out=["in quarantine (2)"])
    shell.expect("remit tool list --env sandbox", 0, out=["quarantined"])
    told = shell.expect("remit tool change tiny/one --env sandbox", 0, out=["description", "digest  "]).stdout
    digest = told.split("digest  ")[1].split()[0]
    shell.expect("remit tool approve-change tiny/one --env sandbox --digest 00 --by ana@acme.test", 2)
    shell.must(f"remit tool approve-change tiny/one --env sandbox --digest {digest} --by ana@acme.test")


def a_log_that_was_changed(shell):
    data = shell.home / ".local/state/remit"
    shell.expect("remit audit verify", 0, out=["verified"])
    entries = next(path for path in sorted((data / "audit/tile/entries").rglob("*")) if path.is_file())
    entries.write_bytes(entries.read_bytes()[:-1] + b"x")
    shell.expect("remit audit verify", 9)


def main():
    programs = pathlib.Path(sys.argv[1]).resolve()
    with tempfile.TemporaryDirectory(prefix="remit-command-line-") as home:
        shell = Shell(programs, home)
        for part in (before_there_is_a_plane, configuration, a_plane_without_a_server, destinations_and_tools,
                     a_log_that_was_changed):
            part(shell)
            print(f"{part.__name__}: {len(shell.failures)} failures so far")
        if shell.failures:
            sys.exit("\n".join(shell.failures))


if __name__ == "__main__":
    main()
