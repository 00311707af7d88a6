/** What the two packages say of themselves must agree. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { CLIENT_PACKAGE } from '../../../scripts/setup.mjs';

const ROOT = join(import.meta.dirname, '../../..');

interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly engines: unknown;
  readonly license: string;
  readonly dependencies: Readonly<Record<string, string>>;
  readonly peerDependencies: Readonly<Record<string, string>>;
}

const text = (path: string): string => readFileSync(join(ROOT, path), 'utf8');
const server = JSON.parse(text('package.json')) as Manifest;
const client = JSON.parse(text(join(CLIENT_PACKAGE, 'package.json'))) as Manifest;

describe('rollcall and rollcall-client', () => {
  it('have the same version, and the server asks for exactly that', () => {
    expect(client.name).to.equal('rollcall-client');
    expect(client.version).to.equal(server.version);
    expect(server.dependencies['rollcall-client']).to.equal(client.version);
  });

  it('ask for the same xstate, the only dependency of the client, and for the same React', () => {
    expect(client.dependencies).to.eql({ xstate: server.dependencies['xstate'] });
    expect(client.peerDependencies).to.eql(server.peerDependencies);
  });

  it('have the same licence, with its text, and run on the same Node', () => {
    expect(text(join(CLIENT_PACKAGE, 'LICENSE'))).to.equal(text('LICENSE'));
    expect(client.license).to.equal(server.license);
    expect(client.engines).to.eql(server.engines);
  });
});
