/** Words of files, databases, storage, caches and knowledge. Read by `vocabulary.ts`, which says what a line means. */
export const DATA = `
file, document, path
mkdir, md => create directory, create folder
ls, dir => list directory, list files
cat, less, more => read file, read text
rm, del, rmdir => delete, remove
cp => copy
mv => move file, move, rename
touch => create file, write file
grep, rg => search files, search, grep
tail, head => read, log, tail
stat => file info, info, stats
folder, directory, dir
create folder, new folder, make folder, make directory => create directory, create folder, mkdir
what is in folder, inside folder, folder contents, files in folder, ls => list directory, list files, directory
folder structure, tree of folder, whole folder, subfolders, recursive => directory tree, tree, list
move file, rename file => move file, rename, move
read file, open file, file content, text of file, cat, content of file => read file, read text, get file
read several files, open several files => read multiple files
top of file, first lines, last lines, cut down, beginning of file, end of file => read file, read text, head, tail
write file, save to file, write to file, new file => write file, create file, write
replace line, replace text in, change line, search and replace, edit file, change text in file, patch file => edit file, edit, replace
find files, files named, file by name, where is file, glob => search files, find files, glob
words in files, text in files, grep, text in file, contents of files => search, grep, pattern
file size, date of file, when was file changed, size of file, is it a file => file info, get info, metadata, stat
delete file, remove file => delete file, delete, remove
put file, upload file, send file up, file to bucket => upload, put object, put
allowed folders, which folders may => allowed directories
log file => read, file, log
config files => file, read
picture file, image file => media, image, read media
command, shell, terminal, command line, cli, bash
run a command, shell command => run command, execute command, exec, shell
process, pid, running program
running processes, what is running => process, list
database, db
what tables, which tables, tables there are => list tables, tables, objects, schema
table, relation
schema, structure, fields, columns, layout
which fields, what fields, which columns, column types, columns => schema, describe, table, fields
row, record, entry
add row, new row, insert row, insert record => create record, insert, create, add row
change row, update row, edit record, edit row => update record, update
delete row, delete rows, delete record => delete record, delete
new column, add column, add field => create field, add column, create column, field
sql, select, statement, query
sql => sql, query, execute
run a query, run select, ask database, query database, look at table, select => query, execute sql, sql, run query
count rows, how many rows, how many records, how many documents => count, query, aggregate
index, indexes, indices
uses an index, why slow, slow query, query plan, plan of query => explain, plan
slow queries, were slow => slow, query, history
document, record, object
collection, table
documents that match, delete many, matching documents => many, delete many, filter
aggregate, aggregation, group by, sum up
rename collection, rename table => rename
database size, size of database, collection size => stats, storage size, size
transaction, rollback
migrate, migration, schema change => migration, apply
branch of database => branch
constraint, foreign key, relationship
view, materialized view
stored procedure, procedure
connect to, connection, open connection => connect, connection
export data, dump table, save query => export, dump
load data, bulk load => import, insert, load, bulk
warehouse, data warehouse, compute
dataset, data set, table
lineage, where does data come from => lineage
data quality, freshness
dbt model, model => model
cache, key value
store value, put value, remember value, save value => set, put, store
value of key, read key, get value => get
keys, pattern, matching keys => keys, list, scan
with expiry, for an hour, time to live => set, expire, ttl
pub sub, publish, subscribe
stream, topic, queue
message queue, queue, broker
consume, consumer, receive
dead letter, dlq
graph, knowledge graph
entity, node
relation, edge, relationship
observation, fact
remember, keep in mind, note down, memorize, learn => memory, observation, create, store, add
remember about, fact about => add observations, observation, memory
forget, no longer remember => delete, forget
forget everything about => delete entities, delete
whole graph, everything remembers, everything it remembers, all it knows, entire graph => read graph, graph, read
knowledge graph remembers, graph remembers => read, graph
what do you know about, recall => search nodes, open nodes, search, recall
vector, embedding, semantic, similarity
similar documents, semantic search, nearest neighbours => search, vector, similarity, query
bucket, blob, storage, container, object storage
object, file, blob
files in bucket, under prefix, under a prefix, what is in bucket => list objects, objects, list, prefix
file from bucket, download object => get object, get, download
temporary link, download link, signed link, link that expires, time limited link => presigned, signed url, shared link
copy object, copy file => copy object, copy file, copy
expire old, clean up old, lifecycle, delete old automatically => lifecycle, retention, expire
content type, metadata, without downloading => head, metadata, info
who may read bucket, bucket access, bucket permissions => policy, acl, permission
keep old versions, versioning => versioning
backup, snapshot
disk, storage, volume
free disk space, disk space used => prune, space, usage, disk
how full, space left => usage, quota, space
full text search, search index, search cluster => search, index
mapping, field type, schema
shard, partition
reindex, copy index
cluster health => health, cluster
dashboard, chart, graph, panel
time series, timeseries, metric
csv, table
json, object
parse, extract, read
spreadsheet, sheet
experiment, training run, run
model, weights, checkpoint
prompt, completion
train, fine tune => train, job, tuning
predict, inference, generate => predict, inference, generate, run
data source, data sources, datasource, connection
label values, values of label => label values
metric names, which metrics => metric names, list metrics
promql, metrics query => query prometheus, query, metrics
logql, log query => query logs, loki
event to topic, publish event, write to topic, send to topic => produce message, produce, publish
peek at messages, read messages of topic, look into topic => consume messages, consume
falling behind, behind, lagging, backlog of consumer => lag, consumer
consumer group, consumers
retention of topic, topic settings => topic config, config
schema registry, avro, schemas
connector, integration, source, sink
cypher, graph query => query, cypher, graph
labels of graph, node labels => schema, labels
point, vector, collection
events we track, tracked events, event names => event definitions, events
trend, funnel, conversion, retention => query, insight, funnel, trends
insight, chart, saved chart, saved query
add chart to dashboard, pin chart, chart to dashboard => add insight, dashboard, panel, add
flag to percent, roll flag out, rollout percentage => update flag, rollout
cohort, segment, group of users
create nodes, add nodes, write to graph, change graph => write cypher, write, create
node labels, which labels => schema
dataset, datasets
model card, license of model, downloads of model, details of model => repo details, details, model
find model, model for => model search, models
gpu job, training job, compute job => job, run job
output of job, what did job print => job logs, logs
collection item, cms entry, cms item => items, collection items, create item
`;
