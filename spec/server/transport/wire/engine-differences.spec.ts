import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import {
  DIFFERENCES_MARKS,
  differencesTable,
  ENGINE_DIFFERENCES,
  type Outcome
} from '../../../../scripts/docs/engine-differences.js';
import { FRAMES, REQUESTS, type EngineCase } from './engine-cases.js';
import { ENGINES, Rig, streamed, text } from '../transport-rig.js';
import { PING, Wire, endOf } from './wire.js';

const AFTER = 'GET /after HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n';

function expected({ right }: EngineCase, kind: 'uws' | 'ws'): Outcome {
  return typeof right === 'string' ? right : ENGINE_DIFFERENCES[right.differs][kind];
}

/** Sends a request and returns the outcome. */
async function request(wire: Wire, bytes: string, right: Outcome): Promise<string> {
  wire.write(bytes);
  if (right === 'silent') {
    await wire.end();
    return wire.text === '' ? 'silent' : wire.statuses.join(' ');
  }
  const answers = right.split(' ').length - 1;
  if (right.endsWith('stays')) {
    await wire.until(() => wire.statuses.length >= answers && !wire.text.endsWith('\r\n\r\nH'));
    wire.write(AFTER);
  }
  await wire.until(() => false);
  if (wire.text === '') return 'cut';
  const wentOn = wire.text.includes('/after!');
  const statuses = wentOn ? wire.statuses.slice(0, -1) : wire.statuses;
  return `${statuses.join(' ')} ${wentOn ? 'stays' : 'closed'}`;
}

/** Opens a WebSocket, sends frames and returns the outcome. */
async function frames(wire: Wire, bytes: string): Promise<string> {
  await wire.upgrade();
  wire.write(bytes);
  wire.write(PING);
  // Until a pong comes, or the connection ends.
  await wire.until(() => wire.frames[0] === 0x8a);
  return endOf(wire.isClosed, wire.frames);
}

for (const [engine, create] of Object.entries(ENGINES)) {
  const kind = engine === 'createUwsTransport' ? 'uws' : 'ws';
  describe(`${engine} on the wire`, () => {
    let rig: Rig;
    let wire: Wire;
    let paths: string[];

    before(async () => {
      rig = new Rig(create);
      await rig.start();
      rig.events.onUpgrade = ({ query }) =>
        query === 'no'
          ? { accept: false, reply: text(403, 'no') }
          : { accept: true, protocol: null, state: { name: query } };
      rig.events.onRequest = (r) => {
        paths.push(r.path);
        const reply = text(200, `${r.path}!`);
        if (r.path === '/later') return new Promise((ok) => setImmediate(ok, reply));
        if (r.path === '/body') return r.body(1_000).then(() => reply);
        if (r.path === '/204' || r.path === '/304') return text(Number(r.path.slice(1)), '');
        if (r.path !== '/stream') return reply;
        return streamed((out) => {
          out.end();
        });
      };
    });
    after(() => rig.stop());
    beforeEach(() => {
      paths = [];
      wire = new Wire(rig.port);
    });
    afterEach(() => {
      wire.drop();
    });

    for (const row of REQUESTS) {
      it(`answers ${row.what}`, async () => {
        const right = expected(row, kind);
        expect(await request(wire, row.bytes, right)).to.equal(right);
        expect(paths).to.not.include('/smuggled');
      });
    }

    for (const row of FRAMES) {
      it(`answers a WebSocket with ${row.what}`, async () => {
        const right = expected(row, kind);
        const echo = `${String(Buffer.from(row.bytes, 'latin1').readUInt16BE(row.bytes.length - 2))} closed`;
        expect(await frames(wire, row.bytes)).to.equal(right === 'echo closed' ? echo : right);
      });
    }
  });
}

describe('ENGINE_DIFFERENCES', () => {
  it('has a case for each row', () => {
    const held = [...REQUESTS, ...FRAMES].flatMap(({ right }) =>
      typeof right === 'string' ? [] : [right.differs]
    );
    expect(new Set(held)).to.deep.equal(new Set(Object.keys(ENGINE_DIFFERENCES)));
  });

  it('is what docs/operations.md says', () => {
    const page = readFileSync('docs/operations.md', 'utf8');
    const [begin, end] = DIFFERENCES_MARKS;
    const table = page.split(begin)[1]?.split(end)[0]?.trim();
    expect(table, 'run npx tsx scripts/generated-docs.ts').to.equal(differencesTable());
  });
});
