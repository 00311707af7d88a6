/** Makes HTTP requests as bytes: good ones, ones that fit no route, and ones that break the protocol. */
import { between, pick, type Random } from '../kill-proof/random.js';
import type { FrameMaker } from './frame-maker.js';

/** A row of the server's table of routes: a method, and a path with `{names}` for its parts. */
export type KnownRoute = readonly [method: string, path: string];

const METHODS = [
  'GET',
  'GET',
  'GET',
  'POST',
  'POST',
  'PUT',
  'DELETE',
  'HEAD',
  'OPTIONS',
  'PATCH',
  'TRACE',
  'BREW'
];
const PATHS = [
  '/',
  '/livez',
  '/readyz',
  '/startupz',
  '/status',
  '/status.html',
  '/inspect',
  '/api/stats',
  '/api/search?q=a',
  '/api/reports/threads',
  '/api/threads/{t}/messages',
  '/api/threads/{t}/messages',
  '/api/threads/{t}/messages?after=1&limit=5',
  '/api/threads/{t}/messages?after=x&limit=-1',
  '/api/threads/{t}/events?after=0',
  '/api/messages/mid-1/journey',
  '/api/journey?mid=..',
  '/ws',
  '/inspect/ws',
  '/../etc/passwd',
  '/%00',
  '/%',
  '//'
];
/** Values for the other parts of a path: a user, a `mid`, the name of a report, a hash. */
const PARTS = [
  'user-1',
  'user-2',
  'mid-1',
  'threads',
  '%00',
  '%',
  '..',
  '%F0%9F%A7%B5',
  'x'.repeat(200)
];
const QUERIES = [
  'after=1&limit=5',
  'after=x&limit=-1',
  'ticket=x',
  'minutes=5',
  'q=a',
  'mid=mid-1',
  '&&=%'
];
const HEADERS = [
  'Origin: https://evil.example',
  'Origin: null',
  'Authorization: Bearer x',
  'Authorization: Basic eDp5',
  'Last-Event-ID: 3',
  'Last-Event-ID: x:y:z',
  'X-Forwarded-For: 1.2.3.4, ::1',
  'Accept-Encoding: gzip;q=0, br',
  'If-None-Match: "x", W/"y"',
  'Expect: 100-continue',
  'Transfer-Encoding: chunked',
  'Transfer-Encoding: identity',
  'Content-Length: 5',
  'Content-Length: -1',
  'Content-Type: text/plain',
  'Upgrade: websocket',
  'Cookie: a=b',
  ': x',
  'X-Long: ' + 'y'.repeat(6_000)
];

/** Makes the bytes of requests; the same random numbers make the same requests. */
export class RequestMaker {
  readonly #random: Random;
  readonly #frames: FrameMaker;
  readonly #host: string;
  readonly #routes: readonly KnownRoute[];

  constructor(
    random: Random,
    frames: FrameMaker,
    host: string,
    routes: readonly KnownRoute[] = []
  ) {
    this.#random = random;
    this.#routes = routes;
    this.#frames = frames;
    this.#host = host;
  }

  /** One request, which asks the server to close the connection after its answer. */
  request(): Buffer {
    const [method, path] = this.#target();
    const body = this.#random() < 0.5 ? this.#frames.text() : '';
    const lines = [
      `${method} ${path} HTTP/1.${this.#random() < 0.95 ? '1' : '0'}`,
      `Host: ${this.#random() < 0.95 ? this.#host : 'x'}`,
      'Connection: close',
      ...Array.from({ length: between(this.#random, 0, 3) }, () => pick(this.#random, HEADERS))
    ];
    if (body !== '') lines.push(`Content-Length: ${String(Buffer.byteLength(body))}`);
    const bytes = Buffer.from(`${lines.join('\r\n')}\r\n\r\n${body}`);
    const kind = between(this.#random, 0, 19);
    if (kind === 0) return bytes.subarray(0, between(this.#random, 0, bytes.length));
    if (kind === 1)
      bytes[between(this.#random, 0, bytes.length - 1)] = between(this.#random, 0, 255);
    return kind === 2 ? Buffer.concat([bytes, bytes]) : bytes;
  }

  /** A route of the table with its own method or another, or another path. */
  #target(): readonly [method: string, path: string] {
    const method = pick(this.#random, METHODS);
    if (this.#routes.length === 0 || this.#random() < 0.4) {
      return [method, this.#filled(pick(this.#random, PATHS))];
    }
    const [own, path] = pick(this.#random, this.#routes);
    const query = this.#random() < 0.4 ? `?${pick(this.#random, QUERIES)}` : '';
    return [this.#random() < 0.8 ? own : method, this.#filled(path) + query];
  }

  #filled(path: string): string {
    return path.replace(/\{(\w+)\}/g, (_, name: string) => {
      if (name === 't' || name === 'thread') return encodeURIComponent(this.#frames.thread());
      return pick(this.#random, PARTS);
    });
  }
}
