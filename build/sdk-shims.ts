/**
 * Takes the place of the MCP SDK's `_shims` in the bundle (see bundles.ts), for server and client alike. The SDK's own
 * bring one copy of Ajv each, 440 KB that are read at every start; we never call what would need them (`elicitInput`,
 * `callTool` with the SDK's own output check), but should a later version do, it gets a validator that works: the one the
 * catalogue uses for tool arguments.
 */
import { type Schema, Validator } from '@cfworker/json-schema';

export { default as process } from 'node:process';

/** Only a browser takes a failed `fetch` for a question of origins. */
export const CORS_IS_POSSIBLE = false;

type Verdict =
  | { readonly valid: true; readonly data: unknown; readonly errorMessage: undefined }
  | { readonly valid: false; readonly data: undefined; readonly errorMessage: string };

/** The SDK's `jsonSchemaValidator` contract. */
export class DefaultJsonSchemaValidator {
  getValidator(schema: Schema): (input: unknown) => Verdict {
    const validator = new Validator(schema, '2020-12', true);
    return (input) => {
      const { valid, errors } = validator.validate(input);
      if (valid) return { valid, data: input, errorMessage: undefined };
      const errorMessage = errors.map(({ instanceLocation, error }) => `${instanceLocation}: ${error}`).join('; ');
      return { valid: false, data: undefined, errorMessage };
    };
  }
}
