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
