import type { PassingLine, Screen } from '../../../cli/terminal/screen.js';
import { paintIf, type Style } from '../../../server/logger/paint.js';

/** A screen that records what it is asked to show, without times and day lines. */
export class KeptScreen implements Screen {
  readonly paint = paintIf(false);
  readonly columns = 80;
  readonly isLive = true;
  readonly lines: string[] = [];
  passing: string[] = [];
  thread = '';
  isClosed = false;

  print(lines: readonly string[]): void {
    for (const line of lines) {
      if (!line.startsWith('── ')) this.lines.push(line.replace(/^\d\d:\d\d +/, ''));
    }
  }

  note(_style: Style, text: string): void {
    this.lines.push(text);
  }

  name(thread: string): void {
    this.thread = thread;
  }

  show(lines: readonly PassingLine[]): void {
    this.passing = lines.map(({ text }) => text);
  }

  close(): void {
    this.isClosed = true;
  }
}
