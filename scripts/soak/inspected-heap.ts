/**
 * Reads the JavaScript heap of a server that runs with `--inspect`, through Node's own inspector, so that the server needs
 * no code for the measurement.
 */
import { createWriteStream } from 'node:fs';
import { WebSocket } from 'ws';

/** V8's memory, in bytes. */
export interface HeapUsage {
  readonly heapUsed: number;
  readonly heapTotal: number;
  /** Memory of buffers outside of the heap. */
  readonly arrayBuffers: number;
}

/** A message of the inspector: a response has an `id`, an event a `method`. */
interface Message {
  readonly id?: number;
  readonly params?: { readonly chunk?: string };
  readonly result?: { readonly result?: { readonly value?: HeapUsage } };
  readonly error?: { readonly message: string };
}

function isMessage(value: unknown): value is Message {
  return typeof value === 'object' && value !== null;
}

/** A connection to the inspector of one process. */
export class InspectedHeap {
  readonly #socket: WebSocket;
  readonly #asked = new Map<number, (message: Message) => void>();
  #next = 1;
  #onChunk: ((chunk: string) => void) | null = null;

  private constructor(socket: WebSocket) {
    this.#socket = socket;
    socket.on('message', (data: Buffer) => {
      const message: unknown = JSON.parse(data.toString());
      if (!isMessage(message)) return;
      if (message.id !== undefined) this.#asked.get(message.id)?.(message);
      else if (message.params?.chunk !== undefined) this.#onChunk?.(message.params.chunk);
    });
  }

  /** Connects to the address that Node prints as `Debugger listening on ws://…`. */
  static async open(url: string): Promise<InspectedHeap> {
    const socket = new WebSocket(url, { maxPayload: 0, perMessageDeflate: false });
    await new Promise<void>((resolve, reject) => {
      socket.once('open', () => {
        resolve();
      });
      socket.once('error', reject);
    });
    return new InspectedHeap(socket);
  }

  /** Makes V8 collect all garbage. */
  async collect(): Promise<void> {
    await this.#ask('HeapProfiler.collectGarbage');
  }

  /** Returns the memory that is in use when all garbage is collected, in bytes. */
  async inUse(): Promise<number> {
    // The second collection frees what the first one has finalized.
    await this.collect();
    await this.collect();
    const { heapUsed, arrayBuffers } = await this.usage();
    return heapUsed + arrayBuffers;
  }

  /** Returns the present use of memory. */
  async usage(): Promise<HeapUsage> {
    const { result } = await this.#ask('Runtime.evaluate', {
      expression: 'process.memoryUsage()',
      returnByValue: true
    });
    const usage = result?.result?.value;
    if (usage === undefined) throw new Error('the inspector answered no memory usage');
    return usage;
  }

  /** Writes a heap snapshot for the developer tools of browsers. The process stands still for about a second. */
  async snapshot(path: string): Promise<void> {
    const file = createWriteStream(path);
    this.#onChunk = (chunk) => file.write(chunk);
    await this.#ask('HeapProfiler.takeHeapSnapshot', { reportProgress: false });
    this.#onChunk = null;
    await new Promise<void>((resolve) => file.end(resolve));
  }

  /** Disconnects; the process continues. */
  close(): void {
    this.#socket.close();
  }

  async #ask(method: string, params: object = {}): Promise<Message> {
    const id = this.#next;
    this.#next += 1;
    const answer = await new Promise<Message>((resolve, reject) => {
      this.#asked.set(id, resolve);
      this.#socket.once('close', () => {
        reject(new Error(`the inspector went away during ${method}`));
      });
      this.#socket.send(JSON.stringify({ id, method, params }));
    });
    this.#asked.delete(id);
    this.#socket.removeAllListeners('close');
    if (answer.error !== undefined) throw new Error(`${method}: ${answer.error.message}`);
    return answer;
  }
}
