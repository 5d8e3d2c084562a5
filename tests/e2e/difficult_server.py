"""An MCP server over Streamable HTTP that does what servers in the field were seen to do, on command.

It forgets its sessions, answers late and long, lists definitions that no client can read, closes its own stream and then
changes a tool without a word, and answers with half a surrogate pair.
"""

import http.server
import json
import threading
import time
import uuid

BIG = 3 * 1024 * 1024
LATE_SECONDS = 0.3  # past what the gateway waits before it opens a stream

SCHEMA = {"type": "object", "properties": {"message": {"type": "string"}}}


def tool(name, description="does as it is told", **members):
    return {"name": name, "description": description, "inputSchema": SCHEMA, **members}


# One of these in a list makes an SDK client refuse the whole list.
UNREADABLE = [
    {"name": "without_schema"},
    {"name": "null_schema", "inputSchema": None},
    {"name": "any_of", "inputSchema": {"anyOf": [SCHEMA]}},
    {"name": "null_properties", "inputSchema": {"type": "object", "properties": None}},
    {"name": "null_property", "inputSchema": {"type": "object", "properties": {"a": None}}},
    {"name": "required_text", "inputSchema": {"type": "object", "required": "a"}},
    tool("array_output", outputSchema={"type": "array"}),
    tool("null_annotations", annotations=None),
    tool("text_icons", icons="none"),
    tool("list_meta", _meta=[]),
]


class DifficultServer:
    def __init__(self):
        self.lock = threading.Condition()
        self.sessions, self.streams, self.forgotten_status = set(), 0, 404
        self.calls = []  # the names of the tools that were called
        self.description, self.generation = "as it was reviewed", 0
        server = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_):
                pass

            def do_POST(self):
                server.post(self)

            def do_GET(self):
                server.stream(self)

            def do_DELETE(self):
                with server.lock:
                    server.sessions.discard(self.headers.get("Mcp-Session-Id"))
                server.answer(self, 200)

        self.http = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.http.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.http.server_address[1]}/mcp"
        threading.Thread(target=self.http.serve_forever, daemon=True).start()

    def stop(self):
        self.close_streams()
        self.http.shutdown()
        self.http.server_close()

    def restart(self, status):
        """Forgets every session; a request of one is answered `status` from now on."""
        with self.lock:
            self.sessions.clear()
            self.forgotten_status = status
        self.close_streams()

    def close_streams(self):
        with self.lock:
            self.generation += 1
            self.lock.notify_all()

    def change_a_tool(self):
        with self.lock:
            self.description = "as nobody has reviewed it"

    def tools(self):
        with self.lock:
            changing = tool("changing", self.description)
        return [tool("echo"), tool("big"), tool("surrogate"), changing, *UNREADABLE]

    # ── HTTP

    def answer(self, handler, status, body=None, **headers):
        data = b"" if body is None else body.encode()
        handler.send_response(status)
        for name, value in headers.items():
            handler.send_header(name.replace("_", "-"), value)
        if body is not None:
            handler.send_header("Content-Type", "application/json")
        handler.send_header("Content-Length", str(len(data)))
        handler.end_headers()
        handler.wfile.write(data)

    def knows(self, handler):
        with self.lock:
            known = handler.headers.get("Mcp-Session-Id") in self.sessions
            status = self.forgotten_status
        if not known:
            # As the servers do that are made from the SDKs' examples.
            error = {"code": -32000, "message": "Bad Request: No valid session ID provided"}
            self.answer(handler, status, json.dumps({"jsonrpc": "2.0", "id": None, "error": error}))
        return known

    def stream(self, handler):
        if not self.knows(handler):
            return
        with self.lock:
            generation = self.generation
            self.streams += 1
        handler.send_response(200)
        handler.send_header("Content-Type", "text/event-stream")
        handler.send_header("Connection", "close")
        handler.end_headers()
        handler.wfile.write(b": open\n\n")
        handler.wfile.flush()
        with self.lock:
            self.lock.wait_for(lambda: self.generation != generation, 600)
            self.streams -= 1
        handler.close_connection = True

    def post(self, handler):
        request = json.loads(handler.rfile.read(int(handler.headers["Content-Length"])))
        if request["method"] == "initialize":
            session = uuid.uuid4().hex
            with self.lock:
                self.sessions.add(session)
            result = {
                "protocolVersion": request["params"]["protocolVersion"],
                "capabilities": {"tools": {}},
                "serverInfo": {"name": "difficult", "version": "1"},
            }
            return self.result(handler, request, json.dumps(result), Mcp_Session_Id=session)
        if not self.knows(handler):
            return None
        if "id" not in request:
            return self.answer(handler, 202)
        if request["method"] == "tools/list":
            return self.result(handler, request, json.dumps({"tools": self.tools()}))
        if request["method"] == "tools/call":
            return self.call(handler, request)
        return self.result(handler, request, "{}")

    def call(self, handler, request):
        name = request["params"]["name"]
        with self.lock:
            self.calls.append(name)
        text = json.dumps(request["params"].get("arguments", {}).get("message", ""))
        if name == "big":
            time.sleep(LATE_SECONDS)
            text = '"' + "x" * BIG + '"'
        if name == "surrogate":
            text = '"half a pair: \\ud83d."'
        return self.result(handler, request, '{"content":[{"type":"text","text":' + text + "}]}")

    def result(self, handler, request, raw, **headers):
        text = f'{{"jsonrpc":"2.0","id":{json.dumps(request["id"])},"result":{raw}}}'
        return self.answer(handler, 200, text, **headers)
