import type { WhileRunning } from '../../../protocol/agent-kinds.js';

/** What a message says to the agents of its thread. */
export interface AgentFields {
  /** Name of the agent that answers this message and later ones of the thread. */
  readonly agent?: string;
  /** What to do when an agent is at work in the thread, by default `enqueue`. */
  readonly whileRunning?: WhileRunning;
  /** `mid` of the message that is answered anew. */
  readonly regenerates?: string;
  /** `mid` of the message that this one replaces. */
  readonly edits?: string;
}

/** All that a message carries besides its id and its body. */
export interface SentFields extends AgentFields {
  /** By default `user_message`; or a name that the application chooses. */
  readonly kind?: string;
  /** `stored` when the message needs no subscriber; by default `delivered`. */
  readonly expect?: 'delivered' | 'stored';
}

/** The fields by name, with the values that they may have; null = any text. */
const FIELDS: Readonly<Record<keyof SentFields, readonly string[] | null>> = {
  kind: null,
  expect: ['delivered', 'stored'],
  agent: null,
  whileRunning: ['enqueue', 'reject', 'interrupt', 'steer'],
  regenerates: null,
  edits: null
};

/** Copies the fields that are set. */
export function sentFields(from: {
  readonly [K in keyof SentFields]?: SentFields[K] | undefined;
}): SentFields {
  const fields: SentFields = {};
  for (const name of Object.keys(FIELDS)) {
    const value: unknown = Reflect.get(from, name);
    if (value !== undefined) Reflect.set(fields, name, value);
  }
  return fields;
}

/** Whether a value from a storage has these fields with values that a message may have. */
export function hasSentFields(value: object): value is SentFields {
  return Object.entries(FIELDS).every(([name, known]) => {
    const field: unknown = Reflect.get(value, name);
    return field === undefined || (typeof field === 'string' && known?.includes(field) !== false);
  });
}
