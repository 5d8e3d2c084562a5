"""What both Python clients share. The SDK is all theirs: this only obeys the driver (see ../run), which writes one
command a line to stdin and reads one answer a line from stdout, and it watches the HTTP that the SDK speaks, through
the transport that httpx lets a program bring along.
"""

import asyncio
import contextlib
import json
import sys

import jwt
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat


class Storage:
    """Where the SDK's OAuth keeps its tokens: in memory."""

    def __init__(self):
        self.tokens = None

    async def get_tokens(self):
        return self.tokens

    async def set_tokens(self, tokens):
        self.tokens = tokens

    async def get_client_info(self):
        return None

    async def set_client_info(self, client_info):
        pass


def pem_of(key_file):
    """The private JWK of a file, as the PEM that the SDK wants."""
    with open(key_file) as file:
        jwk = json.load(file)
    algorithm = {"EC": jwt.algorithms.ECAlgorithm, "OKP": jwt.algorithms.OKPAlgorithm}[jwk["kty"]]
    key = algorithm.from_jwk(jwk)
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


class Seen:
    def __init__(self):
        self.requests = []
        self.streams = 0


def watched_client(httpx, seen, **options):
    """An httpx client with a record of what was asked and how many GET streams are open."""

    class Watched(httpx.AsyncByteStream):
        def __init__(self, stream):
            self.stream, self.open = stream, True
            seen.streams += 1

        def ended(self):
            seen.streams -= 1 if self.open else 0
            self.open = False

        async def __aiter__(self):
            try:
                async for part in self.stream:
                    yield part
            finally:
                self.ended()

        async def aclose(self):
            self.ended()
            await self.stream.aclose()

    class Transport(httpx.AsyncHTTPTransport):
        async def handle_async_request(self, request):
            rpc, session = rpc_of(await request.aread()), request.headers.get("mcp-session-id")
            entry = {"method": request.method, "path": request.url.path, "rpc": rpc, "session": session, "status": 0}
            seen.requests.append(entry)
            response = await super().handle_async_request(request)
            entry["status"] = response.status_code
            if request.method == "GET" and response.headers.get("content-type", "").startswith("text/event-stream"):
                response.stream = Watched(response.stream)
            return response

    timeout = httpx.Timeout(30, read=300)  # as the SDK's own client has it
    return httpx.AsyncClient(transport=Transport(), timeout=timeout, **options)


def rpc_of(body):
    if not body.startswith(b"{"):
        return None
    return json.loads(body).get("method", "response")


def describe(error):
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    details = getattr(error, "error", None)
    response = getattr(error, "response", None)
    return {
        "error": {
            "kind": type(error).__name__,
            "message": str(error),
            "code": getattr(details, "code", None),
            "status": getattr(response, "status_code", None),
        }
    }


def describe_result(is_error, content, meta, progress):
    text = "\n".join(getattr(part, "text", f"<{part.type}>") for part in content)
    return {
        "is_error": bool(is_error),
        "text": text,
        "decision": (meta or {}).get("remit/decision"),
        "progress": progress,
    }


class Session:
    """One MCP session, held open by a task of its own, since the SDK's context managers must end where they began."""

    def __init__(self, opener):
        self.seen = Seen()
        self.mcp = None
        self._ready = asyncio.get_running_loop().create_future()
        self._end = asyncio.Event()
        self._task = asyncio.create_task(self._hold(opener))

    async def _hold(self, opener):
        try:
            async with opener(self.seen) as mcp:
                self.mcp = mcp
                self._ready.set_result(None)
                await self._end.wait()
        except BaseException as error:  # told to whoever waits; after that there is nobody left to tell
            if not self._ready.done():
                self._ready.set_exception(error if isinstance(error, Exception) else RuntimeError(repr(error)))
            elif not self._end.is_set():
                print(f"session lost: {error!r}", file=sys.stderr)

    async def ready(self):
        await self._ready

    async def end(self):
        self._end.set()
        await self._task


class Clients:
    """The driver's commands, on an SDK: `sdk` has httpx, name, modes, cancels, and

    oauth(url, storage, client_id, pem, algorithm, issuer)  an httpx auth of the SDK's
    open(url, http_client, mode)                            a context manager of an object with
                                                            list(), call(), server, protocol
    """

    def __init__(self, sdk):
        self.sdk = sdk
        self.sessions = {}

    async def hello(self):
        return {"name": self.sdk.name, "modes": self.sdk.modes, "cancels": self.sdk.cancels}

    async def connect(
        self, session, url, mode, issuer=None, client_id=None, key_file=None, algorithm=None, bearer=None
    ):
        @contextlib.asynccontextmanager
        async def opener(seen):
            if bearer:
                options = {"headers": {"Authorization": f"Bearer {bearer}"}}
            else:
                options = {"auth": self.sdk.oauth(url, Storage(), client_id, pem_of(key_file), algorithm, issuer)}
            async with watched_client(self.sdk.httpx, seen, **options) as http_client:
                async with self.sdk.open(url, http_client, mode) as mcp:
                    yield mcp

        self.sessions[session] = opened = Session(opener)
        await opened.ready()
        return {"server": opened.mcp.server, "protocol": opened.mcp.protocol}

    async def list(self, session):
        return {"tools": await self.sessions[session].mcp.list()}

    async def call(self, session, tool, arguments, progress=False):
        heard = []

        async def on_progress(done, total, message):
            heard.append(done)

        is_error, content, meta = await self.sessions[session].mcp.call(
            tool, arguments, on_progress if progress else None
        )
        return describe_result(is_error, content, meta, heard)

    async def call_large(self, session, tool, arguments, fill, megabytes):
        return await self.call(session, tool, {**arguments, fill: "x" * (megabytes << 20)})

    async def give_up(self, session, tool, arguments, seconds):
        """Calls, and after a while does not want to know any more."""
        await asyncio.wait_for(self.sessions[session].mcp.call(tool, arguments, None), seconds)
        return {}

    async def seen(self, session):
        seen = self.sessions[session].seen
        return {"requests": seen.requests, "streams": seen.streams}

    async def end(self, session):
        await self.sessions[session].end()
        return {}


def serve(sdk):
    """Runs the client until stdin ends."""

    async def obey(clients, line):
        command = json.loads(line)
        id, do = command.pop("id"), command.pop("do")
        try:
            answer = await getattr(clients, do)(**command)
        except Exception as error:
            answer = describe(error)
        print(json.dumps({"id": id, **answer}), flush=True)

    async def main():
        clients, tasks = Clients(sdk), set()
        lines = asyncio.StreamReader(limit=1 << 20)
        loop = asyncio.get_running_loop()
        await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(lines), sys.stdin)
        while line := await lines.readline():
            # Not awaited: a call may be open while others are made.
            task = asyncio.create_task(obey(clients, line))
            tasks.add(task)
            task.add_done_callback(tasks.discard)

    asyncio.run(main())
