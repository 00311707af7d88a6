import { expect } from 'chai';
import { MEASURE_MS } from '../../actors/memory/memory.js';
import { BODY_DEPTH_MAX } from '../../protocol/json-text.js';
import { TurnBudget } from '../../server/chat/work/turn-budget.js';
import { BUCKET_SECONDS } from '../../server/chat/work/token-bucket.js';
import { doors, OPEN, PROBE_TOKEN, type Door, type History, type Publish } from './doors-rig.js';

type Rig = ReturnType<typeof doors>;

/** Returns arrays nested to this depth. */
function nested(depth: number): unknown {
  return JSON.parse(`${'['.repeat(depth)}${']'.repeat(depth)}`);
}

const GOOD = { thread: 't', mid: 'm1', body: { text: 'hi' } };

/** Publishes, each with the answer of every door and the number of refused messages that is counted for it. */
const PUBLISHES: readonly [string, Publish, string, number][] = [
  ['a message', GOOD, 'ok', 0],
  ['a kind of an application', { ...GOOD, kind: 'app.note' }, 'ok', 0],
  ['a message that nobody has to be there for', { ...GOOD, expect: 'stored' }, 'ok', 0],
  ['a body as deep as may be', { ...GOOD, body: nested(BODY_DEPTH_MAX) }, 'ok', 0],
  ['a body that is deeper', { ...GOOD, body: nested(BODY_DEPTH_MAX + 1) }, 'bad_frame', 0],
  ['a mid of as many characters as may be', { ...GOOD, mid: '😀'.repeat(64) }, 'ok', 0],
  ['a mid that is too long', { ...GOOD, mid: 'm'.repeat(65) }, 'bad_frame', 0],
  ['an empty mid', { ...GOOD, mid: '' }, 'bad_frame', 0],
  ['no mid', { thread: 't', body: 1 }, 'bad_frame', 0],
  ['no body', { thread: 't', mid: 'm1' }, 'bad_frame', 0],
  ['a kind that is no name', { ...GOOD, kind: 'App Note' }, 'bad_frame', 0],
  ['a kind of agents', { ...GOOD, kind: 'agent_completed' }, 'forbidden_kind', 1],
  ['an expectation that there is not', { ...GOOD, expect: 'soon' }, 'bad_frame', 0],
  ['an id that is no thread', { ...GOOD, thread: 'a b' }, 'bad_thread', 0],
  ['an id that is too long', { ...GOOD, thread: 't'.repeat(129) }, 'bad_thread', 0],
  ['a thread that no path can name', { ...GOOD, thread: '..' }, 'bad_thread', 0],
  ['a thread whose id begins with dots', { ...GOOD, thread: '...' }, 'ok', 0],
  ['a mid that no path can name', { ...GOOD, mid: '..' }, 'ok', 0],
  ['a reserved thread', { ...GOOD, thread: 'startup_test_x' }, 'reserved_thread', 1],
  ['a mid that was used', { ...GOOD, thread: 'used', body: 'other' }, 'conflict', 1],
  ['an edit of a message that is not there', { ...GOOD, edits: 'gone' }, 'not_found', 1],
  ['an edit of itself', { ...GOOD, edits: 'm1' }, 'not_found', 1],
  ['another answer to a message of another thread', { ...GOOD, regenerates: 'm0' }, 'not_found', 1],
  ['an edit of no mid', { ...GOOD, edits: '' }, 'bad_frame', 0]
];

