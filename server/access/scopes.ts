/** What an API key may be used for. Every route of the server API needs one of these scopes. */

/** The scopes, each with what it allows. */
export const SCOPE_WORDS = {
  publish: 'publish messages, as any user',
  read: 'read history, event streams, members and search',
  manage: 'change members and owners, erase messages',
  revoke: 'revoke tokens of users',
  reports: 'read reports, figures, metrics and incidents, and the names of threads in `/status`',
  journey: 'read the journeys of messages',
  admin: 'list connections, users and threads, and close connections',
  tickets: 'make tickets, with which a browser reads event streams',
  audit: 'read the audit log',
  backup: 'make backups of everything',
  erase: 'erase all messages of a user'
} as const;

/** One scope of an API key. */
export type Scope = keyof typeof SCOPE_WORDS;

/** Returns the scope of a name; undefined when there is none. */
export function scopeOf(name: unknown): Scope | undefined {
  return SCOPES.find((known) => known === name);
}

/** Returns whether a name is the name of a scope. */
function isScope(name: string): name is Scope {
  return Object.hasOwn(SCOPE_WORDS, name);
}

/** All scopes, in documented order. */
export const SCOPES: readonly Scope[] = Object.keys(SCOPE_WORDS).filter(isScope);

/** Scopes that concern all threads; a key for certain threads cannot have them. */
export const SCOPES_OF_ALL_THREADS: readonly Scope[] = [
  'reports',
  'journey',
  'admin',
  'audit',
  'backup',
  'erase'
];
