/** Sends every example of `/openapi.json` and `/asyncapi.json` to a server, and checks the answers against the schemas. */
import { expect } from 'chai';
import type { TSchema } from 'typebox';
import { Compile } from 'typebox/compile';
import { CLIENT_FRAMES, type ClientFrameType } from '../../../protocol/frames.js';
import { CLIENT_WORDS } from '../../../server/contracts/frame-words.js';
import { OPERATIONS } from '../../../server/contracts/openapi.js';
import type { Operation, Parameter } from '../../../server/contracts/operation.js';
import { engineIsInstalled } from '../../actors/clickhouse/stores.js';
import { requireTool } from '../../require.js';
import { startServer, type ServerProcess } from '../servers/server-process.js';
import { strict } from '../wire/frame-check.js';
import { WireClient } from '../wire/wire-client.js';

/** What an operation of the document says, as JSON. */
interface Documented {
  readonly responses: Readonly<
    Record<string, { readonly content?: Readonly<Record<string, { readonly schema: object }>> }>
  >;
}

interface Document {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Documented>>>>;
  readonly components: { readonly schemas: Readonly<Record<string, object>> };
}

/**
 * Frames whose example names what only a real server could have given, and the code that answers it: a token, a run, the
 * question of a run.
 */
const REFUSED: Partial<Record<ClientFrameType, string>> = {
  refresh: 'unauthorized',
  answer: 'not_found',
  withdraw: 'not_found'
};

/** Longest part of a stream that is read; a stream may have no end. */
const STREAM_CHARS = 20;

describe('the examples of the documents', function () {
  this.timeout(60_000);
  let server: ServerProcess;
  let document: Document;

  before(async function () {
    requireTool(this, 'chdb', engineIsInstalled(), 'it has no binary for this platform');
    server = await startServer({ env: { CLICKHOUSE_URL: '' } });
    await server.line('ClickHouse connected');
    document = (await (await fetch(`${server.url}/openapi.json`)).json()) as Document;
  });
  after(async () => {
    await (server as ServerProcess | undefined)?.stop();
  });

  for (const [route, operation] of Object.entries(OPERATIONS)) {
    it(`${route} answers as documented`, async () => {
      const [method = '', path = ''] = route.split(' ');
      const response = await fetch(`${server.url}${addressOf(path, operation)}`, {
        method,
        headers: { ...valuesOf(operation.headers), 'content-type': 'application/json' },
        ...(operation.body === undefined ? {} : { body: JSON.stringify(operation.body.example) })
      });
      const [lowest] = Object.keys(operation.answers).map(Number);
      const text = await startOf(response);
      expect(response.status, text).to.equal(operation.exampleStatus ?? lowest);
      const told = document.paths[path]?.[method.toLowerCase()]?.responses[response.status];
      expect(told, 'the document has the answer').to.not.equal(undefined);
      if (told?.content === undefined) return;
      const [type = '', { schema = {} } = {}] = Object.entries(told.content)[0] ?? [];
      expect(response.headers.get('content-type')).to.match(
        new RegExp(`^${type.replace('+', '\\+')}(;|$)`)
      );
      if (type !== 'application/json') return;
      const check = Compile(strict(resolved(schema, document.components.schemas)) as TSchema);
      const body: unknown = JSON.parse(text);
      const [fault] = check.Errors(body);
      expect(fault, `${JSON.stringify(fault)} in ${text.slice(0, 500)}`).to.equal(undefined);
    });
  }

  it('every frame of a client is answered as documented', async () => {
    const client = await WireClient.open(server.url);
    try {
      for (const [type, { example, answers }] of Object.entries(CLIENT_WORDS)) {
        client.send(example);
        const id = (example as { id?: number }).id;
        if (id === undefined) continue;
        const answer = await client.next((frame) => frame.id === id);
        const code = REFUSED[type as ClientFrameType];
        if (code === undefined) expect(answers, JSON.stringify(answer)).to.include(answer.type);
        else expect(answer, type).to.include({ type: 'error', code });
      }
      const unanswered = Object.keys(CLIENT_FRAMES).filter(
        (type) => CLIENT_WORDS[type as ClientFrameType].answers.length === 0
      );
      expect(unanswered).to.eql(['typing', 'pong']);
      await client.settle();
      expect(client.all.filter(({ type, id }) => type === 'error' && id === undefined)).to.eql([]);
    } finally {
      client.socket.terminate();
    }
  });
});

function addressOf(path: string, { path: parts = {}, query = {} }: Operation): string {
  const filled = path.replace(/\{(\w+)\}/g, (_, name: string) =>
    encodeURIComponent(String(parts[name]?.example))
  );
  const text = new URLSearchParams(valuesOf(query)).toString();
  return text === '' ? filled : `${filled}?${text}`;
}

function valuesOf(parameters: Readonly<Record<string, Parameter>> = {}): Record<string, string> {
  return Object.fromEntries(
    Object.entries(parameters).flatMap(([name, { example }]) =>
      example === undefined ? [] : [[name, String(example)]]
    )
  );
}

/** Returns all of a JSON answer, and the beginning of a stream, which is closed then. */
async function startOf(response: Response): Promise<string> {
  if (response.headers.get('content-type')?.startsWith('text/event-stream') !== true) {
    return await response.text();
  }
  let text = '';
  const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader();
  while (text.length < STREAM_CHARS) {
    const { value, done } = await reader.read();
    if (done) break;
    text += value;
  }
  await reader.cancel();
  return text;
}

/** Returns a schema with the named ones in place of references. */
function resolved(schema: unknown, named: Readonly<Record<string, object>>): unknown {
  if (Array.isArray(schema)) return schema.map((part) => resolved(part, named));
  if (typeof schema !== 'object' || schema === null) return schema;
  const reference = Reflect.get(schema, '$ref') as string | undefined;
  if (reference !== undefined) return resolved(named[reference.split('/').at(-1)!], named);
  return Object.fromEntries(
    Object.entries(schema).map(([name, part]) => [name, resolved(part, named)])
  );
}
