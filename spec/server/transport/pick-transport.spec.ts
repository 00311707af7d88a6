import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect } from 'chai';
import { ByteBudget } from '../../../actors/memory/byte-budget.js';
import { FanOut } from '../../../server/transport/fan-out.js';
import { pickTransport } from '../../../server/transport/pick-transport.js';
import type { HttpReply } from '../../../server/transport/transport.js';

const FAN_OUT = new FanOut<null>(
  {
    upgrade: () => ({ accept: true, protocol: null, state: null }),
    open: () => undefined,
    message: () => undefined,
    dropped: () => undefined,
    drain: () => undefined,
    close: () => undefined
  },
  { messageBytes: 1024, lagBytes: 64 * 1024 }
);
const http = {
  handler: (): HttpReply => ({ status: 200, headers: {}, body: '' }),
  bodies: new ByteBudget(1024),
  admits: () => true,
  trustProxy: false
};

/** Serves a request with a token of 12,000 characters, in a process that has not loaded the engine yet. */
const LONG_HEADER = `
  import { FanOut } from './server/transport/fan-out.js';
  import { pickTransport } from './server/transport/pick-transport.js';
  const request = (r) => ({ status: 200, headers: {}, body: String(r.header('authorization').length) });
  const fanOut = new FanOut({}, { messageBytes: 1024, lagBytes: 65536 });
  const { transport } = await pickTransport(process.env.WANT, fanOut, { handler: request, admits: () => true });
  const port = await transport.listen('127.0.0.1', 0);
  const reply = await fetch('http://127.0.0.1:' + port + '/', { headers: { authorization: 'x'.repeat(12_000) } });
  console.log(transport.kind, reply.status, await reply.text());
  await transport.close();
`;

const failing = (message: string) => (): Promise<never> => Promise.reject(new Error(message));

describe('pickTransport', () => {
  it('gives uWebSockets.js, and no reason, for auto and uws where it loads', async () => {
    for (const want of ['auto', 'uws'] as const) {
      const { transport, fallbackReason } = await pickTransport(want, FAN_OUT, http);
      expect([transport.kind, fallbackReason]).to.deep.equal(['uws', null]);
    }
  });

  it('gives ws without loading the other one when ws is wanted', async () => {
    const picked = await pickTransport('ws', FAN_OUT, http, failing('loaded'));
    expect([picked.transport.kind, picked.fallbackReason]).to.deep.equal(['ws', null]);
  });

  it('falls back to ws for auto and says why in one line when the binary does not load', async () => {
    const load = failing('only Node 18, 20, 21 and 22\n\nError: dlopen failed');
    const { transport, fallbackReason } = await pickTransport('auto', FAN_OUT, http, load);
    expect([transport.kind, fallbackReason]).to.deep.equal(['ws', 'only Node 18, 20, 21 and 22']);
  });

  it('falls back to ws for auto when the module has no App', async () => {
    const load = async () => ({ ...(await import('uWebSockets.js')), App: undefined });
    // @ts-expect-error: the spec needs a module of the wrong shape
    const { transport, fallbackReason } = await pickTransport('auto', FAN_OUT, http, load);
    expect([transport.kind, fallbackReason]).to.deep.equal(['ws', 'the module has no App']);
  });

  it('throws what to do, and the cause, for uws when the binary does not load', async () => {
    const cause = new Error('wrong ABI\nmore');
    const error: unknown = await pickTransport('uws', FAN_OUT, http, () =>
      Promise.reject(cause)
    ).catch((thrown: unknown) => thrown);
    expect(error).to.be.instanceOf(Error).and.to.have.property('cause', cause);
    expect(String(error)).to.include('(wrong ABI)').and.to.include('TRANSPORT=auto');
  });

  for (const want of ['uws', 'ws']) {
    it(`gives an engine that takes long tokens in headers and lets the process end (${want})`, async () => {
      const { stdout } = await promisify(execFile)(
        process.execPath,
        ['--import', 'tsx', '--input-type=module', '-e', LONG_HEADER],
        { env: { ...process.env, WANT: want } }
      );
      expect(stdout).to.equal(`${want} 200 12000\n`);
    });
  }
});
