/**
 * The health probe: a WebSocket client on loopback that publishes a message to a test thread and waits for it. A machine
 * without free time may answer late, so an attempt that gets no answer is followed by a longer one. An answer that
 * refuses ends the probe at once.
 */
import { WebSocket } from 'ws';

/** Thread of the probe at startup. */
export const PROBE_THREAD = 'startup_test_loopback';

/** Time limit of the first attempt, in milliseconds; each further one gets twice as long. */
export const PROBE_ATTEMPT_MS = 5_000;

/** Time limit of all attempts together, in milliseconds: less than what the supervisor gives the probe to start. */
export const PROBE_TIMEOUT_MS = 25_000;

/** Options of {@link probeLoopback}. */
export interface ProbeOptions {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Returns a new message id; called once for each attempt, since a known id would not be given out again. */
  readonly newMid: () => string;
  /** Default {@link PROBE_ATTEMPT_MS}. */
  readonly attemptMs?: number;
  /** Default {@link PROBE_TIMEOUT_MS}. */
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
}

/** An attempt got no answer in time. */
class NoAnswerError extends Error {}

/** The fields of a server frame that the probe reads. */
interface ProbeFrame {
  type: string;
  mid?: string;
  code?: string;
  message?: string;
}

function isProbeFrame(value: unknown): value is ProbeFrame {
  return typeof value === 'object' && value !== null && 'type' in value;
}

/**
 * Connects, subscribes and publishes; resolves when both the ack and the message have arrived.
 * @throws {Error} naming the step that was refused, or that took too long in the last attempt
 */
export async function probeLoopback(options: ProbeOptions): Promise<void> {
  const { attemptMs = PROBE_ATTEMPT_MS, timeoutMs = PROBE_TIMEOUT_MS, signal } = options;
  let leftMs = timeoutMs;
  for (let limitMs = attemptMs; ; limitMs *= 2) {
    const thisMs = Math.min(limitMs, leftMs);
    leftMs -= thisMs;
    try {
      await attempt(options, thisMs);
      return;
    } catch (error) {
      if (!(error instanceof NoAnswerError) || leftMs <= 0 || signal?.aborted === true) throw error;
    }
  }
}

async function attempt(options: ProbeOptions, timeoutMs: number): Promise<void> {
  const { url, headers, newMid, signal } = options;
  const mid = newMid();
  const socket = new WebSocket(url, 'rollcall.v1', { headers });
  let step = 'connecting';
  let isAcked = false;
  let isReceived = false;
  try {
    await new Promise<void>((resolve, reject) => {
      const said = (reason: string): string => `the loopback probe failed while ${step}: ${reason}`;
      const fail = (reason: string): void => {
        reject(new Error(said(reason)));
      };
      const timer = setTimeout(() => {
        reject(new NoAnswerError(said(`no answer within ${String(timeoutMs)} ms`)));
      }, timeoutMs);
      signal?.addEventListener(
        'abort',
        () => {
          fail('stopped');
        },
        { once: true }
      );
      socket.on('close', (code) => {
        clearTimeout(timer);
        fail(`closed with ${String(code)}`);
      });
      socket.on('error', (error) => {
        fail(error.message);
      });
      socket.on('open', () => {
        socket.send(JSON.stringify({ type: 'connect', id: 1, user: 'rollcall-probe' }));
      });
      const onFrame = (frame: ProbeFrame): void => {
        switch (frame.type) {
          case 'connected':
            step = 'subscribing';
            socket.send(JSON.stringify({ type: 'subscribe', id: 2, thread: PROBE_THREAD }));
            break;
          case 'caught_up':
            step = 'publishing';
            socket.send(
              JSON.stringify({ type: 'publish', id: 3, thread: PROBE_THREAD, mid, body: {} })
            );
            break;
          case 'ack':
            isAcked = true;
            step = 'waiting for its own message';
            break;
          case 'message':
            isReceived ||= frame.mid === mid;
            break;
          case 'error':
          case 'disconnect':
            fail(`${frame.code ?? 'error'} ${frame.message ?? ''}`);
            break;
        }
        if (isAcked && isReceived) {
          clearTimeout(timer);
          resolve();
        }
      };
      socket.on('message', (data: Buffer) => {
        try {
          for (const line of data.toString().split('\n')) {
            const frame: unknown = JSON.parse(line);
            if (isProbeFrame(frame)) onFrame(frame);
          }
        } catch {
          fail('the answer is not JSON');
        }
      });
    });
  } finally {
    socket.terminate();
  }
}
