"""The official Python SDK, 1.x."""

import contextlib

import httpx
from mcp import ClientSession
from mcp.client.auth.extensions.client_credentials import PrivateKeyJWTOAuthProvider, SignedJWTParameters
from mcp.client.streamable_http import streamable_http_client

import common


class Mcp:
    def __init__(self, session, initialized):
        self.session = session
        self.server, self.protocol = initialized.serverInfo.name, initialized.protocolVersion

    async def list(self):
        return [tool.name for tool in (await self.session.list_tools()).tools]

    async def call(self, tool, arguments, on_progress):
        result = await self.session.call_tool(tool, arguments, progress_callback=on_progress)
        return result.isError, result.content, result.meta


class Sdk:
    name = "mcp 1.x"
    modes = ["legacy"]
    cancels = False  # it stops listening, and tells the server nothing
    httpx = httpx

    @staticmethod
    def oauth(url, storage, client_id, pem, algorithm, issuer):
        signed = SignedJWTParameters(
            issuer=client_id, subject=client_id, signing_key=pem, signing_algorithm=algorithm
        )
        return PrivateKeyJWTOAuthProvider(url, storage, client_id, signed.create_assertion_provider(), issuer=issuer)

    @staticmethod
    @contextlib.asynccontextmanager
    async def open(url, http_client, mode):
        async with streamable_http_client(url, http_client=http_client) as (read, write, _):
            async with ClientSession(read, write) as session:
                yield Mcp(session, await session.initialize())


common.serve(Sdk)
