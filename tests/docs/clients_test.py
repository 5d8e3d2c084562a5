#!/usr/bin/env python3
"""clients_test.py SOURCE_DIR PROGRAMS_DIR: what docs/connect.md says, done as it says: the agent is made by its commands, and
its Python, TypeScript and bridge programs are run as they stand there, against a real plane.
"""

import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / "harness"), str(HERE)]
import plane as harness  # noqa: E402
from pages import blocks  # noqa: E402
from plane import expect  # noqa: E402

SOURCE, PROGRAMS = map(pathlib.Path, sys.argv[1:])
PAGE = SOURCE / "docs/connect.md"
# Stands for Claude Code: starts the bridge as its configuration says.
DESKTOP = """
import asyncio, json, sys
from mcp import ClientSession, StdioServerParameters
from mcp.client.stdio import stdio_client

async def main():
    server = json.load(sys.stdin)["mcpServers"]["remit"]
    async with stdio_client(StdioServerParameters(**server)) as (read, write):
        async with ClientSession(read, write) as session:
            await session.initialize()
            for tool in (await session.list_tools()).tools:
                print(tool.name)
            result = await session.call_tool("echo", {"text": "through the bridge"})
            print(result.content[0].text)
            refused = await session.call_tool("no_such_tool", {})
            print(refused.isError, refused.content[0].text)

asyncio.run(main())
"""


def run(command, folder, environment, **options):
    done = subprocess.run(list(map(str, command)), cwd=folder, env=environment, capture_output=True, text=True, timeout=60, **options)
    expect(done.returncode == 0, f"{command[0]}: exit {done.returncode}: {done.stderr[-2000:]}")
    return done.stdout


def clients(folder, plane):
    environment = {**os.environ, "PATH": f"{PROGRAMS}:{os.environ['PATH']}", "REMIT_DATA": str(plane.data)}
    plane.run("human", "add", "ana@acme.test")
    made = run(["bash", "-eu"], folder, environment, input=blocks(PAGE, "sh")[0])
    client = re.search(r"dep_[0-9a-z]+", made)
    expect(client, f"register says no client id: {made}")
    plane.run("tool", "grant", harness.TOOL, "--agent", "notes-bot", "--env", "sandbox", "--by", "Ada")

    environment |= {"REMIT_URL": f"http://{plane.address}", "REMIT_ENV": "sandbox", "REMIT_CLIENT_ID": client.group(),
                    "REMIT_KEY": str(folder / "notes-bot.pem")}
    library, agent, bridge = blocks(PAGE, "python")
    (folder / "remit_client.py").write_text(library)
    (folder / "agent.py").write_text(agent)
    (folder / "remit_bridge.py").write_text(bridge)
    python = SOURCE / "build/venv/mcp1/bin/python"
    expect(run([python, "agent.py"], folder, environment).split() == ["echo"], "Python sees other tools")
    print("Python: connected", flush=True)

    (script,) = blocks(PAGE, "js")
    (folder / "agent.mjs").write_text(script)
    (folder / "node_modules").symlink_to(SOURCE / "build/npm/tests/e2e/node_modules")
    node = subprocess.run([SOURCE / "scripts/node", SOURCE / "build"], check=True, capture_output=True, text=True).stdout.strip()
    expect(run([f"{node}/node", "agent.mjs"], folder, environment).split() == ["echo"], "TypeScript sees other tools")
    print("TypeScript: connected", flush=True)

    (configuration,) = map(json.loads, blocks(PAGE, "json"))
    server = configuration["mcpServers"]["remit"]
    server |= {"command": str(python), "args": [str(folder / pathlib.Path(server["args"][0]).name)],
               "env": {name: environment[name] for name in server["env"]}}
    said = run([python, "-c", DESKTOP], folder, environment, input=json.dumps(configuration))
    for expected in ["echo", "through the bridge", "True Refused by Remit", "RMT-D020"]:
        expect(expected in said, f"the bridge does not say {expected!r}: {said}")
    print("bridge: connected", flush=True)


def main():
    subprocess.run([SOURCE / "tests/e2e/install"], check=True)
    with harness.scene(PROGRAMS, "docs") as (folder, _, plane):
        clients(folder, plane)


harness.main(main)
