import {readFileSync,readdirSync} from 'node:fs';
import {Catalog} from '/work/main/src/upstream/catalog.ts';
const d='/work/main/test/fixtures/tools-list/';
const c=new Catalog();
for (const f of readdirSync(d)) c.setServer(f.replace('.json',''), JSON.parse(readFileSync(d+f)).tools.map(x=>({annotations:{},...x})));
const qs=readFileSync('/work/main/test/fixtures/queries.jsonl','utf8').trim().split('\n').map(l=>JSON.parse(l));
let t0=performance.now(); c.search('warm up index'); console.log('build',performance.now()-t0);
const st={tune:[0,0,0],held:[0,0,0]}; const kinds={}; const times=[];
for(const q of qs){ const half=Number(q.id.slice(1))%2?'tune':'held'; const t=performance.now(); const r=c.search(q.query,5); times.push(performance.now()-t);
 const rank=r.matches.findIndex(m=>q.gold.some(g=>g.server===m.server&&g.tool===m.tool));
 st[half][0]++; if(rank===0)st[half][1]++; if(rank>=0)st[half][2]++; (kinds[q.kind]??=[0,0,0])[0]++; if(rank===0)kinds[q.kind][1]++; if(rank>=0)kinds[q.kind][2]++;
 if(rank!==0 && half==='tune' && process.argv[2]) console.log(rank,q.id,q.query,'|',q.gold.map(g=>g.server+'.'+g.tool).join(','),'>>',r.matches.map(m=>m.server+'.'+m.tool+':'+m.score.toFixed(2)).join(' '));
}
for(const h in st) console.log(h, st[h][0], (st[h][1]/st[h][0]).toFixed(3),(st[h][2]/st[h][0]).toFixed(3)); console.log(kinds);
times.sort((a,b)=>a-b); console.log('p50',times[times.length>>1],'p95',times[Math.floor(times.length*.95)]);
