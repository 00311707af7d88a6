import { expect } from 'chai';
import { Audit } from '../../../actors/upkeep/audit.js';
import { Eraser } from '../../../actors/upkeep/eraser.js';
import { UserEraser } from '../../../actors/upkeep/user-eraser.js';
import { append, entry } from '../log/lmdb/log-fixture.js';
import { MemoryLog } from '../log/memory-log.js';

const BY = { user: null, key: 'ops' };

/** A log with messages of ada and bob in some threads, and what erases those of users. */
class Rig {
  readonly log = new MemoryLog();
  readonly clock = {
    now: () => 9,
    setTimeout: (fn: () => void) => {
      setImmediate(fn);
    }
  };
  readonly audit = new Audit({ log: this.log, clock: this.clock });
  /** Called before each erasure. */
  onErase: () => void = () => undefined;
  isServing = true;
  mids = 0;
  users = this.started();

  /** What a start makes. */
  started(): UserEraser {
    const eraser = new Eraser({
      log: this.log,
      append: (thread, item, done) => {
        this.onErase();
        this.log.append(thread, item, done);
      },
      clock: this.clock,
      newMid: () => `e${String(++this.mids)}`,
      onErased: () => undefined
    });
    const { log, audit, clock } = this;
    return new UserEraser({ log, eraser, audit, clock, isServing: () => this.isServing });
  }

  async filled(threads: number, messages: number): Promise<void> {
    for (let t = 0; t < threads; t += 1)
      for (let m = 0; m < messages; m += 1)
        for (const user of ['ada', 'bob']) {
          const mid = `${user}${String(t)}-${String(m)}`;
          await append(this.log, `t${String(t)}`, entry(mid, { user, bodyJson: `"of ${user}"` }));
        }
  }

  /** Sweeps until nothing goes on. */
  async settled(): Promise<void> {
    for (let n = 0; n < 50; n += 1) {
      this.users.sweep();
      for (let turn = 0; turn < 20; turn += 1) await new Promise(setImmediate);
    }
  }

  text(): string {
    const all = ['t0', 't1', 't2'].flatMap((thread) => this.log.read(thread, 0, 1_000, Infinity));
    return all.map(({ frame }) => frame).join();
  }
}

describe('UserEraser', () => {
  it('erases all messages of a user in all threads, and no other', async () => {
    const rig = new Rig();
    await rig.filled(3, 3);
    expect(rig.users.of('ada')).to.equal(null);
    expect(await rig.users.start('ada', BY)).to.include({ state: 'running', messages: 0 });
    await rig.settled();
    expect(rig.text()).to.not.contain('of ada');
    expect(rig.text().match(/of bob/g)).to.have.length(9);
    expect(rig.users.of('ada')).to.include({ state: 'done', messages: 9, threads: 3, endedAt: 9 });
    const told = rig.audit.page(Infinity, 10).entries.map(({ action, detail }) => ({
      action,
      ...detail
    }));
    expect(told).to.eql([
      { action: 'user.erased', user: 'ada', messages: 9 },
      { action: 'user.erase', user: 'ada' }
    ]);
  });

  it('goes on after a crash in the middle, and counts each message once', async () => {
    const rig = new Rig();
    await rig.filled(3, 3);
    await rig.users.start('ada', BY);
    let left = 4;
    rig.onErase = () => {
      left -= 1;
      if (left === 0) rig.isServing = false;
    };
    await rig.settled();
    expect(rig.text()).to.contain('of ada');
    rig.users = rig.started();
    rig.isServing = true;
    rig.onErase = () => undefined;
    expect(rig.users.of('ada')).to.include({ state: 'running', messages: 4 });
    await rig.settled();
    expect(rig.text()).to.not.contain('of ada');
    expect(rig.users.of('ada')).to.include({ state: 'done', messages: 9 });
    expect(rig.started().of('ada')).to.include({ state: 'done', messages: 9 });
  });

  it('tries again while the log stores nothing', async () => {
    const rig = new Rig();
    await rig.filled(1, 2);
    await rig.users.start('ada', BY);
    rig.log.fail('the disk is full');
    await rig.settled();
    expect(rig.users.of('ada')).to.include({ state: 'running', messages: 0 });
    rig.log.fail(null);
    await rig.settled();
    expect(rig.users.of('ada')).to.include({ state: 'done', messages: 2 });
  });

  it('does not pass over a thread that gets a message meanwhile', async () => {
    const rig = new Rig();
    await rig.filled(3, 2);
    await rig.users.start('ada', BY);
    let at = 100;
    rig.onErase = () => {
      rig.log.append('t0', entry(`x${String(at)}`, { user: 'bob', at: at++ }), () => undefined);
    };
    await rig.settled();
    expect(rig.text()).to.not.contain('of ada');
    expect(rig.users.of('ada')).to.include({ state: 'done', messages: 6 });
  });

  it('begins only once, and again once it is done', async () => {
    const rig = new Rig();
    await rig.filled(1, 1);
    await rig.users.start('ada', BY);
    await rig.users.start('ada', BY);
    expect(rig.audit.page(Infinity, 10).entries).to.have.length(1);
    await rig.settled();
    expect(await rig.users.start('ada', BY)).to.include({ state: 'running', messages: 0 });
  });
});
