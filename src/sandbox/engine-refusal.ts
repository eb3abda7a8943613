/**
 * The engine answered, and said no. `engineMessage` is the engine's own text: it may hold paths of
 * the host, so it goes to a log or a `cause`, never to a client.
 */
export class EngineRefusal extends Error {
  readonly status: number;
  readonly engineMessage: string;

  constructor(status: number, engineMessage: string) {
    super(`the container engine answered ${status}`);
    this.name = 'EngineRefusal';
    this.status = status;
    this.engineMessage = engineMessage;
  }
}

export function isRefusal(error: unknown, status: number): error is EngineRefusal {
  return error instanceof EngineRefusal && error.status === status;
}
