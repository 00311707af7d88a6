/**
 * The messages of a chat, computed from the entries of a thread and its runs: each answer behind its question, and of several
 * versions only the one to show. Pure.
 */
import type { AiVersion } from '../../../protocol/ai/ai-chunk.js';
import { RunChunks } from '../../../protocol/ai/run-chunks.js';
import { partsOfBody, type AiPart } from '../../../protocol/ai/ui-message.js';
import type { MessageFrame, Run } from '../../sdk/client.js';
import { runBranches, type RunBranches } from '../../sdk/thread/runs/branches.js';
import { isErased, isErasure } from '../../sdk/thread/erased.js';
import { foldRun, isOpen, runOf } from '../../sdk/thread/runs/run.js';
import { readMessage } from './message-reader.js';
import type { RollcallPart, RollcallUiMessage } from './ui-message.js';

/** What is to be shown of a chat. */
export interface ChatView {
  readonly messages: readonly RollcallUiMessage[];
  /** The versions of each answer, with the one that is shown. */
  readonly branches: readonly ShownBranches[];
  /** All runs that are known, from entries of before the thread was joined too. */
  readonly runs: readonly Run[];
}

/** All versions of an answer, and which one is shown. */
export interface ShownBranches extends RunBranches {
  readonly shown: Run;
}

/** Messages that were made before: as long as nothing changes they stay the same objects. */
export class MadeMessages {
  readonly #questions = new WeakMap<MessageFrame, RollcallUiMessage>();
  #answers = new Map<string, { readonly key: string; readonly message: RollcallUiMessage }>();
  #next = new Map<string, { readonly key: string; readonly message: RollcallUiMessage }>();

  /** Returns the message of a user's entry. */
  question(frame: MessageFrame): RollcallUiMessage {
    const made = this.#questions.get(frame) ?? messageOf(frame);
    this.#questions.set(frame, made);
    return made;
  }

  /** Returns the message of a run, made anew when the key is another. */
  answer(run: string, key: string, make: () => RollcallUiMessage): RollcallUiMessage {
    const known = this.#answers.get(run);
    const made = known?.key === key ? known : { key, message: make() };
    this.#next.set(run, made);
    return made.message;
  }

  /** Forgets the answers that were not asked for since the last time. */
  done(): void {
    this.#answers = this.#next;
    this.#next = new Map();
  }
}

/** Returns the messages of a chat. */
export function chatMessages(
  version: AiVersion,
  entries: readonly MessageFrame[],
  live: readonly Run[]
): readonly RollcallUiMessage[] {
  return chatView(version, entries, live).messages;
}

/**
 * Returns what is to be shown of a chat.
 * @param entries of the thread, in the order of its log
 * @param live the runs that the thread knows
 * @param chosen the run to show of an answer, by its root; by default the last version
 * @param made messages that were made before
 */
export function chatView(
  version: AiVersion,
  entries: readonly MessageFrame[],
  live: readonly Run[],
  chosen: ReadonlyMap<string, string> = new Map(),
  made: MadeMessages = new MadeMessages()
): ChatView {
  const ofRun = new Map<string, MessageFrame[]>();
  const questions = new Map<string, MessageFrame>();
  for (const entry of entries) {
    const run = runOf(entry);
    if (run !== null) ofRun.set(run, [...(ofRun.get(run) ?? []), entry]);
    else if (!isErasure(entry)) questions.set(entry.mid, entry);
  }
  const runs = allRuns(live, ofRun);
  const branches = runBranches(runs).map(({ root, runs: versions }) => {
    const last = versions.at(-1);
    const shown = versions.find(({ run }) => run === chosen.get(root)) ?? last;
    return shown === undefined ? [] : [{ root, runs: versions, shown }];
  });
  const shown = branches.flat();
  const branchOf = new Map<string, ShownBranches>();
  for (const branch of shown) {
    branchOf.set(branch.root, branch);
    for (const { inReplyTo } of branch.runs)
      if (inReplyTo !== null) branchOf.set(inReplyTo, branch);
  }
  const done = new Set<ShownBranches>();
  const messages: RollcallUiMessage[] = [];
  const put = (branch: ShownBranches): void => {
    done.add(branch);
    const question = questionOf(branch, questions);
    if (question !== undefined) messages.push(made.question(question));
    messages.push(answerOf(version, branch, ofRun.get(branch.shown.run) ?? [], made));
  };
  for (const question of questions.values()) {
    const branch = branchOf.get(question.mid);
    if (branch === undefined) messages.push(made.question(question));
    else if (!done.has(branch)) put(branch);
  }
  // Their questions are not known: those of before the entries are left out unless they are at work.
  for (const branch of shown) if (!done.has(branch) && isOpen(branch.shown)) put(branch);
  made.done();
  return { messages, branches: shown, runs };
}

