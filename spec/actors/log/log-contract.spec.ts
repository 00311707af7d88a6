import { systemClock } from '../../../actors/clock.js';
import { openReplicatedLog } from '../../../actors/cluster/replicated-log.js';
import { EpochSource } from '../../../actors/cluster/sequencer.js';
import { FakeBus, NO_FAULTS } from '../cluster/fake-bus.js';
import { FACTS_FLUSH_MS } from '../../../actors/log/lmdb/feed/fact-keeper.js';
import type { AppendResult, NewEntry } from '../../../actors/log/log-writer.js';
import { HandClock, LogFixture } from './lmdb/log-fixture.js';
import { describeLogContract } from './log-contract.js';
import { MemoryLog } from './memory-log.js';

/** A log in memory that answers in a later turn, as one on a disk does. */
class LateLog extends MemoryLog {
  override isPrompt = false;

  override append(thread: string, item: NewEntry, done: (result: AppendResult) => void): void {
    super.append(thread, item, done);
    setImmediate(() => {
      this.commit();
    });
  }
}

let memory = new LateLog();
describeLogContract('in memory', {
  open: async () => {
    memory = new LateLog();
    return memory;
  },
  pass: () => undefined,
  get listenerFaults() {
    return memory.listenerFaults;
  },
  clear: () => memory.close()
});

const fixture = new LogFixture();
let clock = new HandClock();
describeLogContract('LMDB', {
  open: () => {
    clock = new HandClock();
    return fixture.open({ clock });
  },
  pass: () => {
    clock.advance(FACTS_FLUSH_MS);
  },
  get listenerFaults() {
    return fixture.listenerFaults;
  },
  clear: () => fixture.clear()
});

const nodes = new LogFixture();
let nodeClock = new HandClock();
let opened: (() => Promise<void>)[] = [];
describeLogContract('of one of several nodes', {
  open: async () => {
    nodeClock = new HandClock();
    const bus = new FakeBus(systemClock, 4, 1, { ...NO_FAULTS, delayMs: 0 });
    const epochs = new EpochSource();
    const order = { epochOf: (thread: string) => epochs.of(thread) };
    const log = await openReplicatedLog({
      order: bus.connect(),
      log: await nodes.open({ clock: nodeClock, order }),
      epochs,
      clock: systemClock,
      newEpoch: () => 'c1',
      newSource: () => 's1'
    });
    opened.push(() => log.close());
    return log;
  },
  pass: () => {
    nodeClock.advance(FACTS_FLUSH_MS);
  },
  get listenerFaults() {
    return nodes.listenerFaults;
  },
  clear: async () => {
    for (const close of opened) await close();
    opened = [];
    await nodes.clear();
  }
});
