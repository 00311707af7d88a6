/**
 * Lets several users do whatever they like with threads of which they are owners, members, readers or nothing, while a
 * backend changes that and revokes tokens, all at once. Every text of every message is a secret of its thread, and
 * nobody may get one without a right: not as a message, and not in a page, a list, a stream or a refusal.
 */
import { between, pick, seeded, type Random } from '../../kill-proof/random.js';
import type { FuzzOptions, FuzzReport } from '../fuzzer.js';
import {
  AccessClient,
  Holder,
  type Reply,
  type Secret,
  type Shared,
  type Token
} from './access-client.js';
import { AccessApi } from './access-api.js';
import { AccessModel, type Act, type Listed, type Rank } from './access-model.js';
import { TokenPool } from './token-pool.js';

/** Number of things done at the same time. */
const LANES = 8;

/** Steps with the same threads, before new ones take their place. */
const ROUND = 400;

const USERS = ['ada', 'ben', 'cleo', 'dan', 'eve', 'finn'];
const THREADS = ['tea', 'club', 'dm', 'den'];
const RANKS = ['member', 'reader', null] as const;

/** Most faults kept as sentences; further ones are only counted. */
const FAULTS_KEPT = 20;

/** Where to send, and how many steps. A step is a frame, a request or a change. */
export interface AccessFuzzOptions extends FuzzOptions {
  /** The server's API key. */
  readonly key: string;
}

/** Fuzzes the rights of users in threads. */
export class AccessFuzzer {
  readonly #options: AccessFuzzOptions;
  readonly #random: Random;
  readonly #model = new AccessModel();
  readonly #secrets = new Map<string, Secret>();
  readonly #answers = new Map<string, number>();
  readonly #faults: string[] = [];
  readonly #shared: Shared;
  readonly #tokens: TokenPool;
  readonly #api: AccessApi;
  readonly #streams = new Set<AbortController>();
  #clients: AccessClient[] = [];
  #faultCount = 0;
  #sent = 0;
  #round = 0;
  #isStuck = false;

  constructor(options: AccessFuzzOptions) {
    this.#options = options;
    this.#random = seeded(options.seed);
    this.#tokens = new TokenPool(this.#random, THREADS);
    this.#shared = {
      model: this.#model,
      secrets: this.#secrets,
      fault: (sentence) => {
        this.#faultCount += 1;
        if (this.#faults.length < FAULTS_KEPT) this.#faults.push(sentence);
      },
      note: (answer) => {
        this.#answers.set(answer, (this.#answers.get(answer) ?? 0) + 1);
      }
    };
    this.#api = new AccessApi(options, this.#shared);
  }

