/** The types of the frames for `rollcall-client`, as plain TypeScript: what the schemas say, without the schemas. */
import { join } from 'node:path';
import ts from 'typescript';

/** How types are written: unions and objects in full, nothing truncated, no names from other files. */
const FULL: ts.TypeFormatFlags =
  ts.TypeFormatFlags.NoTruncation |
  ts.TypeFormatFlags.InTypeAlias |
  ts.TypeFormatFlags.MultilineObjectLiterals |
  ts.TypeFormatFlags.UseSingleQuotesForStringLiteralType;

const PROBE = 'frame-types.probe.ts';
const SOURCE = `import type * as frames from './protocol/frames.js';
export type ClientFrames = { [K in frames.ClientFrameType]: frames.ClientFrame<K> };
export type ServerFrames = { [K in frames.ServerFrameType]: frames.ServerFrame<K> };
export type SinceValue = frames.SinceValue;
`;

/**
 * The text of the package's `frames.d.ts`, before it is formatted.
 * @param root folder of the checkout
 */
export function frameTypes(root: string): string {
  const probe = join(root, PROBE);
  const options: ts.CompilerOptions = {
    module: ts.ModuleKind.NodeNext,
    moduleResolution: ts.ModuleResolutionKind.NodeNext,
    target: ts.ScriptTarget.ES2023,
    strict: true,
    exactOptionalPropertyTypes: true,
    skipLibCheck: true,
    noEmit: true,
    types: []
  };
  const host = ts.createCompilerHost(options);
  const readFile = host.readFile.bind(host);
  const fileExists = host.fileExists.bind(host);
  host.fileExists = (path) => path === probe || fileExists(path);
  host.readFile = (path) => (path === probe ? SOURCE : readFile(path));
  const program = ts.createProgram([probe], options, host);
  const checker = program.getTypeChecker();
  const file = program.getSourceFile(probe);
  const module = file && checker.getSymbolAtLocation(file);
  if (module === undefined) throw new Error('the types of protocol/frames.ts cannot be read');
  const types = new Map(
    checker
      .getExportsOfModule(module)
      .map((symbol) => [symbol.name, checker.getDeclaredTypeOfSymbol(symbol)])
  );
  const typeOf = (name: string): ts.Type => {
    const type = types.get(name);
    if (type === undefined) throw new Error(`protocol/frames.ts has no ${name}`);
    return type;
  };
  const written = (type: ts.Type): string => checker.typeToString(type, undefined, FULL);
  const frames = (name: string): string =>
    checker
      .getPropertiesOfType(typeOf(name))
      .map((symbol) => `${symbol.name}: ${written(checker.getTypeOfSymbol(symbol))};`)
      .join('\n');
  return `/** The frames of \`rollcall.v1\`. Written by scripts/generated-docs.ts from protocol/frames.ts: do not edit. */

/** Frames that a client may send, by \`type\`. */
export interface ClientFrames {
${frames('ClientFrames')}
}

/** \`type\` of a frame that a client may send. */
export type ClientFrameType = keyof ClientFrames;

/** The frame that a client sends with the given \`type\`. */
export type ClientFrame<T extends ClientFrameType = ClientFrameType> = ClientFrames[T];

/** Frames that the server may send, by \`type\`. */
export interface ServerFrames {
${frames('ServerFrames')}
}

/** \`type\` of a frame that the server may send. */
export type ServerFrameType = keyof ServerFrames;

/** The frame that the server sends with the given \`type\`. */
export type ServerFrame<T extends ServerFrameType = ServerFrameType> = ServerFrames[T];

/** A message as it is stored in the log and sent on the wire. */
export type MessageFrame = ServerFrame<'message'>;

/** Where a subscription starts. */
export type SinceValue = ${written(typeOf('SinceValue'))};
`;
}
