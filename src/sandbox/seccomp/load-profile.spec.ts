import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, describe, expect, it } from 'vitest';

import { loadSeccompProfile } from './load-profile.js';
import { profileProblem } from './profile-format.js';

const root = mkdtempSync(join(tmpdir(), 'risoluto-profile-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

const DENY = { names: ['mount'], action: 'SCMP_ACT_ERRNO' };
const BASE = { defaultAction: 'SCMP_ACT_ALLOW', syscalls: [DENY] };
const rule = (change: object) => ({ ...BASE, syscalls: [DENY, { ...DENY, ...change }] });

describe('a profile of the operator’s', () => {
  it.each([
    ['a list of denials', BASE],
    ['a list of what is allowed', { defaultAction: 'SCMP_ACT_ERRNO', defaultErrnoRet: 38 }],
    [
      'one as engines write their own',
      {
        defaultAction: 'SCMP_ACT_ERRNO',
        archMap: [{ architecture: 'SCMP_ARCH_X86_64', subArchitectures: ['SCMP_ARCH_X86'] }],
        syscalls: [
          {
            names: ['clone'],
            action: 'SCMP_ACT_ALLOW',
            args: [{ index: 0, value: 2114060288, valueTwo: 0, op: 'SCMP_CMP_MASKED_EQ' }],
            comment: '',
            includes: {},
            excludes: { caps: ['CAP_SYS_ADMIN'], arches: ['s390', 's390x'] },
          },
          {
            names: ['ptrace'],
            action: 'SCMP_ACT_ALLOW',
            args: null,
            includes: { minKernel: '4.8' },
          },
          { name: 'read', action: 'SCMP_ACT_ALLOW' },
        ],
      },
    ],
  ])('is taken: %s', (_name, content) => {
    expect(profileProblem(content, { gvisor: false })).toBeNull();
  });

  it.each([
    ['no object', [], /not a JSON object/],
    ['nothing', {}, /no defaultAction/],
    [
      'an unknown action',
      { ...BASE, defaultAction: 'ALLOW' },
      /at defaultAction: "ALLOW" is no action/,
    ],
    ['a listener', rule({ action: 'SCMP_ACT_NOTIFY' }), /at syscalls\[1\]\.action/],
    ['no action', { ...BASE, syscalls: [{ names: ['mount'] }] }, /at syscalls\[0\]\.action/],
    ['no names', rule({ names: undefined }), /at syscalls\[1\]: it names no system call/],
    ['an empty list of names', rule({ names: [] }), /at syscalls\[1\]: it names no system call/],
    ['name and names', rule({ name: 'mount' }), /at syscalls\[1\]: it has both/],
    ['a name that is none', rule({ names: ['Mount 2'] }), /at syscalls\[1\]\.names\[0\]/],
    ['a misspelt key', rule({ arg: [] }), /unknown key "arg" in syscalls\[1\]/],
    ['a misspelt key of its own', { ...BASE, syscall: [] }, /unknown key "syscall", which/],
    [
      'an unknown architecture',
      { ...BASE, architectures: ['amd64'] },
      /at architectures\[0\]: "amd64"/,
    ],
    [
      'two lists of architectures',
      {
        ...BASE,
        architectures: ['SCMP_ARCH_X86'],
        archMap: [{ architecture: 'SCMP_ARCH_X86_64', subArchitectures: null }],
      },
      /both architectures and archMap/,
    ],
    [
      'an unknown comparison',
      rule({ args: [{ index: 0, value: 1, op: 'EQ' }] }),
      /at syscalls\[1\]\.args\[0\]\.op: "EQ" is no comparison/,
    ],
    [
      'an argument that no call has',
      rule({ args: [{ index: 6, value: 1, op: 'SCMP_CMP_EQ' }] }),
      /at syscalls\[1\]\.args\[0\]\.index/,
    ],
    [
      'an error with an action that has none',
      rule({ action: 'SCMP_ACT_KILL', errnoRet: 1 }),
      /no meaning/,
    ],
    ['nothing denied', { ...BASE, syscalls: [] }, /allows every system call/],
    ['no list', { defaultAction: 'SCMP_ACT_LOG' }, /allows every system call/],
    [
      'rules that deny nothing',
      { ...BASE, syscalls: [{ names: ['read'], action: 'SCMP_ACT_LOG' }] },
      /allows every system call/,
    ],
  ])('is refused with its place: %s', (_name, content, problem) => {
    expect(profileProblem(content, { gvisor: false })).toMatch(problem);
  });

  it('is refused under gVisor where it asks for an error that gVisor does not give', () => {
    const asked = rule({ errnoRet: 38 });
    expect(profileProblem(asked, { gvisor: false })).toBeNull();
    expect(profileProblem(asked, { gvisor: true })).toMatch(/38 at syscalls\[1\]\.errnoRet.*EPERM/);
    expect(profileProblem(rule({ errnoRet: 1 }), { gvisor: true })).toBeNull();
    const whole = { defaultAction: 'SCMP_ACT_ERRNO', defaultErrnoRet: 38 };
    expect(profileProblem(whole, { gvisor: true })).toMatch(/at defaultErrnoRet/);
  });
});

describe('the file', () => {
  const file = join(root, 'profile.json');
  const refusal = (path: string) =>
    loadSeccompProfile(path, false).then(
      () => null,
      (error: { details: { field: string; message: string }[] }) => error.details[0],
    );

  it('is sent as it stands, with all bits of its numbers, on one line', async () => {
    const args = '[{"index": 0,\n\t"value": 18446744073709551615, "op": "SCMP_CMP_EQ"}]';
    writeFileSync(
      file,
      `{"defaultAction": "SCMP_ACT_ALLOW",\r\n  "syscalls": [{"names": ["mount"], "action": "SCMP_ACT_ERRNO", "args": ${args}}]}\n`,
    );
    const text = await loadSeccompProfile(file, false);
    expect(text).toContain('"value": 18446744073709551615');
    expect(text).not.toMatch(/[\r\n\t]/);
  });

  it('is refused where it is missing, no file, no JSON or too large', async () => {
    const fifo = join(root, 'fifo');
    execFileSync('mkfifo', [fifo]);
    const large = join(root, 'large.json');
    writeFileSync(large, ' '.repeat(1024 * 1024 + 1));
    writeFileSync(file, '\u{feff}{}');
    for (const [path, message] of [
      [join(root, 'none.json'), /cannot be read/],
      [root, /no regular file/],
      [fifo, /no regular file/],
      ['/dev/zero', /no regular file/],
      [large, /too large/],
      [file, /not JSON/],
    ] as const) {
      expect(await refusal(path), path).toMatchObject({
        field: 'codex.sandbox.security.seccompProfile',
        message: expect.stringMatching(message),
      });
    }
  });
});
