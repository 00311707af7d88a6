/** The file THIRD-PARTY: what Rollcall is used with and contains, and under which licences. */
import { build } from 'esbuild';
import { BUNDLED_PACKAGES } from './server-bundle.mjs';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** What is read of an entry of package-lock.json. */
export interface LockedPackage {
  /** Only for a package that is installed under another name. */
  readonly name?: string;
  readonly version?: string;
  readonly license?: string;
  readonly dev?: boolean;
  /** A tool for development that is also an optional peer dependency: who uses that feature installs it. */
  readonly devOptional?: boolean;
  readonly optional?: boolean;
  /** Only for the packages of this repository. */
  readonly link?: boolean;
}

/** Entries of package-lock.json by path, such as `node_modules/ws`. */
export type LockedPackages = Readonly<Record<string, LockedPackage>>;

/** Native code inside a package that its `license` says nothing about, with the licence of that code. */
const NATIVE: Readonly<Record<string, string>> = {
  'uws-pack':
    'contains uWebSockets.js and µSockets, Copyright Alex Hultman, Apache-2.0 (https://www.apache.org/licenses/LICENSE-2.0)',
  lmdb: 'contains LMDB, Copyright Howard Chu, Symas Corp., OpenLDAP-2.8 (https://spdx.org/licenses/OLDAP-2.8.html)'
};

const FOLDER = 'node_modules/';

function isLockFile(value: unknown): value is { packages: LockedPackages } {
  return typeof value === 'object' && value !== null && 'packages' in value;
}

/** Reads package-lock.json. @throws when it has no packages */
export function lockedPackages(root: string): LockedPackages {
  const lock: unknown = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8'));
  if (!isLockFile(lock)) throw new Error('package-lock.json has no packages: run npm install');
  return lock.packages;
}

const INTRODUCTION = `Third-party software

Rollcall itself is under the licence in the file LICENSE. It is used with the
packages below, which npm installs beside it, each with its own licence text.
Written by scripts/generated-docs.ts from package-lock.json: do not edit.`;

/**
 * Lists everything that is installed to run Rollcall, one line a package and version, by name.
 * @throws when a package has no licence in the lock file
 */
export function runtimeLicences(packages: LockedPackages): string[] {
  const lines = Object.entries(packages)
    .filter(
      ([path, { dev, devOptional, link }]) =>
        path.includes(FOLDER) && dev !== true && devOptional !== true && link !== true
    )
    .map(([path, { name = nameOf(path), version, license, optional }]) => {
      if (version === undefined || license === undefined) {
        throw new Error(`${path} has no version or licence in package-lock.json: look it up`);
      }
      const note = NATIVE[name] === undefined ? '' : `\n    ${NATIVE[name]}`;
      return `${name} ${version}: ${license}${optional === true ? ', optional' : ''}${note}`;
    });
  return [...new Set(lines)].sort();
}

/** Names of the packages whose code is part of the pages' scripts. */
export async function bundledPackages(root: string): Promise<string[]> {
  const pages = join(root, 'client/pages');
  const { metafile } = await build({
    entryPoints: readdirSync(pages)
      .map((name) => join(pages, name, `${name}.ts`))
      .filter(existsSync),
    absWorkingDir: root,
    outdir: join(root, 'unused'),
    bundle: true,
    format: 'esm',
    platform: 'browser',
    metafile: true,
    write: false
  });
  // An input that adds no bytes is not in the bundle.
  const used = Object.values(metafile.outputs).flatMap(({ inputs }) =>
    Object.entries(inputs).flatMap(([path, { bytesInOutput }]) => (bytesInOutput > 0 ? [path] : []))
  );
  return [...new Set(used.filter((path) => path.includes(FOLDER)).map(nameOfFile))].sort();
}

/** The text of THIRD-PARTY. */
export async function thirdPartyText(root: string, packages: LockedPackages): Promise<string> {
  const parts = [
    ...(await bundledPackages(root)).map((name) => [name, "part of the pages' scripts"] as const),
    ...BUNDLED_PACKAGES.map((name) => [name, 'part of the built server'] as const)
  ];
  const bundled = parts.map(
    ([name, where]) => `--- ${name}, ${where} ---\n\n${licenceText(root, name)}`
  );
  return `${[INTRODUCTION, runtimeLicences(packages).join('\n'), ...bundled].join('\n\n')}\n`;
}

/** Name of the package at a path of the lock file. */
function nameOf(path: string): string {
  return path.slice(path.lastIndexOf(FOLDER) + FOLDER.length);
}

/** Name of the package that a file belongs to. */
function nameOfFile(path: string): string {
  const parts = nameOf(path).split('/');
  return parts.slice(0, parts[0]?.startsWith('@') === true ? 2 : 1).join('/');
}

/** A package's own licence, as it must be passed on with its code. @throws when it has none */
function licenceText(root: string, name: string): string {
  const folder = join(root, FOLDER, name);
  const file = readdirSync(folder).find((entry) => /^licen[sc]e/i.test(entry));
  if (file === undefined) throw new Error(`${name} has no licence file: it may not be bundled`);
  return readFileSync(join(folder, file), 'utf8').trim();
}
