import type { Connection } from '../../../server/chat/connection.js';
import type { OutFrame } from '../../../server/transport/out-frame.js';
import type { Socket } from '../../../server/transport/transport.js';

/** A socket that keeps what it is sent and takes only as much as it is given room for. */
export class FakeSocket<S extends { socket: Socket<S> | null } = Connection> implements Socket<S> {
  readonly state: S;
  readonly sent: string[] = [];
  readonly topics = new Set<string>();
  /** Frames that it will still take. */
  room = Infinity;
  /** What `buffered` answers. */
  bufferedBytes = 0;
  /** What is kept outside of it. */
  asideBytes = 0;
  ended: number | null = null;

  constructor(state: S) {
    this.state = state;
    state.socket = this;
  }

  /** What was sent, parsed. */
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
