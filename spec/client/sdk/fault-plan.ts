/**
 * Plans of network faults between clients and their server, as data. fast-check generates them, so that it can shrink
 * and print a plan that fails.
 */
import fc from 'fast-check';

/** `up`: from the client to the server; `down`: from the server to the client. */
export type Direction = 'up' | 'down';

/** The position of a fault in one direction of a connection. */
export type Place =
  /** Before this byte, counted from the start of the opening handshake. */
  | { readonly byte: number }
  /** At the nth WebSocket frame (from 1) that holds a frame of this type; `any` counts every WebSocket frame. */
  | {
      readonly frame: string;
      readonly nth: number;
      readonly at: 'before' | 'inside' | 'after';
    };

/** The effect of a fault. */
export type Act =
  /** Bytes after this point are lost silently: the sockets stay open. `both`: in both directions. */
  | { readonly act: 'hole'; readonly both: boolean }
  /** Bytes after this point arrive this much later by the client's clock, in order. */
  | { readonly act: 'delay'; readonly ms: number }
  /** The next bytes are passed on one by one. */
  | { readonly act: 'dribble'; readonly bytes: number }
  /** The connection ends for each side by RST or FIN. `ghost`: the server's side stays open, and it does not notice. */
  | {
      readonly act: 'cut';
      readonly client: 'reset' | 'finish';
      readonly server: 'reset' | 'finish' | 'ghost';
    };

export interface Fault {
  readonly on: Direction;
  readonly place: Place;
  readonly does: Act;
}

/** The fate of one connection: refused in one of three ways, or accepted with faults. */
export type ConnectionPlan =
  { readonly refused: 'reset' | 'unavailable' | 'silent' } | { readonly faults: readonly Fault[] };

/** One client: its behavior, and the fates of its connections in order. Later connections have no faults. */
export interface ClientPlan {
  readonly since: 'start' | 'live';
  /** Most messages of the client that may wait for an ack at once. */
  readonly window: number;
  /** Sizes of bursts of messages; each burst is sent when all messages of the previous one are acknowledged. */
  readonly bursts: readonly number[];
  /** Value of every random number that the client draws. */
  readonly random: number;
  readonly connections: readonly ConnectionPlan[];
}

/** The clients of one thread with their faults, and the messages of a third party in it. */
export interface FaultPlan {
  readonly clients: readonly ClientPlan[];
  /** Messages of the third party before the clients connect. */
  readonly before: number;
  /** Messages of the third party while the faults happen. */
  readonly meanwhile: number;
}

/** Like `fc.record`, but its objects have a prototype, so that plans are printed as plain literals. */
function record<T>(model: { [K in keyof T]: fc.Arbitrary<T[K]> }): fc.Arbitrary<T> {
  return fc.record(model, { noNullPrototype: true });
}

const SENT = ['any', 'connect', 'subscribe', 'publish', 'ping'];
const GOT = ['any', 'connected', 'subscribed', 'message', 'caught_up', 'ack'];

const cut: fc.Arbitrary<Act> = record({
  act: fc.constant('cut'),
  client: fc.constantFrom('reset', 'finish'),
  server: fc.constantFrom('reset', 'finish', 'ghost')
});

/** Shorter than every timeout of the client, or longer than its timeout for an ack or for `subscribed`. */
const heldMs = fc.oneof(
  fc.integer({ min: 1, max: 2_000 }),
  fc.integer({ min: 11_000, max: 25_000 })
);

const act: fc.Arbitrary<Act> = fc.oneof(
  { weight: 4, arbitrary: cut },
  {
    weight: 3,
    arbitrary: record({ act: fc.constant('hole'), both: fc.constantFrom(false, false, true) })
  },
  {
    weight: 3,
    arbitrary: record({ act: fc.constant('delay'), ms: heldMs })
  },
  {
    weight: 2,
    arbitrary: record({ act: fc.constant('dribble'), bytes: fc.integer({ min: 1, max: 600 }) })
  }
);

const anywhere = (on: Direction): fc.Arbitrary<Fault> =>
  record({
    on: fc.constant(on),
    place: fc.oneof(
      { weight: 1, arbitrary: record({ byte: fc.nat(3_000) }) },
      {
        weight: 3,
        arbitrary: record({
          frame: fc.constantFrom(...(on === 'up' ? SENT : GOT)),
          nth: fc.integer({ min: 1, max: 5 }),
          at: fc.constantFrom('before', 'inside', 'after')
        })
      }
    ),
    does: act
  });

