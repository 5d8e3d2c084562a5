#!/usr/bin/env python3
"""An MCP server whose one tool, `wait`, answers after a while. Prints "listening HOST:PORT"."""

import asyncio
import json
import sys

SECONDS = 0.5
TOOLS = {"tools": [{"name": "wait", "inputSchema": {"type": "object", "properties": {}}}]}


async def result_of(message):
    method = message.get("method")
    if method == "initialize":
        return {"protocolVersion": message["params"]["protocolVersion"], "capabilities": {"tools": {}},
                "serverInfo": {"name": "slow", "version": "1"}}
    if method == "tools/list":
        return TOOLS
    if method == "tools/call":
        await asyncio.sleep(SECONDS)
        return {"content": [{"type": "text", "text": "waited"}]}
    return {}


async def serve(reader, writer):
    try:
        while head := await reader.readuntil(b"\r\n\r\n"):
            fields = {name.lower(): value.strip() for name, _, value in
                      (line.partition(":") for line in head.decode().split("\r\n")[1:])}
            body = await reader.readexactly(int(fields.get("content-length", 0)))
            if not head.startswith(b"POST "):
                writer.write(b"HTTP/1.1 405 Method Not Allowed\r\nAllow: POST\r\nContent-Length: 0\r\n\r\n")
                continue
            message = json.loads(body)
            if "id" not in message:
                writer.write(b"HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n")
                continue
            answer = json.dumps({"jsonrpc": "2.0", "id": message["id"], "result": await result_of(message)}).encode()
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s" %
                         (len(answer), answer))
            await writer.drain()
    except (asyncio.IncompleteReadError, ConnectionError):
        pass
    finally:
        writer.close()


async def main():
    server = await asyncio.start_server(serve, "127.0.0.1", 0, backlog=1024)
    host, port = server.sockets[0].getsockname()
    print(f"listening {host}:{port}", flush=True)
    async with server:
        await server.serve_forever()


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
