/**
 * A WebSocket client that hides nothing: unlike the SDK it neither repeats nor sorts nor drops, so that a check sees
 * what came over the wire.
 */
import { WebSocket } from 'ws';
import type {
  ClientFrame,
  ServerFrame,
  SUBPROTOCOL as Subprotocol
} from '../../../protocol/frames.js';
import { readFrames } from '../../../client/sdk/frames.js';
import { VERSION } from '../../../server/wiring/version.js';
import { faultOf, faultOfStatus } from '../../chat/noted-socket.js';
import { VerifyFault } from './verify-fault.js';

const SUBPROTOCOL: typeof Subprotocol = 'rollcall.v1';

/** Time limit of an answer, in milliseconds. */
export const ANSWER_MS = 10_000;

/** Most frames that are kept of a connection; a check needs a few hundred. */
const FRAMES_MAX = 20_000;

/** User of the probe where authentication is off. */
export const PROBE_USER = 'rollcall-verify';

/** How to sign in. */
export interface WireOrder {
  /** Null signs in without a token. */
  readonly token?: string | null;
}

/** A frame of the server, and when it came, in milliseconds of the clock that was given. */
export interface Taken {
  readonly frame: ServerFrame;
  readonly at: number;
}

/** The server refused to sign somebody in, with a code of the protocol. */
export class SignInRefused extends VerifyFault {
  readonly code: string;
  constructor(code: string, message: string) {
    super(`signing in is refused: ${code} (${message})`);
    this.code = code;
  }
}

/** One connection. */
export class Wire {
  /** All frames so far. */
  readonly taken: Taken[] = [];
  /** The answer to signing in. */
  hello: ServerFrame<'connected'> | null = null;
  /** Close code; null while it is open. */
  closed: number | null = null;
  private readonly socket: WebSocket;
  private readonly wakers = new Set<() => void>();
  private readonly elapsed: () => number;
  private openFault: string | null = null;
  private nextId = 1;

  private constructor(url: string, elapsed: () => number) {
    this.elapsed = elapsed;
    this.socket = new WebSocket(url, SUBPROTOCOL, { handshakeTimeout: ANSWER_MS });
    this.socket.on('open', () => {
      this.wake();
    });
    this.socket.on('error', (error) => {
      this.openFault ??= faultOf(error).words;
      this.wake();
    });
    this.socket.on('unexpected-response', (_request, { statusCode = 0 }) => {
      this.openFault ??= faultOfStatus(statusCode).words;
      this.socket.terminate();
    });
    this.socket.on('message', (data: Buffer) => {
      const at = elapsed();
      const { frames, bad } = readFrames(data.toString());
      if (bad.length > 0) this.openFault ??= 'what it sends is no frame of Rollcall';
      for (const frame of frames) {
        if (this.taken.length < FRAMES_MAX) this.taken.push({ frame, at });
      }
      this.wake();
    });
    this.socket.on('close', (code) => {
      this.closed = code;
      this.wake();
    });
  }

  /** Opens and signs in. @throws {VerifyFault} when the upgrade or the user is refused */
  static async open(
    url: string,
    { token }: { readonly token: string | undefined },
    elapsed: () => number
  ): Promise<Wire> {
    const wire = new Wire(url, elapsed);
    try {
      await wire.until(() => wire.socket.readyState === WebSocket.OPEN, 'the WebSocket to open');
      const client = { name: 'rollcall-verify', version: VERSION };
      const who = token === undefined ? { user: PROBE_USER } : { token };
      wire.send({ type: 'connect', ...who, client });
      const isAnswer = ({ type }: ServerFrame): boolean =>
        type === 'connected' || type === 'error' || type === 'disconnect';
      const hello = await wire.next(isAnswer, 'an answer to connect');
      if (hello.type === 'error') throw new SignInRefused(hello.code, hello.message);
      if (hello.type === 'disconnect') throw new SignInRefused(String(hello.code), hello.reason);
      if (hello.type === 'connected') wire.hello = hello;
      return wire;
    } catch (error) {
      wire.drop();
      throw error;
    }
  }

  /** Sends a frame. */
  send(frame: ClientFrame): void {
    if (this.socket.readyState === WebSocket.OPEN) this.socket.send(JSON.stringify(frame));
  }

  /** Sends a request with a new id and resolves to its answer, which may be an error. */
  async ask(frame: ClientFrame): Promise<ServerFrame> {
    const id = this.nextId++;
    this.send({ ...frame, id });
    return await this.next((one) => 'id' in one && one.id === id, `an answer to ${frame.type}`);
  }

  /** Resolves to the first frame, past or future, that fits. @throws {VerifyFault} when it does not come */
  async next(
    fits: (frame: ServerFrame) => boolean,
    what: string,
    withinMs = ANSWER_MS
  ): Promise<ServerFrame> {
    let from = 0;
    let found: ServerFrame | undefined;
    await this.until(
      () => {
        for (; from < this.taken.length && found === undefined; from += 1) {
          const frame = this.taken[from]?.frame;
          if (frame !== undefined && fits(frame)) found = frame;
        }
        return found !== undefined;
      },
      what,
      withinMs
    );
    if (found === undefined) throw new VerifyFault(`${what} did not come`);
    return found;
  }

  /** Resolves once it is so. @throws {VerifyFault} when the connection ends first, or it takes too long */
  async until(isSo: () => boolean, what: string, withinMs = ANSWER_MS): Promise<void> {
    const deadline = this.elapsed() + withinMs;
    while (!isSo()) {
      if (this.openFault !== null) throw new VerifyFault(`the WebSocket: ${this.openFault}`);
      if (this.closed !== null) {
        throw new VerifyFault(`${what}: the connection was closed with ${String(this.closed)}`);
      }
      const leftMs = deadline - this.elapsed();
      if (leftMs <= 0) {
        throw new VerifyFault(`${what} did not come within ${String(withinMs / 1_000)} s`);
      }
      await new Promise<void>((resolve) => {
        const wake = (): void => {
          clearTimeout(timer);
          this.wakers.delete(wake);
          resolve();
        };
        const timer = setTimeout(wake, leftMs);
        this.wakers.add(wake);
      });
    }
  }

  /** Makes a round trip: all that the server sent before has come. */
  async settle(): Promise<void> {
    await this.ask({ type: 'ping' });
  }

  /** Ends the connection at once, as a network that is gone. */
  drop(): void {
    this.socket.terminate();
  }

  private wake(): void {
    for (const wake of [...this.wakers]) wake();
  }
}
