/** The inspector: its viewers, what they see and what they may do. One recorder serves all; the chat never waits for it. */
import { StateMachine, type AnyActor } from 'xstate';
import type { LogReader } from '../../actors/log/log-reader.js';
import type { Clock } from '../../actors/clock.js';
import type { Logger } from '../../actors/log-line.js';
import type { SeenMessage } from '../../actors/threads/deliveries.js';
import type { Threads } from '../../actors/threads/threads.js';
import { reasonOf } from '../../machines/reason.js';
import type { Connections } from '../chat/connections.js';
import type { Route } from '../http/route-table.js';
import { problem } from '../transport/problem.js';
import {
  INSPECT_SUBPROTOCOL,
  INSPECT_WS_PATH,
  STATELY_VERSION,
  type HelloMessage,
  type InspectReplies,
  type InspectRequest,
  type RecordedMessage
} from '../../protocol/inspection.js';
import { offeredProtocols } from '../auth/auth.js';
import type { WrongKeys } from '../chat/work/wrong-keys.js';
import type { Origins } from '../auth/origins.js';
import { isThreadId } from '../../protocol/frames.js';
import { TokenBucket } from '../chat/work/token-bucket.js';
import { OutFrame } from '../transport/out-frame.js';
import type {
  Endpoint,
  Socket,
  TransportRequest,
  UpgradeDecision
} from '../transport/transport.js';
import type { RunActorsSource } from './actor-sources.js';
import { ChartLayouts } from './charts/chart-layouts.js';
import { decodeRequest, REQUEST_BYTES_MAX } from './inspect-requests.js';
import { InspectAccess } from './inspect-access.js';
import { createInspectRoutes } from './inspect-route.js';
import { Recorder } from './recorder.js';
import type { Recorded } from './recording-buffer.js';
import { connectionRows, threadRows } from '../rows/rows.js';
import { machineDefinition } from './charts/machine-definition.js';
import { shown } from './shown.js';
import { outOf, Viewer } from './viewer.js';
import {
  VIEWER_LAG_BYTES,
  VIEWER_PING_MS,
  VIEWER_REQUESTS_PER_SECOND,
  VIEWER_STUCK_MS,
  VIEWERS_MAX
} from './viewer-limits.js';

/** Most older messages sent to a new viewer of `@statelyai/inspect`, as its own relay does. */
const STATELY_REPLAY = 200;

const PING = outOf({ type: 'inspect.ping', _version: STATELY_VERSION });

/** Options of {@link Inspector}. */
export interface InspectorOptions {
  readonly version: string;
  readonly node: string;
  readonly environment: string;
  /** Null when no token is needed. */
  readonly token: string | null;
  readonly origins: Origins;
  readonly wrongKeys: Pick<WrongKeys, 'refusal' | 'wrong'>;
  readonly showsBodies: boolean;
  /** Whether viewers may send events to actors. */
  readonly maySend: boolean;
  readonly root: () => AnyActor;
  readonly connections: Connections;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Wraps an observer so that its errors cannot harm the actor that it watches. */
  readonly contain: <Event>(observe: (event: Event) => void) => (event: Event) => void;
}

/** Parts that exist once the log is open. */
export interface InspectedParts {
  readonly threads: Threads;
  readonly runs: RunActorsSource;
  readonly log: Pick<LogReader, 'head'>;
}

/** The inspector of one server. */
export class Inspector {
  readonly recorder: Recorder;
  readonly endpoint: Endpoint<Viewer>;
  /** Routes below `/inspect/`. */
  readonly routes: readonly Route[];
  private readonly options: InspectorOptions;
  private readonly access: InspectAccess;
  private readonly layouts = new ChartLayouts();
  readonly viewers = new Set<Viewer>(); // those that are open
  /** Threads that viewers watch by id. */
  private named: ReadonlySet<string> = new Set();
  private readonly onMessage: (seen: SeenMessage) => void;
  private parts: InspectedParts | null = null;
  private endStartup: (() => void) | null = null;
  private endWatching: (() => void) | null = null;
  private endMessages: (() => void) | null = null;
  private tick: unknown = null;

  constructor(options: InspectorOptions) {
    const { clock, root, showsBodies, contain } = options;
    this.options = options;
    this.onMessage = contain((seen) => {
      this.seen(seen);
    });
    this.access = new InspectAccess(options);
    this.recorder = new Recorder({ clock, root, showsBodies, contain });
    this.recorder.listen((recorded, message) => {
      this.tell(recorded, message);
    });
    this.routes = createInspectRoutes({
      ...options,
      access: this.access,
      recorder: this.recorder,
      layouts: this.layouts
    });
    this.endpoint = {
      path: INSPECT_WS_PATH,
      limits: { messageBytes: REQUEST_BYTES_MAX, lagBytes: VIEWER_LAG_BYTES },
      events: {
        upgrade: (request) => this.upgrade(request),
        open: (socket) => {
          this.open(socket);
        },
        message: (socket, text) => {
          this.message(socket.state, text);
        },
        dropped: () => undefined,
        drain: (socket) => {
          socket.state.drained();
        },
        close: (socket) => {
          this.close(socket.state);
        }
      }
    };
  }

