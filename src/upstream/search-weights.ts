/**
 * The numbers of the ranking, in one place. Chosen by coordinate search on the tuned halves of the recorded, imagined and
 * fresh queries (`bench/search.ts` reports the held halves); none of them is sharp, a change by a fifth moves hit@1 by
 * about a point.
 */
export const WEIGHTS = {
  /** How much a word counts by where it stands. */
  fields: { name: 4, lead: 2.5, text: 1, parameters: 1.2, details: 0.6, trade: 1.25 },
  bm25: { k: 1.2, b: 0.6, d: 0.4 },
  /** BM25 of a word in an average name, per unit of rarity: what counts as a full fit. */
  fullFit: 4,

  /** How much a synonym loses that is commoner than what it stands for (an exponent). */
  variantRarity: 0.65,
  /** A second way to say the same that the tool holds too. */
  second: 0.25,
  /** A word that no tool holds: the share of its weight that every tool misses. */
  unknownWord: 0.2,
  /** Digits. */
  number: 0.3,

  /** A content word of a phrase that stands alone in a tool. */
  phrasePart: 0.32,
  phraseOwnPart: 0.55,
  /** A word that only says how much, and a verb with which anything can be asked for. */
  quantifier: 0.2,
  time: 0.3,
  requestVerb: 0.25,
  /** Any other verb at the start of a request. */
  verb: 0.7,
  /** `make` in `make a chart`, where a tool says `make`. */
  lightVerb: 0.35,
  /** A word behind a preposition. */
  behindPreposition: 0.85,
  /** A word behind `about` or `named`. */
  subject: 0.5,
  /** A word that was taken for a misspelt other. */
  corrected: 0.7,

  /** A mention of a server whose name is a plain word; one word of a server's name. */
  plainMention: 0.3,
  partMention: 0.25,
  /** What a mention multiplies with, and what it adds to every tool of a server with one tool. */
  serverBoost: 3,
  mentionEvidence: 0.25,
  /** How well the server as a whole covers the need. */
  serverCover: 0.4,

  /** How much of a tool's name the need explains. */
  name: 1.3,
  namePrior: 0.3,
  /** How much of that counts only as far as the tool covers the need (an exponent). */
  nameNeedsCover: 0.4,
  pair: 0.15,

  /** Several things are wanted and the tool answers several. */
  many: 0.12,

  verbAgrees: 0.2,
  verbDiffers: 0.2,
  /** The share of it between creating and changing, which people do not keep apart. */
  nearVerb: 0.5,
  /** Who wants to see something does not want to change it; the other way round the tool may be a step on the way. */
  readGetsWrite: 0.35,
  /** A need without a verb mostly wants to see something. */
  noVerbGetsWrite: 0.1,
  /** A tool that calls itself deprecated still answers its name, but comes after its successor. */
  deprecated: 0.55,
};
