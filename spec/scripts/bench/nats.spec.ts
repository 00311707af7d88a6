import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect } from 'chai';
import type { Figure } from '../../../scripts/bench/figures.js';
import { NatsStream } from '../../../scripts/bench/peers/nats-stream.js';
import { Publishes } from '../../../scripts/bench/publishes.js';
import { requireNatsServer } from '../../nats-servers.js';

const BENCH = fileURLToPath(new URL('../../../scripts/bench.ts', import.meta.url));

function read(parts: readonly Buffer[]): string[] {
  const seen: string[] = [];
  const stream = new NatsStream({
    message: (chunk, start, end) => seen.push(`message ${chunk.toString('latin1', start, end)}`),
    ok: () => seen.push('ok'),
    line: (text) => seen.push(text)
  });
  for (const part of parts)
    stream.take(Buffer.concat([Buffer.from('??'), part]), 2, 2 + part.length);
  return seen;
}

describe('NatsStream', () => {
  const bytes = Buffer.from(
    'INFO {}\r\n+OK\r\nMSG t 1 12\r\nhello\r\nthere\r\nMSG t 1 1\r\nx\r\nPING\r\n'
  );
  const all = ['INFO {}', 'ok', 'message hello\r\nthere', 'message x', 'PING'];

  it('reads messages by their size, whatever is in them', () => {
    expect(read([bytes])).to.deep.equal(all);
  });

  it('reads the same wherever the stream is cut', () => {
    for (let cut = 1; cut < bytes.length; cut++) {
      expect(read([bytes.subarray(0, cut), bytes.subarray(cut)]), String(cut)).to.deep.equal(all);
    }
    const single = Array.from(bytes, (_, at) => bytes.subarray(at, at + 1));
    expect(read(single)).to.deep.equal(all);
  });
});

describe('Publishes of nats-server', () => {
  it('are frames of bytes with the length of the message, and count its offset up', () => {
    const publishes = new Publishes('nats-server', 't', 200);
    for (const offset of [1_000_000, 1_000_001]) {
      const frame = publishes.next(7);
      expect(frame[0]).to.equal(0x82);
      const [, line = '', text = ''] = /(PUB [^]*?)\r\n([^]*)\r\n$/.exec(frame.toString()) ?? [];
      expect(line).to.equal(`PUB t ${String(text.length)}`);
      const message = JSON.parse(text) as { offset: number; mid: string };
      expect(message.offset).to.equal(offset);
      expect(message.mid).to.match(/000000000007$/);
    }
  });
});

describe('scripts/bench.ts with nats-server', () => {
  it('measures it beside the others when everything is tiny', async function () {
    requireNatsServer(this);
    this.timeout(240_000);
    const { stdout } = await promisify(execFile)(process.execPath, [
      ...['--import', 'tsx', BENCH, '--tiny', '--json', '--peers', 'nats-server'],
      ...['--only', 'fan-out,members,rate,connections']
    ]);
    const { figures, failures } = JSON.parse(stdout) as { figures: Figure[]; failures: unknown[] };
    expect(failures).to.deep.equal([]);
    const ofNats = figures.filter(({ server }) => server === 'nats-server');
    expect(ofNats.map(({ scenario }) => scenario)).to.deep.equal([
      'fan-out 1 → 5',
      'fan-out 1 → 5, bursts of 4',
      '3 threads × 2 members',
      ...['delivery p50', 'delivery p99', "server's CPU", 'ack p50', 'ack p99'].map(
        (name) => `100 messages/s over 3 threads × 2: ${name}`
      )
    ]);
    for (const { scenario, validity } of ofNats) {
      expect(validity, scenario).to.include({ lost: 0, duplicated: 0, faults: 0 });
    }
  });
});
