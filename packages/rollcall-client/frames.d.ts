/** The frames of `rollcall.v1`. Written by scripts/generated-docs.ts from protocol/frames.ts: do not edit. */

/** Frames that a client may send, by `type`. */
export interface ClientFrames {
  connect: {
    id?: string | number;
    token?: string;
    user?: string;
    client?: { name?: string; version?: string };
    traceparent?: string;
    type: 'connect';
  };
  refresh: { id?: string | number; type: 'refresh'; token: string };
  subscribe: {
    id?: string | number;
    since?: 'start' | 'live' | { offset: number; epoch: string };
    type: 'subscribe';
    thread: string;
  };
  unsubscribe: { id?: string | number; type: 'unsubscribe'; thread: string };
  publish: {
    id?: string | number;
    traceparent?: string;
    agent?: string;
    whileRunning?: 'enqueue' | 'reject' | 'interrupt' | 'steer';
    regenerates?: string;
    edits?: string;
    kind?: string;
    expect?: 'delivered' | 'stored';
    type: 'publish';
    thread: string;
    mid: string;
    body: unknown;
  };
  history: {
    id?: string | number;
    before?: number;
    limit?: number;
    type: 'history';
    thread: string;
  };
  threads: {
    id?: string | number;
    before?: number;
    limit?: number;
    beforeThread?: string;
    type: 'threads';
  };
  typing: { id?: string | number; type: 'typing'; thread: string; on: boolean };
  mark: { id?: string | number; type: 'mark'; thread: string; read: number };
  members: { id?: string | number; type: 'members'; thread: string };
  member: {
    id?: string | number;
    type: 'member';
    user: string;
    thread: string;
    role: 'member' | 'reader' | null;
  };
  ping: { id?: string | number; type: 'ping' };
  pong: { id?: string | number; type: 'pong' };
  cancel: { id?: string | number; thread?: string; mid?: string; run?: string; type: 'cancel' };
  answer: { id?: string | number; type: 'answer'; run: string; ask: string; value: unknown };
  withdraw: { id?: string | number; type: 'withdraw'; run: string };
}

/** `type` of a frame that a client may send. */
export type ClientFrameType = keyof ClientFrames;

/** The frame that a client sends with the given `type`. */
export type ClientFrame<T extends ClientFrameType = ClientFrameType> = ClientFrames[T];

/** Frames that the server may send, by `type`. */
export interface ServerFrames {
  agent: { type: 'agent'; thread: string; agent: string | null; by: string | null };
  history: {
    id?: string | number;
    type: 'history';
    thread: string;
    epoch: string;
    messages: {
      replay?: boolean;
      fallback?: boolean;
      type: 'message';
      thread: string;
      offset: number;
      mid: string;
      kind: string;
      body: unknown;
      from: { user: string };
      at: number;
    }[];
    more: boolean;
  };
  threads: {
    id?: string | number;
    next?: { before: number; beforeThread: string };
    type: 'threads';
    threads: {
      thread: string;
      offset: number;
      epoch: string;
      read: number;
      at: number;
      last: {
        replay?: boolean;
        fallback?: boolean;
        type: 'message';
        thread: string;
        offset: number;
        mid: string;
        kind: string;
        body: unknown;
        from: { user: string };
        at: number;
      } | null;
    }[];
    more: boolean;
  };
  typing: { type: 'typing'; user: string; thread: string; on: boolean; forMs: number };
  mark: { id?: string | number; type: 'mark'; user: string; thread: string; read: number };
  members: {
    id?: string | number;
    may?: ('read' | 'write' | 'manage')[];
    type: 'members';
    thread: string;
    members: { user: string; role: 'member' | 'reader' }[];
    owner: string | null;
  };
  member: {
    id?: string | number;
    type: 'member';
    user: string;
    thread: string;
    role: 'member' | 'reader' | null;
    by: string | null;
  };
  ping: { type: 'ping' };
  pong: { id?: string | number; type: 'pong'; time: number };
  connected: {
    id?: string | number;
    expiresAt?: number;
    agents?: { name: string; description: string }[];
    type: 'connected';
    user: string;
    ping: number;
    connection: string;
    node: string;
    time: number;
    limits: { frameBytes: number; subscriptions: number; publishPerSecond: number };
    reconnect: { firstJitterMs: number; minMs: number; maxMs: number };
  };
  refreshed: { id?: string | number; expiresAt?: number; type: 'refreshed' };
  subscribed: {
    id?: string | number;
    agent?: string;
    presentCount?: number;
    marks?: { user: string; read: number }[];
    may?: ('read' | 'write' | 'manage')[];
    type: 'subscribed';
    thread: string;
    offset: number;
    epoch: string;
    recovered: boolean;
    replay: number;
    gap: { from: number; to: number; reason: 'epoch' | 'trimmed' | 'damaged' } | null;
    runs: {
      agent?: string;
      ask?: { ask: string; expiresAt: number; prompt: string; schema: object | null };
      attempt?: number;
      mid: string;
      run: string;
      state: string;
      text: string;
      at: number;
    }[];
    present: string[];
  };
  caught_up: { type: 'caught_up'; thread: string; offset: number };
  unsubscribed: { id?: string | number; code?: 'forbidden'; type: 'unsubscribed'; thread: string };
  ack: {
    id?: string | number;
    type: 'ack';
    thread: string;
    offset: number;
    epoch: string;
    mid: string;
    at: number;
    duplicate: boolean;
    durable: 'disk' | 'process' | 'quorum';
  };
  message: {
    replay?: boolean;
    fallback?: boolean;
    type: 'message';
    thread: string;
    offset: number;
    mid: string;
    kind: string;
    body: unknown;
    from: { user: string };
    at: number;
  };
  presence: { join?: string[]; leave?: string[]; count?: number; type: 'presence'; thread: string };
  owner: { type: 'owner'; thread: string; owner: string; by: string | null };
  rights: { type: 'rights'; thread: string; may: ('read' | 'write' | 'manage')[] };
  chunk: { attempt?: number; type: 'chunk'; thread: string; run: string; text: string; at: number };
  cancelling: { id?: string | number; run?: string; type: 'cancelling' };
  answered: { id?: string | number; type: 'answered'; run: string; ask: string };
  withdrawn: { id?: string | number; type: 'withdrawn'; run: string };
  error: {
    id?: string | number;
    afterMs?: number;
    type: 'error';
    code: string;
    message: string;
    retry: boolean;
  };
  disconnect: {
    afterMs?: number;
    resume?: { thread: string; offset: number; epoch: string }[];
    type: 'disconnect';
    reconnect: boolean;
    reason: string;
    code: number;
  };
}

/** `type` of a frame that the server may send. */
export type ServerFrameType = keyof ServerFrames;

/** The frame that the server sends with the given `type`. */
export type ServerFrame<T extends ServerFrameType = ServerFrameType> = ServerFrames[T];

/** A message as it is stored in the log and sent on the wire. */
export type MessageFrame = ServerFrame<'message'>;

/** Where a subscription starts. */
export type SinceValue = 'start' | 'live' | { offset: number; epoch: string };
