/**
 * What a fuzzer knows of who may do what. It sends many changes at once and cannot see in which order the server makes
 * them, so it keeps for each right the spans in which somebody may have had it: from when the change that gives it was
 * sent, until the server has listed the members without it and no other change was under way. Whatever somebody gets
 * outside of these spans is a fault, however the server ordered the changes.
 */
import type { Role } from '../../../protocol/frames.js';

/** What can be done with a thread. */
export type Act = 'read' | 'write' | 'manage';

/** What a change makes of a user; null takes the role away. */
export type Rank = Role | 'owner';

/** A span of moments; it is open while `to` is null. */
interface Span {
  readonly from: number;
  to: number | null;
}

/** A thread as the server lists it. */
export interface Listed {
  readonly owner: string | null;
  readonly members: readonly { readonly user: string; readonly role: Role }[];
}

const ACTS: Readonly<Record<Rank, readonly Act[]>> = {
  owner: ['read', 'write', 'manage'],
  member: ['read', 'write'],
  reader: ['read']
};

class ThreadModel {
  /** Spans by act and user. */
  readonly rights = new Map<string, Span[]>();
  /** When the thread may have been new: anybody may wait in a new thread. */
  readonly newness: Span[] = [];
  /** Changes so far, and those under way. */
  changes = 0;
  pending = 0;
  /** What the server listed after the last change; null while a change is under way. */
  settled: { readonly listed: Listed; readonly at: number } | null = null;
}

/** Tells who may have had which right when. */
export class AccessModel {
  #moment = 0;
  readonly #threads = new Map<string, ThreadModel>();

  /** Returns a new moment, later than all before. */
  now(): number {
    return (this.#moment += 1);
  }

  /**
   * Notes that a change is being sent: a user gets a role or becomes the owner, or, with null, loses the role. Call
   * {@link changed} when its answer has come.
   */
  changing(thread: string, user: string, rank: Rank | null): void {
    const model = this.#of(thread);
    model.changes += 1;
    model.pending += 1;
    model.settled = null;
    for (const act of rank === null ? [] : ACTS[rank]) {
      open(spansOf(model.rights, `${act} ${user}`), this.now());
    }
    // This may have removed the last member.
    if (rank === null) open(model.newness, this.now());
  }

  /**
   * Notes that the answer to a change has come. Returns the number of changes when no other is under way: then the
   * server should be asked who belongs to the thread.
   */
  changed(thread: string): number | null {
    const model = this.#of(thread);
    model.pending -= 1;
    return model.pending === 0 ? model.changes : null;
  }

  /** Notes what the server listed when there had been so many changes; nothing when others have begun since. */
  listed(thread: string, changes: number, listed: Listed): void {
    const model = this.#of(thread);
    if (model.changes !== changes || model.pending > 0) return;
    const at = this.now();
    model.settled = { listed, at };
    for (const [key, spans] of model.rights) {
      const [act = '', user = ''] = key.split(' ');
      if (!isListed(listed, user, act)) close(spans, at);
    }
    if (listed.owner !== null || listed.members.length > 0) close(model.newness, at);
  }

  /** Returns whether a user may have had a right at some moment of a span. */
  mayHave(thread: string, user: string, act: Act, from: number, to: number): boolean {
    return spansOf(this.#of(thread).rights, `${act} ${user}`).some((span) => meets(span, from, to));
  }

  /** Returns whether a thread may have been new at some moment of a span. */
  mayBeNew(thread: string, from: number, to: number): boolean {
    return this.#of(thread).newness.some((span) => meets(span, from, to));
  }

  /** Returns whether a user has had a right without doubt since a moment. */
  hasSurely(thread: string, user: string, act: Act, since: number): boolean {
    const { settled } = this.#of(thread);
    return settled !== null && settled.at < since && isListed(settled.listed, user, act);
  }

  #of(thread: string): ThreadModel {
    const known = this.#threads.get(thread);
    if (known !== undefined) return known;
    const model = new ThreadModel();
    open(model.newness, 0);
    this.#threads.set(thread, model);
    return model;
  }
}

function isListed({ owner, members }: Listed, user: string, act: string): boolean {
  if (owner === user) return true;
  return members.some(
    (member) => member.user === user && ACTS[member.role].some((can) => can === act)
  );
}

function spansOf(all: Map<string, Span[]>, key: string): Span[] {
  const spans = all.get(key) ?? [];
  all.set(key, spans);
  return spans;
}

function open(spans: Span[], from: number): void {
  if (spans.at(-1)?.to !== null) spans.push({ from, to: null });
}

function close(spans: readonly Span[], to: number): void {
  const last = spans.at(-1);
  if (last?.to === null) last.to = to;
}

function meets(span: Span, from: number, to: number): boolean {
  return span.from <= to && (span.to === null || span.to >= from);
}
