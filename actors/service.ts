/** Makes a supervised child of a resource that starts and stops. */
import { fromPromise } from 'xstate';
import { serviceMachine } from '../machines/service.machine.js';

/** A resource. `stop` is called once, also after a `start` that failed or was interrupted. */
export interface Service {
  start(signal: AbortSignal): Promise<void>;
  stop(): Promise<void>;
  /**
   * Called when it has started and its supervisor knows. `crashed` fails the service later, with a reason, for its
   * supervisor to judge; `stop` follows.
   */
  ready?(crashed: (reason: string) => void): void;
}

/** Returns the actor logic of a service, for a child spec. */
export function serviceLogic(service: Service): typeof serviceMachine {
  return serviceMachine.provide({
    actors: {
      start: fromPromise<void>(({ signal }) => service.start(signal)),
      stop: fromPromise<void>(() => service.stop())
    },
    actions: {
      announceReady: ({ self }) => {
        service.ready?.((error) => {
          self.send({ type: 'service.crashed', error });
        });
      }
    }
  });
}
