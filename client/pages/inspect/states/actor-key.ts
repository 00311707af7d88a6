/**
 * Keys that name an actor across restarts: a restarted child is a new actor with the same key. The key is the actor's
 * name, with two exceptions, since names repeat: a keeper has `<child>/keeper`, an actor without a chart
 * `<parent>/<name>`.
 */
import type { RecordedMessage } from '../../../../protocol/inspection.js';
import { isAbout, type ActorState, type ActorStates } from './actor-state.js';

/** What the reader has selected: an actor of the tree by its key, or a thread. */
export type Subject =
  | { readonly kind: 'actor'; readonly key: string }
  | { readonly kind: 'thread'; readonly thread: string };

/** The subject selected at first. */
export const ROOT_SUBJECT: Subject = { kind: 'actor', key: 'root' };

/** Returns the key of an actor. `nameOf` gives the name of an actor by its session id. */
export function actorKey(
  { name, chart, parentId }: Pick<ActorState, 'name' | 'chart' | 'parentId'>,
  nameOf: (sessionId: string) => string
): string {
  if (chart === 'keeper') return `${name}/keeper`;
  return chart === null && parentId !== null ? `${nameOf(parentId)}/${name}` : name;
}

/** Returns the actor that a subject names among these states; null when there is none. */
export function actorOf(states: ActorStates, subject: Subject): ActorState | null {
  for (const state of states.values()) {
    if (isOf(state, subject, (id) => states.get(id)?.name ?? '')) return state;
  }
  return null;
}

/** Whether a message or state of an actor belongs to a subject. */
export function isOf(
  about: Pick<ActorState, 'name' | 'chart' | 'thread'> & { readonly parentId?: string | null },
  subject: Subject,
  nameOf: (sessionId: string) => string
): boolean {
  if (subject.kind === 'thread') return about.thread === subject.thread;
  // Most actors belong to threads. This check sorts them out without building a key.
  if (about.thread !== null) return false;
  const { name, chart, parentId = null } = about;
  return actorKey({ name, chart, parentId }, nameOf) === subject.key;
}

/** Whether a message is about a subject, or says that the subject is no longer recorded. */
export function concerns(
  message: RecordedMessage,
  subject: Subject,
  nameOf: (sessionId: string) => string
): boolean {
  if (isAbout(message)) return isOf(message, subject, nameOf);
  if (message.type === 'inspect.unwatched') return true;
  // The message is `inspect.left`, which names only actors of threads.
  if (subject.kind !== 'thread') return false;
  const name = `delivery:${subject.thread}`;
  return message.sessionIds.some((sessionId) => nameOf(sessionId) === name);
}

/** Returns the subject that selects an actor. */
export function subjectOf(state: ActorState, states: ActorStates): Subject {
  return state.thread === null
    ? { kind: 'actor', key: actorKey(state, (id) => states.get(id)?.name ?? '') }
    : { kind: 'thread', thread: state.thread };
}

/** Whether two subjects select the same actor or thread. */
export function sameSubject(one: Subject, other: Subject): boolean {
  return subjectHash(one) === subjectHash(other);
}

/** Writes a subject as the fragment of a URL: `#/actor/<key>` or `#/thread/<thread>`. */
export function subjectHash(subject: Subject): string {
  return subject.kind === 'thread'
    ? `#/thread/${encodeURIComponent(subject.thread)}`
    : `#/actor/${subject.key.split('/').map(encodeURIComponent).join('/')}`;
}

/** Reads a subject from the fragment of a URL; null when it has another form or more than 400 characters. */
export function subjectOfHash(hash: string): Subject | null {
  const [, kind, rest = ''] = /^#\/(actor|thread)\/(.{1,400})$/.exec(hash) ?? [];
  if (kind === undefined) return null;
  try {
    const name = rest.split('/').map(decodeURIComponent).join('/');
    return kind === 'thread' ? { kind, thread: name } : { kind: 'actor', key: name };
  } catch {
    return null;
  }
}
