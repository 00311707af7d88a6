/** Who reads an event stream that is written as fast as the peer reads. */
import type { HttpStream } from '../transport/transport.js';

/** Bytes that a peer may have unread; above it nothing more is made for it. */
export const UNREAD_BYTES_MAX = 262_144;

/** A comment, which readers of event streams skip. */
const STILL_HERE = ': still here\n\n';

/** What the peer reads. */
export interface PeerSource {
  /** Whether the server has ended it. */
  readonly isOver: boolean;
  /** Set by the peer; called when the server ends it. */
  onEnd: () => void;
  /** Tells it that the peer has read all that was sent. */
  drained(): void;
  /** Ends it, since the peer is gone. */
  close(): void;
}

/** One peer. Once it is gone, what is written to it is dropped. */
export class StreamPeer {
  private readonly out: HttpStream;
  private hasRoom: () => void = () => undefined;
  private isGone = false;
  private source: PeerSource | null = null;

  constructor(out: HttpStream) {
    this.out = out;
    out.onDrain(() => {
      this.hasRoom();
      this.source?.drained();
    });
    out.onClose(() => {
      this.isGone = true;
      this.hasRoom();
      this.source?.close();
    });
  }

  /** Bytes that it has not read yet. */
  get buffered(): number {
    return this.isGone ? 0 : this.out.buffered();
  }

  /** Sets what it reads, which ends when the peer goes. */
  follow(source: PeerSource): void {
    this.source = source;
    source.onEnd = () => {
      this.hasRoom();
    };
    if (this.isGone) source.close();
  }

  write(text: string): void {
    if (!this.isGone && text !== '') this.out.write(text);
  }

  /** Shows proxies that the connection is in use. */
  stillHere(): void {
    this.write(STILL_HERE);
  }

  /** Resolves as soon as the peer has read enough, is gone, or is left by the server because it does not read. */
  async room(): Promise<void> {
    while (this.buffered > UNREAD_BYTES_MAX && this.source?.isOver !== true) {
      await new Promise<void>((resolve) => {
        this.hasRoom = resolve;
      });
    }
  }

  end(): void {
    if (!this.isGone) this.out.end();
  }
}
