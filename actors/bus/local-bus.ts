import type { LogEntry } from '../log/log-reader.js';
import type { Bus, BusNode, Ephemeral, Kicked } from './bus.js';

/** The bus of a single node: it reaches only this node's connections, and calls `done` before it returns. */
export class LocalBus implements Bus {
  private readonly node: BusNode;

  constructor(node: BusNode) {
    this.node = node;
  }

  tell(frame: Ephemeral): void {
    this.node.tell(frame);
  }

  tellHere(frame: Ephemeral): void {
    this.node.tell(frame);
  }

  isReachable(user: string): boolean {
    return this.node.isReachable(user);
  }

  fallback(user: string, thread: string, message: LogEntry, done: (taken: number) => void): void {
    done(this.node.fallback(user, thread, message));
  }

  cut(user: string): void {
    this.node.cut(user);
  }

  kick(whom: Kicked, done: (closed: number) => void): void {
    done(this.node.kick(whom));
  }
}
