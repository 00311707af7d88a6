/**
 * Erases all messages of a user, thread by thread, while the server serves. What is to be done is a record of the thread log:
 * after a restart the work begins again at the first thread, and passes over what is erased already.
 */
import type { Clock } from '../clock.js';
import type { LogReader } from '../log/log-reader.js';
import { readPast } from '../log/read-past.js';
import type { ListPlace, ThreadRecords } from '../log/thread-records.js';
import { ERASED_KIND, isErased } from '../../protocol/erased.js';
import { frameHeader, frameKind } from '../../protocol/message-frame.js';
import type { Audit, AuditActor } from './audit.js';
import type { Eraser } from './eraser.js';

/** Thread that the records are kept under. A thread of that name has nothing to do with them. */
const RECORDS_OF = 'rollcall:erasing';
const OPEN_KIND = 'open';
const ENDED_KIND = 'ended';

/** Threads and messages that one turn of the event loop reads, and characters of each: under a millisecond. */
const PAGE_THREADS = 16;
const PAGE_MESSAGES = 64;
const PAGE_CHARS = 65_536;

/** The erasure of one user's messages. */
export interface UserErasure {
  readonly user: string;
  readonly state: 'running' | 'done';
  /** Unix milliseconds. */
  readonly startedAt: number;
  /** Unix milliseconds; null while it runs. */
  readonly endedAt: number | null;
  /** Threads that were gone through since the server has started. */
  readonly threads: number;
  /** Messages that were erased. */
  readonly messages: number;
}

/** Options of {@link UserEraser}. */
export interface UserEraserOptions {
  readonly log: Pick<LogReader, 'head' | 'read'> &
    Pick<ThreadRecords, 'userThreads' | 'record' | 'records' | 'setRecord'>;
  readonly eraser: Pick<Eraser, 'erase'>;
  readonly audit: Pick<Audit, 'note'>;
  readonly clock: Pick<Clock, 'now' | 'setTimeout'>;
  /** Nothing is erased while the server starts or ends. */
  readonly isServing: () => boolean;
}

/** Erases the messages of users. Reads and writes fail with `LogUnavailableError` while the log cannot do them. */
export class UserEraser {
  private readonly options: UserEraserOptions;
  /** What is to be done, by user; null until it was read. */
  private open: Map<string, UserErasure> | null = null;
  private isWorking = false;

  constructor(options: UserEraserOptions) {
    this.options = options;
  }

  /** Returns the last erasure of a user; null when there was none. */
  of(user: string): UserErasure | null {
    const open = this.opened().get(user);
    if (open !== undefined) return open;
    const text = this.options.log.record(RECORDS_OF, ENDED_KIND, user);
    return text === null ? null : read(text);
  }

  /** Begins to erase, unless that goes on. Resolves once it is durable that it will be done. */
  async start(user: string, by: AuditActor): Promise<UserErasure> {
    const { log, audit, clock } = this.options;
    const open = this.opened();
    const known = open.get(user);
    if (known !== undefined) return known;
    const startedAt = clock.now();
    const begun = { user, state: 'running', startedAt, endedAt: null } as const;
    const job: UserErasure = { ...begun, threads: 0, messages: 0 };
    await audit.note({ action: 'user.erase', by, detail: { user } });
    await log.setRecord(RECORDS_OF, OPEN_KIND, user, JSON.stringify(job));
    open.set(user, open.get(user) ?? job);
    return job;
  }

  /** Goes on with what is to be done; call it every second. What fails is tried again then. */
  sweep(): void {
    if (this.isWorking) return;
    this.isWorking = true;
    this.work()
      .catch(() => undefined)
      .finally(() => {
        this.isWorking = false;
      });
  }

  private opened(): Map<string, UserErasure> {
    if (this.open !== null) return this.open;
    const open = new Map<string, UserErasure>();
    for (const { text } of this.options.log.records(RECORDS_OF, OPEN_KIND)) {
      const job = read(text);
      if (job !== null) open.set(job.user, job);
    }
    this.open = open;
    return open;
  }

