import { expect } from 'chai';
import { writeBody, writeLastBody } from '../../../../server/transport/uws/uws-reply.js';
import { CORK_BYTES, Engine } from './uws-engine.js';

const HEAD = 'h'.repeat(400);
const whole = (body: string): string => `${HEAD}${String(body.length)}\n${body}`;

/** Writes a reply; its headers and body share one cork. */
function reply(engine: Engine, body: string): void {
  engine.cork(() => {
    engine.writeHead(HEAD);
    writeBody(engine, Buffer.from(body));
  });
}

/** Writes the last reply of a connection; its body comes after the cork of the headers. */
function lastReply(engine: Engine, body: string): void {
  engine.cork(() => {
    engine.writeHead(HEAD);
  });
  writeLastBody(engine, Buffer.from(body));
}

/** Returns values for the room of the kernel, close to each of the lengths at which a write begins or ends. */
function roomsNear(...lengths: number[]): number[] {
  return lengths.flatMap((near) =>
    Array.from({ length: 40 }, (_, n) => Math.max(0, near - 20 + n))
  );
}

/** Lets the peer read until the reply is complete and everything is sent. */
function readAll(engine: Engine): void {
  for (let n = 0; engine.isPending && n < 200; n++) engine.give(3_000);
  engine.give(1_000_000);
  engine.flush();
}

const first = 'a'.repeat(10_000);
const second = 'b'.repeat(60_000);

describe('writeBody', () => {
  it('sends two replies whole and in order, wherever the kernel stops taking', () => {
    const all = whole(first) + whole(second);
    for (const room of roomsNear(0, HEAD.length, whole(first).length, CORK_BYTES, all.length)) {
      const engine = new Engine(room);
      reply(engine, first);
      for (let n = 0; engine.isPending && n < 200; n++) engine.give(3_000);
      engine.next();
      reply(engine, second);
      readAll(engine);
      expect(engine.sent === all, `room ${String(room)}`).to.equal(true);
    }
  });

  it('has a reason: in a cork the engine loses a reply that is given to `end`', () => {
    const engine = new Engine(100);
    engine.cork(() => {
      engine.writeHead(HEAD);
      engine.end(Buffer.from(second));
    });
    readAll(engine);
    expect([engine.isPending, engine.sent.includes('b')]).to.deep.equal([true, false]);
  });

  it('copies nothing of a body for a peer that reads nothing', () => {
    const engine = new Engine(0);
    reply(engine, second);
    expect([engine.isPending, engine.heldBytes < 1_000]).to.deep.equal([true, true]);
  });
});

describe('writeLastBody', () => {
  it('sends the reply whole, also when the kernel has no room for all of its headers', () => {
    const rooms = [...roomsNear(0, CORK_BYTES, whole(second).length), HEAD.length - 1];
    for (const room of rooms) {
      const engine = new Engine(room);
      lastReply(engine, second);
      readAll(engine);
      expect(engine.sent === whole(second), `room ${String(room)}`).to.equal(true);
    }
  });
});
