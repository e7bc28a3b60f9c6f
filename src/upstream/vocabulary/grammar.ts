/**
 * Words that are no need of their own: they say nothing, how much, where, or what kind of doing is meant.
 * Read by `thesaurus.ts`, one list of words each.
 */

/** Words that say nothing about which tool is meant. */
export const STOP_WORDS = `
a an the this that these those some any of in on at by for from to into onto with without within as and or but if so than then
is are was were be been being am do does did done has have had having can could should would may might must will shall
i me my mine we us our you your he she it its they them their there here one ones
please want need like just only also really actually how what which who whom whose when where why
let help using use used via per about over under between during before after since until now today currently moment
tool tools mcp something anything thing things way able again still yet out up down off not no own got
`;

/** Words inside a phrase that do not change it: `sign me out` is `sign out`. */
export const FILLERS =
  'a an the this that these those my our your me it its their some his her two three four five six ten couple few';

/** Words that only say how much; they count less than what they count. */
export const QUANTIFIERS =
  'all every each several many multiple everything new existing current specific single given certain first last latest newest recent most lots';

/** When; a tool is seldom named after it. */
export const TIME_WORDS =
  'day week month year hour minute second today tomorrow yesterday tonight morning evening night monday tuesday wednesday thursday friday saturday sunday january february march april june july august september october november december now soon later';

/** Verbs with which anything can be asked for; they say little about the tool. */
export const REQUEST_VERBS = 'show get find see tell give look fetch check';

/** Verbs that say nothing without what follows; as words of a tool they hardly count. */
export const LIGHT_VERBS = 'make put give take bring keep say want set let leave pick have';

/** `make the ticket urgent` changes something that is there, `make a ticket` does not. */
export const STATE_WORDS =
  'urgent public private bigger smaller larger faster visible hidden active inactive default required optional done complete read unread important available shared ready bold warmer colder formal louder';

/** After one of these words stands where or with what, not what is wanted. */
export const PREPOSITIONS = 'in on of from for with by inside within under across during using via about at into to';

/** What follows is what a thing is about or called: seldom a word of the tool. */
export const SUBJECT_WORDS = 'about called named titled regarding mentioning saying containing';

/** `turn the lamp off` is `turn off the lamp`: a verb that may be parted from its second word. */
export const PARTED_VERBS =
  'turn switch put take give send roll log sign set clock punch pull push shut power bring call look mark clean fill spin kick hand throw pass check';
export const PARTICLES = 'on off up down out in back away over aside';

/** A need that begins so asks, and does not want to change anything. */
export const QUESTION_WORDS =
  'what which who whom whose when where why how is are was were does did do has have will can am list all recent latest newest';

/** Words before the verb of a request: `i want to`, `can you please`. */
export const COURTESIES = 'please i want need would like to let me us we must should you help id now try just could';

/** Verbs by what they do; a tool that does another kind of thing than the need wants is less likely meant. */
export const VERB_CLASSES: Readonly<Record<string, string>> = {
  read: 'get list read find search query show view fetch retrieve describe look see check count what which who browse display lookup locate download watch inspect explain tail detect estimate compare preview analyze read-only validate verify export grep calculate compute convert translate track',
  create:
    'commit push create add new make insert open post write send publish register upload start schedule append subscribe invite book reserve submit install save record store attach log draft reply comment raise file enter declare enroll leave buy order play forward notify announce share',
  update:
    'update edit change modify set patch put rename move mark assign replace merge resolve convert transfer reset revert restore undo mute unmute enable disable toggle scale resize approve reject activate deactivate apply adjust sort format lock unlock pause resume increase decrease rotate promote skip dim link associate tag label acknowledge escalate reschedule silence',
  delete:
    'delete remove drop destroy erase purge cancel clear unassign trash archive discard close uninstall unsubscribe void terminate revoke stop forget kill prune empty',
};
