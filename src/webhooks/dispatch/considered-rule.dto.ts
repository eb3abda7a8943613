import { ApiProperty, ApiSchema } from '@nestjs/swagger';

@ApiSchema({ description: 'What was decided of one rule' })
export class ConsideredRuleView {
  /** Its name. */
  @ApiProperty({ example: 'implement' })
  rule: string;

  /** It is the rule that counts. */
  @ApiProperty({ example: false })
  matched: boolean;

  /** Why, for people. */
  @ApiProperty({ example: 'state is “Todo”, the rule wants “In Progress”' })
  why: string;
}