  /** Records the startup from its first moment, since it is over before a viewer can connect. */
  beginStartup(): void {
    this.endStartup = this.recorder.attach();
  }

  /** Ends the recording of the startup, whether it succeeded or not. It may be called again. */
  finishStartup(): void {
    this.endStartup?.();
    this.endStartup = null;
  }

  /** Gives the inspector the threads, once there are any. */
  begin(parts: InspectedParts): void {
    this.parts = parts;
    this.recorder.deliver(parts.threads, parts.runs);
    this.follow();
  }

  /** Releases everything; the listener has already disconnected the viewers. */
  end(): void {
    this.recorder.record(false);
    this.finishStartup();
    void this.layouts.close();
  }

  private upgrade(request: TransportRequest): UpgradeDecision<Viewer> {
    const { wrongKeys } = this.options;
    const limited = wrongKeys.refusal(request);
    if (limited !== null) return { accept: false, reply: limited };
    const refusal = this.access.refusal(request);
    if (refusal !== null) {
      if (refusal.code === 'unauthorized') wrongKeys.wrong(request);
      return { accept: false, reply: problem(refusal.code, refusal.detail) };
    }
    if (this.viewers.size >= VIEWERS_MAX) {
      const detail = `${String(VIEWERS_MAX)} viewers look already: close one`;
      return { accept: false, reply: problem('unavailable', detail) };
    }
    const isOurs = offeredProtocols(request).includes(INSPECT_SUBPROTOCOL);
    const threads = isOurs ? [] : new URLSearchParams(request.query).getAll('thread');
    return {
      accept: true,
      protocol: isOurs ? INSPECT_SUBPROTOCOL : null,
      state: new Viewer(isOurs ? 'rollcall' : 'stately', threads.filter(isThreadId))
    };
  }

  private open(socket: Socket<Viewer>): void {
    const viewer = socket.state;
    // The upgrade has checked this too, but other upgrades may have passed since.
    if (this.viewers.size >= VIEWERS_MAX) {
      socket.end(1013, 'too many viewers');
      return;
    }
    if (this.endWatching === null) {
      this.endWatching = this.recorder.attach();
      this.tickLater();
    }
    viewer.socket = socket;
    this.viewers.add(viewer);
    const now = this.options.clock.elapsed();
    if (viewer.kind === 'rollcall') viewer.tell(this.hello(), now);
    else this.greet(viewer, now);
    this.follow();
  }

  private close(viewer: Viewer): void {
    viewer.socket = null;
    if (!this.viewers.delete(viewer)) return;
    this.follow();
    if (this.viewers.size > 0) return;
    this.options.clock.clearTimeout(this.tick);
    this.endWatching?.();
    this.endWatching = null;
  }

  private hello(): HelloMessage {
    const { version, node, environment, maySend, showsBodies } = this.options;
    const { seq, state: recording } = this.recorder;
    return {
      type: 'inspect.hello',
      version,
      node,
      environment,
      maySend,
      showsBodies,
      seq,
      recording
    };
  }

  /**
   * Sends a viewer of `@statelyai/inspect` the present tree and the newest recorded messages, as its own relay does.
   */
  private greet(viewer: Viewer, now: number): void {
    for (const message of this.recorder.tree()) this.giveStately(viewer, message, now);
    const recent = [...this.recorder.kept()].filter((recorded) => viewer.wants(recorded));
    for (const { text, type, says } of recent.slice(-STATELY_REPLAY)) {
      if (says === null) viewer.give(new OutFrame(text, type), now);
    }
  }

  /** A viewer of `@statelyai/inspect` draws an actor from its machine's configuration. */
  private giveStately(viewer: Viewer, message: RecordedMessage, now: number): void {
    const machine =
      message.type === '@xstate.actor' && message.hash !== null
        ? this.recorder.machine(message.hash)
        : null;
    if (message.type !== '@xstate.actor' || machine === null) viewer.tell(message, now);
    else viewer.tell({ ...message, definition: machineDefinition(machine) }, now);
  }

  private tell(recorded: Recorded, message: RecordedMessage): void {
    if (this.viewers.size === 0) return;
    const now = this.options.clock.elapsed();
    const frame = new OutFrame(recorded.text, recorded.type);
    for (const viewer of this.viewers) {
      if (!viewer.wants(recorded)) continue;
      if (viewer.kind === 'stately' && message.type === '@xstate.actor') {
        this.giveStately(viewer, message, now);
      } else viewer.give(frame, now);
    }
  }

