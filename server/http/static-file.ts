/** A file that is the same for everybody, kept in memory in each coding, with a tag for each. */
import { createHash } from 'node:crypto';
import type { HttpReply, TransportRequest } from '../transport/transport.js';
import { codingFor, CODINGS, type Coding } from './accept-encoding.js';

/** The file in its codings. Those that are missing are not sent. */
export interface FileBodies extends Partial<Readonly<Record<Coding, Uint8Array>>> {
  readonly identity: Uint8Array;
}

/** Answers requests for one file. */
export class StaticFile {
  private readonly bodies: FileBodies;
  private readonly headers: Readonly<Record<string, string>>;
  private readonly codings: readonly Coding[];
  private readonly hash: string;

  /** `headers` are sent with the file; those of the cache and the coding are added. */
  constructor(bodies: FileBodies, headers: Readonly<Record<string, string>>) {
    this.bodies = bodies;
    this.headers = headers;
    this.codings = CODINGS.filter((coding) => bodies[coding] !== undefined);
    this.hash = createHash('sha256').update(bodies.identity).digest('base64url').slice(0, 22);
  }

  /** Returns the file in the coding that the client likes best, or 304 when it has that already. */
  answer(request: Pick<TransportRequest, 'header'>): HttpReply {
    const coding = codingFor(request.header('accept-encoding'), this.codings);
    const etag = `"${coding === null ? this.hash : `${this.hash}-${coding}`}"`;
    const cache = {
      // Kept, and asked for each time: the names stay the same when the server is updated.
      'cache-control': 'no-cache',
      etag,
      ...(this.codings.length === 0 ? {} : { vary: 'Accept-Encoding' })
    };
    if (hasTag(request.header('if-none-match'), etag)) {
      return { status: 304, headers: cache, body: '' };
    }
    const coded = coding === null ? {} : { 'content-encoding': coding };
    const body = (coding === null ? undefined : this.bodies[coding]) ?? this.bodies.identity;
    return { status: 200, headers: { ...this.headers, ...cache, ...coded }, body };
  }
}

/** Returns whether `If-None-Match` names the tag: it is a list, and a tag that a proxy has made weak counts. */
function hasTag(header: string | undefined, etag: string): boolean {
  if (header === undefined) return false;
  if (header.trim() === '*') return true;
  return Array.from(header.matchAll(/"[^"]*"/g), ([tag]) => tag).includes(etag);
}
