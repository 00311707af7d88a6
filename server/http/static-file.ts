/** Serves a file that is the same for everybody from memory, in several codings with an `ETag` each. */
import { createHash } from 'node:crypto';
import type { HttpReply, TransportRequest } from '../transport/transport.js';
import { codingFor, CODINGS, type Coding } from './accept-encoding.js';

/** The file in its codings. */
export interface FileBodies extends Partial<Readonly<Record<Coding, Uint8Array>>> {
  readonly identity: Uint8Array;
}

/** One file. */
export class StaticFile {
  private readonly bodies: FileBodies;
  private readonly headers: Readonly<Record<string, string>>;
  private readonly codings: readonly Coding[];
  private readonly hash: string;

  /** `headers` are sent with the file, together with those for cache and coding. */
  constructor(bodies: FileBodies, headers: Readonly<Record<string, string>>) {
    this.bodies = bodies;
    this.headers = headers;
    this.codings = CODINGS.filter((coding) => bodies[coding] !== undefined);
    this.hash = createHash('sha256').update(bodies.identity).digest('base64url').slice(0, 22);
  }

  /** Returns the file in the client's preferred coding, or 304 when the client has it already. */
  answer(request: Pick<TransportRequest, 'header'>): HttpReply {
    const coding = codingFor(request.header('accept-encoding'), this.codings);
    const etag = `"${coding === null ? this.hash : `${this.hash}-${coding}`}"`;
    const cache = {
      // Cached, but checked at each use, because an update of the server does not change the names of files.
      'cache-control': 'no-cache',
      etag,
      ...(this.codings.length === 0 ? {} : { vary: 'Accept-Encoding' })
    };
    if (hasTag(request.header('if-none-match'), etag)) {
      // The headers of a 304 replace those that the client has kept: the policy of a page must be among them.
      const policy = this.headers['content-security-policy'];
      const kept = policy === undefined ? {} : { 'content-security-policy': policy };
      return { status: 304, headers: { ...kept, ...cache }, body: '' };
    }
    const coded = coding === null ? {} : { 'content-encoding': coding };
    const body = (coding === null ? undefined : this.bodies[coding]) ?? this.bodies.identity;
    return { status: 200, headers: { ...this.headers, ...cache, ...coded }, body };
  }
}

/** Returns whether the list `If-None-Match` has the tag. A tag that a proxy has made weak (`W/`) counts too. */
function hasTag(header: string | undefined, etag: string): boolean {
  if (header === undefined) return false;
  if (header.trim() === '*') return true;
  return Array.from(header.matchAll(/"[^"]*"/g), ([tag]) => tag).includes(etag);
}
