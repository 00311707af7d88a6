import { expect } from 'chai';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Value } from 'typebox/value';
import type { TSchema } from 'typebox';
import ts from 'typescript';
import { CLIENT_FRAMES, SERVER_FRAMES } from '../../../protocol/frames.js';
import { BLOCKS, inLanguage, ROOT, type Block } from './blocks.js';

/** The application around the examples, which they take as given. */
const GIVEN = `
import type { Client, Gap as GapOf, MessageFrame, Run, Thread } from 'rollcall/client';
import type { ReactElement } from 'react';
declare global {
  const getToken: () => Promise<string>;
  const show: (user: string, body: unknown) => void;
  const render: (run: Run) => void;
  const url: string;
  const user: string;
  const client: Client;
  const thread: Thread;
  const useThread: typeof import('rollcall/react').useThread;
  const Gap: (props: GapOf) => ReactElement;
  const Message: (props: MessageFrame) => ReactElement;
}
`;

/** What TypeScript reports for the unchanged blocks, by place. */
function typeProblems(all: readonly Block[]): Map<string, string> {
  const files = new Map<string, { at: string; text: string }>();
  const folder = join(ROOT, 'spec/scripts/docs');
  files.set(join(folder, 'given.ts'), { at: 'given', text: GIVEN });
  for (const [index, { at, language, text }] of all.entries()) {
    // A block without imports must be a module, too, so that it may await and declare what it likes.
    const name = `block-${String(index)}.${language}`;
    files.set(join(folder, name), { at, text: `${text}\nexport {};\n` });
  }
  const options: ts.CompilerOptions = {
    target: ts.ScriptTarget.ES2023,
    lib: ['lib.es2023.d.ts', 'lib.es2024.string.d.ts', 'lib.dom.d.ts'],
    module: ts.ModuleKind.NodeNext,
    moduleResolution: ts.ModuleResolutionKind.NodeNext,
    jsx: ts.JsxEmit.ReactJSX,
    strict: true,
    exactOptionalPropertyTypes: true,
    skipLibCheck: true,
    noEmit: true,
    types: ['node'],
    paths: {
      'rollcall/client': [join(ROOT, 'client/sdk/client.ts')],
      'rollcall/react': [join(ROOT, 'client/sdk/react.ts')],
      'rollcall/ai': [join(ROOT, 'client/ai/ai.ts')],
      'rollcall-client': [join(ROOT, 'client/sdk/client.ts')]
    }
  };
  const host = ts.createCompilerHost(options);
  const below = ts.createCompilerHost(options);
  host.fileExists = (name) => files.has(name) || below.fileExists(name);
  host.readFile = (name) => files.get(name)?.text ?? below.readFile(name);
  host.getSourceFile = (name, target, ...rest) => {
    const own = files.get(name);
    return own === undefined
      ? below.getSourceFile(name, target, ...rest)
      : ts.createSourceFile(name, own.text, target);
  };
  const program = ts.createProgram([...files.keys()], options, host);
  const problems = new Map<string, string>();
  for (const [name, { at }] of files) {
    const file = program.getSourceFile(name);
    const [first] = [
      ...program.getSyntacticDiagnostics(file),
      ...program.getSemanticDiagnostics(file)
    ];
    if (first !== undefined) {
      problems.set(at, ts.flattenDiagnosticMessageText(first.messageText, '\n'));
    }
  }
  return problems;
}

/** The frames of a conversation: arrow, then JSON, then perhaps a remark. */
function framesIn({ text }: Block): { direction: string; json: string }[] {
  return Array.from(text.matchAll(/^([→←]) (\{.*\})(?: {2,}.*)?$/gm), ([, direction, json]) => ({
    direction: direction ?? '',
    // A value that is different each time is written as an ellipsis.
    json: (json ?? '').replaceAll(/:…(?=[,}])/g, ':1')
  }));
}

/** Names of the properties of a schema, or of a table of schemas, at any depth. */
function namesIn(schema: unknown): string[] {
  if (typeof schema !== 'object' || schema === null) return [];
  return Object.entries(schema).flatMap(([name, inner]) => [name, ...namesIn(inner)]);
}

/** Whether the page leaves out a part of the frame, so that there is no whole frame to check. */
const isAbridged = (json: string): boolean => /\{…\}|,…,/.test(json);

describe('code blocks in the docs', () => {
  it('are of the languages that this spec knows', () => {
    // spec/e2e/agents runs those in mjs.
    const known = new Set(['', 'ts', 'tsx', 'js', 'mjs', 'json', 'sh', 'mermaid', 'html', 'nginx']);
    expect(BLOCKS.filter(({ language }) => !known.has(language))).to.deep.equal([]);
  });

  it('type-check as they stand', function () {
    this.timeout(60_000);
    const all = inLanguage('ts', 'tsx');
    expect(all.length).to.be.at.least(7);
    const mistake = { at: 'a mistake', language: 'ts', text: 'client.nothing();', notRun: null };
    const problems = Object.fromEntries(typeProblems([...all, mistake]));
    expect(problems['a mistake']).to.include('nothing');
    expect({ ...problems, 'a mistake': undefined }).to.deep.equal({ 'a mistake': undefined });
  });

  it('are JSON where they say so', () => {
    const all = inLanguage('json');
    expect(all).to.have.length.at.least(1);
    for (const { at, text } of all) expect(() => void JSON.parse(text), at).not.to.throw();
  });

  it('hold frames of the schema', () => {
    const all = inLanguage('').flatMap((block) => framesIn(block));
    const whole = all.filter(({ json }) => !isAbridged(json));
    expect(whole.length).to.be.at.least(6);
    // More frames are complete than have a part left out.
    expect(all.length - whole.length).to.be.at.most(3);
    for (const { direction, json } of whole) {
      const frame: unknown = JSON.parse(json);
      const schemas: Readonly<Record<string, TSchema>> =
        direction === '→' ? CLIENT_FRAMES : SERVER_FRAMES;
      const type = String(Reflect.get(frame as object, 'type'));
      const schema = schemas[type];
      expect(schema !== undefined && Value.Check(schema, frame), json).to.equal(true);
    }
  });

  it('and tables of docs/protocol.md name frames and fields of the schema', () => {
    const known = new Set([...namesIn(CLIENT_FRAMES), ...namesIn(SERVER_FRAMES)]);
    const text = readFileSync(join(ROOT, 'docs/protocol.md'), 'utf8');
    const [, table = ''] = /^## Everything else\n\n([^]*?)\n\n/m.exec(text) ?? [];
    const named = Array.from(table.matchAll(/`(\w+)`/g), ([, name]) => name ?? '');
    expect(named).to.have.length.at.least(30);
    expect(
      named.filter((name) => !known.has(name) && !/^(frame|answer|not_found)$/.test(name))
    ).to.eql([]);
  });

  it('name commands and scripts that exist', () => {
    const scripts = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as {
      scripts: Record<string, string>;
    };
    const commands = readFileSync(join(ROOT, 'cli/commands.ts'), 'utf8');
    const all = inLanguage('sh', '');
    const named = all.flatMap(({ text }) =>
      Array.from(text.matchAll(/\b(npm run|npx rollcall|^rollcall) ([\w-]+)/gm), (match) => ({
        program: match[1] ?? '',
        name: match[2] ?? ''
      }))
    );
    expect(named).to.have.length.at.least(3);
    for (const { program, name } of named) {
      if (program === 'npm run') expect(scripts.scripts, name).to.have.property(name);
      else expect(commands, name).to.match(new RegExp(`\\b${name}\\b`));
    }
  });
});
