import { describe, expect, it } from 'vitest';
import {
  camelCase,
  isIdentifierName,
  memberAccess,
  memberKey,
  pascalCase,
  tableOfNames,
} from '../../src/upstream/names.ts';

describe('camelCase', () => {
  it.each([
    ['create_issue', 'createIssue'],
    ['get-sum', 'getSum'],
    ['API-post-search', 'apiPostSearch'],
    ['linear_createIssue', 'linearCreateIssue'],
    ['getURL', 'getURL'],
    ['READ_FILE', 'readFile'],
    ['3d.model', '_3dModel'],
    ['delete', 'delete'],
    ['!!', '_'],
    ['größe_ändern', 'größeÄndern'],
  ])('turns %s into %s', (name, alias) => {
    expect(camelCase(name)).toBe(alias);
    expect(isIdentifierName(alias)).toBe(true);
  });

  it.each(['constructor', '__proto__', 'then', '$raw', 'toString'])(
    'keeps the alias of %s away from that member',
    (name) => {
      expect(camelCase(name)).not.toBe(name);
      expect(Object.hasOwn(Object.prototype, camelCase(name))).toBe(false);
    },
  );
});

describe('pascalCase', () => {
  it('makes a name of a type out of any name', () => {
    expect(pascalCase('create_issue')).toBe('CreateIssue');
    expect(pascalCase('2fa-check')).toBe('T2faCheck');
    expect(pascalCase('日本')).toBe('T');
  });
});

describe('member text', () => {
  it('quotes what is no identifier', () => {
    expect(memberAccess('get-sum')).toBe('["get-sum"]');
    expect(memberAccess('getSum')).toBe('.getSum');
    expect(memberKey('a"b')).toBe('"a\\"b"');
  });
});

describe('tableOfNames', () => {
  it('keeps own names beside aliases', () => {
    const { aliases, problems } = tableOfNames(['create_issue', 'get'], 'tool');
    expect([...aliases]).toEqual([
      ['create_issue', 'createIssue'],
      ['get', 'get'],
    ]);
    expect(problems).toEqual([]);
  });

  it('gives an alias that two names claim to neither of them and says so', () => {
    const { aliases, problems } = tableOfNames(['get_user', 'get-user'], 'tool');
    expect(aliases.get('get_user')).toBe('get_user');
    expect(aliases.get('get-user')).toBe('get-user');
    expect(problems).toEqual([
      'The tools "get_user" and "get-user" would share the alias `getUser`; each keeps only its own name.',
    ]);
  });

  it('does not let an alias hide another tool’s own name', () => {
    const { aliases, problems } = tableOfNames(['get_user', 'getUser'], 'tool');
    expect(aliases.get('get_user')).toBe('get_user');
    expect(aliases.get('getUser')).toBe('getUser');
    expect(problems).toHaveLength(1);
  });

  it.each([
    ['a\u0000b', 'control or invisible'],
    ['a\u200bb', 'control or invisible'],
    ['a\u202eb', 'control or invisible'],
    ['', 'is empty'],
    ['x'.repeat(300), 'the limit is 256'],
  ])('refuses the name %j', (name, reason) => {
    const { aliases, problems } = tableOfNames([name, 'ok'], 'tool');
    expect([...aliases.keys()]).toEqual(['ok']);
    expect(problems[0]).toContain(reason);
  });

  it('counts the first of two tools with one name', () => {
    const { aliases, problems } = tableOfNames(['a', 'a'], 'tool');
    expect(aliases.size).toBe(1);
    expect(problems).toEqual(['The tool name "a" is listed twice; the first counts.']);
  });

  it('tells a look-alike from the name it resembles', () => {
    const { aliases } = tableOfNames(['read', 'r\u0435ad'], 'tool');
    expect(aliases.size).toBe(2);
  });
});