/** Requests for history, each with the answer of every door. `at` is an offset; each door has its own name for it. */
const HISTORIES: readonly [string, History, string][] = [
  ['a page', { thread: 't' }, 'ok'],
  ['the longest page', { thread: 't', limit: 500 }, 'ok'],
  ['a longer page', { thread: 't', limit: 501 }, 'bad_frame'],
  ['no messages', { thread: 't', limit: 0 }, 'bad_frame'],
  ['half a message', { thread: 't', limit: 1.5 }, 'bad_frame'],
  ['the largest offset', { thread: 't', at: Number.MAX_SAFE_INTEGER }, 'ok'],
  ['an offset that no number holds', { thread: 't', at: Number.MAX_SAFE_INTEGER + 1 }, 'bad_frame'],
  ['an offset below 0', { thread: 't', at: -1 }, 'bad_frame'],
  ['an id that is no thread', { thread: 'a b' }, 'bad_thread'],
  ['a thread that no path can name', { thread: '.' }, 'bad_thread'],
  ['a reserved thread', { thread: 'startup_test_x' }, 'reserved_thread']
];

const overHttp = (rig: Rig): Promise<Door> => Promise.resolve(rig.http);
const DOORS: readonly [string, (rig: Rig) => Promise<Door>, token?: string][] = [
  ['over WebSocket', (rig) => rig.webSocket()],
  ['over HTTP', overHttp],
  ['over HTTP with a token', overHttp, 'token']
];

for (const [where, open, token] of DOORS) {
  describe(`the door of a server ${where}`, () => {
    it('answers unavailable while memory is short, and goes on afterwards', async () => {
      const rig = doors(token);
      const door = await open(rig);
      rig.heap.used = 90;
      expect(await door.publish(GOOD)).to.include({ code: 'unavailable', retry: true });
      expect(await door.history({ thread: 't' })).to.include({ code: 'unavailable', retry: true });
      expect(rig.memory.status().refused).to.equal(2);
      rig.heap.used = 89;
      await rig.clock.advance(MEASURE_MS);
      expect(await door.publish(GOOD)).to.include({ code: 'ok' });
      expect(await door.history({ thread: 't' })).to.include({ code: 'ok' });
    });

    let rig: Rig;
    let door: Door;
    beforeEach(async () => {
      rig = doors(token);
      door = await open(rig);
      const entry = { mid: 'm1', user: 'ada', kind: 'user_message', bodyJson: '1', at: 1 };
      rig.log.append('used', entry, () => undefined);
    });

    for (const [what, request, code, refused] of PUBLISHES) {
      it(`answers ${code} to the publish of ${what}`, async () => {
        expect(await door.publish(request)).to.include({ code });
        expect(rig.counts.of('refused')).to.equal(refused);
        expect(rig.log.head(request.thread)?.last ?? 0).to.equal(
          code === 'ok' || code === 'conflict' ? 1 : 0
        );
      });
    }

    it('lets a user name messages of its own, who manages the thread and a backend those of all', async () => {
      const olga = { mid: 'o1', user: 'olga', kind: 'user_message', bodyJson: '1', at: 1 };
      for (const thread of ['olgas', 'used']) rig.log.append(thread, olga, () => undefined);
      const isBackend = where === 'over HTTP';
      for (const field of ['edits', 'regenerates']) {
        const message = { mid: `m-${field}`, body: 1, [field]: 'o1' };
        const foreign = await door.publish({ ...message, thread: 'olgas' });
        expect(foreign).to.include({ code: isBackend ? 'ok' : 'forbidden' });
        expect(await door.publish({ ...message, thread: 'used' })).to.include({ code: 'ok' });
        const own = { ...message, thread: 'used', mid: `own-${field}`, [field]: 'm1' };
        expect(await door.publish(own)).to.include({ code: 'ok' });
      }
      expect(rig.counts.of('refused')).to.equal(isBackend ? 0 : 2);
      expect(rig.log.head('olgas')?.last).to.equal(isBackend ? 3 : 1);
    });

    it('answers unavailable to a publish while the log takes nothing, and counts it', async () => {
      rig.log.fail('the disk is full');
      expect(await door.publish(GOOD)).to.include({ code: 'unavailable', retry: true });
      expect(rig.counts.of('refused')).to.equal(1);
    });

    it('answers unavailable to a publish while the log cannot be read, and counts it', async () => {
      rig.log.isUnreadable = true;
      expect(await door.publish(GOOD)).to.include({ code: 'unavailable', retry: true });
      expect(rig.counts.of('refused')).to.equal(1);
    });

    for (const [what, request, code] of HISTORIES) {
      it(`answers ${code} to a history of ${what}`, async () => {
        expect(await door.history(request)).to.include({ code });
      });
    }

    it('answers unavailable to a history while the log cannot be read', async () => {
      rig.log.isUnreadable = true;
      expect(await door.history({ thread: 't' })).to.include({ code: 'unavailable', retry: true });
    });

    it('answers unavailable to who follows a thread while the log cannot be read', async () => {
      rig.log.isUnreadable = true;
      expect(await door.subscribe('t')).to.include({ code: 'unavailable', retry: true });
    });

    it('follows a thread, but none that is reserved or has no id', async () => {
      expect(await door.subscribe('t')).to.include({ code: 'ok' });
      expect(await door.subscribe('startup_test_x')).to.include({ code: 'reserved_thread' });
      expect(await door.subscribe('a b')).to.include({ code: 'bad_thread' });
      expect(await door.subscribe('.')).to.include({ code: 'bad_thread' });
      expect(await door.subscribe('..')).to.include({ code: 'bad_thread' });
    });
  });
}

