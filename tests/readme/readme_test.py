#!/usr/bin/env python3
"""readme_test.py SOURCE_DIR PROGRAMS_DIR

Pastes the README's block of a first agent into one shell, as it stands, on a home that has seen nothing of Remit but the
demo that `./quickstart` ends with.
"""

import os
import pathlib
import re
import subprocess
import sys
import tempfile

HEADING = "## A first agent of your own"
EXPECTED = ["Buy milk.", "refused RMT-D020", "refused: exit code 5"]


def block(readme):
    section = readme.split(HEADING, 1)[1].split("\n## ", 1)[0]
    return re.search(r"^```\n(.*?)^```$", section, re.DOTALL | re.MULTILINE).group(1)


def main():
    source, programs = map(pathlib.Path, sys.argv[1:])
    subprocess.run([source / "scripts/npm-install", "build", "demo"], cwd=source, check=True)
    with tempfile.TemporaryDirectory(prefix="remit-readme-", ignore_cleanup_errors=True) as home:
        environment = {"HOME": home, "PATH": f"{programs}:{os.environ['PATH']}"}
        subprocess.run([programs / "remit", "demo", "--once", "--listen", "127.0.0.1:0"], cwd=source, env=environment,
                       check=True, timeout=120, stdout=subprocess.DEVNULL, umask=0o022)
        try:
            # -e: each line ends 0. Without a terminal, like a paste into a script.
            done = subprocess.run(["bash", "-eu"], input=block((source / "README.md").read_text()), cwd=source,
                                  env=environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=120)
        finally:
            subprocess.run([programs / "remit", "stop"], env=environment, timeout=60, stdout=subprocess.DEVNULL)
        print(done.stdout)
        missing = [text for text in EXPECTED if text not in done.stdout]
        if done.returncode != 0 or missing:
            sys.exit(f"the block ended with {done.returncode}; not seen: {missing}")


if __name__ == "__main__":
    main()
