/**
 * What the peers `json-uws` and `json-ws` do with a frame: as much of Rollcall's protocol as the rows need. Each frame is
 * parsed, a publish is stamped, acknowledged and published to a topic. Nothing is stored or authenticated. What Rollcall
 * needs beyond it is the price of its promises.
 */

/** The fields that are read. */
interface ClientFrame {
  readonly type: string;
  readonly id?: unknown;
  readonly user?: unknown;
  readonly thread?: string;
  readonly mid?: unknown;
  readonly kind?: unknown;
  readonly body?: unknown;
}

function isFrame(value: unknown): value is ClientFrame {
  return typeof value === 'object' && value !== null && 'type' in value;
}

/** A connection of either engine. */
export interface RoomSocket {
  user: unknown;
  send(text: string): void;
  join(thread: string): void;
}

/** The threads of a peer. */
export class JsonRooms {
  private readonly offsets = new Map<string, number>();
  private readonly publish: (thread: string, text: string) => void;

  /** `publish` sends a frame to everybody who has joined the thread. */
  constructor(publish: (thread: string, text: string) => void) {
    this.publish = publish;
  }

  /** Handles a frame. */
  take(socket: RoomSocket, text: string): void {
    const frame: unknown = JSON.parse(text);
    if (!isFrame(frame)) return;
    const { type, id, thread = '' } = frame;
    const offset = this.offsets.get(thread) ?? 0;
    if (type === 'connect') {
      socket.user = frame.user;
      socket.send(JSON.stringify({ type: 'connected', id, user: frame.user, time: Date.now() }));
    } else if (type === 'subscribe') {
      socket.join(thread);
      socket.send(JSON.stringify({ type: 'subscribed', id, thread, offset }));
      socket.send(JSON.stringify({ type: 'caught_up', thread, offset }));
    } else if (type === 'publish') {
      const { mid, body, kind = 'user_message' } = frame;
      const next = offset + 1;
      this.offsets.set(thread, next);
      const at = Date.now();
      socket.send(JSON.stringify({ type: 'ack', id, thread, mid, offset: next, at }));
      const from = { user: socket.user };
      this.publish(
        thread,
        JSON.stringify({ type: 'message', thread, offset: next, mid, from, at, kind, body })
      );
    }
  }
}
