/**
 * The server to compare with: it asks the model and passes each piece on to those who watch, as server-sent events, and
 * does nothing else: no log, no accounts, no answer that survives it. `POST /ask/<id>` begins, `GET /watch/<id>` watches.
 */
import { createServer, type ServerResponse } from 'node:http';

const url = process.argv[2] ?? '';
const watchers = new Map<string, ServerResponse[]>();

async function relay(id: string): Promise<void> {
  const answer = await fetch(`${url}/chat/completions`, { method: 'POST', body: '{}' });
  const body: ReadableStream<Uint8Array> | null = answer.body;
  if (body === null) return;
  const decoder = new TextDecoder();
  let rest = '';
  for await (const bytes of body) {
    const events = (rest + decoder.decode(bytes, { stream: true })).split('\n\n');
    rest = events.pop() ?? '';
    for (const event of events) {
      const piece: unknown = JSON.parse(event.slice('data: '.length));
      const text = `data: ${JSON.stringify(piece)}\n\n`;
      for (const watcher of watchers.get(id) ?? []) watcher.write(text);
    }
  }
}

const server = createServer((request, response) => {
  const [, what, id = ''] = (request.url ?? '').split('/');
  if (what === 'watch') {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.flushHeaders();
    watchers.set(id, [...(watchers.get(id) ?? []), response]);
    return;
  }
  request.resume();
  response.end();
  relay(id).catch(() => undefined);
});
server.listen(0, '127.0.0.1', () => {
  const address = server.address();
  process.stdout.write(`${String(typeof address === 'object' ? (address?.port ?? 0) : 0)}\n`);
});
