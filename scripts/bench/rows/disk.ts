/**
 * What one durable write costs on the disk of the data directories: bytes appended to a file, and `fdatasync`.
 */
import { randomUUID } from 'node:crypto';
import { closeSync, fdatasyncSync, openSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { quantile } from '../figures.js';

/** Times of durable writes in milliseconds. */
export interface DiskSample {
  readonly [name: string]: number;
  readonly p50: number;
  readonly p99: number;
}

/** A file that grows by durable writes. */
export class Disk {
  private readonly file: string;
  private readonly fd: number;

  constructor(dir: string) {
    this.file = join(dir, `rollcall-bench-${randomUUID()}`);
    this.fd = openSync(this.file, 'wx');
  }

  /** Writes as many bytes at this rate for this long, each write durable before the next one. */
  async run(bytes: number, perSecond: number, forMs: number): Promise<DiskSample> {
    const buffer = Buffer.alloc(bytes, 'x');
    const times: number[] = [];
    const startedMs = performance.now();
    const count = Math.max(1, Math.round((perSecond * forMs) / 1_000));
    for (let index = 1; index <= count; index++) {
      const dueMs = startedMs + (index * 1_000) / perSecond;
      await wait(Math.max(0, dueMs - performance.now()));
      const beganMs = performance.now();
      writeSync(this.fd, buffer);
      fdatasyncSync(this.fd);
      times.push(performance.now() - beganMs);
    }
    return { p50: quantile(times, 0.5), p99: quantile(times, 0.99) };
  }

  /** Removes the file. */
  close(): void {
    closeSync(this.fd);
    rmSync(this.file);
  }
}
