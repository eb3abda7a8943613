import { Injectable } from '@nestjs/common';

import type { AgentTurn } from '../../runs/agents/turn-driver.js';
import { LiveTurns } from '../live-turns.js';
import { Outside, type TurnControls } from './outside.js';
import type { Interruption } from './verdict.js';

@Injectable()
export class CodexOutside extends Outside {
  constructor(private readonly live: LiveTurns) {
    super();
  }
  allowance(): Promise<Interruption | null> {
    return Promise.resolve(null);
  }
  count(): Promise<Interruption | null> {
    return Promise.resolve(null);
  }
  decide(): Promise<'approve' | 'deny'> {
    return Promise.resolve('deny');
  }
  present({ runId, turn }: AgentTurn, controls: TurnControls): () => void {
    return this.live.present(runId, turn, controls);
  }
}
