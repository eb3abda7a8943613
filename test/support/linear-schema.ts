import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { buildSchema, type GraphQLSchema } from 'graphql';
import ts from 'typescript';

/** Where the answer begins: what Risoluto may ask of Linear, and everything that hangs on it. */
const ROOTS = ['Query', 'Mutation'];

/** The types of `@linear/sdk`, which are generated from Linear's schema: the text with `Mutation`. */
function sdkTypes(): string {
  const directory = dirname(fileURLToPath(import.meta.resolve('@linear/sdk')));
  const texts = readdirSync(directory)
    .filter((name) => name.endsWith('.d.mts'))
    .map((name) => readFileSync(join(directory, name), 'utf8'));
  const text = texts.find((one) => /^type Mutation = \{/m.test(one));
  if (text === undefined) throw new Error('@linear/sdk does not declare its schema any more');
  return text;
}

/** The declarations by name: enums, and aliases of types. */
function declarations(): Map<string, ts.EnumDeclaration | ts.TypeNode> {
  const file = ts.createSourceFile('sdk.d.mts', sdkTypes(), ts.ScriptTarget.Latest);
  const found = new Map<string, ts.EnumDeclaration | ts.TypeNode>();
  for (const statement of file.statements) {
    if (ts.isEnumDeclaration(statement)) found.set(statement.name.text, statement);
    if (ts.isTypeAliasDeclaration(statement) && statement.typeParameters === undefined) {
      found.set(statement.name.text, statement.type);
    }
  }
  return found;
}

/**
 * Linear's schema, translated back from the types of its SDK. Fields of answers are nullable here
 * where Linear's are not, so that an answer need not be whole; what is asked is as Linear has it.
 */
class SchemaText {
  readonly #declared = declarations();
  readonly #written = new Map<string, string>();
  readonly #scalars = new Set<string>();

  write(): string {
    for (const name of ROOTS) this.#need(name, false);
    const scalars = [...this.#scalars].map((name) => `scalar ${name}`);
    return [...scalars, ...this.#written.values()].join('\n');
  }

  /** `input`: it is named in what is asked; else in what is answered. */
  #need(name: string, input: boolean): void {
    if (this.#written.has(name)) return;
    const declared = this.#declared.get(name);
    if (declared === undefined) throw new Error(`@linear/sdk declares no ${name}`);
    this.#written.set(name, '');
    this.#written.set(name, this.#definition(name, declared, input));
  }

  #definition(name: string, declared: ts.EnumDeclaration | ts.TypeNode, input: boolean): string {
    if (ts.isEnumDeclaration(declared)) {
      const values = declared.members.map(
        ({ initializer }) => (initializer as ts.StringLiteral).text,
      );
      return `enum ${name} { ${values.join(' ')} }`;
    }
    if (ts.isUnionTypeNode(declared)) {
      const members = declared.types.map((type) => this.#named(type, input));
      return `union ${name} = ${members.join(' | ')}`;
    }
    const parts = ts.isIntersectionTypeNode(declared) ? declared.types : [declared];
    const fields = parts.flatMap((part) => (ts.isTypeLiteralNode(part) ? [...part.members] : []));
    if (input) return `input ${name} { ${this.#fields(name, fields, true)} }`;
    const isObject = fields.some((field) => nameOf(field) === '__typename');
    const interfaces = parts.filter(ts.isTypeReferenceNode).map((type) => this.#named(type, false));
    const implemented = interfaces.length === 0 ? '' : ` implements ${interfaces.join(' & ')}`;
    return `${isObject ? 'type' : 'interface'} ${name}${implemented} { ${this.#fields(name, fields, false)} }`;
  }

  #fields(owner: string, members: readonly ts.TypeElement[], input: boolean): string {
    return members
      .filter(ts.isPropertySignature)
      .filter((member) => nameOf(member) !== '__typename')
      .map((member) => {
        const name = nameOf(member);
        const type = this.#type(member, input);
        return `${name}${input ? '' : this.#arguments(owner, name)}: ${type}`;
      })
      .join('\n');
  }

  #arguments(owner: string, field: string): string {
    const declared = this.#declared.get(`${owner}${field[0]?.toUpperCase()}${field.slice(1)}Args`);
    if (declared === undefined || !ts.isTypeLiteralNode(declared)) return '';
    return `(${this.#fields('', declared.members, true)})`;
  }

  #type(member: ts.PropertySignature, input: boolean): string {
    if (member.type === undefined) throw new Error('a field without a type');
    const required = input && member.questionToken === undefined;
    return `${this.#named(member.type, input)}${required ? '!' : ''}`;
  }

  #named(type: ts.TypeNode, input: boolean): string {
    if (ts.isIndexedAccessTypeNode(type)) {
      const scalar = ((type.indexType as ts.LiteralTypeNode).literal as ts.StringLiteral).text;
      if (!['ID', 'String', 'Boolean', 'Int', 'Float'].includes(scalar)) this.#scalars.add(scalar);
      return scalar;
    }
    if (!ts.isTypeReferenceNode(type))
      throw new Error(`a type of kind ${ts.SyntaxKind[type.kind]}`);
    const name = (type.typeName as ts.Identifier).text;
    const [inner] = type.typeArguments ?? [];
    if (inner === undefined) {
      this.#need(name, input);
      return name;
    }
    return name === 'Array' ? `[${this.#named(inner, input)}]` : this.#named(inner, input);
  }
}

function nameOf(member: ts.TypeElement): string {
  return (member.name as ts.Identifier).text;
}

let schema: GraphQLSchema | null = null;

/** Made once a process; it takes about two seconds. */
export function linearSchema(): GraphQLSchema {
  schema ??= buildSchema(new SchemaText().write(), { assumeValid: true, assumeValidSDL: true });
  return schema;
}
