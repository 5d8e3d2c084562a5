#!/usr/bin/env python3
"""tiny_server.py TOOL… [other]: an MCP server over stdio with the tools that are named; with `other` their descriptions are
others."""

import json
import sys

words = sys.argv[1:]
description = "Another text." if "other" in words else "A text."
tools = [{"name": name, "description": description, "inputSchema": {"type": "object"}} for name in words if name != "other"]
for line in sys.stdin:
    message = json.loads(line)
    if "id" not in message:
        continue
    results = {
        "initialize": {"protocolVersion": "2025-11-25", "capabilities": {"tools": {}},
                       "serverInfo": {"name": "tiny", "version": "1"}},
        "tools/list": {"tools": tools},
        "tools/call": {"content": [{"type": "text", "text": "done"}]},
    }
    answer = {"jsonrpc": "2.0", "id": message["id"], "result": results.get(message["method"], {})}
    print(json.dumps(answer), flush=True)
