/**
 * Names of actors that outlive them: a child that is started again is another actor of the same name. A keeper has the
 * name of its child and `/keeper`; what runs no chart, that of whoever made it before its own.
 */
import type { RecordedMessage } from '../../../../protocol/inspection.js';
import { isAbout, type ActorState, type ActorStates } from './actor-state.js';

/** What the reader has selected: an actor of the tree by its key, or a thread. */
export type Subject =
  | { readonly kind: 'actor'; readonly key: string }
  | { readonly kind: 'thread'; readonly thread: string };

/** The subject selected at first. */
export const ROOT_SUBJECT: Subject = { kind: 'actor', key: 'root' };

/** The key of an actor. */
export function actorKey(
  { name, chart, parentId }: Pick<ActorState, 'name' | 'chart' | 'parentId'>,
  nameOf: (sessionId: string) => string
): string {
  if (chart === 'keeper') return `${name}/keeper`;
  return chart === null && parentId !== null ? `${nameOf(parentId)}/${name}` : name;
}

/** The present actor of a subject; null when there is none. */
export function actorOf(states: ActorStates, subject: Subject): ActorState | null {
  for (const state of states.values()) {
    if (isOf(state, subject, (id) => states.get(id)?.name ?? '')) return state;
  }
  return null;
}

/** Whether something that is about an actor is about a subject. */
export function isOf(
  about: Pick<ActorState, 'name' | 'chart' | 'thread'> & { readonly parentId?: string | null },
  subject: Subject,
  nameOf: (sessionId: string) => string
): boolean {
  if (subject.kind === 'thread') return about.thread === subject.thread;
  // Almost all differ in their last part already, and that costs no text.
  if (about.thread !== null) return false;
  const { name, chart, parentId = null } = about;
  return actorKey({ name, chart, parentId }, nameOf) === subject.key;
}

/** Whether a message is about a subject, or says that it is not watched from there on. */
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

/** The subject that an actor is. */
export function subjectOf(state: ActorState, states: ActorStates): Subject {
  return state.thread === null
    ? { kind: 'actor', key: actorKey(state, (id) => states.get(id)?.name ?? '') }
    : { kind: 'thread', thread: state.thread };
}

/** Whether two subjects are the same. */
export function sameSubject(one: Subject, other: Subject): boolean {
  return subjectHash(one) === subjectHash(other);
}

/** A subject as the part of an address behind its `#`. */
export function subjectHash(subject: Subject): string {
  return subject.kind === 'thread'
    ? `#/thread/${encodeURIComponent(subject.thread)}`
    : `#/actor/${subject.key.split('/').map(encodeURIComponent).join('/')}`;
}

/** Reads the part of an address behind its `#`; null when it names nothing. */
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