/** The server has stored the message, but its ack is lost. The `mid` exists for this case. */
const lostAck: fc.Arbitrary<Fault> = record({
  on: fc.constant('down'),
  place: record({
    frame: fc.constant('ack'),
    nth: fc.integer({ min: 1, max: 3 }),
    at: fc.constantFrom('before', 'inside')
  }),
  does: cut
});

/** The connection ends while or just after a publish is passed on: the client cannot know whether it is stored. */
const cutBehindPublish: fc.Arbitrary<Fault> = record({
  on: fc.constant('up'),
  place: record({
    frame: fc.constant('publish'),
    nth: fc.integer({ min: 1, max: 3 }),
    at: fc.constantFrom('inside', 'after')
  }),
  does: cut
});

/** The connection ends around `subscribed` or in the replay: some or all of the replayed messages are lost. */
const cutInReplay: fc.Arbitrary<Fault> = record({
  on: fc.constant('down'),
  place: fc.oneof(
    record({
      frame: fc.constant('subscribed'),
      nth: fc.constant(1),
      at: fc.constantFrom('before', 'inside', 'after')
    }),
    record({
      frame: fc.constant('message'),
      nth: fc.integer({ min: 1, max: 4 }),
      at: fc.constantFrom('before', 'inside', 'after')
    })
  ),
  does: cut
});

/** The server gets the request late, so its answer comes after the client has asked again. */
const lateAnswer: fc.Arbitrary<Fault> = record({
  on: fc.constant('up'),
  place: record({
    frame: fc.constantFrom('subscribe', 'publish'),
    nth: fc.constant(1),
    at: fc.constant('before')
  }),
  does: record({ act: fc.constant('delay'), ms: fc.integer({ min: 16_000, max: 25_000 }) })
});

const fault: fc.Arbitrary<Fault> = fc.oneof(
  { weight: 4, arbitrary: anywhere('up') },
  { weight: 3, arbitrary: anywhere('down') },
  { weight: 2, arbitrary: lostAck },
  { weight: 1, arbitrary: lateAnswer },
  { weight: 1, arbitrary: cutBehindPublish },
  { weight: 2, arbitrary: cutInReplay }
);

const connection: fc.Arbitrary<ConnectionPlan> = fc.oneof(
  { weight: 5, arbitrary: record({ faults: fc.array(fault, { minLength: 1, maxLength: 3 }) }) },
  {
    weight: 1,
    arbitrary: record({ refused: fc.constantFrom('reset', 'unavailable', 'silent') })
  }
);

const client: fc.Arbitrary<ClientPlan> = record({
  since: fc.constantFrom('start', 'live'),
  window: fc.constantFrom(1, 1, 4),
  bursts: fc.array(fc.integer({ min: 1, max: 4 }), { maxLength: 4, size: 'max' }),
  random: fc.integer({ min: 0, max: 99 }).map((percent) => percent / 100),
  connections: fc.array(connection, { minLength: 1, maxLength: 5, size: 'max' })
});

export const faultPlan: fc.Arbitrary<FaultPlan> = record({
  clients: fc.array(client, { minLength: 1, maxLength: 2, size: 'max' }),
  before: fc.nat(4),
  meanwhile: fc.nat(10)
});

/** Returns the name under which a fault is counted when it happens. */
export function nameOf({ on, place, does }: Fault): string {
  if (does.act === 'hole') return does.both ? 'hole both ways' : `hole ${on}`;
  if (does.act !== 'cut') return `${does.act} ${on}`;
  if ('byte' in place) return 'cut at a byte';
  const { frame, at } = place;
  if (frame === 'ack' && at !== 'after') return 'ack lost';
  if (frame === 'publish' && at === 'after') return 'cut behind a publish';
  if (frame === 'subscribed' && at === 'after') return 'cut between subscribed and replay';
  return at === 'inside' ? `cut inside a frame ${on}` : 'cut between frames';
}

/** All names of faults and refusals in the counts. */
export const FAULT_NAMES = [
  'refused: reset',
  'refused: unavailable',
  'refused: silent',
  'hole up',
  'hole down',
  'hole both ways',
  'delay up',
  'delay down',
  'dribble up',
  'dribble down',
  'cut at a byte',
  'cut inside a frame up',
  'cut inside a frame down',
  'cut between frames',
  'cut behind a publish',
  'cut between subscribed and replay',
  'ack lost'
] as const;
