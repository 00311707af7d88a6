/**
 * Makes texts to send to a server as frames: valid ones from the schema, ones with a fault put in, and ones whose text
 * was damaged. Names come from small pools, so that the frames of a run have to do with each other.
 */
import { CLIENT_FRAMES } from '../../protocol/frames.js';
import { between, pick, type Random } from '../kill-proof/random.js';

/** Part of a JSON schema, as far as the frames of clients use it. */
interface Schema {
  readonly type?: string;
  readonly const?: unknown;
  readonly anyOf?: readonly Schema[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly items?: Schema;
}

function isSchema(value: unknown): value is Schema {
  return typeof value === 'object' && value !== null;
}

const FRAMES = Object.values<unknown>(CLIENT_FRAMES).filter(isSchema);

/** Of ten frames, how many have a damaged text, and how many of the others have a fault put in. */
const DAMAGED_IN_TEN = 2;
const WRONG_IN_TEN = 4;

/** Most of them are valid names of threads. */
const THREADS = [
  'tea',
  'room:1',
  'room:2',
  'dm:a:b',
  'test_fuzz',
  'mock_1',
  'constructor',
  'lobby',
  'tea',
  'Grüße',
  'test_fuzz',
  'a:b/c',
  '%2e',
  'constructor',
  '🧵',
  'x'.repeat(128)
];
const WRONG: readonly unknown[] = [
  null,
  true,
  '',
  ' ',
  '.',
  '..',
  '\u0000',
  '\ud800',
  '\u202eabc',
  'é'.normalize('NFD').repeat(64),
  '👩‍👩‍👧'.repeat(40),
  'x'.repeat(129),
  'x'.repeat(20_000),
  -1,
  0,
  1.5,
  -0,
  1e308,
  9_007_199_254_740_993,
  [],
  {},
  [[[]]],
  { toString: 1 },
  { type: 'ping' }
];

/** Number of users; small, so that limits per user are reached. */
const USERS = 40;

/** Fields that name what is mostly not there: with each of them in every second `publish`, hardly one was stored. */
const REFUSED = new Set(['agent', 'edits', 'regenerates']);

/** Makes frames; the same random numbers make the same frames. */
export class FrameMaker {
  /** The newest epoch that the server has sent; resuming needs it. */
  epoch = 'x0';
  readonly #random: Random;

  constructor(random: Random) {
    this.#random = random;
  }

  /** The frame with which a connection begins. */
  connect(): string {
    return JSON.stringify({ type: 'connect', id: 0, user: this.#user() });
  }

  /** The text of one frame. */
  text(): string {
    const frame = this.#frame();
    const kind = between(this.#random, 0, 9);
    if (kind < DAMAGED_IN_TEN) return this.#damaged(JSON.stringify(frame));
    if (kind < DAMAGED_IN_TEN + WRONG_IN_TEN) this.#spoil(frame);
    return JSON.stringify(frame);
  }

  /** Bytes that are no text. */
  bytes(): Buffer {
    return Buffer.from(
      Array.from({ length: between(this.#random, 0, 200) }, () => between(this.#random, 0, 255))
    );
  }

  /** The name of a thread. */
  thread(): string {
    return pick(this.#random, THREADS);
  }

  #frame(): Record<string, unknown> {
    const made = this.#value(pick(this.#random, FRAMES), '');
    return typeof made === 'object' && made !== null ? { ...made } : {};
  }

  #value(schema: Schema, name: string): unknown {
    if (schema.const !== undefined) return schema.const;
    if (schema.anyOf !== undefined) return this.#value(pick(this.#random, schema.anyOf), name);
    if (schema.properties !== undefined) {
      const { properties, required = [] } = schema;
      return Object.fromEntries(
        Object.entries(properties)
          .filter(
            ([key]) => required.includes(key) || this.#random() < (REFUSED.has(key) ? 0.1 : 0.5)
          )
          .map(([key, part]) => [key, this.#value(part, key)])
      );
    }
    if (schema.type === 'boolean') return this.#random() < 0.5;
    if (schema.type === 'number' || schema.type === 'integer') return between(this.#random, 0, 60);
    if (schema.type === 'null') return null;
    if (schema.type === 'array') {
      return Array.from({ length: between(this.#random, 0, 3) }, () =>
        this.#value(schema.items ?? {}, name)
      );
    }
    if (schema.type === 'string') return this.#name(name);
    return this.#body();
  }

  #name(name: string): string {
    if (name === 'thread' || name === 'beforeThread') return this.thread();
    if (name === 'user') return this.#user();
    if (name === 'epoch') return this.#random() < 0.8 ? this.epoch : 'x0';
    if (name === 'kind') return pick(this.#random, ['user_message', 'note', 'agent_started']);
    return `${name}-${String(between(this.#random, 0, 3_000))}`;
  }

  #user(): string {
    return `user-${String(between(this.#random, 1, USERS))}`;
  }

  #body(): unknown {
    const depth = this.#random() < 0.02 ? 120 : between(this.#random, 0, 4);
    let body: unknown =
      this.#random() < 0.5
        ? { text: 'a'.repeat(between(this.#random, 0, 400)) }
        : pick(this.#random, WRONG);
    for (let level = 0; level < depth; level += 1) body = level % 2 === 0 ? [body] : { in: body };
    return body;
  }

  /** Takes a member away, gives it a wrong value, or adds one. */
  #spoil(frame: Record<string, unknown>): void {
    const key = pick(this.#random, [...Object.keys(frame), 'more', '__proto__', 'id']);
    if (this.#random() < 0.25) Reflect.deleteProperty(frame, key);
    else {
      const value = pick(this.#random, WRONG);
      Object.defineProperty(frame, key, {
        value,
        enumerable: true,
        configurable: true,
        writable: true
      });
    }
  }

  #damaged(text: string): string {
    const at = between(this.#random, 0, text.length);
    const rest = text.slice(at);
    switch (between(this.#random, 0, 5)) {
      case 0:
        return text.slice(0, at);
      case 1:
        return (
          text.slice(0, at) +
          pick(this.#random, ['"', '\\', '{', '}', ',', ':', '\u0000', '1e999', '\\ud800']) +
          rest
        );
      case 2:
        return text.slice(0, at) + rest.slice(1);
      case 3:
        return text + text;
      case 4:
        return `${'['.repeat(between(this.#random, 1, 2_000))}${text}`;
      default:
        return ` ${text}\t\n\n`;
    }
  }
}
