/** An empty project into which the packed packages are really installed, by npm and with the versions of our lock file. */
import { execFile } from 'node:child_process';
import { mkdirSync, readdirSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { lockedPackages, type LockedPackage } from '../../../scripts/packages/third-party.js';

/** Root of the checkout. */
export const ROOT = join(import.meta.dirname, '../../..');

const execute = promisify(execFile);

/** A packed package: its file, and what its package.json says. */
export interface Packed {
  readonly file: string;
  readonly manifest: Readonly<Record<string, unknown>> & { readonly name: string };
}

/** Packs both packages into a folder, as they are built. */
export async function pack(folder: string): Promise<void> {
  await execute(
    'npm',
    [
      'pack',
      '--workspaces',
      '--include-workspace-root',
      '--ignore-scripts',
      `--pack-destination=${folder}`
    ],
    { cwd: ROOT }
  );
}

/** One project. */
export class InstalledProject {
  readonly folder: string;

  constructor(folder: string) {
    this.folder = folder;
  }

  /**
   * Installs packed packages and what they need to run, optional packages left out: those are hundreds of megabytes.
   * @param needs names of the packages that our lock file has for it; null for all that are needed to run
   */
  async install(packed: readonly Packed[], needs: readonly string[] | null): Promise<void> {
    const dependencies = Object.fromEntries(
      packed.map(({ file, manifest }) => [manifest.name, `file:${file}`])
    );
    const project = { name: 'project', version: '1.0.0', type: 'module', dependencies };
    const own = packed.map(({ file, manifest }): [string, unknown] => [
      `node_modules/${manifest.name}`,
      { ...manifest, resolved: `file:${file}` }
    ]);
    const foreign = Object.entries(lockedPackages(ROOT)).filter(
      ([path, entry]) => isToRun(path, entry) && (needs?.includes(path.slice(13)) ?? true)
    );
    const packages: [string, unknown][] = [['', project], ...own, ...foreign];
    this.write('package.json', JSON.stringify(project));
    this.write(
      'package-lock.json',
      JSON.stringify({
        name: 'project',
        version: '1.0.0',
        lockfileVersion: 3,
        requires: true,
        packages: Object.fromEntries(packages)
      })
    );
    await this.run(
      'npm',
      'ci',
      '--ignore-scripts',
      '--omit=optional',
      '--prefer-offline',
      '--no-audit',
      '--no-fund'
    );
  }

  /** Writes a file. */
  write(path: string, text: string): void {
    mkdirSync(dirname(join(this.folder, path)), { recursive: true });
    writeFileSync(join(this.folder, path), text);
  }

  /** Lends the project a package of the checkout. */
  lend(name: string): void {
    const to = join(this.folder, 'node_modules', name);
    mkdirSync(dirname(to), { recursive: true });
    symlinkSync(join(ROOT, 'node_modules', name), to);
  }

  /** Runs a program in the project and answers its output. @throws with the output when it fails */
  async run(command: string, ...args: readonly string[]): Promise<string> {
    const { stdout } = await execute(command, [...args], { cwd: this.folder }).catch(
      (error: unknown) => {
        const { stdout: said, stderr } = error as { stdout: string; stderr: string };
        throw new Error(`${command} ${args.join(' ')} failed:\n${said}${stderr}`);
      }
    );
    return stdout;
  }

  /** Names in node_modules, and their size in bytes. */
  installed(): { names: string[]; bytes: number } {
    const folder = join(this.folder, 'node_modules');
    const files = readdirSync(folder, { recursive: true, withFileTypes: true });
    return {
      names: readdirSync(folder).filter((name) => !name.startsWith('.')),
      bytes: files
        .filter((entry) => entry.isFile())
        .reduce((sum, { parentPath, name }) => sum + statSync(join(parentPath, name)).size, 0)
    };
  }
}

function isToRun(path: string, entry: LockedPackage): boolean {
  const isTool = entry.dev === true || entry.devOptional === true;
  return path.startsWith('node_modules/') && !isTool && entry.link !== true;
}
