/**
 * Words as the search knows them: split, lower case, lightly stemmed. The same way for tools and for what is asked.
 * The stem is not a word of any language (`creation`, `creating` and `create` are `creat`); it only has to be the same.
 */

/** Longest word that is kept, in characters. */
const WORD_CHARS_MAX = 40;

/** A word's stem: plural, -ing, -ed, -ion and a final `e` go; British spelling becomes American. */
export function stem(word: string): string {
  let text = word;
  if (text.length <= 3) return text;
  text = text
    .replace(/isation(s?)$/, 'ization$1')
    .replace(/is(e|ed|es|ing)$/, 'iz$1')
    .replace(/our$/, 'or');
  if (text.endsWith('ies') && text.length > 4) text = `${text.slice(0, -3)}y`;
  else if (/(?:ss|x|ch|sh|zz)es$/.test(text)) text = text.slice(0, -2);
  else if (text.endsWith('s') && !/(?:ss|us|is)$/.test(text)) text = text.slice(0, -1);
  if (text.length > 5 && text.endsWith('ing')) text = undoubled(text.slice(0, -3));
  else if (text.length > 4 && text.endsWith('ed') && !text.endsWith('eed')) text = undoubled(text.slice(0, -2));
  else if (text.length > 6 && text.endsWith('ation')) text = `${text.slice(0, -5)}at`;
  else if (text.length > 5 && text.endsWith('tion')) text = text.slice(0, -3);
  else if (text.length > 6 && text.endsWith('ment') && !/[eum]ment$/.test(text)) text = text.slice(0, -4);
  else if (text.length > 5 && text.endsWith('ly')) text = text.slice(0, -2);
  if (text.length > 3 && text.endsWith('e')) text = text.slice(0, -1);
  if (text.length > 4 && text.endsWith('i')) text = `${text.slice(0, -1)}y`;
  return text;
}

/** Lower-case words of prose; a word with inner capitals counts as a whole, and in its parts when it is an identifier. */
export function proseWords(text: string): string[] {
  const words: string[] = [];
  for (const raw of text.split(/[^\p{L}\p{N}_]+/u)) {
    if (raw.length === 0 || raw.length > WORD_CHARS_MAX) continue;
    const isIdentifier = raw.includes('_') || /^\p{Ll}+\p{Lu}/u.test(raw);
    if (isIdentifier) words.push(...identifierWords(raw, NOTHING));
    else words.push(raw.toLowerCase());
  }
  return words;
}

const NOTHING: ReadonlySet<string> = new Set();

/** Lower-case parts of an identifier; neighbours that are one word in `oneWord` (`git`, `hub`) are joined again. */
export function identifierWords(name: string, oneWord: ReadonlySet<string>): string[] {
  const parts = name
    .replace(/(\p{Ll})(\p{Lu})/gu, '$1 $2')
    .replace(/(\p{Lu})(\p{Lu}\p{Ll})/gu, '$1 $2')
    .split(/[^\p{L}\p{N}]+/u)
    .filter((part) => part.length > 0 && part.length <= WORD_CHARS_MAX)
    .map((part) => part.toLowerCase());
  const words: string[] = [];
  for (const part of parts) {
    const before = words.at(-1);
    if (before !== undefined && oneWord.has(before + part)) words[words.length - 1] = before + part;
    else words.push(part);
  }
  return words;
}

function undoubled(text: string): string {
  return /([b-df-hj-kmnp-rtv-y])\1$/.test(text) ? text.slice(0, -1) : text;
}
