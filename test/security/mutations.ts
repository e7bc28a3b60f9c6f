/**
 * Makes hostile programs nobody has written: a thing that costs, under a trigger that the engine pulls by itself, in a
 * wrapping that tries to get away with it. Seeded, so that a finding can be made again. What comes out need not make
 * sense; only the invariants are checked.
 */

/** Expressions that cost time, memory, stack or calls; some never ask the interrupt handler. */
const PAYLOADS = [
  'for(;;);',
  'while(true)try{for(;;);}catch{}',
  '(function f(){f()})();',
  "const a=[];for(;;)a.push('x'.repeat(1e5)+a.length);",
  'const a=[];for(;;)a.push(new ArrayBuffer(1<<20));',
  '[].indexOf.call({length:2**53-1},1);',
  '[].includes.call({length:2**53-1},1);',
  '[].reverse.call({length:2**53-1});',
  "('a'.repeat(2e6)).indexOf('a'.repeat(1e6)+'b');",
  'String(new Array(2**31));',
  "JSON.parse('['.repeat(1e5));",
  'let d=[1];for(let i=0;i<22;i++)d=[d,d];JSON.stringify(d);',
  "/^(a+)+$/.test('a'.repeat(40)+'b');",
  "(0,eval)('1'+'+1'.repeat(1e5));",
  "new Function('return '+'['.repeat(9999)+']'.repeat(9999))();",
  'new Uint8Array(3e7).fill(1).sort();',
  'structuredClone((()=>{let o={};for(let i=0;i<5e3;i++)o={o};return o})());',
  "for(let i=0;i<1e5;i++)console.log('x'.repeat(99));",
  'for(let i=0;i<5e4;i++)setTimeout(()=>{},i);',
  "for(let i=0;i<5e3;i++)tools.fixture.slow({i,s:'x'.repeat(999)});",
  'tools.fixture.never({});',
  'crypto.getRandomValues(new Uint8Array(65536));',
  "new URL('http://a/'+'%41'.repeat(1e5)).searchParams.append('b','c');",
  'throw null;',
  "throw Object.assign(new Error('stack overflow'),{name:'InternalError'});",
  'Object.prototype.toJSON=()=>({tooLarge:1});',
  'Promise.prototype.then=null;',
  'for(const i of [0,1,2])Object.defineProperty(Array.prototype,i,{set(){throw 1},configurable:true});',
  'Object.freeze(globalThis);',
  'return 1;',
  '',
];

/** Ways in which the engine itself comes to run a function body. */
const TRIGGERS = [
  (body: string) => `const o={get a(){${body}}};o.a;`,
  (body: string) => `JSON.stringify({toJSON(){${body}}});`,
  (body: string) => `+{valueOf(){${body}}};`,
  (body: string) => `\`\${{toString(){${body}}}}\`;`,
  (body: string) => `new Proxy({},{get(){${body}}}).x;`,
  (body: string) => `Object.keys(new Proxy({},{ownKeys(){${body};return []}}));`,
  (body: string) => `for(const x of {[Symbol.iterator](){${body};return {next:()=>({done:true})}}});`,
  (body: string) => `[3,1,2].sort(()=>{${body};return 0});`,
  (body: string) => `JSON.parse('[1,[2]]',()=>{${body}});`,
  (body: string) => `'aa'.replace(/a/g,()=>{${body};return ''});`,
  (body: string) => `(function*(){${body};yield 1})().next();`,
  (body: string) => `await (async()=>{${body}})();`,
  (body: string) => `await Promise.resolve().then(()=>{${body}});`,
  (body: string) => `await {then(r){${body};r(1)}};`,
  (body: string) => `await new Promise((r)=>setTimeout(()=>{try{${body}}finally{r()}},1));`,
  (body: string) => `queueMicrotask(()=>{${body}});`,
  (body: string) => `for await(const x of (async function*(){${body};yield 1})());`,
  (body: string) => `class A{static{(()=>{${body}})()}}`,
  (body: string) => `Reflect.construct(function(){${body}},[]);`,
  (body: string) => `const {a=(()=>{${body}})()}={};`,
  (body: string) => `({[Symbol.toPrimitive](){${body};return 1}})+1;`,
  (body: string) => `1 instanceof {[Symbol.hasInstance](){${body}}};`,
  (body: string) => `console.log({get x(){${body}},toString(){${body}}});`,
  (body: string) => `new AbortController().signal.addEventListener('abort',()=>{${body}});`,
  (body: string) => `return {toJSON(){${body};return 1}};`,
  (body: string) => `return {then(r){${body};r(2)}};`,
  (body: string) => body,
];

/** What is put around it: catches, retries, leftovers, an early value. */
const WRAPPERS = [
  (body: string) => body,
  (body: string) => `try{${body}}catch{}`,
  (body: string) => `try{${body}}finally{globalThis.left=1}`,
  (body: string) => `for(let i=0;i<3;i++){try{${body}}catch{}}`,
  (body: string) => `await Promise.allSettled([(async()=>{${body}})(),tools.fixture.echo(1)]);`,
  (body: string) => `(async()=>{${body}})();`,
  (body: string) => `${body}\nreturn 'value'`,
  (body: string) => `await Promise.race([(async()=>{${body}})(),new Promise((r)=>setTimeout(r,5))]);return 'race'`,
  (body: string) => `(async()=>{await null;${body}})();return 'early'`,
  (body: string) => `const s=[];for(let i=0;i<100;i++)s.push('leftover'+i);${body}`,
];

export interface Mutant {
  readonly seed: number;
  readonly code: string;
}

/** The program of a seed: a payload under one to three triggers, each in a wrapping. */
export function mutantOf(seed: number): Mutant {
  const next = generator(seed);
  const pick = <T>(list: readonly T[]): T => list[Math.floor(next() * list.length)] as T;
  let code = pick(PAYLOADS);
  if (next() < 0.3) code = `{${pick(PAYLOADS)}}{${code}}`;
  const depth = 1 + Math.floor(next() * 3);
  for (let level = 0; level < depth; level++) {
    const inner = pick(TRIGGERS)(code);
    // A body of a plain function has no await; it goes into one of its own.
    code = level < depth - 1 && /\bawait\b/.test(inner) ? `(async()=>{${inner}})();` : inner;
  }
  return { seed, code: pick(WRAPPERS)(code) };
}

/** mulberry32 by Tommy Ettinger (public domain): small, and good enough to pick from lists. */
function generator(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
