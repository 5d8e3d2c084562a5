"""An MCP server over stdio with the tools that the policies of docs/policies.md are about. Standard library only."""

import json
import sys


def tool(name, required=(), **properties):
    return {"name": name, "description": f"The tool {name}.",
            "inputSchema": {"type": "object", "properties": properties, "required": list(required)}}


TEXT, NUMBER, WHOLE = {"type": "string"}, {"type": "number"}, {"type": "integer"}
TOOLS = [
    tool("pay", ["payee", "amount"], payee=TEXT, amount=NUMBER, note=TEXT),
    tool("read_invoice", ["path"], path=TEXT),
    tool("write_invoice", ["path", "text"], path=TEXT, text=TEXT),
    tool("delete_customer", ["id"], id=WHOLE),
    tool("send_mail", ["to", "text"], to=TEXT, text=TEXT),
    tool("run_query", ["sql"], sql=TEXT, limit=WHOLE),
]


def answer(method, params):
    if method == "initialize":
        return {"protocolVersion": params["protocolVersion"], "capabilities": {"tools": {}},
                "serverInfo": {"name": "company", "version": "1"}}
    if method == "tools/list":
        return {"tools": TOOLS}
    if method == "tools/call":
        return {"content": [{"type": "text", "text": f"{params['name']} done"}]}
    return {}


for line in sys.stdin:
    message = json.loads(line)
    if "id" in message:
        result = answer(message["method"], message.get("params", {}))
        print(json.dumps({"jsonrpc": "2.0", "id": message["id"], "result": result}), flush=True)
