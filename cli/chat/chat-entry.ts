/** What a user enters in a chat: a message, or a command after a slash. */
import { isThreadId, HISTORY_LIMIT_MAX } from '../../protocol/frames.js';
import { roleNamed, type EnteredRole } from './member-words.js';
import { nearestName } from '../../server/config/nearest-name.js';

/** Messages that `/history` shows when no number is given. */
export const HISTORY_DEFAULT = 20;

/** An entry that was read. */
export type ChatEntry =
  | { readonly type: 'nothing' }
  | { readonly type: 'message'; readonly text: string }
  | { readonly type: 'help' | 'who' | 'members' | 'quit' | 'stop' | 'again' | 'queue' }
  /** Null says what is asked. */
  | { readonly type: 'answer'; readonly text: string | null }
  /** A number of the list that `queue` shows; null is the last message of the user's own. */
  | { readonly type: 'withdraw'; readonly number: number | null }
  /** `none` is no agent; null shows the agents. */
  | { readonly type: 'agent'; readonly name: string | null }
  | { readonly type: 'member'; readonly user: string; readonly role: EnteredRole }
  | { readonly type: 'history'; readonly count: number }
  /** Null shows the current thread. */
  | { readonly type: 'thread'; readonly thread: string | null }
  /** The entry is wrong; `words` say why. */
  | { readonly type: 'fault'; readonly words: string };

/** The commands, each with its help text. */
export const CHAT_COMMANDS: Readonly<Record<string, string>> = {
  '/help': 'shows this',
  '/who': 'says who is here',
  '/history [n]': `shows n older messages (${String(HISTORY_DEFAULT)}); again, those before them`,
  '/thread <id>': 'leaves this thread for another',
  '/members': 'says who owns this thread, who else is in it, and what each may do',
  '/member <user> <role>': 'lets somebody in: member (reads and writes), reader, or none',
  '/agent [name|none]':
    'chooses the agent that answers, or says which one does and which there are',
  '/stop': 'stops the answer that is being written',
  '/again': 'asks your last question again',
  '/answer [value]': 'answers what the agent asks, or says what it asks',
  '/queue': 'lists the messages that wait for an answer',
  '/withdraw [n]': 'takes a waiting message out of the queue, by its number there or your last',
  '/quit': 'ends, as Ctrl-D and Ctrl-C do'
};

const AGENT_COMMANDS = /^\/(?:agent|stop|again|answer|queue|withdraw)\b/;

/** Whether a command, by its usage, is of use only where there are agents. */
export function isForAgents(usage: string): boolean {
  return AGENT_COMMANDS.test(usage);
}

const NAMES = Object.keys(CHAT_COMMANDS).map((usage) => usage.split(' ', 1)[0] ?? '');

/** Reads an entry. */
export function readEntry(entered: string): ChatEntry {
  const text = entered.trimEnd();
  if (text.trim() === '') return { type: 'nothing' };
  if (text.startsWith('//')) return { type: 'message', text: text.slice(1) };
  if (/^\/answer\s/.test(text)) return { type: 'answer', text: text.slice(8).trim() };
  // A pasted path followed by more lines is no command.
  if (!text.startsWith('/') || text.includes('\n')) return { type: 'message', text };
  const [name = '', ...words] = text.split(/\s+/);
  switch (name) {
    case '/help':
      return { type: 'help' };
    case '/who':
      return { type: 'who' };
    case '/members':
      return { type: 'members' };
    case '/member':
      return member(words);
    case '/quit':
      return { type: 'quit' };
    case '/stop':
      return { type: 'stop' };
    case '/again':
      return { type: 'again' };
    case '/queue':
      return { type: 'queue' };
    case '/answer':
      return { type: 'answer', text: null };
    case '/withdraw':
      return withdraw(words);
    case '/agent':
      return agent(words);
    case '/history':
      return history(words);
    case '/thread':
      return thread(words);
    default: {
      const meant = nearestName(name, NAMES);
      const hint = meant === undefined ? '' : `; did you mean ${meant}?`;
      const end = hint === '' ? ':' : '';
      return fault(
        `there is no command ${name}${hint}${end} /help lists them, a second slash in front sends it as a message`
      );
    }
  }
}

/** Returns the commands that begin like this line. */
export function completeEntry(line: string): string[] {
  return line.startsWith('/') ? NAMES.filter((name) => name.startsWith(line)) : [];
}

function history(words: readonly string[]): ChatEntry {
  const [count = String(HISTORY_DEFAULT), ...rest] = words;
  const isCount = /^[1-9]\d{0,2}$/.test(count) && Number(count) <= HISTORY_LIMIT_MAX;
  if (!isCount || rest.length > 0) {
    return fault(`/history takes a number from 1 to ${String(HISTORY_LIMIT_MAX)}`);
  }
  return { type: 'history', count: Number(count) };
}

/** The last word is the role: a name may have spaces. */
function member(words: readonly string[]): ChatEntry {
  const role = roleNamed(words.at(-1));
  const user = words.slice(0, -1).join(' ');
  if (role === null || user === '') {
    return fault('/member takes a name and member, reader or none, as in /member bob reader');
  }
  return { type: 'member', user, role };
}

function withdraw([number, ...rest]: readonly string[]): ChatEntry {
  const isNumber = number === undefined || /^[1-9]\d{0,2}$/.test(number);
  if (!isNumber || rest.length > 0) return fault('/withdraw takes a number of /queue, or nothing');
  return { type: 'withdraw', number: number === undefined ? null : Number(number) };
}

function agent([name, ...rest]: readonly string[]): ChatEntry {
  if (rest.length > 0) return fault('/agent takes one name, or none, or nothing');
  return { type: 'agent', name: name ?? null };
}

function thread(words: readonly string[]): ChatEntry {
  const [id = null, ...rest] = words;
  if (id !== null && (rest.length > 0 || !isThreadId(id))) {
    return fault('/thread takes one id: 1 to 128 letters, digits and . _ : @ -');
  }
  return { type: 'thread', thread: id };
}

function fault(words: string): ChatEntry {
  return { type: 'fault', words };
}
