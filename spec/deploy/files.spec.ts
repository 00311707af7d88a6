/** What the files of `deploy/` say fits the server, and the programs that read them understand it. */
import { expect } from 'chai';
import { execFileSync, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { Service } from 'kubernetes-models/v1';
import { StatefulSet } from 'kubernetes-models/apps/v1';
import { PodDisruptionBudget } from 'kubernetes-models/policy/v1';
import { fileURLToPath } from 'node:url';
import { parse, parseAllDocuments } from 'yaml';
import { SETTINGS } from '../../server/config/settings.js';
import { findProgram, requireTool } from '../require.js';

const at = (name: string): string =>
  fileURLToPath(new URL(`../../deploy/${name}`, import.meta.url));
const text = (name: string): string => readFileSync(at(name), 'utf8');

const NAMES = new Set(Object.values(SETTINGS).map(({ name }) => name));
const SHUTDOWN_S = Number.parseInt(SETTINGS.shutdownMs.fallbackText) / 1_000;

/** Names in capitals that are set for the server. */
function expectSettings(names: readonly string[]): void {
  expect(names).to.have.length.above(1);
  for (const name of names) expect([...NAMES, 'NODE_ENV']).to.include(name);
}

describe('deploy/compose.yaml', () => {
  const { services } = parse(text('compose.yaml')) as {
    services: Record<string, { environment?: object; stop_grace_period?: string }>;
  };

  it('sets settings that there are', () => {
    expect(SHUTDOWN_S).to.equal(30);
    expectSettings(Object.keys(services['rollcall']?.environment ?? {}));
  });

  it('lets the server drain before it is killed', () => {
    const grace = services['rollcall']?.stop_grace_period ?? '';
    expect(Number(/^(\d+)s$/.exec(grace)?.[1])).to.be.above(SHUTDOWN_S);
  });
});

describe('deploy/rollcall.service', () => {
  it('is understood by systemd', function () {
    const program = findProgram('systemd-analyze');
    requireTool(this, 'systemd-analyze', program !== undefined, 'it reads the unit');
    const verify = (unit: string): string => {
      const { stderr } = spawnSync(program!, ['verify', unit], { encoding: 'utf8' });
      // The machine of the specs may have Node elsewhere.
      return stderr.replace(/^.*Command \/usr\/bin\/node is not executable.*\n/m, '');
    };
    expect(verify(at('rollcall.service'))).to.equal('');
    const told = execFileSync(program!, ['security', '--offline=true', at('rollcall.service')], {
      encoding: 'utf8'
    });
    expect(Number(/exposure level for \S+: ([\d.]+)/.exec(told)?.[1])).to.be.below(2);
  }).timeout(30_000);

  it('lets the server drain before it is killed, and does not repeat a start that cannot succeed', () => {
    const unit = text('rollcall.service');
    expect(Number(/^TimeoutStopSec=(\d+)$/m.exec(unit)?.[1])).to.be.above(SHUTDOWN_S);
    expect(unit).to.match(/^RestartPreventExitStatus=2 3$/m);
    expectSettings(
      [...unit.matchAll(/^Environment=(.+)$/gm)].flatMap(([, set = '']) =>
        set.split(' ').map((one) => one.split('=')[0]!)
      )
    );
  });
});

describe('deploy/kubernetes/rollcall.yaml', () => {
  const documents = parseAllDocuments(text('kubernetes/rollcall.yaml')).map(
    (document) => document.toJS() as { kind: string }
  );
  const models = { StatefulSet, Service, PodDisruptionBudget } as const;

  it('fits the schemas of Kubernetes', () => {
    expect(documents.map(({ kind }) => kind)).to.have.members(Object.keys(models));
    for (const document of documents) {
      const Model = models[document.kind as keyof typeof models];
      new Model(document as never).validate();
    }
    const broken = structuredClone(documents[0]) as unknown as { spec: { replicas: string } };
    broken.spec.replicas = 'one';
    expect(() => {
      new StatefulSet(broken as never).validate();
    }).to.throw(/replicas/);
  });

  it('asks the probes that there are, lets the server drain, and sets settings that there are', () => {
    const pod = (documents.find(({ kind }) => kind === 'StatefulSet') as unknown as StatefulSet)
      .spec!.template.spec!;
    const [container] = pod.containers;
    expect(container).to.have.nested.property('startupProbe.httpGet.path', '/startupz');
    expect(container).to.have.nested.property('livenessProbe.httpGet.path', '/livez');
    expect(container).to.have.nested.property('readinessProbe.httpGet.path', '/readyz');
    const [pause] = container?.lifecycle?.preStop?.exec?.command?.slice(-1) ?? [];
    expect(pod.terminationGracePeriodSeconds).to.be.above(SHUTDOWN_S + Number(pause));
    expectSettings(container?.env?.map(({ name }) => name) ?? []);
  });
});
