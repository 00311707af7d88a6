import type { Connection } from '../../../server/chat/connection.js';
import type { OutFrame } from '../../../server/transport/out-frame.js';
import type { Socket } from '../../../server/transport/transport.js';

/** A socket that keeps the frames it is sent, and refuses them when `room` is used up. */
export class FakeSocket<S extends { socket: Socket<S> | null } = Connection> implements Socket<S> {
  readonly state: S;
  readonly sent: string[] = [];
  readonly topics = new Set<string>();
  /** How many more frames it takes. */
  room = Infinity;
  /** Result of `buffered`. */
  bufferedBytes = 0;
  /** Bytes last reported to `setAside`. */
  asideBytes = 0;
  ended: number | null = null;

  constructor(state: S) {
    this.state = state;
    state.socket = this;
  }

  /** The sent frames, parsed. */
  get frames(): Record<string, unknown>[] {
    return this.sent.map((text) => JSON.parse(text) as Record<string, unknown>);
  }

  send(frame: OutFrame): boolean {
    if (this.ended !== null || this.room <= 0) return false;
    this.room--;
    this.sent.push(frame.text);
    return true;
  }

  buffered(): number {
    return this.bufferedBytes;
  }

  setAside(bytes: number): void {
    this.asideBytes = bytes;
  }

  join(topic: string): void {
    this.topics.add(topic);
  }

  leave(topic: string): void {
    this.topics.delete(topic);
  }

  end(code: number): void {
    this.ended = code;
  }

  terminate(): void {
    this.ended = 1006;
  }
}