describe('the owner that a publish names', () => {
  it('is stored with the message, in place of its author', async () => {
    const { http, log } = doors();
    expect(await http.publish({ ...GOOD, owner: 'olga' })).to.include({ code: 'ok' });
    expect(log.head('t')?.owner).to.equal('olga');
  });

  it('is not stored when the message is refused', async () => {
    const { http, log } = doors();
    await http.publish(GOOD);
    const refused = await http.publish({ ...GOOD, body: 'other', owner: 'olga' });
    expect(refused).to.include({ code: 'conflict' });
    expect(log.head('t')?.owner).to.equal('ada');
  });

  it('is taken from backends only', async () => {
    const rig = doors();
    const door = await rig.webSocket();
    expect(await door.publish({ ...GOOD, owner: 'olga' })).to.include({ code: 'ok' });
    expect(rig.log.head('t')?.owner).to.equal('ada');
  });
});

describe('a publish over HTTP with a token', () => {
  it('is of the user of the token, who need not be named', async () => {
    const { http, log } = doors('token');
    const named = { ...GOOD, mid: 'm2', from: { user: 'ada' } };
    expect(await http.publish({ ...GOOD, from: undefined })).to.include({ code: 'ok' });
    expect(await http.publish(named)).to.include({ code: 'ok' });
    const [entry] = log.read('t', 0, 1, 1_000);
    expect(entry?.frame).to.include('"from":{"user":"ada"}');
  });

  it('is of no other user, and names no owner', async () => {
    const { http, log } = doors('token');
    for (const more of [{ from: 'bob' }, { from: { user: 'bob' } }, { owner: 'ada' }]) {
      expect(await http.publish({ ...GOOD, ...more })).to.include({ code: 'forbidden' });
    }
    expect(log.head('t')?.last ?? 0).to.equal(0);
  });

  it('needs the right to write', async () => {
    const settings = { ...OPEN, mode: 'token' } as const;
    const { http } = doors('token', 0, undefined, { settings });
    expect(await http.publish(GOOD)).to.include({ code: 'forbidden' });
  });

  it('needs a from without a token', async () => {
    const { http } = doors();
    expect(await http.publish({ ...GOOD, from: undefined })).to.include({ code: 'bad_frame' });
  });
});

describe('a publish while its door is closing', () => {
  it('is unavailable and counted over WebSocket', async () => {
    const rig = doors();
    const door = await rig.webSocket();
    for (const connection of rig.connections.opened()) connection.isLeaving = true;
    expect(await door.publish(GOOD)).to.include({ code: 'unavailable' });
    expect(rig.counts.of('refused')).to.equal(1);
  });

  it('is unavailable and counted over HTTP', async () => {
    const rig = doors();
    rig.state.isServing = false;
    expect(await rig.http.publish(GOOD)).to.include({ code: 'unavailable' });
    expect(rig.counts.of('refused')).to.equal(1);
  });
});

