/** The addresses of the brokers, and who the node is to them, from the URLs of `NATS_URL`. */

/** Port of a broker whose URL names none. */
const NATS_PORT = '4222';

/** Where the brokers are, and how to sign in. */
export interface NatsAddress {
  /** `host:port` of each broker. */
  readonly servers: readonly string[];
  readonly hasTls: boolean;
  /** The sign-in of the URLs: a name and a password, or a token; null when no URL has one. */
  readonly login:
    { readonly user: string; readonly pass: string } | { readonly token: string } | null;
}

/** Returns an address that nobody has to parse again; `urls` are valid, as the configuration has checked. */
export function natsAddress(urls: readonly string[]): NatsAddress {
  const parsed = urls.map((url) => new URL(url));
  return {
    servers: parsed.map(({ hostname, port }) => `${hostname}:${port === '' ? NATS_PORT : port}`),
    hasTls: parsed.some(({ protocol }) => protocol === 'tls:'),
    login: parsed.map(loginOf).find((login) => login !== null) ?? null
  };
}

function loginOf({ username, password }: URL): NatsAddress['login'] {
  if (username === '') return null;
  const user = decodeURIComponent(username);
  return password === '' ? { token: user } : { user, pass: decodeURIComponent(password) };
}
