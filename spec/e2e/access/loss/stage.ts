/** The user who loses `read`, what that user has open at the time, and the users who stay. */
import { expect } from 'chai';
import { once } from 'node:events';
import { WebSocket } from 'ws';
import { WireClient, type Frame } from '../../wire/wire-client.js';
import { KEY, tokenOf } from '../doors.js';

/** Agent that answers in the thread so slowly that its run lasts until the end of a spec. */
export const AGENT = { agent: 'echo', text: 'word '.repeat(2_000) } as const;

/** What a stage is set up with. */
export interface StageOptions {
  readonly url: string;
  /** Name of the way, which names the threads and the users. */
  readonly way: string;
  /** Whether the user who loses `read` owns the threads; otherwise the user is a member. */
  readonly isOwner: boolean;
}

/** Threads and people of one way to lose `read`. */
export class Stage {
  readonly url: string;
  readonly thread: string;
  /** A thread without subscribers: its messages go to the owner's connections, and are held if there are none. */
  readonly held: string;
  readonly user: string;
  readonly manager: string;
  readonly stayer: string;
  readonly guest: string;
  private readonly clients: WireClient[] = [];
  private readonly isOwner: boolean;
  private mids = 0;

  constructor({ url, way, isOwner }: StageOptions) {
    this.url = url;
    this.isOwner = isOwner;
    this.thread = `loss-${way}`;
    this.held = `held-${way}`;
    this.user = `vic-${way}`;
    this.manager = `olga-${way}`;
    this.stayer = `max-${way}`;
    this.guest = `nel-${way}`;
  }

  /** Makes both threads, with the roles of all users. */
  async begin(): Promise<void> {
    for (const thread of [this.thread, this.held]) {
      await this.post(thread, 'begin');
      await this.api('PUT', `${thread}/owner`, { owner: this.isOwner ? this.user : this.manager });
      await this.api('PUT', `${thread}/members/${this.stayer}`, { role: 'member' });
      if (!this.isOwner)
        await this.api('PUT', `${thread}/members/${this.user}`, { role: 'member' });
    }
    await this.api('PUT', `${this.thread}/members/${this.guest}`, { role: 'member' });
  }

  /** Sends a request to the server API, as a backend does. */
  async api(method: string, path: string, body?: object): Promise<void> {
    const response = await fetch(`${this.url}/api/threads/${path}`, {
      method,
      headers: { 'x-api-key': KEY },
      ...(body === undefined ? {} : { body: JSON.stringify(body) })
    });
    expect(response.status, `${method} ${path}`).to.be.below(300);
  }

  /** Publishes a message as a backend, without naming an owner. */
  async post(thread: string, body: string): Promise<void> {
    const mid = `m${String(++this.mids)}`;
    await this.api('POST', `${thread}/messages`, { mid, from: 'shop', body });
  }

  /** Connects. */
  async come(token: string): Promise<WireClient> {
    const client = await WireClient.open(this.url);
    this.clients.push(client);
    client.send({ type: 'connect', token });
    await client.next('connected');
    return client;
  }

  /** Connects with a token that has no `threads` claim. */
  async comeAs(user: string): Promise<WireClient> {
    return await this.come(await tokenOf(user));
  }

  /** Sends an HTTP request with a token; returns `passed`, or the code of the refusal. */
  async http(method: string, path: string, token: string | null, body?: object): Promise<string> {
    const stop = new AbortController();
    const response = await fetch(`${this.url}${path}`, {
      method,
      headers: token === null ? {} : { authorization: `Bearer ${token}` },
      signal: stop.signal,
      ...(body === undefined ? {} : { body: JSON.stringify(body) })
    });
    if (response.ok) {
      stop.abort();
      return 'passed';
    }
    return ((await response.json()) as { code: string }).code;
  }

  /** Makes a ticket for the thread's events. */
  async ticket(token: string): Promise<string> {
    const response = await fetch(`${this.url}/api/tickets`, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}` },
      body: JSON.stringify({ thread: this.thread })
    });
    return ((await response.json()) as { ticket: string }).ticket;
  }

  /** Opens an event stream; resolves to all its text once it has ended. */
  async stream(token: string): Promise<{ readonly text: Promise<string> }> {
    const response = await fetch(`${this.url}/api/threads/${this.thread}/events`, {
      headers: { authorization: `Bearer ${token}` }
    });
    expect(response.status).to.equal(200);
    return { text: response.text() };
  }

  /**
   * Reads the answer of the run that is at work at every door of agents. `told` of each resolves to all that was told, once
   * the server has ended the reading.
   */
  async answers(token: string): Promise<Map<string, { readonly told: Promise<string> }>> {
    const readers = new Map<string, { readonly told: Promise<string> }>();
    for (const path of [`/ai/chat/${this.thread}/stream`, `/agui/${this.thread}`]) {
      const headers = { authorization: `Bearer ${token}` };
      const response = await fetch(`${this.url}${path}`, { headers });
      expect(response.status, path).to.equal(200);
      readers.set(path, { told: response.text() });
    }
    return readers.set('/ai/ws', await this.socketAnswer(token));
  }

  private async socketAnswer(token: string): Promise<{ readonly told: Promise<string> }> {
    const url = `${this.url.replace('http', 'ws')}/ai/ws`;
    const socket = new WebSocket(url, [`bearer.${token}`]);
    let text = '';
    const told = new Promise<string>((resolve) => {
      socket.on('message', (data) => {
        text += (data as Buffer).toString();
        if (/"type":"(error|end)"/.test(text)) socket.close();
      });
      socket.on('close', (code) => {
        resolve(`${text} closed with ${String(code)}`);
      });
    });
    await once(socket, 'open');
    socket.send(JSON.stringify({ type: 'resume', requestId: 'r', id: this.thread }));
    await once(socket, 'message');
    return { told };
  }

  /** Ends every connection. */
  async end(): Promise<void> {
    for (const { socket } of this.clients) socket.terminate();
    await Promise.all(this.clients.map(({ ended }) => ended));
  }
}

/** Returns the frames from the nth on that name a thread of the stage in any field. */
export function naming(client: WireClient, { thread, held }: Stage, from: number): string[] {
  return client.all
    .slice(from)
    .map((frame: Frame) => JSON.stringify(frame))
    .filter((text) => text.includes(`"${thread}"`) || text.includes(`"${held}"`));
}
