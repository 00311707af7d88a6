/**
 * Runs the steps of a Dockerfile without Docker, in a folder that stands for the file system of each stage, as a user who
 * is not root. Only what `deploy/Dockerfile` uses is known; anything else is refused.
 */
import { DockerfileParser, type Instruction } from 'dockerfile-ast';
import { execFileSync, spawnSync } from 'node:child_process';
import { chmodSync, chownSync, cpSync, mkdirSync, readFileSync, statSync } from 'node:fs';
import { basename, dirname, join, posix } from 'node:path';

/** User and group `nobody` of Debian, where the specs run as root. */
const NOBODY = 65_534;

/** Settings of npm that say where packages come from; the user of the steps has no file with them. */
const NPM_SETTINGS = ['registry', 'cafile', 'proxy', 'https-proxy'];

/** What the last stage says of itself. */
export interface Image {
  /** Folder that stands for `/`. */
  readonly root: string;
  readonly workdir: string;
  readonly env: Readonly<Record<string, string>>;
  readonly user: string;
  readonly entrypoint: readonly string[];
  readonly command: readonly string[];
  readonly healthcheck: readonly string[];
}

interface Stage {
  readonly name: string;
  readonly root: string;
  workdir: string;
  readonly env: Record<string, string>;
  user: string;
  entrypoint: string[];
  command: string[];
  healthcheck: string[];
}

/** Options of {@link runSteps}. */
export interface StepsOptions {
  readonly dockerfile: string;
  /** Root of the checkout, whose tracked files are the context of the build. */
  readonly context: string;
  /** Empty folder for the stages. */
  readonly folder: string;
}

/** Options of `spawn` that make a process run as `nobody`, when this one runs as root. */
export function asNobody(): { readonly uid?: number; readonly gid?: number } {
  return process.getuid?.() === 0 ? { uid: NOBODY, gid: NOBODY } : {};
}

/** Runs all steps and returns the last stage. @throws when a step fails or is not known */
export function runSteps({ dockerfile, context, folder }: StepsOptions): Image {
  const stages: Stage[] = [];
  const file = DockerfileParser.parse(readFileSync(dockerfile, 'utf8'));
  for (const step of file.getInstructions()) {
    if (step.getKeyword() === 'FROM') stages.push(begin(step, folder, stages.length));
    else take(step, stages, context, folder);
  }
  const last = stages.at(-1);
  if (last === undefined) throw new Error('the Dockerfile has no stage');
  return last;
}

function begin(step: Instruction, folder: string, index: number): Stage {
  const [, as, name] = valuesOf(step);
  const stage = as?.toUpperCase() === 'AS' && name !== undefined ? name : String(index);
  const root = join(folder, stage);
  make(root);
  return {
    name: stage,
    root,
    workdir: '/',
    env: {},
    user: 'root',
    entrypoint: [],
    command: [],
    healthcheck: []
  };
}

function take(step: Instruction, stages: readonly Stage[], context: string, folder: string): void {
  const stage = stages.at(-1)!;
  const values = valuesOf(step);
  switch (step.getKeyword()) {
    case 'WORKDIR':
      stage.workdir = posix.resolve(stage.workdir, values[0]!);
      make(join(stage.root, stage.workdir));
      return;
    case 'ENV':
      for (const text of values) {
        const [name = '', ...rest] = text.split('=');
        stage.env[name] = rest.join('=');
      }
      return;
    case 'COPY':
      copy(values, stage, stages, context);
      return;
    case 'RUN':
      run(step.getRawArgumentsContent() ?? '', stage, folder);
      return;
    case 'USER':
      stage.user = values[0]!;
      return;
    case 'ENTRYPOINT':
      stage.entrypoint = listOf(step);
      return;
    case 'CMD':
      stage.command = listOf(step);
      return;
    case 'HEALTHCHECK':
      stage.healthcheck = listOf(step);
      return;
    case 'VOLUME':
    case 'EXPOSE':
    case 'STOPSIGNAL':
      return;
    default:
      throw new Error(`not known: ${step.getKeyword()}`);
  }
}

function copy(
  values: readonly string[],
  stage: Stage,
  stages: readonly Stage[],
  context: string
): void {
  const from = /^--from=(.+)$/.exec(values[0] ?? '')?.[1];
  const paths = from === undefined ? values : values.slice(1);
  const target = paths.at(-1)!;
  const place = join(stage.root, posix.resolve(stage.workdir, target));
  if (from === undefined) {
    if (paths[0] !== '.') throw new Error('only the whole context is copied here');
    for (const file of trackedFiles(context)) {
      make(dirname(join(place, file)));
      copied(join(context, file), join(place, file));
    }
    return;
  }
  const { root } = stages.find(({ name }) => name === from)!;
  for (const path of paths.slice(0, -1)) {
    const source = join(root, path);
    // Docker copies what is in a folder, and a file under its own name into a target that ends in a slash.
    const isInto = !statSync(source).isDirectory() && /(^\.?\/?|\/)$/.test(target);
    const to = isInto ? join(place, basename(path)) : place;
    make(dirname(to));
    copied(source, to);
  }
}

function copied(from: string, to: string): void {
  cpSync(from, to, { recursive: true, verbatimSymlinks: true });
  if (process.getuid?.() === 0) execFileSync('chown', ['-R', `${NOBODY}:${NOBODY}`, to]);
}

/** Tracked files of the checkout as they are now. */
function trackedFiles(context: string): string[] {
  const listed = execFileSync('git', ['-C', context, 'ls-files', '-z', '--cached'], {
    encoding: 'utf8'
  });
  return listed
    .split('\0')
    .filter(
      (name) =>
        name !== '' && statSync(join(context, name), { throwIfNoEntry: false }) !== undefined
    );
}

function run(command: string, { root, workdir, env }: Stage, folder: string): void {
  if (/^mkdir (\/\w+) && chown node:node \1$/.test(command)) {
    make(join(root, command.split(' ')[1]!));
    return;
  }
  const home = join(folder, 'home');
  make(home);
  const done = spawnSync('sh', ['-ec', command], {
    cwd: join(root, workdir),
    env: {
      PATH: process.env['PATH'],
      HOME: home,
      ...npmSettings(),
      // Packages that the machine has fetched before need not come again.
      npm_config_prefer_offline: 'true',
      ...env
    },
    encoding: 'utf8',
    ...asNobody()
  });
  if (done.status === 0) return;
  throw new Error(`${command} ended with ${String(done.status)}:\n${done.stdout}\n${done.stderr}`);
}

function npmSettings(): Record<string, string> {
  return Object.fromEntries(
    NPM_SETTINGS.map((name): [string, string] => {
      const value = execFileSync('npm', ['config', 'get', name], { encoding: 'utf8' }).trim();
      return [`npm_config_${name.replaceAll('-', '_')}`, value];
    }).filter(([, value]) => value !== 'null' && value !== 'undefined')
  );
}

function make(path: string): void {
  mkdirSync(path, { recursive: true });
  if (process.getuid?.() === 0) chownSync(path, NOBODY, NOBODY);
  chmodSync(path, 0o755);
}

/** The words behind the keyword, flags included. */
function valuesOf(step: Instruction): string[] {
  const [, ...words] = step.getTextContent().split(/\s+/);
  return words.filter((word) => word !== '\\');
}

/** The JSON list of an instruction, behind its flags. */
function listOf(step: Instruction): string[] {
  const text = step.getRawArgumentsContent() ?? '';
  return JSON.parse(text.slice(text.indexOf('['))) as string[];
}
