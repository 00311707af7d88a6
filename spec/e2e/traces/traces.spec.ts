import { expect } from 'chai';
import { once } from 'node:events';
import { rm } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { engineIsInstalled } from '../../actors/clickhouse/stores.js';
import { requireTool } from '../../require.js';
import { startServer, temporaryDir, type ServerProcess } from '../servers/server-process.js';
import { until } from '../servers/until.js';
import { WireClient } from '../wire/wire-client.js';
import { fact, startCollector, type Collector, type SentSpan } from './collector.js';

const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736';
const SPAN = '00f067aa0ba902b7';
const SAMPLED = `00-${TRACE}-${SPAN}-01`;
const UNSAMPLED = `00-${TRACE}-${SPAN}-00`;
const AGENT = fileURLToPath(new URL('traced-agent.mjs', import.meta.url));

describe('traces', function () {
  this.timeout(90_000);
  let collector: Collector;
  let peer: Server;
  let told: string[];
  let dataDir: string;
  let server: ServerProcess | null = null;

  beforeEach(async () => {
    collector = await startCollector();
    told = [];
    peer = createServer((request, response) => {
      told.push(String(request.headers['traceparent']));
      response.end();
    });
    peer.listen(0, '127.0.0.1');
    await once(peer, 'listening');
    dataDir = await temporaryDir();
  });
  afterEach(async () => {
    await server?.stop('SIGKILL');
    peer.closeAllConnections();
    peer.close();
    await collector.stop();
    await rm(dataDir, { recursive: true, force: true });
  });

  const start = async (env: Readonly<Record<string, string>> = {}): Promise<ServerProcess> => {
    const { port } = peer.address() as AddressInfo;
    server = await startServer({
      dataDir,
      env: {
        OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
        OTEL_TRACES_SAMPLER_ARG: '0',
        AGENTS: AGENT,
        PEER_URL: `http://127.0.0.1:${String(port)}`,
        ...env
      }
    });
    return server;
  };
  const named = (name: string): SentSpan[] =>
    collector.spans.filter((span) => span.name === name && (span.links ?? []).length === 0);
  const linked = (name: string): SentSpan[] =>
    collector.spans.filter((span) => span.name === name && (span.links ?? []).length > 0);

  it('follow a message from its client through the log, a restart, its delivery, the sink and an agent', async function () {
    requireTool(this, 'chdb', engineIsInstalled(), 'it has no binary for this platform');
    const first = await start();
    const ada = await WireClient.connect(first.url, 'ada');
    const request = {
      type: 'publish',
      thread: 'desk:7',
      mid: 'm1',
      body: { text: 'secret words' }
    };
    await ada.ask({ ...request, agent: 'traced', traceparent: SAMPLED });
    // The agent has asked: its run goes on after a restart, and nobody has got the message yet.
    const waiting = await until(
      async () => (await ada.subscribe('desk:7', 'start')).replays,
      (frames) => frames.some(({ kind }) => kind === 'agent_waiting')
    );
    await ada.close();
    expect(await first.stop()).to.equal(0);

    const [publish] = named('publish desk:{id}');
    expect(publish).to.include({ traceId: TRACE, parentSpanId: SPAN, kind: 4 });
    const facts = [
      ['messaging.system', 'rollcall'],
      ['messaging.operation.name', 'publish'],
      ['messaging.operation.type', 'send'],
      ['messaging.message.id', 'm1'],
      ['messaging.destination.name', 'desk:7'],
      ['messaging.destination.template', 'desk:{id}']
    ];
    for (const [key = '', value] of facts) expect(fact(publish!, key), key).to.equal(value);
    const { spanId } = publish!;
    const ofPublish = { traceId: TRACE, parentSpanId: spanId };
    expect(named('log commit')).to.have.length(1);
    expect(named('log commit')[0]).to.include(ofPublish);
    const runs = named('agent run');
    expect(runs.map((span) => fact(span, 'rollcall.run.end'))).to.deep.equal(['left']);
    expect(runs[0]).to.include(ofPublish);
    const [held] = linked('deliver');
    expect(fact(held!, 'rollcall.outcome')).to.equal('held');

    const second = await start({ CLICKHOUSE_URL: '' });
    const bob = await WireClient.connect(second.url, 'bob');
    await bob.subscribe('desk:7', 'start');
    const { run, ask } = waiting.at(-1)?.body as { run: string; ask: string };
    const back = await WireClient.connect(second.url, 'ada');
    expect((await back.ask({ type: 'answer', run, ask, value: 'yes' })).type).to.equal('answered');
    await bob.next((frame) => frame.kind === 'agent_completed');
    await collector.has('sink');
    await Promise.all([bob.close(), back.close()]);
    expect(await second.stop()).to.equal(0);

    const [, again] = named('agent run');
    expect(again).to.include(ofPublish);
    expect(fact(again!, 'rollcall.run.end')).to.equal('completed');
    const [tool] = named('tool call');
    expect(tool).to.include({ traceId: TRACE, parentSpanId: again!.spanId });
    expect(fact(tool!, 'gen_ai.tool.name')).to.equal('look');
    expect(told).to.deep.equal([`00-${TRACE}-${again!.spanId}-01`]);
    const isOfPublish = ({ links = [] }: SentSpan): boolean =>
      links.some((link) => link.traceId === TRACE && link.spanId === spanId);
    for (const span of [...linked('deliver'), ...linked('sink')]) {
      expect(isOfPublish(span), span.name).to.equal(true);
      expect(span.parentSpanId, span.name).to.equal(undefined);
      expect(span.traceId, span.name).not.to.equal(TRACE);
    }
    const outcomes = linked('deliver').map((span) => fact(span, 'rollcall.outcome'));
    expect(outcomes).to.deep.equal(['held', 'delivered']);
    expect(new Set(collector.paths)).to.deep.equal(new Set(['/v1/traces']));
    expect(collector.texts.join('')).not.to.contain('secret words');
  });

  it('take the trace of a publish from a header, and from connect when it names none', async () => {
    const running = await start();
    const url = `${running.url}/api/threads/desk:8/messages`;
    const post = async (mid: string, traceparent: string): Promise<number> => {
      const body = JSON.stringify({ mid, body: 1, from: 'ada', expect: 'stored' });
      const headers = { 'content-type': 'application/json', traceparent };
      return (await fetch(url, { method: 'POST', headers, body })).status;
    };
    expect(await post('m1', SAMPLED)).to.equal(201);
    expect(await post('m2', 'nonsense')).to.equal(201);
    const ada = await WireClient.open(running.url);
    await ada.ask({ type: 'connect', id: 1, user: 'ada', traceparent: SAMPLED });
    await ada.publish('desk:8', 'm3');
    const request = { type: 'publish', thread: 'desk:8', body: 1 };
    await ada.ask({ ...request, mid: 'm4', traceparent: UNSAMPLED });
    expect((await ada.ask({ ...request, mid: 'm5', traceparent: 5 })).code).to.equal('bad_frame');
    await ada.close();
    await running.stop();
    const mids = named('publish desk:{id}').map((span) => fact(span, 'messaging.message.id'));
    expect(mids).to.deep.equal(['m1', 'm3']);
  });

  it('are not sent when their client does not record them', async () => {
    const running = await start({ OTEL_TRACES_SAMPLER_ARG: '1' });
    const ada = await WireClient.connect(running.url, 'ada');
    await ada.subscribe('desk:9');
    const request = { type: 'publish', thread: 'desk:9', body: 1, traceparent: UNSAMPLED };
    await ada.ask({ ...request, mid: 'm1' });
    await ada.close();
    // The probe of the start is a client without a trace, and is traced at this share.
    await running.stop();
    const threads = collector.spans.map((span) => fact(span, 'messaging.destination.name'));
    expect(threads).not.to.include('desk:9');
    expect(threads.length).to.be.greaterThan(0);
  });
});
