/**
 * Publishes at a steady rate, whether or not the server keeps up, and measures from each write of the generator to the
 * ack and to each delivery.
 */
import { cpuMs } from '../cores.js';
import { quantile } from '../figures.js';
import { Publishes } from '../publishes.js';
import type { Target } from '../target.js';
import type { RawSocket, Tally } from '../wire.js';
import { BODY_BYTES } from './row.js';

/** After this long without what is missing, it counts as lost. */
const STUCK_MS = 15_000;

/** Everybody in a number of threads, and the one in each that publishes. */
export class Steady {
  readonly target: Target;
  readonly tally: Tally;
  private readonly hearersEach: number;
  private readonly publishers: readonly Publisher[];
  private sentMs = new Float64Array(0);
  /** Number of the slice's first message: all numbers of a run differ. */
  private first = 0;
  private next = 0;
  private acks: number[] = [];
  private deliveries: number[] = [];

  private constructor(
    target: Target,
    tally: Tally,
    publishers: readonly Publisher[],
    hearers: readonly RawSocket[]
  ) {
    this.target = target;
    this.tally = tally;
    this.publishers = publishers;
    this.hearersEach = hearers.length / publishers.length;
    for (const hearer of hearers) {
      hearer.onNumber = (number) => {
        this.took(number, this.deliveries);
      };
    }
    for (const publisher of publishers) {
      publisher.socket.onAck = () => {
        // The acks of one connection to one thread come in the order of its publishes.
        const number = publisher.waiting.shift();
        if (number !== undefined) this.took(number, this.acks);
      };
    }
  }

  /** Connects the members of all threads; the first one of each publishes. */
  static async gather(
    target: Target,
    tally: Tally,
    threads: number,
    members: number,
    prefix = 'thread'
  ): Promise<Steady> {
    const names = Array.from({ length: threads }, (_, index) => `${prefix}-${String(index)}`);
    const hearers = await target.connectAll(
      names.flatMap((name) => Array.from({ length: members }, () => name)),
      tally
    );
    const publishers = names.flatMap((name, index) => {
      const socket = hearers[index * members];
      const publishes = new Publishes(target.kind, name, BODY_BYTES);
      return socket === undefined ? [] : [{ socket, publishes, waiting: [] }];
    });
    return new Steady(target, tally, publishers, hearers);
  }

  /** Publishes for this long and waits until everything has arrived. */
  async run(perSecond: number, forMs: number): Promise<SteadySample> {
    const { target, tally } = this;
    const count = Math.max(1, Math.round((perSecond * forMs) / 1_000));
    this.first = this.next;
    this.sentMs = new Float64Array(count);
    this.acks = [];
    this.deliveries = [];
    const cpuBefore = cpuMs(target.pid);
    const ownBefore = process.cpuUsage();
    const startedMs = performance.now();
    const lags = await this.send(count, perSecond, startedMs);
    const tookMs = performance.now() - startedMs;
    const cores = (cpuMs(target.pid) - cpuBefore) / tookMs;
    const own = process.cpuUsage(ownBefore);
    await this.arrived(count);
    tally.lost += Math.max(0, count * this.hearersEach - this.deliveries.length);
    tally.lost += count - this.acks.length;
    return {
      p50: quantile(this.deliveries, 0.5),
      p99: quantile(this.deliveries, 0.99),
      'ack p50': quantile(this.acks, 0.5),
      'ack p99': quantile(this.acks, 0.99),
      cores,
      generator: (own.user + own.system) / 1_000 / tookMs,
      lagMs: quantile(lags, 0.99)
    };
  }

  /** Sends what is due, once a millisecond, and returns by how much each message was late. */
  private send(count: number, perSecond: number, startedMs: number): Promise<number[]> {
    const lags: number[] = [];
    return new Promise((resolve) => {
      const timer = setInterval(() => {
        const dueCount = Math.min(
          count,
          Math.floor(((performance.now() - startedMs) * perSecond) / 1_000)
        );
        while (this.next - this.first < dueCount) {
          const index = this.next - this.first;
          const nowMs = performance.now();
          this.sentMs[index] = nowMs;
          lags.push(Math.max(0, nowMs - startedMs - ((index + 1) * 1_000) / perSecond));
          const publisher = this.publishers[this.next % this.publishers.length];
          publisher?.waiting.push(this.next);
          publisher?.socket.send(publisher.publishes.next(this.next));
          this.next++;
        }
        if (dueCount < count) return;
        clearInterval(timer);
        resolve(lags);
      }, 1);
    });
  }

  private async arrived(count: number): Promise<void> {
    const untilMs = performance.now() + STUCK_MS;
    const isDone = (): boolean =>
      this.acks.length >= count && this.deliveries.length >= count * this.hearersEach;
    while (!isDone() && performance.now() < untilMs) {
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }

  private took(number: number, times: number[]): void {
    const sentMs = this.sentMs[number - this.first];
    if (sentMs !== undefined) times.push(performance.now() - sentMs);
  }
}

interface Publisher {
  readonly socket: RawSocket;
  readonly publishes: Publishes;
  /** Numbers of the messages that are not acknowledged yet. */
  readonly waiting: number[];
}

/** Times in milliseconds: `p50` and `p99` of deliveries and of acks; `cores` is the CPU time of the server. */
export interface SteadySample {
  readonly [name: string]: number;
  readonly p50: number;
  readonly p99: number;
  readonly 'ack p50': number;
  readonly 'ack p99': number;
  readonly cores: number;
  readonly generator: number;
  readonly lagMs: number;
}
