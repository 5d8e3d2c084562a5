"""An MCP server over stdio whose one tool, `attempt`, tries what it is told and answers how that went: "done", with
what it got, or the name of the error. The same code is the hostile child and its honest twin. Standard library only.
"""

import ctypes
import errno
import json
import os
import random
import resource
import signal
import socket
import sys
import time

LIBC = ctypes.CDLL(None, use_errno=True)


def read(path):
    with open(path, "rb") as file:
        return file.read(64).decode(errors="replace")


def write(path, text="x"):
    with open(path, "w") as file:
        file.write(text)


def signal_process(pid):
    os.kill(pid, 0)


def trace(pid):
    if LIBC.ptrace(16, pid, 0, 0) != 0:  # PTRACE_ATTACH
        raise OSError(ctypes.get_errno(), "ptrace")


def processes():
    """Those that it sees and did not start itself."""
    own = {os.getpid(), os.getppid(), 1}
    return sorted(int(name) for name in os.listdir("/proc") if name.isdigit() and int(name) not in own)


def connect(host, port):
    socket.create_connection((host, port), timeout=3).close()


def exchange(host, port, count):
    """Sends so many bytes, says that they are all, and reads them back from who waits for that."""
    sent = random.Random(count).randbytes(count)
    with socket.create_connection((host, port), timeout=30) as client:
        client.sendall(sent)
        client.shutdown(socket.SHUT_WR)
        got = bytearray()
        while chunk := client.recv(1 << 16):
            got += chunk
    return bytes(got) == sent


HELD = []


def hold(host, port):
    HELD.append(socket.create_connection((host, port), timeout=3))
    HELD[-1].sendall(b"held")


def connect_local(path):
    with socket.socket(socket.AF_UNIX) as client:
        client.connect(path.replace("@", "\0", 1) if path.startswith("@") else path)


def connect_orphaned(path):
    """From a process that is nobody's child any more: forked twice, in a session of its own."""
    reading, writing = os.pipe()
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            time.sleep(0.05)
            try:
                connect_local(path)
                os.write(writing, b"done")
            except OSError as failure:
                os.write(writing, errno.errorcode[failure.errno].encode())
        os._exit(0)
    os.wait()
    os.close(writing)
    told = os.read(reading, 100).decode()
    if told != "done":
        raise OSError(getattr(errno, told or "EIO"), told)


def fork_bomb(most):
    started = []
    try:
        for _ in range(most):
            child = os.fork()
            if child == 0:
                time.sleep(60)
                os._exit(0)
            started.append(child)
    finally:
        for child in started:
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
    return len(started)


def memory(count):
    block = bytearray(count)
    return len(block)


def fill(path, count):
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    try:
        with open(path, "wb") as file:
            for _ in range(count >> 20):
                file.write(bytes(1 << 20))
    finally:
        os.unlink(path)


def link(path, target):
    os.symlink(target, path)
    try:
        return read(path)
    finally:
        os.unlink(path)


def setuid_file(path):
    write(path)
    os.chmod(path, 0o4755)


def variables():
    return dict(os.environ)


def own_pid():
    return os.getpid()


def account():
    return os.getuid()


ATTEMPTS = {name: function for name, function in globals().items() if callable(function)}


def attempt(what, arguments):
    try:
        got = ATTEMPTS[what](*arguments)
        return {"done": True, "got": got}
    except OSError as failure:
        return {"done": False, "why": errno.errorcode.get(failure.errno, str(failure))}
    except MemoryError:
        return {"done": False, "why": "ENOMEM"}


TOOL = {"name": "attempt", "description": "Tries", "inputSchema": {"type": "object", "properties": {
    "what": {"type": "string"}, "arguments": {"type": "string"}}, "required": ["what", "arguments"]}}


def answer(request):
    method = request["method"]
    if method == "initialize":
        return {"protocolVersion": "2025-11-25", "capabilities": {"tools": {}},
                "serverInfo": {"name": "hostile", "version": "1"}}
    if method == "tools/list":
        return {"tools": [TOOL]}
    given = request["params"]["arguments"]
    text = json.dumps(attempt(given["what"], json.loads(given["arguments"])))
    return {"content": [{"type": "text", "text": text}]}


def main():
    for line in sys.stdin:
        request = json.loads(line)
        if "id" in request and "method" in request:
            print(json.dumps({"jsonrpc": "2.0", "id": request["id"], "result": answer(request)}), flush=True)
    if farewell := os.environ.get("FAREWELL"):  # the session has ended: its input is closed
        write(farewell, "goodbye")


main()
