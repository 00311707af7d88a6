/** Type checks of somebody else's project: only the files asked for are checked, so that it takes seconds. */
import { join, relative } from 'node:path';
import ts from 'typescript';

/** How somebody's compiler finds modules. */
export const RESOLUTIONS = {
  node16: { module: ts.ModuleKind.Node16, moduleResolution: ts.ModuleResolutionKind.Node16 },
  bundler: { module: ts.ModuleKind.ESNext, moduleResolution: ts.ModuleResolutionKind.Bundler }
};

/**
 * Faults that the compiler finds in a file and in the declarations of a package that it imports, as `path:line text`.
 * @param inPackage tells the package's declarations by their path
 */
export function typeFaults(
  folder: string,
  file: string,
  resolution: keyof typeof RESOLUTIONS,
  inPackage: (path: string) => boolean
): string[] {
  const path = join(folder, file);
  const program = ts.createProgram([path], {
    ...RESOLUTIONS[resolution],
    target: ts.ScriptTarget.ES2022,
    strict: true,
    noEmit: true,
    types: []
  });
  const checked = program
    .getSourceFiles()
    .filter(({ fileName }) => fileName === path || inPackage(relative(folder, fileName)));
  return checked
    .flatMap((source) => [
      ...program.getSyntacticDiagnostics(source),
      ...program.getSemanticDiagnostics(source)
    ])
    .map(({ file: source, start = 0, messageText }) => {
      const line = (source?.getLineAndCharacterOfPosition(start).line ?? 0) + 1;
      const text = ts.flattenDiagnosticMessageText(messageText, '\n');
      return `${relative(folder, source?.fileName ?? '')}:${String(line)} ${text}`;
    });
}
