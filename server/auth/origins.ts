/**
 * Which pages may use this server, and by which names it may be addressed: one rule for the upgrade, the API, event
 * streams and the inspector. Browsers send the origin of a page; other clients send none and are not judged by it.
 */
import type { HttpReply, TransportRequest } from '../transport/transport.js';

/** Most origins of refused pages that are named in the log: anybody may send any. */
export const NAMED_ORIGINS_MAX = 16;

/** How long a browser may remember what a page of another origin may send, in seconds. */
const PREFLIGHT_SECONDS = 600;

const ALLOWED_METHODS = 'GET, POST, PUT, DELETE';
const ALLOWED_HEADERS = 'authorization, content-type, x-api-key, last-event-id, x-ai-version';
/** Headers of a reply that a page of another origin may read besides the usual ones. */
const EXPOSED_HEADERS = 'retry-after';

/**
 * Names in the Host header that are allowed: any; known ones, and others through a proxy with a port of its own; or
 * known ones only. Known are IP addresses, localhost, `HOST`, and the names of listed origins.
 */
export type AllowedNames = 'any' | 'proxied' | 'known';

/** Options of {@link Origins}. */
export interface OriginsOptions {
  /** `ALLOWED_ORIGINS`: exact origins, or `*`. Empty: pages of the name that the server is addressed by. */
  readonly allowed: readonly string[];
  /** `HOST`. */
  readonly ownHost: string;
  /**
   * Whether something is open to whoever reaches the server, without a key or a token. Then the Host header must be a
   * name that nobody else can point here: a foreign page whose own name resolves to this machine has the same origin
   * as the server (DNS rebinding).
   */
  readonly isOpen: boolean;
  /** Returns the port that the server listens on. */
  readonly port: () => number;
  /** Called once for each of the first {@link NAMED_ORIGINS_MAX} origins whose page is refused. */
  readonly onRefused: (origin: string) => void;
}

/** Judges requests by their Origin and Host headers. */
export class Origins {
  private readonly options: OriginsOptions;
  /** Names, in lower case, by which the server may be addressed even when it is open. */
  private readonly names: ReadonlySet<string>;
  private readonly refused = new Set<string>();

  constructor(options: OriginsOptions) {
    this.options = options;
    const listed = options.allowed.flatMap((origin) => nameOf(origin) ?? []);
    this.names = new Set([options.ownHost.toLowerCase(), ...listed]);
  }

  /** Returns why a request is refused, for whoever sent it; null when it is not. */
  refusal(
    request: TransportRequest,
    names: AllowedNames = this.options.isOpen ? 'proxied' : 'any'
  ): string | null {
    const origin = request.header('origin');
    const host = request.header('host');
    if (origin !== undefined && !this.isAllowed(origin, host)) {
      this.note(origin);
      return 'this origin may not connect';
    }
    if (names === 'any' || host === undefined || this.isKnown(host)) return null;
    if (origin !== undefined && this.isListed(origin)) return null;
    if (names === 'proxied' && origin !== undefined && !this.isDirect(origin, host)) return null;
    return (
      `the server answers to addresses and localhost, not to ${host.slice(0, 100)}: list the origin of that name in ` +
      'ALLOWED_ORIGINS'
    );
  }

  /** Returns the headers by which a browser lets a page of another, listed origin read the reply; none for others. */
  replyHeaders(request: TransportRequest): Readonly<Record<string, string>> {
    const origin = request.header('origin');
    if (origin === undefined || !this.isListed(origin)) return {};
    return {
      'access-control-allow-origin': origin,
      'access-control-expose-headers': EXPOSED_HEADERS,
      vary: 'origin'
    };
  }

  /** Answers a browser that asks what a page of a listed origin may send; null when the request is another one. */
  preflight(request: TransportRequest): HttpReply | null {
    const asks = request.header('access-control-request-method') !== undefined;
    const headers = this.replyHeaders(request);
    if (request.method !== 'OPTIONS' || !asks || Object.keys(headers).length === 0) return null;
    return {
      status: 204,
      headers: {
        ...headers,
        'access-control-allow-methods': ALLOWED_METHODS,
        'access-control-allow-headers': ALLOWED_HEADERS,
        'access-control-max-age': String(PREFLIGHT_SECONDS)
      },
      body: ''
    };
  }

  private isListed(origin: string): boolean {
    const { allowed } = this.options;
    return allowed.includes('*') || allowed.includes(origin);
  }

  private isAllowed(origin: string, host: string | undefined): boolean {
    if (this.options.allowed.length > 0) return this.isListed(origin);
    return host !== undefined && isSameHost(origin, host);
  }

  private isKnown(host: string): boolean {
    const name = withoutPort(host).toLowerCase();
    return isOwnName(name) || this.names.has(name) || this.options.allowed.includes('*');
  }

  /** Whether the request came to this server's own port, and not through a proxy that has another. */
  private isDirect(origin: string, host: string): boolean {
    const port = portOf(origin, host);
    return port === null || port === this.options.port();
  }

  private note(origin: string): void {
    if (this.refused.has(origin) || this.refused.size >= NAMED_ORIGINS_MAX) return;
    this.refused.add(origin);
    this.options.onRefused(origin.slice(0, 200));
  }
}

/** Whether a name is an IP address or localhost, which nobody can make to point elsewhere. */
function isOwnName(name: string): boolean {
  return (
    /^\d{1,3}(\.\d{1,3}){3}$/.test(name) ||
    /^\[[0-9a-f:.]+\]$/.test(name) ||
    /^([a-z0-9-]+\.)*localhost$/.test(name)
  );
}

/** Whether an origin and a Host header name the same host and port, in any case, with the scheme's own port or without. */
function isSameHost(origin: string, host: string): boolean {
  const page = urlOf(origin);
  return (
    page !== null && page.host !== '' && page.host === urlOf(`${page.protocol}//${host}`)?.host
  );
}

function portOf(origin: string, host: string): number | null {
  const url = urlOf(`${urlOf(origin)?.protocol ?? 'http:'}//${host}`);
  if (url === null) return null;
  if (url.port !== '') return Number(url.port);
  return url.protocol === 'https:' ? 443 : 80;
}

function nameOf(origin: string): string | null {
  return urlOf(origin)?.hostname.toLowerCase() ?? null;
}

function withoutPort(host: string): string {
  return host.replace(/:\d*$/, '');
}

function urlOf(text: string): URL | null {
  return URL.canParse(text) ? new URL(text) : null;
}
