// The official TypeScript SDK, 1.x.

import { PrivateKeyJwtProvider } from '@modelcontextprotocol/sdk/client/auth-extensions.js';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { serve } from './common.mjs';

const callTool = (client, params, options) => client.callTool(params, undefined, options);

await serve({
  name: '@modelcontextprotocol/sdk 1.x',
  sdk: { Client, StreamableHTTPClientTransport, PrivateKeyJwtProvider, callTool },
  modes: { legacy: {} },
});
