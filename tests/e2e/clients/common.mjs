// What both TypeScript clients share. The SDK is all theirs: this only obeys the driver (see ../run), which
// writes one command a line to stdin and reads one answer a line from stdout, and it watches the HTTP that the
// SDK speaks, through the `fetch` that both SDKs let a program bring along.

import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';

// The SDK's fetch, with a record of what was asked and how many GET streams are open.
function watchedFetch(seen) {
  return async (input, init = {}) => {
    const url = new URL(input instanceof Request ? input.url : input);
    const method = init.method ?? 'GET';
    const session = new Headers(init.headers).get('mcp-session-id');
    const entry = { method, path: url.pathname, rpc: rpcOf(init.body), session, status: 0 };
    seen.requests.push(entry);
    const response = await fetch(input, init);
    entry.status = response.status;
    const isStream = response.headers.get('content-type')?.startsWith('text/event-stream');
    if (method !== 'GET' || !response.ok || !isStream) return response;
    seen.streams += 1;
    return new Response(watchedBody(response.body, () => (seen.streams -= 1)), response);
  };
}

function watchedBody(body, ended) {
  const reader = body.getReader();
  return new ReadableStream({
    async pull(controller) {
      try {
        const { done, value } = await reader.read();
        if (!done) return controller.enqueue(value);
        ended();
        controller.close();
      } catch (error) {
        ended();
        controller.error(error);
      }
    },
    cancel(reason) {
      ended();
      return reader.cancel(reason);
    },
  });
}

function rpcOf(body) {
  if (typeof body !== 'string' || !body.startsWith('{')) return null;
  return JSON.parse(body).method ?? 'response';
}

function describe(error) {
  let status = typeof error.status === 'number' ? error.status : null;
  if (status === null && error.code > 99 && error.code < 600) status = error.code;
  return { error: { kind: error.constructor.name, message: String(error.message), code: error.code ?? null, status } };
}

function describeResult(result, progress) {
  const text = result.content.map((part) => part.text ?? `<${part.type}>`).join('\n');
  return { is_error: result.isError === true, text, decision: result._meta?.['remit/decision'] ?? null, progress };
}

// Runs the client until stdin ends. `sdk` has its Client, StreamableHTTPClientTransport, PrivateKeyJwtProvider and
// callTool(client, params, options); `modes` the options of its Client for each mode, the default first.
export async function serve({ name, sdk, modes }) {
  const sessions = new Map();

  const commands = {
    async hello() {
      return { name, modes: Object.keys(modes), cancels: true };
    },
    // The agent's own key where there is one: the SDK finds the issuer by itself from the 401's challenge.
    async connect({ session, url, mode, issuer, client_id, key_file, algorithm, bearer }) {
      const seen = { requests: [], streams: 0 };
      const options = { fetch: watchedFetch(seen) };
      if (bearer) options.requestInit = { headers: { Authorization: `Bearer ${bearer}` } };
      else
        options.authProvider = new sdk.PrivateKeyJwtProvider({
          clientId: client_id,
          privateKey: JSON.parse(readFileSync(key_file, 'utf8')),
          algorithm,
          expectedIssuer: issuer,
        });
      const client = new sdk.Client({ name: 'remit-e2e', version: '1.0.0' }, modes[mode]);
      client.onerror = (error) => process.stderr.write(`${session}: ${error.message}\n`);
      const transport = new sdk.StreamableHTTPClientTransport(new URL(url), options);
      sessions.set(session, { client, transport, seen });
      await client.connect(transport);
      return { server: client.getServerVersion().name, protocol: transport.protocolVersion };
    },
    async list({ session }) {
      const { tools } = await sessions.get(session).client.listTools();
      return { tools: tools.map((tool) => tool.name) };
    },
    async call({ session, tool, arguments: args, progress }) {
      const heard = [];
      const options = progress ? { onprogress: (update) => heard.push(update.progress) } : {};
      const result = await sdk.callTool(sessions.get(session).client, { name: tool, arguments: args }, options);
      return describeResult(result, heard);
    },
    async call_large({ session, tool, arguments: args, fill, megabytes }) {
      return commands.call({ session, tool, arguments: { ...args, [fill]: 'x'.repeat(megabytes << 20) } });
    },
    // Calls, and after a while does not want to know any more.
    async give_up({ session, tool, arguments: args, seconds }) {
      const signal = AbortSignal.timeout(seconds * 1000);
      await sdk.callTool(sessions.get(session).client, { name: tool, arguments: args }, { signal });
      return {};
    },
    async seen({ session }) {
      return sessions.get(session).seen;
    },
    async end({ session }) {
      const { client, transport } = sessions.get(session);
      await transport.terminateSession();
      await client.close();
      return {};
    },
  };

  for await (const line of createInterface({ input: process.stdin })) {
    const { id, do: name, ...args } = JSON.parse(line);
    // Not awaited: a call may be open while others are made.
    commands[name](args)
      .catch(describe)
      .then((answer) => process.stdout.write(`${JSON.stringify({ id, ...answer })}\n`));
  }
  process.exit(0);
}
