import {readFileSync,readdirSync} from 'node:fs';
import {Catalog} from '/work/main/src/upstream/catalog.ts';
import {renderSearch} from '/work/main/src/upstream/search-text.ts';
import {countTokens} from 'gpt-tokenizer/encoding/o200k_base';
const d='/work/main/test/fixtures/tools-list/';
const c=new Catalog();
for (const f of readdirSync(d)) c.setServer(f.replace('.json',''), JSON.parse(readFileSync(d+f)).tools.map(x=>({annotations:{},...x})));
const o={countTokens,detailOf:(s,t)=>c.detail(s,t)};
for (const q of ['create a pull request on GitHub','git_stash','','zzzz qqqq','rename a file','chrome-devtools.take_screenshot']) {const t=renderSearch(c.search(q),o); console.log('####',q,countTokens(t)); console.log(t);}
const qs=readFileSync('/work/main/test/fixtures/queries.jsonl','utf8').trim().split('\n').map(l=>JSON.parse(l));
const n=qs.map(q=>countTokens(renderSearch(c.search(q.query),o))); console.log('avg',n.reduce((a,b)=>a+b)/n.length,'max',Math.max(...n));
try{c.requireTool('github','create_pullrequest')}catch(e){console.log(e.code,e.message,e.data)}
console.log(c.problems());
