import { expect } from 'chai';
import { doors, type Door } from '../doors-rig.js';

type Rig = ReturnType<typeof doors>;
type Bounds = NonNullable<NonNullable<Parameters<typeof doors>[3]>['bounds']>;

const HOUR_MS = 3_600_000;

/** A server whose user ada publishes within bounds, over WebSocket or with a token over HTTP. */
const rigOf = (bounds: Bounds): Rig => doors('token', 0, undefined, { bounds });

const WAYS: readonly [string, (rig: Rig) => Promise<Door>][] = [
  ['over WebSocket', (rig) => rig.webSocket()],
  ['over HTTP', (rig) => Promise.resolve(rig.http)]
];

/** Limits of publishes in a second: the setting, its name in counts, and words of the reason that a client gets. */
const RATES: readonly [keyof Bounds, string, string][] = [
  ['perUser', 'publishes_user', 'of this user in a second'],
  ['perAddress', 'publishes_address', 'of this address in a second']
];

for (const [where, open] of WAYS) {
  describe(`what users may publish ${where}`, () => {
    let count = 0;
    const publish = async (door: Door, thread = 't', body: unknown = 1): Promise<unknown> => {
      const { code } = await door.publish({ thread, mid: `m${String(count++)}`, body });
      return code;
    };

    for (const [bound, limit, words] of RATES) {
      it(`is as many in a second as ${limit} says, of all connections together, and again afterwards`, async () => {
        const rig = rigOf({ [bound]: 5 });
        const other = await rig.webSocket();
        const door = await open(rig);
        for (let n = 0; n < 5; n++) expect(await publish(door)).to.equal('ok');
        for (let n = 0; n < 5; n++) expect(await publish(other)).to.equal('ok');
        const refused = await door.publish({ thread: 't', mid: 'one too many', body: 1 });
        expect(refused).to.include({ code: 'rate_limited', retry: true });
        expect(JSON.stringify(refused)).to.include(words);
        await rig.clock.advance(199);
        expect(await publish(await open(rig))).to.equal('rate_limited');
        await rig.clock.advance(1);
        expect(await publish(door)).to.equal('ok');
        expect(await publish(door)).to.equal('rate_limited');
        expect(rig.limited.refused()).to.eql({ [limit]: 3 });
      });
    }

    it('begins as many threads in an hour as threads_user says, whatever connection it comes by', async () => {
      const rig = rigOf({ threadsPerHour: 3 });
      const door = await open(rig);
      for (const thread of ['a', 'b', 'c']) expect(await publish(door, thread)).to.equal('ok');
      expect(await publish(await open(rig), 'd')).to.equal('rate_limited');
      // Existing threads still take messages.
      expect(await publish(door, 'a')).to.equal('ok');
      await rig.clock.advance(HOUR_MS / 3 - 1);
      expect(await publish(door, 'd')).to.equal('rate_limited');
      await rig.clock.advance(1);
      expect(await publish(door, 'd')).to.equal('ok');
      expect(await publish(door, 'e')).to.equal('rate_limited');
      expect(rig.log.head('e')).to.equal(null);
      expect(rig.limited.refused()).to.eql({ threads_user: 3 });
    });

    it('stores as many bytes in an hour as stored_bytes_user says', async () => {
      const rig = rigOf({ bytesPerHour: 100 });
      const door = await open(rig);
      // 49 bytes and the two quotes of JSON. The second body is taken, although it is larger than the rest of 49 bytes.
      const text = 'ä'.repeat(24) + 'x';
      expect(await publish(door, 't', text)).to.equal('ok');
      expect(await publish(door, 't', text)).to.equal('ok');
      expect(await publish(await open(rig), 't', 1)).to.equal('rate_limited');
      // The time for the 2 bytes above the limit and for one more.
      await rig.clock.advance((HOUR_MS / 100) * 3 - 1);
      expect(await publish(door, 't', 1)).to.equal('rate_limited');
      await rig.clock.advance(1);
      expect(await publish(door, 't', 1)).to.equal('ok');
      expect(rig.limited.refused()).to.eql({ stored_bytes_user: 2 });
    });

    it('counts nothing that is not stored: repeats, and what is refused', async () => {
      const rig = rigOf({ threadsPerHour: 2, bytesPerHour: 12 });
      const door = await open(rig);
      const message = { thread: 'a', mid: 'same', body: 'ab' };
      for (let n = 0; n < 5; n++) expect(await door.publish(message)).to.include({ code: 'ok' });
      for (let n = 0; n < 5; n++) {
        const other = await door.publish({ ...message, body: 'other' });
        expect(other).to.include({ code: 'conflict' });
      }
      expect(await publish(door, 'b', 'abcdef')).to.equal('ok');
      expect(rig.limited.refused()).to.eql({});
      expect(await publish(door, 'b', 1)).to.equal('rate_limited');
    });

    it('counts a thread once, however many begin it at once', async () => {
      const rig = rigOf({ threadsPerHour: 3 });
      const door = await open(rig);
      const other = await rig.webSocket();
      const first = await Promise.all([publish(door, 'a'), publish(other, 'a')]);
      expect(first).to.eql(['ok', 'ok']);
      expect(await publish(door, 'b')).to.equal('ok');
      expect(await publish(door, 'c')).to.equal('ok');
      expect(await publish(door, 'd')).to.equal('rate_limited');
    });
  });
}

describe('what a backend may publish', () => {
  it('is not limited by user and address, and not counted', async () => {
    const bounds = { perUser: 1, perAddress: 1, threadsPerHour: 1, bytesPerHour: 1 };
    const rig = doors(undefined, 0, undefined, { bounds });
    for (let n = 0; n < 20; n++) {
      const message = { thread: `t${String(n)}`, mid: `m${String(n)}`, body: 'much' };
      expect(await rig.http.publish(message)).to.include({ code: 'ok' });
    }
    const ada = await rig.webSocket();
    expect(await ada.publish({ thread: 'mine', mid: 'x', body: 1 })).to.include({ code: 'ok' });
    expect(rig.limited.refused()).to.eql({});
  });
});

describe('what an address may read', () => {
  it('is limited over all its users, and told apart from what a user may', async () => {
    const rig = doors('token', 0, undefined, { points: { perUser: 0, perAddress: 3 } });
    const door = await rig.webSocket();
    // Each request costs three of the six points.
    for (let n = 0; n < 2; n++)
      expect(await door.history({ thread: 't' })).to.include({ code: 'ok' });
    expect(await door.history({ thread: 't' })).to.include({ code: 'rate_limited', afterMs: 334 });
    expect(await rig.http.history({ thread: 't' })).to.include({ code: 'rate_limited' });
    await rig.clock.advance(334);
    expect(await rig.http.history({ thread: 't' })).to.include({ code: 'ok' });
    expect(rig.limited.refused()).to.eql({ work_address: 2 });
  });
});