describe('a token of a probe', () => {
  for (const [where, open] of DOORS) {
    it(`reads and follows reserved threads ${where}`, async () => {
      const door = await open(doors(PROBE_TOKEN));
      expect(await door.history({ thread: 'startup_test_x' })).to.include({ code: 'ok' });
      expect(await door.subscribe('startup_test_x')).to.include({ code: 'ok' });
    });
  }
});

describe('a body that is too deep', () => {
  it('counts as a bad frame: more than ten in a row close the connection', async () => {
    const rig = doors();
    const door = await rig.webSocket();
    const deep = { ...GOOD, body: nested(BODY_DEPTH_MAX + 1) };
    for (let count = 0; count < 10; count++) await door.publish(deep);
    expect(await door.publish(GOOD)).to.include({ code: 'ok' });
    for (let count = 0; count < 11; count++) await door.publish(deep);
    const [connection] = rig.connections.opened();
    expect(connection?.isClosing).to.equal(true);
  });
});

describe('the limit on publishes', () => {
  it('says when a client may go on, and is right about that to the millisecond', async () => {
    const rig = doors(undefined, 10);
    const door = await rig.webSocket();
    let offset = 0;
    const publish = (): Promise<unknown> =>
      door.publish({ ...GOOD, mid: `m${String(offset + 1)}`, body: offset });
    const burst = 10 * BUCKET_SECONDS;
    while (offset < burst) expect(await publish()).to.include({ code: 'ok', offset: ++offset });
    expect(await publish()).to.include({ code: 'rate_limited', retry: true, afterMs: 100 });
    await rig.clock.advance(99);
    expect(await publish()).to.include({ code: 'rate_limited', afterMs: 1 });
    await rig.clock.advance(1);
    expect(await publish()).to.include({ code: 'ok', offset: burst + 1 });
    expect(rig.counts.of('refused')).to.equal(2);
  });

  it('is one of each user over HTTP, and none for a backend', async () => {
    const burst = 2 * BUCKET_SECONDS;
    const ofUser = doors('token', 2).http;
    const ofBackend = doors(undefined, 2).http;
    for (let count = 0; count < burst; count++) {
      const message = { ...GOOD, mid: `m${String(count)}` };
      expect(await ofUser.publish(message)).to.include({ code: 'ok' });
      expect(await ofBackend.publish(message)).to.include({ code: 'ok' });
    }
    expect(await ofUser.publish(GOOD)).to.include({ code: 'rate_limited', retry: true });
    expect(await ofBackend.publish(GOOD)).to.include({ code: 'ok' });
  });
});

describe('a page of history that waits for its turn', () => {
  it('is refused when its reader has lost the right meanwhile', async () => {
    const turn = new TurnBudget();
    const settings = { mode: 'members', mayCreate: true, ownsOpenThreads: false } as const;
    const rig = doors('token', 0, turn, { settings });
    await rig.members.setOwner('t', 'max');
    await rig.members.set('t', 'ada', 'reader', null);
    expect(await rig.http.history({ thread: 't' })).to.include({ code: 'ok' });
    const room = turn.room.bind(turn);
    turn.room = async (points) => {
      await rig.members.set('t', 'ada', null, null);
      await room(points);
    };
    expect(await rig.http.history({ thread: 't' })).to.include({ code: 'forbidden' });
  });
});

describe('a publish over HTTP', () => {
  it('is refused when its token has been revoked while its body came', async () => {
    const rig = doors('token');
    expect(await rig.http.publish(GOOD)).to.include({ code: 'ok' });
    rig.state.isRevoked = true;
    expect(await rig.http.publish({ ...GOOD, mid: 'm2' })).to.include({ code: 'revoked' });
    expect(rig.log.head('t')?.last).to.equal(1);
  });
});
