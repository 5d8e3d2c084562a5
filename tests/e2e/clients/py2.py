"""The official Python SDK, 2.x. By default it opens with server/discover, as revision 2026-07-28 has it, and falls
back.
"""

import contextlib

import httpx2
from mcp import Client
from mcp.client.auth.extensions.client_credentials import PrivateKeyJWTOAuthProvider, SignedJWTParameters
from mcp.client.streamable_http import streamable_http_client

import common


class Mcp:
    def __init__(self, client):
        self.client = client
        self.server, self.protocol = client.server_info.name, client.protocol_version

    async def list(self):
        return [tool.name for tool in (await self.client.list_tools()).tools]

    async def call(self, tool, arguments, on_progress):
        result = await self.client.call_tool(tool, arguments, progress_callback=on_progress)
        return result.is_error, result.content, result.meta


class Sdk:
    name = "mcp 2.x"
    modes = ["auto", "legacy"]
    cancels = True
    httpx = httpx2

    @staticmethod
    def oauth(url, storage, client_id, pem, algorithm, issuer):
        signed = SignedJWTParameters(
            issuer=client_id, subject=client_id, signing_key=pem, signing_algorithm=algorithm
        )
        return PrivateKeyJWTOAuthProvider(url, storage, client_id, signed.create_assertion_provider(), issuer=issuer)

    @staticmethod
    @contextlib.asynccontextmanager
    async def open(url, http_client, mode):
        async with Client(streamable_http_client(url, http_client=http_client), mode=mode) as client:
            yield Mcp(client)


common.serve(Sdk)
