/**
 * Compares what was acked, what is stored and what subscribers received. Pure, so that a spec can show that each check
 * fails when it must.
 */
import { Faults, type FaultsAccount } from './faults.js';
import type { Acked, Sent } from './publisher.js';

/** An entry of a thread as it is stored now. */
export interface Stored {
  readonly offset: number;
  readonly mid: string;
  readonly text: string;
}

/** What a publisher sent, and what was acked. */
export interface PublisherAccount {
  readonly sent: ReadonlyMap<string, Sent>;
  readonly acked: ReadonlyMap<string, Acked>;
  readonly faults: FaultsAccount;
}

/** A subscriber's side: the mids of every thread by offset, from 1. */
export interface WitnessAccount {
  readonly name: string;
  readonly threads: ReadonlyMap<string, readonly string[]>;
  readonly faults: FaultsAccount;
}

/** How connections ended when the server was told to stop. */
export interface GoodbyesAccount {
  /** Connections that ended with a goodbye. */
  readonly told: number;
  /** Those that did not. */
  readonly missing: FaultsAccount;
}

/** The evidence of one run. */
export interface Evidence {
  /** Every thread's entries as the HTTP API answers them at the end. */
  readonly stored: ReadonlyMap<string, readonly Stored[]>;
  readonly publishers: readonly PublisherAccount[];
  readonly witnesses: readonly WitnessAccount[];
  /** The same as it is in the files of the stopped server. */
  readonly exported: ReadonlyMap<string, readonly Stored[]>;
  /** What the log check says of those files. */
  readonly check: FaultsAccount;
  /** Log lines that the servers should not have written. */
  readonly badLines: FaultsAccount;
  /** Servers that ended otherwise than they were told to. */
  readonly exits: FaultsAccount;
  /** Null where servers are killed: they cannot say goodbye. */
  readonly goodbyes: GoodbyesAccount | null;
}

/** One condition that must hold. */
export interface Check {
  readonly name: string;
  /** How much was looked at, in words. */
  readonly figure: string;
  readonly faults: FaultsAccount;
}

/** Runs all checks. The proof holds when none has a fault. */
export function judge(evidence: Evidence): Check[] {
  const { stored, exported, publishers, witnesses, badLines, exits, goodbyes } = evidence;
  const count = (threads: ReadonlyMap<string, readonly unknown[]>): number =>
    [...threads.values()].reduce((sum, rows) => sum + rows.length, 0);
  const acked = publishers.reduce((sum, publisher) => sum + publisher.acked.size, 0);
  const seen = witnesses.reduce((sum, { threads }) => sum + count(threads), 0);
  return [
    {
      name: 'every acked message is stored exactly once, where the ack said',
      figure: `${String(acked)} acked`,
      faults: ackedOnce(evidence)
    },
    {
      name: 'nothing is stored twice, and nothing that was not sent',
      figure: `${String(count(stored))} stored`,
      faults: storedOnce(evidence)
    },
    {
      name: 'every message that was sent has its ack',
      figure: `${String(publishers.reduce((sum, { sent }) => sum + sent.size, 0))} sent`,
      faults: allAcked(evidence)
    },
    {
      name: 'offsets are gapless',
      figure: `${String(stored.size)} threads`,
      faults: gapless(evidence)
    },
    {
      name: 'every subscriber saw every offset exactly once',
      figure: `${String(witnesses.length)} subscribers, ${String(seen)} seen`,
      faults: allSeen(evidence)
    },
    {
      name: 'the files of the stopped server are whole and hold the same',
      figure: `${String(count(exported))} exported`,
      faults: filesWhole(evidence)
    },
    {
      name: 'no server wrote an error line',
      figure: `${String(badLines.count)} lines`,
      faults: badLines
    },
    {
      name: 'every server ended as it was told to',
      figure: `${String(exits.count)} otherwise`,
      faults: exits
    },
    ...(goodbyes === null
      ? []
      : [
          {
            name: 'every connection ended with a goodbye that says when to come back',
            figure: `${String(goodbyes.told)} told`,
            faults: goodbyes.missing
          }
        ])
  ];
}

function ackedOnce({ stored, publishers }: Evidence): Faults {
  const faults = new Faults();
  const places = new Map<string, string[]>();
  for (const [thread, entries] of stored) {
    for (const { offset, mid } of entries) {
      const place = `${String(offset)} of ${thread}`;
      places.set(place, [...(places.get(place) ?? []), mid]);
    }
  }
  for (const publisher of publishers) {
    faults.addAll(publisher.faults);
    for (const { thread, mid, offset } of publisher.acked.values()) {
      const place = `${String(offset)} of ${thread}`;
      const there = places.get(place) ?? [];
      if (there.length !== 1 || there[0] !== mid) {
        faults.add(`${mid} was acked at ${place}, where ${there.join(', ') || 'nothing'} is`);
      }
    }
  }
  return faults;
}

function storedOnce({ stored, publishers }: Evidence): Faults {
  const faults = new Faults();
  const places = new Map<string, string>();
  const sent = new Map(publishers.flatMap((publisher) => [...publisher.sent]));
  for (const [thread, entries] of stored) {
    for (const { offset, mid, text } of entries) {
      const place = `${String(offset)} of ${thread}`;
      const before = places.get(mid);
      if (before !== undefined) faults.add(`${mid} is at ${before} and at ${place}`);
      places.set(mid, place);
      const original = sent.get(mid);
      if (original === undefined) faults.add(`nobody sent ${mid}, which is at ${place}`);
      else if (original.thread !== thread || original.text !== text) {
        faults.add(`${mid} at ${place} is not as it was sent: ${text}`);
      }
    }
  }
  return faults;
}

function allAcked({ publishers }: Evidence): Faults {
  const faults = new Faults();
  for (const { sent, acked } of publishers) {
    for (const mid of sent.keys()) if (!acked.has(mid)) faults.add(`${mid} never got its ack`);
  }
  return faults;
}

function gapless({ stored }: Evidence): Faults {
  const faults = new Faults();
  for (const [thread, entries] of stored) {
    for (const [index, { offset }] of entries.entries()) {
      if (offset === index + 1) continue;
      faults.add(`${thread} has ${String(offset)} where ${String(index + 1)} belongs`);
      break;
    }
  }
  return faults;
}

function allSeen({ stored, witnesses }: Evidence): Faults {
  const faults = new Faults();
  for (const { name, threads, faults: own } of witnesses) {
    faults.addAll({ count: own.count, words: own.words.map((words) => `${name}: ${words}`) });
    for (const [thread, entries] of stored) {
      const mids = threads.get(thread) ?? [];
      if (mids.length !== entries.length) {
        faults.add(
          `${name} has ${String(mids.length)} of ${thread}, ${String(entries.length)} are stored`
        );
      }
      const other = entries.find(
        ({ mid }, index) => mids[index] !== undefined && mids[index] !== mid
      );
      if (other !== undefined)
        faults.add(`${name} saw another ${String(other.offset)} of ${thread}`);
    }
  }
  return faults;
}

function filesWhole({ check, stored, exported }: Evidence): Faults {
  const faults = new Faults();
  faults.addAll(check);
  for (const [thread, entries] of stored) {
    const inFiles = exported.get(thread) ?? [];
    if (inFiles.length !== entries.length) {
      faults.add(
        `the files hold ${String(inFiles.length)} of ${thread}, the API answered ${String(entries.length)}`
      );
    }
    const other = entries.find(({ mid }, index) => inFiles[index]?.mid !== mid);
    if (other !== undefined) {
      faults.add(`the files have another ${String(other.offset)} of ${thread} than the API`);
    }
  }
  return faults;
}
