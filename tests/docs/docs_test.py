#!/usr/bin/env python3
"""docs_test.py SOURCE_DIR PROGRAMS_DIR links|commands|policies|names: that the pages of docs/ say what is so.

links     every relative link of every page leads to a file, and to a heading where it names one; the index has every page
commands  every `remit` command in a block is one that there is, with flags that it has
policies  the policies of docs/policies.md validate against tools such as they are about, and come into force
names     every error code, metric and route that a page names is one that there is; every metric has its line
"""

import pathlib
import re
import shlex
import shutil
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / "harness"), str(HERE)]
import plane as harness  # noqa: E402
from pages import FENCE, anchor, blocks, without_blocks  # noqa: E402
from plane import Plane, expect  # noqa: E402

SOURCE, PROGRAMS = map(pathlib.Path, sys.argv[1:3])
DOCS = sorted((SOURCE / "docs").glob("*.md"))
PAGES = [*DOCS, *(SOURCE / "docs/decisions").glob("*.md"), *SOURCE.glob("*.md"), *(SOURCE / "bench").glob("**/README.md")]
LINK = re.compile(r"(?<!!)\[[^\]]*\]\(([^)\s]+)\)")
HEADING = re.compile(r"^#+ (.*)$", re.MULTILINE)


def links():
    missing = []
    for page in PAGES:
        for link in LINK.findall(without_blocks(page.read_text())):
            if re.match(r"[a-z]+:", link):
                continue
            path, _, heading = link.partition("#")
            target = (page.parent / path).resolve() if path else page
            if not target.exists():
                missing.append(f"{page.relative_to(SOURCE)}: {link}")
            elif heading and heading not in map(anchor, HEADING.findall(without_blocks(target.read_text()))):
                missing.append(f"{page.relative_to(SOURCE)}: {link}: no such heading")
    expect(not missing, "links that lead nowhere:\n" + "\n".join(missing))
    index = set(LINK.findall((SOURCE / "docs/README.md").read_text()))
    unlisted = [page.name for page in DOCS if page.name != "README.md" and not any(link.split("#")[0] == page.name for link in index)]
    expect(not unlisted, f"not in the index: {unlisted}")


def commands_of(page):
    """The command lines of a page's blocks that call remit, as words."""
    for _, text in FENCE.findall(page.read_text()):
        for line in text.replace("\\\n", " ").splitlines():
            at = re.match(r"(?:sudo -u remit )?remit (?=[a-z-])", line)
            if not at:
                continue
            command = re.split(r"\s+#|\s*\|\s|\s*>\s*|\s*&&|\s*\|\|", line[at.end():])[0]
            try:
                yield shlex.split(command)
            except ValueError:
                yield command.split()


HELP = {}


def help_of(command):
    if command not in HELP:
        done = subprocess.run([PROGRAMS / "remit", *command, "--help"], capture_output=True, text=True, timeout=30)
        HELP[command] = done.stdout if done.returncode == 0 else None
    return HELP[command]


def subcommands(command):
    text = help_of(command) or ""
    return set(re.findall(r"^  ([a-z][a-z-]+)  ", text.split("Subcommands:")[-1], re.MULTILINE)) if "Subcommands:" in text else set()


def commands():
    wrong, seen = [], 0
    for page in [*DOCS, SOURCE / "README.md"]:
        for words in commands_of(page):
            seen += 1
            command = ()
            rest = list(words)
            while rest and (rest[0].startswith("--") or rest[0] in subcommands(command)):
                if rest[0].startswith("--"):  # before the command: --data DIR, --config FILE
                    rest = rest[2:]
                else:
                    command += (rest.pop(0),)
            if not command or subcommands(command):
                wrong.append(f"{page.name}: no such command: remit {' '.join(words)}")
                continue
            flags = [word.split("=")[0] for word in rest[: rest.index("--") if "--" in rest else None] if re.match(r"--[a-z]", word)]
            known = help_of(command) + help_of(())
            wrong += [f"{page.name}: remit {' '.join(command)} has no {flag}" for flag in flags
                      if not re.search(re.escape(flag) + r"(?![a-z-])", known)]
    expect(seen > 30, f"only {seen} commands were found")
    expect(not wrong, "\n".join(wrong))


EFFECTS = {"pay": "pay", "read_invoice": "read", "write_invoice": "update", "delete_customer": "delete", "send_mail": "send",
           "run_query": "execute"}


def policies():
    with tempfile.TemporaryDirectory(prefix="remit-docs-") as temporary:
        folder = pathlib.Path(temporary)
        plane = Plane(PROGRAMS, folder)
        (folder / "server").mkdir()
        shutil.copy(HERE / "company.py", folder / "server")
        env, by = ["--env", "sandbox"], ["--by", "ana@acme.test"]
        plane.run("init")
        plane.run("human", "add", "ana@acme.test")
        for agent, process in [("auditor-bot", "office"), ("mover", "migration")]:
            plane.run("agent", "register", agent, *env, "--owner", "ana@acme.test", "--purpose", "docs", "--process", process,
                      "--key-out", folder / f"{agent}.jwk")
        plane.run("destination", "add", "erp", *env, "--owner", "ana@acme.test", "--data-class", "confidential", "--label", "pii",
                  "--reads", folder / "server", "--command", "--", "/usr/bin/python3", "-I", folder / "server/company.py")
        for tool, effect in EFFECTS.items():
            plane.run("tool", "classify", f"erp/{tool}", *env, "--effect", effect, "--data-class", "confidential", *by)
        recipes = blocks(SOURCE / "docs/policies.md", "cedar")
        expect(len(recipes) > 8, "the cookbook is empty")
        for recipe in recipes:
            (folder / "recipe.cedar").write_text(recipe)
            plane.run("policy", "validate", folder / "recipe.cedar", *env)
        (folder / "all.cedar").write_text("\n".join(recipes))
        plane.run("policy", "publish", folder / "all.cedar", "--yes", *env, *by)
        expect("small-payments-only" in plane.run("policy", "show", *env), "they are not in force")


def names():
    text = {page.name: page.read_text() for page in [*DOCS, SOURCE / "README.md", SOURCE / "SECURITY.md"]}
    catalogue = set(re.findall(r"^\[(RMT-\w+)\]", (SOURCE / "data/errors.toml").read_text(), re.MULTILINE))
    wrong = [f"{page}: {code}" for page, said in text.items() for code in re.findall(r"RMT-[A-Z]\d{3}", said) if code not in catalogue]
    expect(not wrong, f"no such error codes: {wrong}")

    there = set(re.findall(r'"(remit_[a-z_]+)"', (SOURCE / "src/server/metrics.cpp").read_text()))
    said = set(re.findall(r"\bremit_[a-z_]+", text["metrics.md"]))
    said = {re.sub(r"_(bucket|count|sum)$", "", name) if name not in there else name for name in said}
    expect(said == there, f"metrics.md and the program differ: {said ^ there}")

    routes = set()
    for source in (SOURCE / "src/admin").glob("*_routes.cpp"):
        routes |= set(re.findall(r'"(/v1/[^"?]*)"', source.read_text()))
    named = {route.split("?")[0] for route in re.findall(r"`(?:GET|POST|DELETE|PUT) (/v1/[^`]*)`", text["api.md"])}
    expect(named <= routes, f"api.md names what there is not: {named - routes}")
    expect(routes <= named, f"api.md does not name: {routes - named}")


def test():
    {"links": links, "commands": commands, "policies": policies, "names": names}[sys.argv[3]]()


harness.main(test)
