import { ApiProperty, ApiSchema } from '@nestjs/swagger';

import { ConsideredRuleView } from './considered-rule.dto.js';

@ApiSchema({ description: 'A rule whose active run of the issue the event ends' })
export class EndedRuleView {
  /** Its name. */
  @ApiProperty({ example: 'implement' })
  rule: string;

  /** Why, for people. */
  @ApiProperty({ example: 'the issue was removed' })
  why: string;
}

@ApiSchema({ description: 'What the rules say of an event; nothing was done' })
export class DispatchDecisionView {
  /** The event, in the words of all sources. */
  @ApiProperty({
    type: 'object',
    additionalProperties: true,
    example: { source: 'linear', type: 'Issue', action: 'update' },
  })
  event: Record<string, unknown>;

  /** The rule that it triggers; `null`: none. */
  @ApiProperty({ example: 'implement' })
  rule: string | null;

  /** Every rule, in the order of the settings. */
  considered: ConsideredRuleView[];

  /** What `POST /api/v1/runs` would be asked for, secrets by their names; `null`: nothing. */
  @ApiProperty({
    type: 'object',
    additionalProperties: true,
    nullable: true,
    example: { issue: 'MT-42', command: ['make', 'test'] },
  })
  run: Record<string, unknown> | null;

  /** What becomes of the trigger while a run of the issue is active; `null` without a rule. */
  @ApiProperty({ example: 'wait' })
  onNewer: string | null;

  /** Why there is no run; `null`: there is one. */
  @ApiProperty({ example: null })
  reason: string | null;

  /** Rules whose active run of the issue it would cancel. */
  ends: EndedRuleView[];
}
