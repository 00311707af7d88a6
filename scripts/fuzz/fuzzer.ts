/**
 * Sends frames and requests to a server and checks every answer: frames by their schema, codes and statuses by the
 * tables. A well-behaved client pings all the time, so that a server that hangs is found.
 */
import { connect as connectTcp } from 'node:net';
import { WebSocket } from 'ws';
import { CLOSES, ERRORS } from '../../protocol/errors.js';
import { misfit } from '../../spec/e2e/wire/frame-check.js';
import { isFrame } from '../kill-proof/link.js';
import { between, seeded, type Random } from '../kill-proof/random.js';
import { FrameMaker } from './frame-maker.js';
import { RequestMaker, type KnownRoute } from './request-maker.js';

/** Connections and requests at the same time. */
const LANES = 12;

/** Most messages of one connection; each has up to five frames. */
const MESSAGES_MAX = 30;

/** Frames and requests between two checks that the server still answers. */
const ASK_EVERY = 500;

/** How long to wait for an HTTP answer; event streams and incomplete requests stay open until then. */
const REPLY_MS = 100;

/** Most faults kept as sentences; further ones are only counted. */
const FAULTS_KEPT = 20;

/** Characters of one such sentence. */
const FAULT_CHARS = 300;

/** Close codes that are not in our tables: WebSocket's own, for clients that broke the protocol or left. */
const PROTOCOL_CLOSES: readonly number[] = [1000, 1001, 1002, 1003, 1005, 1006, 1007, 1009];

/** Statuses of routes, pages and the engines' own refusals, in addition to the table of errors. */
const STATUSES: readonly number[] = [
  100,
  101,
  200,
  201,
  202,
  204,
  304,
  400,
  404,
  405,
  406,
  408,
  411,
  413,
  414,
  415,
  417,
  426,
  431,
  501,
  505,
  ...Object.values(ERRORS).map(({ http }) => http)
];

/** Where to send, what, and how much. */
export interface FuzzOptions {
  /** `http://host:port`. */
  readonly url: string;
  readonly seed: number;
  /** Frames and requests together. */
  readonly count: number;
  /** Longest time that the server may take to answer a ping, in milliseconds. */
  readonly patienceMs: number;
  /** Routes of the server to ask in addition to the known paths. */
  readonly routes?: readonly KnownRoute[];
  /** Called now and then with the number sent so far. */
  readonly progress?: (sent: number) => void;
}

/** Result of a run. */
export interface FuzzReport {
  readonly sent: number;
  readonly faultCount: number;
  /** The first ones, as sentences. */
  readonly faults: readonly string[];
  /** How often each answer came: frame types, error codes, close codes, statuses. */
  readonly answers: ReadonlyMap<string, number>;
}

/** Fuzzes one server. */
export class Fuzzer {
  readonly #options: FuzzOptions;
  readonly #random: Random;
  readonly #frames: FrameMaker;
  readonly #requests: RequestMaker;
  readonly #answers = new Map<string, number>();
  readonly #faults: string[] = [];
  #faultCount = 0;
  #sent = 0;
  #isStuck = false;

