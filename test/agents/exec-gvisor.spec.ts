import { agentCases } from './exec-cases.js';

agentCases(true);
