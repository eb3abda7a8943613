/** What a run's `agent` asks for; stored with the run. */
export interface AgentRequest {
  kind: string;
  prompt: string;
  model?: string;
  effort?: string;
}

export const AGENT_KIND = /^[a-z][a-z0-9-]{0,31}$/;
/** Models and efforts: what may stand in an argument or a configuration without harm. */
export const AGENT_WORD = /^[A-Za-z0-9][A-Za-z0-9._:/-]{0,127}$/;
