/** A connection of the chat that carries no frames: it counts for the limits, and ends when the chat would end it. */
import type { Connection } from '../chat/connection.js';
import { QueuedSocket, type FanOut } from '../transport/fan-out.js';

/** Its socket. */
export class LineSocket extends QueuedSocket<Connection> {
  private readonly onEnd: (code: number) => void;

  /** `onEnd` is called with the code when the server ends it. */
  constructor(fanOut: FanOut<Connection>, connection: Connection, onEnd: (code: number) => void) {
    super(fanOut, connection);
    this.onEnd = onEnd;
  }

  protected engineBuffered(): number {
    return 0;
  }

  protected engineWrite(): void {
    // Its client knows no frames.
  }

  protected engineEnd(code: number): void {
    this.settle(code);
    this.onEnd(code);
  }

  protected engineTerminate(): void {
    this.settle(1006);
  }
}
