import { execFile } from 'node:child_process';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect } from 'chai';
import { messageFrame } from '../../protocol/message-frame.js';
import { median, table, verdict, type Figure } from '../../scripts/bench/figures.js';
import { natsProgram } from '../../scripts/bench/peers/nats-server.js';
import { Publishes } from '../../scripts/bench/publishes.js';
import { clientFrame, RawSocket, Tally } from '../../scripts/bench/wire.js';

const BENCH = fileURLToPath(new URL('../../scripts/bench.ts', import.meta.url));
const SERVERS = ['rollcall', 'uws', 'json-uws', 'ws', 'json-ws', 'socket.io', 'socket.io-uws'];
/** The servers of a scenario: `nats-server` takes part in what is about messages, where it is installed. */
const serversOf = (scenario: string): string[] =>
  scenario.startsWith('memory') || natsProgram() === null ? SERVERS : [...SERVERS, 'nats-server'];
const SOUND = { lost: 0, duplicated: 0, faults: 0 };
const STEADY = {
  isGeneratorSaturated: false,
  isBaseSaturated: false,
  isGeneratorBehind: false,
  isNoisy: false
};

/** A server's frame: as a client's, without the mask. */
function serverFrame(text: string): Buffer {
  const masked = clientFrame(text);
  const head = Buffer.from(masked.subarray(0, text.length < 126 ? 2 : 4));
  head[1] = (head[1] ?? 0) & 127;
  return Buffer.concat([head, Buffer.from(text)]);
}

function message(offset: number): Buffer {
  const parts = { mid: 'm', user: 'ada', kind: 'user_message', bodyJson: '"hi"', at: 1 };
  return serverFrame(messageFrame('t', offset, parts));
}

/** Sends these bytes to a generator's socket, this many at a time, and resolves to what the socket has counted. */
async function tallyOf(bytes: Buffer, atATime: number, messages: number): Promise<Tally> {
  const peers: Socket[] = [];
  const server = createServer((peer) => {
    peers.push(peer.setNoDelay());
    peer.once('data', () => {
      peer.write('HTTP/1.1 101 Switching Protocols\r\n\r\n');
      let at = 0;
      const write = (): void => {
        if (at >= bytes.length) return;
        peer.write(bytes.subarray(at, (at += atATime)), () => setImmediate(write));
      };
      write();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const tally = new Tally();
  const all = new Promise<void>((resolve) => {
    tally.when(messages, resolve);
  });
  const socket = await RawSocket.open({ port, path: '/', thread: 't', tally });
  await all;
  socket.close();
  for (const peer of peers) peer.destroy();
  server.close();
  return tally;
}

describe('RawSocket', () => {
  for (const atATime of [1, 7, 65_536]) {
    it(`counts each message once when its bytes come ${String(atATime)} at a time`, async () => {
      const tally = await tallyOf(Buffer.concat([1, 2, 3].map(message)), atATime, 3);
      expect(tally).to.include({ messages: 3, lost: 0, duplicated: 0, malformed: 0 });
      expect(tally.isClean).to.equal(true);
    });
  }

  it('counts what is passed over and what comes again', async () => {
    const tally = await tallyOf(Buffer.concat([1, 4, 4, 5].map(message)), 65_536, 4);
    expect(tally).to.include({ messages: 4, lost: 2, duplicated: 1 });
    expect(tally.isClean).to.equal(false);
  });

  it('counts a message that does not parse', async () => {
    const text = messageFrame('t', 1, { mid: 'm', user: 'a', kind: 'k', bodyJson: '{', at: 1 });
    const tally = await tallyOf(serverFrame(text), 65_536, 1);
    expect(tally.malformed).to.equal(1);
  });

  it('keeps the error frames that it gets', async () => {
    const error = '{"type":"error","code":"rate_limited"}';
    const tally = await tallyOf(Buffer.concat([serverFrame(error), message(1)]), 65_536, 1);
    expect(tally.errors).to.deep.equal([error]);
  });
});

describe('Publishes', () => {
  it('gives every frame a mid of its own and a body of the size that was asked for', () => {
    const publishes = new Publishes('rollcall', 't', 200);
    const frames = [publishes.next(), publishes.next()].map((frame): unknown =>
      JSON.parse(frame.subarray(8).toString())
    ) as { mid: string; body: unknown }[];
    expect(frames[0]!.mid).to.match(
      /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-8[0-9a-f]{3}-[0-9a-f]{12}$/
    );
    expect(frames[0]!.mid).not.to.equal(frames[1]!.mid);
    expect(JSON.stringify(frames[0]!.body)).to.have.length(200);
  });
});

describe('median', () => {
  it('takes the middle, or the mean of the two in the middle', () => {
    expect(median([3, 1, 2])).to.equal(2);
    expect(median([4, 1, 3, 2])).to.equal(2.5);
  });
});

describe('verdict', () => {
  it('says all that is wrong', () => {
    expect(verdict({ ...SOUND, ...STEADY })).to.equal('ok');
    expect(
      verdict({
        lost: 1,
        duplicated: 2,
        faults: 3,
        isGeneratorSaturated: true,
        isBaseSaturated: true,
        isGeneratorBehind: true,
        isNoisy: true
      })
    ).to.equal(
      '1 lost, 2 duplicated, 3 faults, generator saturated, base saturated the generator, generator behind, noisy'
    );
  });
});

describe('table', () => {
  it('says whether a target is met', () => {
    const figure: Figure = {
      scenario: 'fan-out',
      server: 'rollcall',
      value: 1_234,
      unit: 'deliveries/s',
      cpuUs: 5,
      base: 'uws',
      ratio: 0.7,
      cpuRatio: null,
      target: 'ratio ≥ 0.8',
      isMet: false,
      validity: null
    };
    expect(table([figure])).to.match(
      /\| rollcall \| 1,234 deliveries\/s \|.* 0\.70 of uws .*\| NO /
    );
  });
});

describe('scripts/bench.ts', () => {
  it('measures every server and loses nothing when everything is tiny', async function () {
    this.timeout(240_000);
    const only = 'fan-out,members,connections';
    const { stdout } = await promisify(execFile)(process.execPath, [
      ...['--import', 'tsx', BENCH],
      ...['--tiny', '--json', '--only', only]
    ]);
    const { figures } = JSON.parse(stdout) as { figures: Figure[] };
    const scenarios = new Set(figures.map(({ scenario }) => scenario));
    expect([...scenarios]).to.have.members([
      'fan-out 1 → 5',
      'fan-out 1 → 5, bursts of 4',
      '3 threads × 2 members',
      'memory of an idle connection, all in one thread',
      'memory of an idle connection, each in its own thread'
    ]);
    for (const scenario of scenarios) {
      const own = figures.filter((figure) => figure.scenario === scenario);
      expect(own.map(({ server }) => server)).to.have.members(serversOf(scenario));
      for (const { validity, value } of own) {
        expect(validity).to.include(SOUND);
        expect(value).to.be.a('number');
      }
    }
    const rates = figures.filter(({ unit }) => unit.endsWith('/s'));
    expect(rates.every(({ value }) => value > 0)).to.equal(true);
    expect(figures.filter(({ target }) => target !== null)).to.have.length(scenarios.size);
  });
});