  private async work(): Promise<void> {
    // Throws later, as all of it.
    await Promise.resolve();
    for (const user of [...this.opened().keys()]) {
      if (await this.allOf(user)) await this.end(user);
    }
  }

  /** Resolves with whether all messages of the user are erased. */
  private async allOf(user: string): Promise<boolean> {
    const { log } = this.options;
    const done = new Set<string>();
    // A thread that gets a message moves to the front of the list, so the list is gone through until all are done.
    for (let isNew = true; isNew;) {
      isNew = false;
      let before: ListPlace | null = null;
      for (let more = true; more;) {
        await this.pause();
        const page: ReturnType<typeof log.userThreads> = log.userThreads(
          user,
          before,
          PAGE_THREADS,
          PAGE_CHARS
        );
        more = page.more && page.threads.length > 0;
        for (const { thread, at } of page.threads) {
          before = { at, thread };
          if (done.has(thread)) continue;
          if (!(await this.inThread(user, thread))) return false;
          done.add(thread);
          isNew = true;
          this.change(user, { threads: done.size });
        }
      }
    }
    return true;
  }

  /** Resolves with whether all messages of a user in a thread are erased; not so when the server ends. */
  private async inThread(user: string, thread: string): Promise<boolean> {
    const { log, eraser, isServing } = this.options;
    const { first = 1, last = 0 } = log.head(thread) ?? {};
    for (let after = first - 1; after < last;) {
      await this.pause();
      const { entries, damaged } = readPast(
        log,
        thread,
        { after, last },
        PAGE_MESSAGES,
        PAGE_CHARS
      );
      for (const { offset, frame } of entries) {
        if (!isServing()) return false;
        if (!isToErase(frame, user)) continue;
        const { messages } = this.opened().get(user) ?? { messages: 0 };
        const erased = await eraser.erase(thread, { offset }, null, () => [
          {
            thread: RECORDS_OF,
            kind: OPEN_KIND,
            id: user,
            text: JSON.stringify({ ...this.opened().get(user), messages: messages + 1 })
          }
        ]);
        if (erased.ok && erased.entry !== null) this.change(user, { messages: messages + 1 });
        else if (!erased.ok && erased.code === 'unavailable') return false;
      }
      after = entries.at(-1)?.offset ?? damaged?.to ?? last;
    }
    return isServing();
  }

  private async end(user: string): Promise<void> {
    const { log, clock, audit } = this.options;
    const job = this.opened().get(user);
    if (job === undefined) return;
    const { messages } = job;
    const by = { user: null, key: null };
    await audit.note({ action: 'user.erased', by, detail: { user, messages } });
    const ended: UserErasure = { ...job, state: 'done', endedAt: clock.now() };
    await Promise.all([
      log.setRecord(RECORDS_OF, ENDED_KIND, user, JSON.stringify(ended)),
      log.setRecord(RECORDS_OF, OPEN_KIND, user, null)
    ]);
    this.opened().delete(user);
  }

  private change(user: string, news: Partial<UserErasure>): void {
    const job = this.opened().get(user);
    if (job !== undefined) this.opened().set(user, { ...job, ...news });
  }

  /** Lets the event loop do other things. */
  private pause(): Promise<void> {
    return new Promise((resolve) => {
      this.options.clock.setTimeout(resolve, 0);
    });
  }
}

/** Returns whether a frame is a message of a user that has something to erase. */
function isToErase(frame: string, user: string): boolean {
  return frameHeader(frame)?.user === user && frameKind(frame) !== ERASED_KIND && !isErased(frame);
}

function read(text: string): UserErasure | null {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return null;
  }
  return isErasure(value) ? value : null;
}

function isErasure(value: unknown): value is UserErasure {
  return (
    typeof value === 'object' &&
    value !== null &&
    'user' in value &&
    typeof value.user === 'string' &&
    'state' in value &&
    (value.state === 'running' || value.state === 'done') &&
    'startedAt' in value &&
    typeof value.startedAt === 'number' &&
    'messages' in value &&
    typeof value.messages === 'number'
  );
}
