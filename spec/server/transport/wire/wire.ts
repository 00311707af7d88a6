/** A bare TCP connection, for specs that look at bytes. */
import { connect } from 'node:net';
import type { Outcome } from '../../../../scripts/docs/engine-differences.js';
import { upgradeWith } from './engine-cases.js';

/** An empty WebSocket ping. Its pong shows that the server has read everything before it. */
export const PING = Buffer.from('898000000000', 'hex');

/** One connection, and everything that came back on it. */
export class Wire {
  private readonly tcp;
  private received = Buffer.alloc(0);
  private hasEnded = false;
  private wake: (() => void) | null = null;

  constructor(port: number) {
    this.tcp = connect({ port, host: '127.0.0.1', noDelay: true });
    this.tcp.on('data', (chunk) => {
      this.received = Buffer.concat([this.received, chunk]);
      this.wake?.();
    });
    // A close while bytes are on their way is a reset. Only what came before it matters.
    this.tcp.on('error', () => undefined);
    this.tcp.on('close', () => {
      this.hasEnded = true;
      this.wake?.();
    });
  }

  get isClosed(): boolean {
    return this.hasEnded;
  }
  get text(): string {
    return this.received.toString('latin1');
  }
  get statuses(): string[] {
    return Array.from(this.text.matchAll(/HTTP\/1\.1 (\d{3}) /g), ([, status]) => status ?? '');
  }
  /** The bytes after the head of the upgrade. */
  get frames(): Buffer {
    return this.received.subarray(this.text.indexOf('\r\n\r\n') + 4);
  }
  write(bytes: string | Buffer): void {
    this.tcp.write(typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : bytes);
  }
  /** Opens a WebSocket; `headers` replaces headers of the upgrade. */
  async upgrade(headers: Readonly<Record<string, string | null>> = {}): Promise<void> {
    this.write(upgradeWith(headers));
    await this.until(() => this.text.includes('\r\n\r\n'));
  }
  /** Resolves when `isSo` is true, or when the connection has closed. */
  async until(isSo: () => boolean): Promise<void> {
    while (!isSo() && !this.hasEnded) {
      await new Promise<void>((resolve) => (this.wake = resolve));
    }
  }
  /** Ends the client's side, and waits until the connection has closed. */
  async end(): Promise<void> {
    this.tcp.end();
    await this.until(() => false);
  }
  drop(): void {
    this.tcp.destroy();
  }
}

/** Returns the outcome of a WebSocket from the server's last bytes: it stays, closed with a code, or was cut. */
export function endOf(isClosed: boolean, last: Buffer): Outcome {
  if (!isClosed) return 'none stays';
  const [first, length = 0] = last;
  if (first !== 0x88) return 'cut';
  return `${length === 0 ? '1005' : String(last.readUInt16BE(2))} closed`;
}
