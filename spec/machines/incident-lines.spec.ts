import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import ts from 'typescript';
import { FINDING_KINDS } from '../../machines/finding.js';
import { remedyAnchor } from '../../machines/finding-remedy.js';
import { INCIDENT_LINES, runbookAnchor } from '../../machines/incident-lines.js';
import { sourceFiles } from '../../scripts/folders/source-files.js';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** A call that logs a warning, an error or a fault. */
interface Logged {
  readonly at: string;
  /** The message, with `X` for each part that is known only at run time; null when nothing of it is known. */
  readonly message: string | null;
}

/** Returns every such call of the server's own code. */
function logged(): Logged[] {
  return sourceFiles(ROOT, ['actors', 'server', 'cli']).flatMap(({ path }) => {
    const text = readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8');
    const file = ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true);
    const found: Logged[] = [];
    const visit = (node: ts.Node): void => {
      const message = messageOf(node);
      if (message !== undefined) found.push({ at: path, message });
      node.forEachChild(visit);
    };
    visit(file);
    return found;
  });
}

/** Returns undefined when the node logs no such line. */
function messageOf(node: ts.Node): string | null | undefined {
  if (!ts.isCallExpression(node) || !ts.isPropertyAccessExpression(node.expression))
    return undefined;
  const { expression, name } = node.expression;
  const isLogger = /(^|\.)logger$|^\(reporter/.test(expression.getText());
  const isLine = isLogger && ['warn', 'error'].includes(name.text);
  const isFault = /(^|\.)incidents$/.test(expression.getText()) && name.text === 'note';
  const [message] = node.arguments;
  if (message === undefined || (!isLine && !isFault)) return undefined;
  const text = textOf(message);
  const words = text?.replace(/X|CRITICAL|[^a-z]/gi, '') ?? '';
  return words === '' ? null : text;
}

function textOf(node: ts.Expression): string | null {
  if (ts.isStringLiteralLike(node)) return node.text;
  if (ts.isTemplateExpression(node)) {
    const spans = node.templateSpans.map(({ literal }) => `X${literal.text}`);
    return `${node.head.text}${spans.join('')}`;
  }
  if (ts.isBinaryExpression(node)) {
    const [left, right] = [textOf(node.left), textOf(node.right)];
    return left === null && right === null ? null : `${left ?? ''}${right ?? ''}`;
  }
  return null;
}

/** Calls whose message is made elsewhere: their number by file, and the messages. */
const MADE_ELSEWHERE: Readonly<
  Record<string, readonly [calls: number, messages: readonly string[]]>
> = {
  // The finding is in a field, or it is a fault; `kept-lines.ts` passes on what others log.
  'actors/monitor/incidents.ts': [4, ['further faults of other kinds']],
  'actors/clickhouse/clickhouse.ts': [
    1,
    ['❌ CRITICAL: ClickHouse required but refused: start it']
  ],
  'server/chat/catch-up.ts': [
    2,
    [
      'offset 7 cannot be read (x): stop',
      'the thread cannot be read after offset 3 (x): stop',
      'more than 10 threads cannot be read; from here on they are only counted: stop'
    ]
  ],
  'server/wiring/report/supervision.ts': [
    1,
    ['sink was lost and is started again: x', 'sink has failed: x']
  ],
  'server/logger/kept-lines.ts': [2, []],
  'server/wiring/analytics.ts': [1, []],
  'server/wiring/log/log-service.ts': [
    1,
    [
      'pages of the thread log were damaged (x); what was lost is refused',
      'the machine went down under a log with DURABILITY=process: what',
      'the thread log is an older one than was here, was repaired, or came from elsewhere'
    ]
  ]
};

describe('INCIDENT_LINES', () => {
  const calls = logged();

  it('are looked for at every place that logs a warning, an error or a fault', () => {
    expect(calls.length).to.be.above(25);
    const unknown = new Map<string, number>();
    for (const { at, message } of calls) {
      if (message === null) unknown.set(at, (unknown.get(at) ?? 0) + 1);
    }
    const expected = Object.entries(MADE_ELSEWHERE).map(([at, [number]]) => [at, number]);
    expect([...unknown]).to.have.deep.members(expected);
  });

  const messages = [
    ...calls.flatMap(({ at, message }) => (message === null ? [] : [{ at, message }])),
    ...Object.entries(MADE_ELSEWHERE).flatMap(([at, [, texts]]) =>
      texts.map((message) => ({ at, message }))
    )
  ];
  for (const { at, message } of messages) {
    it(`have an entry for “${message.slice(0, 60)}” of ${at}`, () => {
      expect(runbookAnchor(message, undefined)).to.be.a('string');
    });
  }

  it('have a place in the code each', () => {
    const unused = INCIDENT_LINES.filter(
      ({ id }) => !messages.some(({ message }) => runbookAnchor(message, undefined) === id)
    );
    // Written by the thread that watches the event loop, which has no logger.
    expect(unused.map(({ id }) => id)).to.eql(['incident-loop-blocked']);
  });

  for (const kind of FINDING_KINDS) {
    it(`leave the line of the finding ${kind} to the runbook of findings`, () => {
      expect(runbookAnchor('whatever it says', kind)).to.equal(remedyAnchor(kind));
    });
  }

  it('find none for a line that nobody knows', () => {
    expect(runbookAnchor('something else', 'unheard_of')).to.equal(null);
  });
});
