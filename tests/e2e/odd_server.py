"""An MCP server over HTTP of which most tools are defined as no client can read them, beside good ones.

Each of the bad definitions makes at least one of the SDKs refuse the whole list.
"""

import http.server
import json
import threading

OBJECT = {"type": "object"}

GOOD = [
    {"name": "plain", "inputSchema": OBJECT},
    {"name": "files.read", "inputSchema": {"type": "object", "anyOf": [{"required": ["a"]}]}},
    {"name": "echo", "inputSchema": OBJECT, "outputSchema": {"type": "object", "properties": {"x": {"$ref": "#"}}}},
    {"name": "everything__echo", "inputSchema": OBJECT},
    {"name": "l" * 100, "inputSchema": OBJECT},
]
BAD = {
    "no-schema": {},
    "null-schema": {"inputSchema": None},
    "no-type": {"inputSchema": {"anyOf": [OBJECT]}},
    "only-a-reference": {"inputSchema": {"$ref": "#/$defs/a", "$defs": {"a": OBJECT}}},
    "null-properties": {"inputSchema": {"type": "object", "properties": None}},
    "null-property": {"inputSchema": {"type": "object", "properties": {"a": None}}},
    "required-text": {"inputSchema": {"type": "object", "required": "a"}},
    "null-title": {"inputSchema": OBJECT, "title": None},
    "null-description": {"inputSchema": OBJECT, "description": None},
    "null-annotations": {"inputSchema": OBJECT, "annotations": None},
    "null-icons": {"inputSchema": OBJECT, "icons": None},
    "null-meta": {"inputSchema": OBJECT, "_meta": None},
    "null-execution": {"inputSchema": OBJECT, "execution": None},
    "tasks-alone": {"inputSchema": OBJECT, "execution": {"taskSupport": "required"}},
    "output-array": {"inputSchema": OBJECT, "outputSchema": {"type": "array"}},
    "output-nowhere": {"inputSchema": OBJECT, "outputSchema": {"type": "object", "$ref": "#/$defs/none"}},
    "output-pattern": {
        "inputSchema": OBJECT,
        "outputSchema": {"type": "object", "properties": {"a": {"pattern": "("}}},
    },
}


class OddServer:
    def __init__(self):
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/mcp"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def stop(self):
        self.server.shutdown()
        self.server.server_close()


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        self.answer(405)

    do_DELETE = do_GET

    def do_POST(self):
        message = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if "id" not in message:
            return self.answer(202)
        self.answer(200, {"jsonrpc": "2.0", "id": message["id"], "result": self.result(message)})

    def result(self, message):
        if message["method"] == "initialize":
            info = {"name": "odd", "version": "1"}
            return {"protocolVersion": "2025-11-25", "capabilities": {"tools": {}}, "serverInfo": info}
        if message["method"] == "tools/list":
            return {"tools": [{"name": name, **bad} for name, bad in BAD.items()] + GOOD}
        text = f"called {message['params']['name']}"
        return {"content": [{"type": "text", "text": text}], "structuredContent": {}}

    def answer(self, status, body=None):
        data = b"" if body is None else json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_):
        pass
