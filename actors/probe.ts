/** The health probe: a WebSocket client on loopback that publishes a message to a test thread and waits for it. */
import { WebSocket } from 'ws';

/** Thread of the probe at startup. */
export const PROBE_THREAD = 'startup_test_loopback';

/** Time limit of the whole probe, in milliseconds. */
export const PROBE_TIMEOUT_MS = 5_000;

/** Options of {@link probeLoopback}. */
export interface ProbeOptions {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Message id of this probe; new each time. */
  readonly mid: string;
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
}

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
 * @throws {Error} naming the step that was refused or took too long
 */
export async function probeLoopback(options: ProbeOptions): Promise<void> {
  const { url, headers, mid, timeoutMs = PROBE_TIMEOUT_MS, signal } = options;
  const socket = new WebSocket(url, 'rollcall.v1', { headers, handshakeTimeout: timeoutMs });
  let step = 'connecting';
  let isAcked = false;
  let isReceived = false;
  try {
    await new Promise<void>((resolve, reject) => {
      const fail = (reason: string): void => {
        reject(new Error(`the loopback probe failed while ${step}: ${reason}`));
      };
      const timer = setTimeout(() => {
        fail(`no answer within ${String(timeoutMs)} ms`);
      }, timeoutMs);
      signal?.addEventListener('abort', () => {
        fail('stopped');
      });
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
