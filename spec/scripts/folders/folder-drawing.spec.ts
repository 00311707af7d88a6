import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import { FOLDER_MARKS, folderDrawing } from '../../../scripts/folders/folder-drawing.js';
import { PRODUCT } from './project-files.js';

/** The lines of Mermaid 11 that are used here, each drawn with Mermaid itself once. */
const MERMAID_LINES = [/^flowchart (TD|LR)$/, /^_\w+\["[\w-]+\/"\]$/, /^_\w+ --> _\w+$/];

describe('folderDrawing', () => {
  it('is in docs/architecture.md as the code is', () => {
    const page = readFileSync(new URL('../../../docs/architecture.md', import.meta.url), 'utf8');
    const [begin, end] = FOLDER_MARKS;
    const drawn = page.split(begin)[1]?.split(end)[0]?.trim();
    expect(drawn, 'run npx tsx scripts/generated-docs.ts').to.equal(folderDrawing(PRODUCT));
  });

  it('draws the rooms of a folder, and an arrow where one imports another', () => {
    const files = [
      {
        path: 'server/a/a.ts',
        text: "import '../b/b.js';import '../c/room/c.js';import '../d/d.js';"
      },
      { path: 'server/b/b.ts', text: "import '../c/room/c.js';import '../../actors/x.js';" },
      { path: 'server/c/room/c.ts', text: '' },
      { path: 'server/d/d.ts', text: '' },
      { path: 'actors/x.ts', text: '' }
    ];
    const drawing = folderDrawing(files);
    expect(drawing).to.include('_server --> _actors');
    expect(drawing).to.include(
      [
        'The rooms of `server/`:',
        '',
        '```mermaid',
        'flowchart LR',
        '  _server_a["a/"]',
        '  _server_b["b/"]',
        '  _server_c["c/"]',
        '  _server_d["d/"]',
        '  _server_a --> _server_b',
        '  _server_a --> _server_c',
        '  _server_a --> _server_d',
        '  _server_b --> _server_c',
        '```'
      ].join('\n')
    );
  });

  it('tells in words of rooms with few imports', () => {
    const files = [
      { path: 'cli/chat/a.ts', text: "import '../terminal/b.js';import '../words/c.js';" },
      { path: 'cli/terminal/b.ts', text: "import '../words/c.js';" },
      { path: 'cli/words/c.ts', text: '' }
    ];
    expect(folderDrawing(files)).to.match(
      /In `cli\/`, `chat` imports `terminal` and `words`; `terminal` imports `words`\.$/
    );
  });

  it('uses only lines that Mermaid can draw', () => {
    const charts = [...folderDrawing(PRODUCT).matchAll(/```mermaid\n([^`]*)```/g)];
    const lines = charts.flatMap(([, chart]) => (chart ?? '').trim().split('\n'));
    expect(lines).to.not.be.empty;
    for (const line of lines) {
      expect(
        MERMAID_LINES.some((known) => known.test(line.trim())),
        line
      ).to.equal(true);
    }
  });
});
