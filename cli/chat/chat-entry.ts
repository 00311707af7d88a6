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
  | { readonly type: 'help' | 'who' | 'members' | 'quit' }
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
  '/quit': 'ends, as Ctrl-D and Ctrl-C do'
};

const NAMES = Object.keys(CHAT_COMMANDS).map((usage) => usage.split(' ', 1)[0] ?? '');

/** Reads an entry. */
export function readEntry(entered: string): ChatEntry {
  const text = entered.trimEnd();
  if (text.trim() === '') return { type: 'nothing' };
  if (text.startsWith('//')) return { type: 'message', text: text.slice(1) };
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
