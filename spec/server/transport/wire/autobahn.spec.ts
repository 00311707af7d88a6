import { expect } from 'chai';
import { ENGINE_DIFFERENCES, type Outcome } from '../../../../scripts/docs/engine-differences.js';
import { ENGINES, LIMITS, Rig, out } from '../transport-rig.js';
import { CASES, MESSAGE_BYTES } from './autobahn-cases.js';
import {
  NO_BINARY,
  OP,
  closing,
  frame,
  framesOf,
  told,
  type AutobahnCase
} from './autobahn-frames.js';
import { UTF8_CASES } from './autobahn-utf8.js';
import { Wire, endOf } from './wire.js';

/** Text sent after a case. Its echo shows that the server has answered everything and keeps the connection. */
const LAST = 'the last text';

/** Payload of the ping after a write that is waited for. A ping is allowed between fragments too. */
const READ = 'read';

/** Sends the writes of a case and returns what comes back. */
async function played(
  wire: Wire,
  { writes, isStepwise }: AutobahnCase
): Promise<{ back: string[]; end: Outcome }> {
  const has = (opcode: number, text: string, times = 1): boolean =>
    framesOf(wire.frames).filter((f) => f.opcode === opcode && f.payload.equals(Buffer.from(text)))
      .length >= times;
  await wire.upgrade();
  for (const [at, bytes] of writes.entries()) {
    wire.write(bytes);
    if (isStepwise === true) {
      wire.write(frame(OP.ping, READ));
      await wire.until(() => has(OP.pong, READ, at + 1));
    } else if (writes.length > 1) await new Promise((resolve) => setImmediate(resolve));
  }
  wire.write(frame(OP.text, LAST));
  await wire.until(() => has(OP.text, LAST));
  const all = framesOf(wire.frames);
  const own = [told(OP.pong, READ), told(OP.text, LAST)];
  const back = all
    .filter(({ opcode }) => opcode !== OP.close)
    .map(({ opcode, payload }) => told(opcode, payload));
  const close = all.find(({ opcode }) => opcode === OP.close);
  const last = close === undefined ? Buffer.alloc(0) : closeFrame(close.payload);
  return {
    back: back.filter((each) => !own.includes(each)),
    end: endOf(!has(OP.text, LAST), last)
  };
}

/** Returns a close frame as a server sends it. */
function closeFrame(payload: Buffer): Buffer {
  return Buffer.concat([Buffer.from([0x88, payload.length]), payload]);
}

/** Returns the outcome with the code that the client's close frame has in a case. */
function sentCode({ writes }: AutobahnCase): string {
  const codes = [...Array(65_536).keys()];
  const code = codes.find((each) =>
    writes.some((bytes) => bytes.equals(frame(OP.close, closing(each))))
  );
  return `${String(code)} closed`;
}

for (const [engine, create] of Object.entries(ENGINES)) {
  const kind = engine === 'createUwsTransport' ? 'uws' : 'ws';
  describe(`${engine} with the cases of Autobahn`, () => {
    let rig: Rig;
    let wire: Wire;

    before(async () => {
      rig = new Rig(create, {
        ...LIMITS,
        messageBytes: MESSAGE_BYTES,
        lagBytes: 16 * MESSAGE_BYTES
      });
      await rig.start();
      rig.events.onSeen = (seen) => {
        if (seen.kind === 'message') seen.socket.send(out(seen.text ?? NO_BINARY));
      };
    });
    after(() => rig.stop());
    beforeEach(() => {
      wire = new Wire(rig.port);
    });
    afterEach(() => {
      wire.drop();
    });

    for (const row of [...CASES, ...UTF8_CASES]) {
      it(`answers ${row.number} as it should`, async () => {
        const right =
          typeof row.end === 'string' ? row.end : ENGINE_DIFFERENCES[row.end.differs][kind];
        const end = right === 'echo closed' ? sentCode(row) : right;
        expect(await played(wire, row)).to.deep.equal({ back: row.back, end });
      });
    }
  });
}
