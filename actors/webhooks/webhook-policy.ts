/** Which events are wanted: by their type, and by a pattern of their thread. Test threads have none. */
import type { OutboxPolicy } from '../log/outbox.js';
import { isTestThread } from '../../machines/delivery/test-thread.js';
import { endsRun } from '../../protocol/agent-kinds.js';
import { AGENT_PREFIX } from '../../protocol/user-name.js';
import { WEBHOOK_TYPES, type WebhookNote, type WebhookType } from './webhook-event.js';

/** Options of {@link WebhookPolicy}. */
export interface WebhookPolicyOptions {
  /** Wanted types; empty: all. */
  readonly types: readonly string[];
  /** Patterns of thread ids, in which `*` stands for any characters; empty: all threads. */
  readonly threads: readonly string[];
  readonly testThreadPrefixes: readonly string[];
  /** Kind of the records of members. */
  readonly memberKind: string;
  readonly clock: { now(): number };
}

/** The types that entries of the log are told as. */
const OF_ENTRIES: readonly WebhookType[] = ['message.stored', 'notify'];

/** Judges what is told. */
export class WebhookPolicy implements OutboxPolicy {
  private readonly options: WebhookPolicyOptions;
  private readonly types: ReadonlySet<WebhookType>;
  private readonly patterns: readonly RegExp[];

  constructor(options: WebhookPolicyOptions) {
    this.options = options;
    const { types, threads } = options;
    this.types = new Set(
      WEBHOOK_TYPES.filter((type) => types.length === 0 || types.includes(type))
    );
    this.patterns = threads.map(patternOf);
  }

  /** Returns whether events of a type are wanted. */
  wants(type: WebhookType): boolean {
    return this.types.has(type);
  }

  /** Returns whether events of a thread are wanted. */
  hasThread(thread: string): boolean {
    if (isTestThread(thread, this.options.testThreadPrefixes)) return false;
    return this.patterns.length === 0 || this.patterns.some((pattern) => pattern.test(thread));
  }

  wantsEntry(
    thread: string,
    offset: number,
    entry: { readonly kind: string; readonly user: string }
  ): boolean {
    const isWanted =
      OF_ENTRIES.some((type) => this.wants(type)) ||
      (offset === 1 && this.wants('thread.created')) ||
      (isRunEnd(entry) && this.wants('run.ended'));
    return isWanted && this.hasThread(thread);
  }

  ofRecord(thread: string, kind: string, user: string, role: string | null): string | null {
    return kind === this.options.memberKind ? this.member(thread, user, role) : null;
  }

  ofOwner(thread: string, user: string): string | null {
    return this.member(thread, user, 'owner');
  }

  private member(thread: string, user: string, role: string | null): string | null {
    if (!this.wants('member.changed') || !this.hasThread(thread)) return null;
    const at = this.options.clock.now();
    const note: WebhookNote = { type: 'member.changed', at, data: { user, role } };
    return JSON.stringify(note);
  }
}

/** Returns whether an entry ends a run of an agent. */
export function isRunEnd({
  kind,
  user
}: {
  readonly kind: string;
  readonly user: string;
}): boolean {
  return endsRun(kind) && user.startsWith(AGENT_PREFIX);
}

function patternOf(text: string): RegExp {
  const parts = text.split(/\*+/).map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'));
  return new RegExp(`^${parts.join('.*')}$`, 's');
}
