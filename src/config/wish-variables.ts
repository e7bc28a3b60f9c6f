/** Variables that say what clients are shown, and the secret of HTTP; the command line wins over them. */
export const MODE_VARIABLE = 'MCP_OPTIMIZER_MODE';
export const PROFILE_VARIABLE = 'MCP_OPTIMIZER_PROFILE';
export const TOKEN_VARIABLE = 'MCP_OPTIMIZER_HTTP_TOKEN';

export const WISH_VARIABLES = [MODE_VARIABLE, PROFILE_VARIABLE, TOKEN_VARIABLE] as const;