  constructor(options: FuzzOptions) {
    this.#options = options;
    this.#random = seeded(options.seed);
    this.#frames = new FrameMaker(this.#random);
    this.#requests = new RequestMaker(
      this.#random,
      this.#frames,
      new URL(options.url).host,
      options.routes
    );
  }

  /** Sends everything and waits until all connections are closed. */
  async run(): Promise<FuzzReport> {
    await Promise.all([...Array.from({ length: LANES }, () => this.#lane()), this.#watch()]);
    return {
      sent: this.#sent,
      faultCount: this.#faultCount,
      faults: this.#faults,
      answers: this.#answers
    };
  }

  get #isOver(): boolean {
    return this.#sent >= this.#options.count || this.#isStuck;
  }

  async #lane(): Promise<void> {
    while (!this.#isOver) {
      if (this.#random() < 0.5) await this.#request();
      else await this.#session();
    }
  }

  /** One connection from its opening to its end, by whichever side. */
  async #session(): Promise<void> {
    const socket = this.#open();
    const closed = new Promise<void>((resolve) => {
      socket.once('close', () => {
        resolve();
      });
    });
    socket.on('open', () => {
      if (this.#random() < 0.8) socket.send(this.#frames.connect());
      for (let left = between(this.#random, 1, MESSAGES_MAX); left > 0; left -= 1)
        this.#say(socket);
      // Sent last: when its answer has come, all others have come too.
      socket.send('{"type":"ping","id":"last"}');
    });
    socket.on('message', (data: Buffer) => {
      if (!data.includes('"id":"last"')) return;
      if (this.#random() < 0.3) socket.terminate();
      else socket.close(this.#random() < 0.5 ? 1000 : 4000);
    });
    const isClosed = await Promise.race([
      closed.then(() => true),
      delay(this.#options.patienceMs).then(() => false)
    ]);
    if (isClosed) return;
    this.#fault(
      `no answer to the last ping of a connection within ${String(this.#options.patienceMs)} ms`
    );
    this.#isStuck = true;
    socket.terminate();
  }

  #open(): WebSocket {
    const socket = new WebSocket(`${this.#options.url.replace('http', 'ws')}/ws`, {
      perMessageDeflate: this.#random() < 0.2
    });
    socket.on('message', (data: Buffer, isBinary) => {
      if (isBinary) this.#fault('the server sent a binary message');
      for (const line of data.toString().split('\n')) this.#check(line);
    });
    socket.on('close', (code) => {
      this.#note(`close ${String(code)}`);
      const isKnown = PROTOCOL_CLOSES.includes(code) || code === 4000 || String(code) in CLOSES;
      if (!isKnown) this.#fault(`closed with ${String(code)}, which is in no table`);
    });
    socket.on('unexpected-response', (_request, response) => {
      this.#status(response.statusCode ?? 0, 'an upgrade');
      response.destroy();
      socket.emit('close', 1006);
    });
    socket.on('error', () => undefined);
    return socket;
  }

  /** Sends one message: frames, or bytes that are no text. */
  #say(socket: WebSocket): void {
    if (socket.readyState !== WebSocket.OPEN) return;
    this.#sent += 1;
    const kind = this.#random();
    if (kind < 0.01) socket.send(this.#frames.bytes(), { binary: true });
    else if (kind < 0.02) socket.send(this.#frames.bytes(), { binary: false });
    else if (kind < 0.03) socket.ping(this.#frames.bytes().subarray(0, 125));
    else if (kind < 0.05) {
      const text = this.#frames.text();
      socket.send(text.slice(0, 3), { fin: false });
      socket.send(text.slice(3), { fin: true });
    } else {
      const count = this.#random() < 0.8 ? 1 : between(this.#random, 2, 5);
      socket.send(Array.from({ length: count }, () => this.#frames.text()).join('\n'));
    }
  }

  #check(line: string): void {
    let frame: unknown;
    try {
      frame = JSON.parse(line);
    } catch {
      frame = null;
    }
    if (!isFrame(frame)) {
      this.#fault(`the server sent what is no frame: ${line.slice(0, 200)}`);
      return;
    }
    if (frame.type === 'subscribed') this.#frames.epoch = frame.epoch;
    const isError = frame.type === 'error';
    this.#note(isError ? `error ${String(frame.code)}` : frame.type);
    const wrong = misfit(frame);
    if (wrong !== null) this.#fault(wrong);
    else if (isError && !(String(frame.code) in ERRORS)) this.#fault(`no such code: ${line}`);
  }

  /** Sends one request and checks the answer until the connection ends or the time is up. */
  async #request(): Promise<void> {
    this.#sent += 1;
    const bytes = this.#requests.request();
    const { hostname, port } = new URL(this.#options.url);
    const answer = await new Promise<string>((resolve) => {
      let text = '';
      const socket = connectTcp(Number(port), hostname, () => socket.write(bytes));
      const end = (): void => {
        clearTimeout(timer);
        socket.destroy();
        resolve(text);
      };
      const timer = setTimeout(end, REPLY_MS);
      socket.on('data', (data: Buffer) => {
        if (text.length < 65_536) text += data.toString('latin1');
      });
      socket.on('end', end);
      socket.on('error', end);
    });
    const status = /^HTTP\/1\.[01] (\d{3})/.exec(answer)?.[1];
    if (status === undefined) {
      this.#note('no status');
      if (answer !== '') this.#fault(`an answer that is no HTTP: ${answer.slice(0, 200)}`);
      return;
    }
    this.#status(Number(status), bytes.toString('latin1').slice(0, 200));
    const code = /application\/problem\+json[\s\S]*"code":"([^"]*)"/.exec(answer)?.[1];
    if (code !== undefined && !(code in ERRORS)) this.#fault(`no such code over HTTP: ${code}`);
  }

  #status(status: number, request: string): void {
    this.#note(`status ${String(status)}`);
    if (!STATUSES.includes(status)) {
      this.#fault(`status ${String(status)} is in no table; asked by ${JSON.stringify(request)}`);
    }
  }

  /** A well-behaved client that checks again and again that the server still answers. */
  async #watch(): Promise<void> {
    const socket = this.#open();
    let asked = 0;
    let answered: (() => void) | null = null;
    socket.on('message', (data: Buffer) => {
      if (data.includes('"connected"') || data.includes('"pong"')) answered?.();
    });
    await new Promise<void>((resolve) => {
      answered = resolve;
      socket.once('open', () => {
        socket.send('{"type":"connect","user":"watcher"}');
      });
      socket.once('close', () => {
        this.#isStuck = true;
        this.#fault('the client of good behaviour was sent away');
        resolve();
      });
    });
    while (!this.#isOver) {
      if (this.#sent < asked + ASK_EVERY) {
        await delay(20);
        continue;
      }
      asked = this.#sent;
      this.#options.progress?.(asked);
      const isThere = await Promise.race([
        new Promise<boolean>((resolve) => {
          answered = (): void => {
            resolve(true);
          };
          socket.send('{"type":"ping"}');
        }),
        delay(this.#options.patienceMs).then(() => false)
      ]);
      if (isThere) continue;
      this.#fault(`no answer to a ping within ${String(this.#options.patienceMs)} ms`);
      this.#isStuck = true;
    }
    socket.removeAllListeners('close');
    socket.close(1000);
  }

  #note(answer: string): void {
    this.#answers.set(answer, (this.#answers.get(answer) ?? 0) + 1);
  }

  #fault(sentence: string): void {
    this.#faultCount += 1;
    if (this.#faults.length < FAULTS_KEPT) this.#faults.push(sentence.slice(0, FAULT_CHARS));
  }
}

async function delay(ms: number): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, ms).unref());
}
