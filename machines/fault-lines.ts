/** The runbook of faults: the first line of each fault of Rollcall, of its agents or its machine. */
import type { IncidentLine } from './incident-line.js';

/** The entries; a line's is the first that finds its message. */
export const FAULT_LINES: readonly IncidentLine[] = [
  {
    id: 'incident-delivery-actor',
    says: /a delivery actor crashed and was replaced/,
    level: 'error',
    title: 'A delivery actor crashed',
    means: 'The chart of one thread failed; it was made anew from the log, and lost nothing.',
    look: ['The fields `thread` and `reason`.', 'Whether it comes again with the same thread.'],
    remedy: 'report this fault of Rollcall, with its line'
  },
  {
    id: 'incident-handler-failed',
    says: /a handler failed; its connection was closed/,
    level: 'error',
    title: 'A handler failed',
    means:
      'The server could not work on a frame, and closed that connection with 3004. The client reconnects.',
    look: ['The fields `handler` and `reason`.', 'Whether one client causes it again and again.'],
    remedy: 'report this fault of Rollcall, with its line'
  },
  {
    id: 'incident-damaged-request',
    says: /a request needs a part of the thread log that is damaged/,
    level: 'error',
    title: 'A request met a damaged part of the log',
    means: 'A client or a backend asked for rows that are damaged, and was answered “unavailable”.',
    look: ['The field `reason`: the part of the log.'],
    remedy: 'do as for “A thread cannot be read”'
  },
  {
    id: 'incident-bus-listener',
    says: /a listener of the bus between nodes failed/,
    level: 'error',
    title: 'A listener of the bus between nodes failed',
    means:
      'A part that follows what other nodes tell failed at one of their reports. Messages are not touched; what this node knows of that one may be late.',
    look: ['The field `reason`.', 'Whether the nodes run the same version.'],
    remedy: 'report this fault of Rollcall, with its line'
  },
  {
    id: 'incident-listener-failed',
    says: /a listener of messages failed|a listener of the thread log failed/,
    level: 'error',
    title: 'A listener failed',
    means:
      'A part that follows messages failed at one of them. The message is stored and delivered all the same.',
    look: ['The field `reason`.'],
    remedy: 'report this fault of Rollcall, with its line'
  },
  {
    id: 'incident-nodes',
    says: /a message between nodes was lost|a listener of the bus between nodes failed/,
    level: 'error',
    title: 'A message between nodes was lost',
    means:
      'What nodes tell each other (presence, typing, chunks, questions) could not be sent, read or used. Messages of threads are not concerned, they go through the log; presence is told again.',
    look: [
      'The field `reason`: nodes of different versions may not know all messages of each other.',
      '`GET /api/cluster`: the versions of the nodes.'
    ],
    remedy: 'bring all nodes to one version; else report this fault of Rollcall, with its line'
  },
  {
    id: 'incident-clock-jumped',
    says: /the clock of the machine has jumped ahead/,
    level: 'error',
    title: 'The clock has jumped',
    means:
      'The time of the machine went ahead at once. Retention by days goes on by the time since the start, so that nothing is trimmed too early.',
    look: ['The clock of the machine and its time service (`timedatectl`).'],
    remedy: 'set the clock right, then restart the server'
  },
  {
    id: 'incident-agent-modules',
    says: /a changed module of AGENTS is no good/,
    level: 'error',
    title: 'A changed agent could not be loaded',
    means:
      'In development a module of `AGENTS` was changed, and cannot be used. Its agents stay as they were.',
    look: ['The field `reason`.'],
    remedy: 'correct the module; it is loaded when it changes again'
  },
  {
    id: 'incident-agent-model',
    says: /the agent openai got no answer/,
    level: 'error',
    title: 'The model did not answer',
    means:
      'The server of `AGENT_URL` gave no answer, or only a part of one. Those runs are tried again, or fail.',
    look: ['The field `reason`.', 'The address by hand from this machine, with `AGENT_KEY`.'],
    remedy:
      'see whether the server of the model answers, and whether the key and `AGENT_MODEL` are right'
  },
  {
    id: 'incident-agent-stream',
    says: /a stream of a run failed; it was closed/,
    level: 'error',
    title: 'A stream of a run failed',
    means:
      'A reader of an agent’s answer was cut off. The run goes on, and the reader may resume it.',
    look: ['The field `reason`.'],
    remedy: 'report this fault of Rollcall, with its line'
  },
  {
    id: 'incident-agent-restore',
    says: /a run of an agent cannot be taken up again/,
    level: 'error',
    title: 'A run cannot be taken up again',
    means:
      'After a start, the record of a run that had not ended could not be read. The run stays without an end.',
    look: ['The field `reason`: the thread and the run.'],
    remedy: 'run `rollcall log check` at a quiet time'
  },
  {
    id: 'incident-agent-failed',
    says: /^the agent \S+ failed/,
    level: 'error',
    title: 'An agent failed',
    means:
      'The code of an agent threw. Its run has ended as failed, with a text that tells nothing of it.',
    look: ['The fields `thread` and `reason`: what was thrown.'],
    remedy: 'mend the agent'
  },
  {
    id: 'incident-observer',
    says: /an observer of the charts failed/,
    level: 'error',
    title: 'An observer failed',
    means: 'The inspector, or another observer of the charts, failed. The chat is not touched.',
    look: ['The field `reason`.'],
    remedy: 'report this fault of Rollcall, with its line'
  },
  {
    id: 'incident-further-faults',
    says: /further faults of other kinds/,
    level: 'error',
    title: 'Further faults',
    means: 'So many kinds of faults are open that further ones are counted together.',
    look: ['The other findings, and the load of the machine.'],
    remedy: 'restart the server if it does not end, and report the faults with their lines'
  }
];
