import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';

/** A fake sign-in site: it redirects each visitor back at once, with a token. */
export class LoginSite {
  /** Token that visitors get. */
  token = 'right';
  /** All requests so far. */
  readonly asked: { readonly url: string; readonly headers: IncomingHttpHeaders }[] = [];
  private readonly server: Server;

  constructor() {
    this.server = createServer((request, response) => {
      const url = new URL(request.url ?? '/', 'http://login');
      this.asked.push({ url: url.href, headers: request.headers });
      const back = url.searchParams.get('return');
      if (back === null) response.end('elsewhere');
      else response.writeHead(302, { location: `${back}#token=${this.token}` }).end();
    });
  }

  /** Starts the site on loopback and returns its address. */
  async start(): Promise<string> {
    await new Promise<void>((resolve) => this.server.listen(0, '127.0.0.1', resolve));
    const address = this.server.address();
    return `http://127.0.0.1:${String(typeof address === 'object' ? address?.port : 0)}`;
  }

  stop(): void {
    this.server.closeAllConnections();
    this.server.close();
  }
}
