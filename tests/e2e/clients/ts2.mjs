// The official TypeScript SDK, 2.x. Its default is the handshake of before 2026; with `auto` it opens with
// server/discover, as revision 2026-07-28 has it, and falls back.

import { Client, PrivateKeyJwtProvider, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { serve } from './common.mjs';

const callTool = (client, params, options) => client.callTool(params, options);

await serve({
  name: '@modelcontextprotocol/client 2.x',
  sdk: { Client, StreamableHTTPClientTransport, PrivateKeyJwtProvider, callTool },
  modes: { legacy: {}, auto: { versionNegotiation: { mode: 'auto' } } },
});