  /** Makes all steps, in rounds, and closes all connections. */
  async run(): Promise<FuzzReport> {
    while (this.#sent < this.#options.count && !this.#isStuck) {
      this.#round += 1;
      this.#options.progress?.(this.#sent);
      const until = Math.min(this.#sent + ROUND, this.#options.count);
      const work = Promise.all(Array.from({ length: LANES }, () => this.#lane(until)));
      await this.#within(
        work
          .then(() => this.#tellAll())
          .catch((error: unknown) => {
            this.#isStuck = true;
            this.#shared.fault(`the server does not answer: ${String(error)}`);
          })
      );
      for (const stream of this.#streams) stream.abort();
      for (const client of this.#clients) client.close();
      this.#clients = [];
      this.#streams.clear();
    }
    const { faults, answers } = { faults: this.#faults, answers: this.#answers };
    return { sent: this.#sent, faultCount: this.#faultCount, faults, answers };
  }

  /**
   * Publishes in each thread, then waits for an answer to every client. A client that kept a subscription without a
   * right gets the message by then.
   */
  async #tellAll(): Promise<void> {
    for (const thread of THREADS) await this.#post(this.#named(thread), null);
    await Promise.all(this.#clients.map((client) => client.ask({ type: 'ping' })));
  }

  async #within(work: Promise<void>): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<void>((resolve) => {
      timer = setTimeout(() => {
        this.#isStuck = true;
        this.#shared.fault(`no answer within ${String(this.#options.patienceMs)} ms`);
        resolve();
      }, this.#options.patienceMs);
    });
    await Promise.race([work, late]);
    clearTimeout(timer);
  }

  async #lane(until: number): Promise<void> {
    while (this.#sent < until && !this.#isStuck) {
      this.#sent += 1;
      const kind = this.#random();
      if (kind < 0.06 || this.#clients.length === 0) await this.#come();
      else if (kind < 0.72) await this.#act(pick(this.#random, this.#clients));
      else if (kind < 0.74) pick(this.#random, this.#clients).close();
      else if (kind < 0.76) await this.#page();
      else if (kind < 0.78) await this.#publishOverHttp();
      else if (kind < 0.8) this.#stream();
      else if (kind < 0.81) await this.#revoke();
      else if (kind < 0.87)
        await this.#post(this.#thread(), this.#isLucky(0.3) ? this.#user() : null);
      else if (kind < 0.91) await this.#makeOwner();
      else await this.#makeMember();
    }
    this.#clients = this.#clients.filter(({ isOpen }) => isOpen);
  }

  /** Opens a connection. A token that the server has confirmed as revoked must not get one. */
  async #come(): Promise<void> {
    const token = await this.#token();
    const wasRevoked = token.revokedAt !== null;
    const client = new AccessClient(this.#options.url, token, this.#shared);
    await client.opened();
    const reply = await client.ask({ type: 'connect', token: token.text });
    if (reply?.type !== 'connected') client.close();
    else {
      if (wasRevoked) this.#shared.fault(`${token.user} came in with a token that was revoked`);
      this.#clients.push(client);
    }
  }

  /** One frame of a user. */
  async #act(client: AccessClient): Promise<void> {
    const thread = this.#thread();
    const { holder } = client;
    const kind = between(this.#random, 0, 12);
    if (kind < 3) {
      const since = pick(this.#random, ['start', 'live'] as const);
      await this.#judged(holder, thread, 'read', () =>
        client.ask({ type: 'subscribe', thread, since })
      );
    } else if (kind < 7) await this.#publish(client, thread);
    else if (kind === 7) {
      await this.#judged(holder, thread, 'read', () => client.ask({ type: 'history', thread }));
    } else if (kind === 8) {
      await this.#judged(holder, thread, 'read', () => client.ask({ type: 'members', thread }));
    } else if (kind === 9) {
      client.say({ type: 'typing', thread, on: true });
      await client.ask({ type: 'mark', thread, read: between(this.#random, 0, 9) });
    } else if (kind === 10) {
      await client.ask(pick(this.#random, [{ type: 'threads' }, { type: 'unsubscribe', thread }]));
    } else if (kind === 11) await this.#refresh(client);
    else {
      const [user, role] = [this.#user(), pick(this.#random, RANKS)];
      const change = (): Promise<Reply | null> =>
        client.ask({ type: 'member', thread, user, role });
      await this.#change(thread, user, role, () => this.#judged(holder, thread, 'manage', change));
    }
  }

  async #publish(client: AccessClient, thread: string): Promise<void> {
    const { holder } = client;
    const send = (): Promise<Reply | null> =>
      this.#judged(holder, thread, 'write', () => {
        const body = this.#secret(thread);
        return client.ask({ type: 'publish', thread, mid: body, body });
      });
    const moment = this.#model.now();
    // The first author becomes the owner.
    if (this.#model.mayBeNew(thread, moment, moment)) {
      await this.#change(thread, holder.user, 'owner', send);
    } else await send();
  }

  /** Sends another token for a connection. One of the same user counts from now on; one of another user ends it. */
  async #refresh(client: AccessClient): Promise<void> {
    const token = await this.#token(this.#isLucky(0.95) ? client.holder.user : this.#user());
    const wasRevoked = token.revokedAt !== null;
    const isOwn = token.user === client.holder.user;
    const replaced = isOwn ? client.holder.replacing(token) : null;
    const reply = await client.ask({ type: 'refresh', token: token.text });
    const isTaken = reply?.type === 'refreshed';
    replaced?.(isTaken);
    if (!isTaken) return;
    if (wasRevoked) this.#shared.fault(`${token.user} refreshed with a token that was revoked`);
    if (!isOwn) {
      this.#shared.fault(`${client.holder.user} refreshed with a token of ${token.user}`);
    }
  }

  /** Asks for something that needs a right, and compares the answer with who may have had that right meanwhile. */
  async #judged(
    holder: Holder,
    thread: string,
    act: Act,
    ask: () => Promise<Reply | null>
  ): Promise<Reply | null> {
    const from = this.#model.now();
    const wasPlain = holder.isPlain();
    const reply = await ask();
    if (reply === null) return null;
    const to = this.#model.now();
    const what = `${reply.type} ${reply.code} to ${holder.user}, who wants to ${act} ${thread}`;
    if (reply.type !== 'error') {
      const isNew = act !== 'manage' && this.#model.mayBeNew(thread, from, to);
      if (!isNew && !holder.mayHave(thread, act, from, to)) this.#shared.fault(`wrongly ${what}`);
    } else if (reply.code === 'forbidden' && wasPlain && holder.isPlain()) {
      if (this.#model.hasSurely(thread, holder.user, act, from))
        this.#shared.fault(`wrongly ${what}`);
    }
    return reply;
  }

  /** Makes a change and then, when no other change is under way, asks the server who belongs to the thread. */
  async #change(
    thread: string,
    user: string,
    rank: Rank | null,
    make: () => Promise<unknown>
  ): Promise<void> {
    this.#model.changing(thread, user, rank);
    // If the connection ends before the answer, it is unknown when the change is made.
    if ((await make()) === null) return;
    const changes = this.#model.changed(thread);
    if (changes === null) return;
    const answer = await this.#api.backend('GET', `${thread}/members`);
    if (answer !== null && isListed(answer)) this.#model.listed(thread, changes, answer);
  }

  async #makeMember(): Promise<void> {
    const [thread, user, role] = [this.#thread(), this.#user(), pick(this.#random, RANKS)];
    const path = `${thread}/members/${user}`;
    await this.#change(thread, user, role, () =>
      role === null ? this.#api.backend('DELETE', path) : this.#api.backend('PUT', path, { role })
    );
  }

  async #makeOwner(): Promise<void> {
    const [thread, owner] = [this.#thread(), this.#user()];
    await this.#change(thread, owner, 'owner', () =>
      this.#api.backend('PUT', `${thread}/owner`, { owner })
    );
  }

  /** A message of the backend, which may name the owner. */
  async #post(thread: string, owner: string | null): Promise<void> {
    const body = this.#secret(thread);
    const message = { mid: body, body, from: 'shop', ...(owner === null ? {} : { owner }) };
    await this.#change(thread, owner ?? 'shop', 'owner', () =>
      this.#api.backend('POST', `${thread}/messages`, message)
    );
  }

  /** A message of a user over HTTP. */
  async #publishOverHttp(): Promise<void> {
    const [thread, token] = [this.#thread(), await this.#token()];
    const holder = new Holder(this.#shared, token);
    const send = (): Promise<Reply> => {
      const body = this.#secret(thread);
      return this.#api.asked(holder, token, 'POST', `threads/${thread}/messages`, {
        mid: body,
        body
      });
    };
    const write = (): Promise<Reply | null> => this.#judged(holder, thread, 'write', send);
    const moment = this.#model.now();
    if (this.#model.mayBeNew(thread, moment, moment)) {
      await this.#change(thread, holder.user, 'owner', write);
    } else await write();
  }

  /** A page of history over HTTP. */
  async #page(): Promise<void> {
    const [thread, token] = [this.#thread(), await this.#token()];
    const holder = new Holder(this.#shared, token);
    await this.#judged(holder, thread, 'read', () =>
      this.#api.asked(holder, token, 'GET', `threads/${thread}/messages`)
    );
  }

  /** An event stream, until the round ends. */
  #stream(): void {
    const stop = new AbortController();
    this.#streams.add(stop);
    const read = async (): Promise<void> => {
      const [thread, token] = [this.#thread(), await this.#token()];
      const holder = new Holder(this.#shared, token);
      await this.#api.follow(holder, token, thread, stop.signal);
    };
    read().catch(() => undefined);
  }

  async #revoke(): Promise<void> {
    const token = await this.#token();
    if (await this.#api.revokes(token)) token.revokedAt ??= this.#model.now();
  }

  async #token(user = this.#user()): Promise<Token> {
    return await this.#tokens.of(user);
  }

  /** A text that nobody may get without a right to read the thread. */
  #secret(thread: string): string {
    const name = `secret-${String(this.#secrets.size)}-`;
    this.#secrets.set(name, { thread, sentAt: this.#model.now() });
    return name;
  }

  #thread(): string {
    return this.#named(pick(this.#random, THREADS));
  }

  #named(thread: string): string {
    return `${thread}:${String(this.#round)}`;
  }

  #user(): string {
    return pick(this.#random, USERS);
  }

  #isLucky(chance: number): boolean {
    return this.#random() < chance;
  }
}

function isListed(value: unknown): value is Listed {
  return typeof value === 'object' && value !== null && 'owner' in value && 'members' in value;
}