/** The known runs: those of the thread, completed by entries of before it was joined. */
function allRuns(live: readonly Run[], ofRun: ReadonlyMap<string, readonly MessageFrame[]>): Run[] {
  const known = new Map<string, Run | undefined>(live.map((run) => [run.run, run]));
  for (const [id, entries] of ofRun) {
    let run = known.get(id);
    for (const entry of entries) run = foldRun(run, entry);
    known.set(id, run);
  }
  const place = ({ startOffset }: Run): number => startOffset ?? Number.MAX_SAFE_INTEGER;
  return [...known.values()]
    .filter((run) => run !== undefined)
    .sort((one, other) => place(one) - place(other));
}

/** The question that belongs to the version that is shown: a run that answers anew has that of the version before. */
function questionOf(
  { root, runs, shown }: ShownBranches,
  questions: ReadonlyMap<string, MessageFrame>
): MessageFrame | undefined {
  let mid = shown.inReplyTo ?? root;
  let { replaces } = shown;
  // Bounded: damaged runs may replace each other in a ring.
  for (let n = 0; n < runs.length && replaces?.how === 'regenerates'; n += 1) {
    mid = replaces.mid;
    replaces = versionOf(runs, mid)?.replaces ?? null;
  }
  return questions.get(mid) ?? questions.get(root);
}

function versionOf(runs: readonly Run[], mid: string): Run | undefined {
  return runs.find(({ inReplyTo }) => inReplyTo === mid);
}

/** The message of a user. */
function messageOf(frame: MessageFrame): RollcallUiMessage {
  const { mid, from, at, offset, body } = frame;
  const known = { user: from.user, at, offset };
  const metadata = isErased(frame) ? { ...known, erased: true } : known;
  return { id: mid, role: 'user', metadata, parts: partsOfBody(body).flatMap(userPart) };
}

/** The parts of a user's message that are shown. */
export function userPart(part: AiPart): RollcallPart[] {
  const { mediaType, url, filename, text } = part;
  if (part.type === 'text' && typeof text === 'string') return [{ type: 'text', text }];
  if (part.type !== 'file' || typeof mediaType !== 'string' || typeof url !== 'string') return [];
  const file = { type: 'file', mediaType, url } as const;
  return [typeof filename === 'string' ? { ...file, filename } : file];
}

/** The message of an agent. */
function answerOf(
  version: AiVersion,
  { runs, shown }: ShownBranches,
  entries: readonly MessageFrame[],
  made: MadeMessages
): RollcallUiMessage {
  const { run, text, attempt, agent, state } = shown;
  const index = runs.indexOf(shown);
  const first = entries[0];
  const key = [
    first?.offset,
    entries.at(-1)?.offset,
    entries.length,
    state,
    attempt,
    text.length,
    entries.filter(isErased).length,
    index,
    runs.length
  ];
  return made.answer(run, key.join(), () => {
    const chunks = new RunChunks(version, run);
    const message = readMessage(run, chunks.replay(entries, { text, attempt }));
    return {
      ...message,
      metadata: {
        ...message.metadata,
        run,
        state,
        ...(agent === null ? {} : { agent }),
        ...(first === undefined ? {} : { user: first.from.user, at: first.at }),
        ...(runs.length < 2 ? {} : { version: { index, count: runs.length } })
      }
    };
  });
}