  private message(viewer: Viewer, text: string | null): void {
    if (viewer.kind === 'stately') return;
    const now = this.options.clock.elapsed();
    viewer.requests ??= new TokenBucket(VIEWER_REQUESTS_PER_SECOND, now);
    const afterMs = viewer.requests.take(now);
    const decoded = decodeRequest(text);
    if (!decoded.ok) {
      const { id, message } = decoded;
      viewer.tell({ type: 'inspect.reply', id, ok: false, message }, now);
      return;
    }
    const { request } = decoded;
    if (afterMs > 0) {
      const message = `more than ${String(VIEWER_REQUESTS_PER_SECOND)} requests in a second; ask again in ${String(afterMs)} ms`;
      viewer.tell({ type: 'inspect.reply', id: request.id, ok: false, message }, now);
      return;
    }
    try {
      const result = this.answer(viewer, request);
      viewer.tell({ type: 'inspect.reply', id: request.id, ok: true, result }, now);
    } catch (error) {
      const message = reasonOf(error);
      viewer.tell({ type: 'inspect.reply', id: request.id, ok: false, message }, now);
    }
  }

  private answer(viewer: Viewer, request: InspectRequest): InspectReplies[InspectRequest['type']] {
    switch (request.type) {
      case 'inspect.watch':
        viewer.threads = new Set(request.threads);
        viewer.everything = request.everything;
        this.follow();
        return { watched: viewer.threads.size };
      case 'inspect.threads': {
        const { threads, log } = this.needed();
        return threadRows(threads, this.options.connections, log, request);
      }
      case 'inspect.connections':
        return connectionRows(this.options.connections, this.options.clock, request);
      case 'inspect.record':
        this.recorder.record(request.on);
        this.tellAll();
        return { recording: this.recorder.state };
      case 'inspect.send':
        this.send(request.sessionId, request.event);
        return { sent: true };
    }
  }

  private needed(): InspectedParts {
    if (this.parts === null) throw new Error('there are no threads yet: the log is not open');
    return this.parts;
  }

  /** Sends an event to an actor. @throws {Error} saying why that is not allowed or not possible */
  private send(sessionId: string, event: InspectRequest<'inspect.send'>['event']): void {
    const { maySend, environment, logger } = this.options;
    if (!maySend) {
      throw new Error(`events are sent by hand in development only, and this is ${environment}`);
    }
    const actor = this.recorder.actor(sessionId);
    const machine: unknown = actor?.logic;
    if (actor === null || !(machine instanceof StateMachine)) {
      throw new Error('there is no such actor now, or it runs no chart');
    }
    const known = Array.from<unknown>(machine.events)
      .map(String)
      .filter((type) => !type.includes('*') && !type.startsWith('xstate.'));
    if (!known.includes(event.type)) {
      throw new Error(`${machine.id} takes no ${event.type}; it takes ${known.join(', ')}`);
    }
    logger.info('An event was sent by hand through the inspector', {
      actor: actor.id,
      event: shown(event, false)
    });
    actor.send(event);
  }

  /** Watches only what the viewers want to see; messages only of threads that they watch by id. */
  private follow(): void {
    const named = new Set<string>();
    let everything = false;
    for (const viewer of this.viewers) {
      everything ||= viewer.everything;
      for (const thread of viewer.threads) named.add(thread);
    }
    this.recorder.watch(everything ? 'all' : named);
    this.named = named;
    if (this.parts === null) return;
    this.endMessages?.();
    this.endMessages = named.size > 0 ? this.parts.threads.onMessage(this.onMessage) : null;
  }

  /** Sends a message to viewers that watch its thread by id. Messages of all threads would be too many. */
  private seen({ thread, entry, offset, outcome }: SeenMessage): void {
    if (!this.named.has(thread.id)) return;
    const { showsBodies } = this.options;
    const { mid, user, kind, bodyJson } = entry;
    this.recorder.message(thread.id, {
      type: 'message',
      mid,
      offset,
      from: user,
      kind,
      outcome,
      subscribers: thread.subscribers,
      bodyChars: bodyJson.length,
      ...(showsBodies ? { bodyJson: shown(bodyJson, true) } : {})
    });
  }

  private tellAll(): void {
    const now = this.options.clock.elapsed();
    const recording = this.recorder.state;
    for (const viewer of this.viewers) {
      if (viewer.kind === 'rollcall') viewer.tell({ type: 'inspect.recording', recording }, now);
    }
  }

  private tickLater(): void {
    const dueAt = this.options.clock.elapsed() + VIEWER_PING_MS;
    this.tick = this.options.clock.setTimeout(() => {
      const now = this.options.clock.elapsed();
      for (const viewer of [...this.viewers]) {
        viewer.excuse(now - dueAt);
        if (viewer.stuckMs(now) >= VIEWER_STUCK_MS) viewer.socket?.terminate();
        else viewer.give(PING, now);
      }
      // Disconnecting the last viewer has stopped this timer already.
      if (this.viewers.size === 0) return;
      this.tellAll();
      this.tickLater();
    }, VIEWER_PING_MS);
  }
}
