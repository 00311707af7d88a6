/**
 * An event stream (server-sent events) as a socket of a path: the same topics, the same queue of a turn and the same
 * rule of lag as the WebSockets of the path. Nothing is ever heard of it but that it has closed.
 */
import { QueuedSocket, type FanOut } from './fan-out.js';
import type { OutFrame } from './out-frame.js';
import type { HttpStream } from './transport.js';

class EventSocket<S> extends QueuedSocket<S> {
  private readonly out: HttpStream;

  constructor(fanOut: FanOut<S>, state: S, out: HttpStream) {
    super(fanOut, state);
    this.out = out;
  }

  protected engineBuffered(): number {
    return this.out.buffered();
  }

  protected engineWrite(frames: readonly OutFrame[]): void {
    const [first] = frames;
    if (first === undefined) return;
    this.out.write(
      frames.length === 1 ? first.event : Buffer.concat(frames.map(({ event }) => event))
    );
  }

  protected engineEnd(code: number): void {
    this.settle(code);
    this.out.end();
  }

  protected engineTerminate(): void {
    this.engineEnd(1006);
  }
}

/** Makes an open event stream a socket of a path; it is told of as the path's WebSockets are. */
export function openEventSocket<S>(fanOut: FanOut<S>, state: S, out: HttpStream): void {
  const socket = new EventSocket(fanOut, state, out);
  fanOut.events.open(socket);
  out.onDrain(() => {
    socket.drained();
  });
  out.onClose(() => {
    socket.settle(1006);
  });
}
