import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';

const ROOT = join(import.meta.dirname, '../..');

type Ranges = Readonly<Record<string, string>>;

/** What the specs read of an entry of package-lock.json, and of package.json. */
interface Package {
  readonly version?: string;
  readonly resolved?: string;
  readonly integrity?: string;
  readonly link?: boolean;
  readonly optional?: boolean;
  readonly os?: readonly string[];
  readonly cpu?: readonly string[];
  readonly dependencies?: Ranges;
  readonly optionalDependencies?: Ranges;
  readonly devDependencies?: Ranges;
  readonly peerDependencies?: Ranges;
}

/** package-lock.json as far as it is read here. */
interface LockFile {
  readonly packages: Readonly<Record<string, Package>>;
}

function json(path: string): unknown {
  return JSON.parse(readFileSync(join(ROOT, path), 'utf8'));
}

const { packages } = json('package-lock.json') as LockFile;

/** Where Node would find a package that the one at `from` asks for; null when the lock file has no such entry. */
function entryOf(name: string, from: string): string | null {
  for (let folder = from; ; folder = folder.slice(0, Math.max(0, folder.lastIndexOf('/')))) {
    const path = `${folder === '' ? '' : `${folder}/`}node_modules/${name}`;
    if (path in packages) return path;
    if (folder === '') return null;
  }
}

describe('package-lock.json', () => {
  // `npm ci` refuses a lock file in which a package is named and has no entry, for whatever platform it is.
  it('has an entry for every optional package that is named in it', () => {
    const missing = Object.entries(packages).flatMap(([path, { optionalDependencies = {} }]) =>
      Object.keys(optionalDependencies).filter((name) => entryOf(name, path) === null)
    );
    expect(missing).to.eql([]);
  });

  it('has the version that chdb asks for in the entries of all its platforms', () => {
    const asked = packages['node_modules/chdb']?.optionalDependencies ?? {};
    const locked = Object.keys(asked).map((name) => [
      name,
      packages[`node_modules/${name}`]?.version
    ]);
    expect(locked).to.have.length.greaterThan(1);
    expect(locked).to.eql(Object.entries(asked));
  });

  it('has a checksum for everything but optional packages of other platforms', () => {
    const unchecked = Object.entries(packages).filter(([path, entry]) => {
      const isOwn = !path.includes('node_modules/') || entry.link === true;
      return !isOwn && entry.integrity === undefined;
    });
    for (const [path, { optional, os, cpu }] of unchecked) {
      expect({ optional, isLimited: os !== undefined && cpu !== undefined }, path).to.eql({
        optional: true,
        isLimited: true
      });
    }
  });

  it('names no registry', () => {
    const addresses = Object.values(packages)
      .map(({ resolved = '' }) => resolved)
      .filter((resolved) => resolved.includes(':'));
    expect(addresses).to.eql([]);
  });

  it('was written for package.json as it is', () => {
    const own = json('package.json') as Package;
    const locked = packages[''];
    expect(locked?.version).to.equal(own.version);
    expect(locked?.dependencies).to.eql(own.dependencies);
    expect(locked?.optionalDependencies).to.eql(own.optionalDependencies);
    expect(locked?.devDependencies).to.eql(own.devDependencies);
    expect(locked?.peerDependencies).to.eql(own.peerDependencies);
  });
});
