/** Opens recordings from files, by button or by drop, and saves them to files. */
import type { ChartLayout } from '../../../../protocol/chart-layout.js';
import type { Recording } from '../../../../protocol/inspection.js';
import { byId } from '../../shared/element.js';
import { isAbout } from '../states/actor-state.js';
import { saveFile } from './browser-line.js';
import type { Reel } from '../recording/inspection.js';
import {
  FILE_BYTES_MAX,
  fileName,
  readRecording,
  tooLarge,
  writeRecording
} from '../recording/recording-file.js';

/** Called with the result of opening a file. */
export interface FileEvents {
  readonly opened: (recording: Recording, name: string, chars: number) => void;
  readonly refused: (name: string, why: string) => void;
}

/** Reads a file and calls `opened`, or `refused` with a sentence that says what is wrong. */
export async function openFile(file: File, { opened, refused }: FileEvents): Promise<void> {
  if (file.size > FILE_BYTES_MAX) {
    refused(file.name, tooLarge(file.size));
    return;
  }
  let text: string;
  try {
    text = await file.text();
  } catch {
    refused(file.name, 'The file cannot be read.');
    return;
  }
  const read = readRecording(text);
  if (read.ok) opened(read.recording, file.name, text.length);
  else refused(file.name, read.message);
}

/** Calls `drop` with the first file that the reader drops anywhere on the page. */
export function takeDrops(drop: (file: File) => void): void {
  const veil = byId('drop', HTMLDivElement);
  const hasFile = ({ dataTransfer }: DragEvent) => dataTransfer?.types.includes('Files') === true;
  document.addEventListener('dragover', (event) => {
    if (!hasFile(event)) return;
    event.preventDefault();
    veil.hidden = false;
  });
  document.addEventListener('dragleave', ({ relatedTarget }) => {
    if (relatedTarget === null) veil.hidden = true;
  });
  document.addEventListener('drop', (event) => {
    veil.hidden = true;
    const [file] = event.dataTransfer?.files ?? [];
    if (file === undefined) return;
    event.preventDefault();
    drop(file);
  });
}

/** Downloads a recording with its charts as a file. Returns the file's name and size in bytes. */
export function saveReel(
  reel: Reel,
  charts: readonly ChartLayout[],
  at: number
): { readonly name: string; readonly bytes: number } {
  const { timeline, rollcall, node, environment } = reel;
  const text = writeRecording({
    rollcall,
    node,
    environment,
    at,
    dropped: timeline.dropped,
    actors: timeline.standing(),
    messages: [...timeline.messages()],
    charts
  });
  const name = fileName(at);
  return { name, bytes: saveFile(name, text) };
}

/** Chart hashes of all actors in a recording. */
export function hashesIn({ timeline }: Reel): Set<string> {
  const hashes = new Set<string>();
  const note = (hash: string | null): void => {
    if (hash !== null) hashes.add(hash);
  };
  for (const { hash } of timeline.standing()) note(hash);
  for (const message of timeline.messages()) {
    if (isAbout(message)) note(message.hash);
  }
  return hashes;
}
