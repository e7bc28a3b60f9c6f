/**
 * The vocabulary of the trade: which words people use for the same thing when they ask for a tool. `upstream/search`
 * reads it once, at the first search. Two kinds of line:
 *   EQUAL     words that may stand for one another, in both directions;
 *   TOWARDS   what people say => what tools are called; only from left to right.
 * Decision: words of fields (code hosting, issue tracking, chat, data, browsers, operations, …), never of single servers.
 * A line holds words or phrases of up to four words; they are stemmed like everything else, so one form of a word is enough.
 */

export const EQUAL = `
pull request, pr, merge request, mr
repository, repo, codebase
issue, ticket, bug report, bug
task, todo, to-do, action item, reminder
error, exception, crash, fault, failure
incident, outage
alert, alarm, monitor
channel, room
message, post, dm
thread, conversation
chat, message
file, document, path
folder, directory, dir
row, record, entry
column, field
delete, remove, erase, destroy, drop, get rid, trash, purge
create, add, new, make
update, edit, change, modify, alter
get, fetch, retrieve, read, obtain
list, enumerate, all
search, find, query, look up, look for, lookup, locate
send, post, submit, publish
run, execute, invoke, trigger
start, launch, begin, boot, spin up
stop, terminate, kill, shut down, halt
cancel, abort
copy, duplicate, clone
move, rename, relocate
picture, image, photo, screenshot
video, recording, screencast
user, member, person, people, account, colleague, teammate
team, group, squad
organization, organisation, org, company, workspace, tenant
project, initiative
sprint, cycle, iteration
epic, initiative
roadmap, plan, timeline
milestone, release
label, tag
comment, note, remark, reply
reply, answer, respond
reaction, emoji, react, thumbs up
attachment, upload, attach
assign, assignee, owner, give, hand over
priority, urgent, urgency, severity, importance
status, state, condition, progress
due date, deadline
estimate, story point, point
blocked, blocking, depends, dependency, relation, relate, link, linked
subscribe, follow, watch
notification, inbox
mute, silence, snooze, suppress
downtime, maintenance
metric, measurement, statistic, stats, kpi
log, logs, log line, output
trace, span
dashboard, chart, graph
host, machine, server, node, instance
virtual machine, vm, instance, compute
container, docker, pod
cluster, k8s, kubernetes
deploy, deployment, rollout, roll out, ship
build, pipeline, ci, workflow, job
test, spec
database, db
table, relation
schema, structure, fields, columns, layout
index, indexes
sql, select, statement
document, record
collection, table
aggregate, aggregation, group by, summarize, sum up
export, dump, save as
import, load, ingest
cache, key value
key, token, credential, secret, api key
expire, expiration, expiry, ttl
page, tab, site, website, web page, webpage
browser, chrome, chromium, firefox
url, web address, link, uri
navigate, go to, visit, browse, open
click, press, tap
type, enter, fill, input
form, fields
dropdown, select, option, pick, choose
dialog, popup, modal, alert, prompt
viewport, window size, screen size, resize
javascript, js, script
network, request, http, traffic
console, devtools
accessibility, a11y, accessible
performance, speed, fast, slow, latency
memory, heap
branch, ref
commit, revision, changeset, sha
diff, difference, compare, changes
history, log, timeline, changelog
merge, land, integrate
rebase, on top
stash, shelve, put aside, set aside
revert, undo, roll back, rollback, reset, restore, discard
cherry pick, backport
blame, annotate
fork, copy
tag, version
release, version
push, upload
pull, download
download, save, export
email, mail, e-mail
calendar, agenda, schedule
event, meeting, appointment
contact, lead, customer, client
customer, client
deal, opportunity
invoice, bill, payment, charge
refund, reimburse
subscription, plan
product, item, sku
order, purchase
price, cost
map, place, location
address, location, place
coordinates, latitude, longitude, lat, lng, geocode
directions, route, way
distance, travel time, how far
elevation, altitude, height, above sea level
near, nearby, close, around
weather, forecast
translate, translation
documentation, docs, guide, manual, reference
library, package, framework, module
article, page, wiki
web, internet, online
crawl, spider
scrape, extract, web content
summary, summarize, digest
design, mockup, prototype
template, boilerplate
workflow, automation
webhook, callback, hook
permission, access, role, privilege, right
policy, rule
login, log in, sign in, authenticate, authentication, auth
logout, log out, sign out, sign off
password, credential, secret
session, device
audit, security review, who did what
setting, settings, configuration, config, option, preference
environment, env
variable, env var
flag, feature flag, toggle
experiment, ab test
billing, cost, spend
usage, consumption, quota
subscriber, follower
archive, hide
unarchive, restore
unread, unseen
knowledge graph, memory, remember, fact
entity, node
relation, edge, relationship
observation, fact
thought, thinking, reasoning, step by step
process, task
process, pid
terminal, shell, command line, cli, command
snapshot, backup
disk, storage, volume
size, space, bytes, how big, disk usage
tree, hierarchy, nested
info, information, detail, details, metadata
count, number, how many, total
time, date
transcript, transcription
audio, sound, voice
pdf, document
spreadsheet, sheet, excel, workbook
slide, presentation, deck
note, page
board, kanban
list, column
card, ticket
bucket, blob, storage
queue, topic
function, lambda, serverless
certificate, tls, ssl
domain, dns
secret, vault
replica, scale, replicas
namespace, project
node, server
resource, object
vulnerability, cve, security issue
dependency, package
lint, format
coverage, test coverage
flaky, unstable
artifact, build output
review, approve, approval
reviewer, review
draft, not ready
squash, combine
private, visibility, public
readme, init
fix, patch, resolve, solve
resolve, close, done, complete, finish, fixed
assignable, assigned
convert, transform
validate, check, verify
compress, zip, gzip
decompress, unzip
encode, encrypt
subtask, child, sub-issue
parent, epic
root cause, why, analyze, diagnose, explain
explain, query plan
evaluate, execute
hover, mouse over
drag, drag and drop
keyboard, key press, shortcut, press key
cookie, storage
emulate, simulate, pretend, throttle
timezone, time zone
country, region
language, locale
tool, function
phone, call, ring, dial, voice call
sms, text message, txt
phone number, telephone number, number
passcode, otp, one time password, verification code, 2fa
chargeback, dispute
refund, money back, repay
coupon, discount, promo code, voucher
inventory, stock, units, on hand
cart, basket, checkout
shipment, parcel, package, delivery, fulfillment
supplier, vendor
payout, withdrawal, transfer
balance, funds, credit
tax, vat
quote, estimate, proposal
invitation, invite, rsvp
attendee, participant, guest, invitee
free busy, availability, free, open slot
reschedule, postpone, push back
recurring, repeat, recurrence, every week
vacation, out of office, autoresponder, away
inbox, mailbox
attachment, enclosure
mail rule, filter
spam, junk
meeting, call, conference, video call
recording, meeting recording
minutes, summary, recap
checklist, to do list
dependency, wait for, blocker, prerequisite
at risk, off track, on track, status update
on call, oncall, pager, paged, duty, shift
escalate, escalation
acknowledge, ack
responder, helper
post mortem, postmortem, retrospective
silence, maintenance window, suppress
dns, record, nameserver, cname
firewall, waf, block, security rule
cdn, edge, purge
deployment, release
promote, publish, go live, production
image, docker image
exec, shell, run command
prune, clean, clean up, cleanup, reclaim
stats, usage, utilization, cpu
scale, resize, bigger, smaller
mapping, field type, schema
shard, partition
bulk, batch
reindex, copy index
warehouse, compute
lead, prospect
pipeline, funnel, stage
opportunity, deal
macro, canned response, saved reply, canned answer
rating, satisfaction, csat, nps, feedback
internal note, private note, note
merge, combine, put together, unify, join
knowledge base, help center, article, faq
share, sharing, shared link, public link
revision, version, earlier version, previous version
recover, restore, bring back
quota, space, storage left
candidate, applicant
vacation request, time off, leave, pto, absence
employee, staff, worker
payroll, salary, pay
expense, receipt
playlist, mix
song, track, music
follower, fan
tweet, post
story, reel
campaign, mailing, newsletter
audience, segment, list
survey, questionnaire, form
ad, advertisement
keyword, search term
flight, plane
hotel, lodging, accommodation
booking, reservation
stock price, quote, ticker
currency, exchange rate
exchange, convert
light, lamp, bulb
thermostat, temperature, heating
scene, routine
sensor, reading
rule, policy
secret, password, credential
rotate, renew
instance, droplet, machine, server
load balancer, balancer
security group, firewall
snapshot, backup
log group, log stream
lambda, function
message queue, queue
subscription, subscriber
dead letter, dlq
build log, build output
approve, approval, sign off, accept
decline, reject, refuse, turn down
unassign, take off
embed, embedding, vector
similar, resemble, alike, like this
past, previous, historic, history
`;

export const TOWARDS = `
who am i, logged in as, my account, my profile => whoami, viewer, current user, me, self, user info
who wrote, who changed line, last touched, who introduced => blame
what changed, what have i changed, uncommitted, local changes => diff, status
touched files, changed files => files
lost commit, commit i lost, recover commit => reflog
unfinished work, save work for later => stash
keep my changes, unstage => reset
ci pass, checks pass, build green, did ci => status, check
landing, land => merge
function definition, definition of, in the code, in source code => code, search code
latest documentation, up to date => docs
crash report, stack trace => issue, event, exception
unresolved, not fixed, open errors => issue, search
mark fixed, mark as fixed, set to done, close => update, resolve, complete, status
firing, alerting, triggered => monitor, alert, state
real user, page load => rum, page, performance
said lately, recent messages, latest messages, what has been said => history, messages, read
say in, tell, announce, write to => send, post, message
open, raise => create
give to, hand to, put someone on => assign
make urgent, high priority => priority
sign out everywhere, every other device, other devices => logout, session
how far along, burn down, velocity => stats, progress
status report, weekly report => update
health => status
board columns, columns of the board => state, workflow, status
matches a condition, that match, matching => filter, many
in one go, at once, in bulk, several, multiple => multiple, many, batch, bulk
take up, takes up, how much disk, how much space => size, storage
which fields, what fields, which columns => schema, describe
uses an index, why slow, slow query => explain
if no match exists, insert or update => upsert
count rows, how many rows => query, count
run a query => query, execute, sql
look at table => query
filtered by, where => filter, query
what tables => list, objects, schema
go to, visit, web address, open site => navigate
wait until, appears, shows up => wait
dark mode, light mode => emulate, color scheme, media
slow connection, 3g, offline => emulate, network, throttle
phone, mobile, phone sized => emulate, device, resize, viewport
pretend to be in => geolocation, emulate
leaks memory, memory leak => heap, snapshot, memory
search engine friendly, seo => lighthouse, audit
contentful paint, web vitals, lcp => performance, trace
profile => trace, performance
accept, dismiss => handle, dialog
javascript errors, page errors => console, messages
http requests, api calls of page => network, request
see what the page looks like => screenshot, snapshot
picture of => screenshot, image
restaurants, shops, hotels, cafes => places, search
travel times, driving time => distance, matrix, directions
how high => elevation
street, postal address => address, geocode
cut down, first lines, last lines, top of file => head, tail, read
log file => read, file
config files => file, read
rename => move, rename
write to file, save to file => write, export
words in files, text in files, grep => search, grep, pattern
running processes => process, list
what is in a folder, inside folder => directory, list
replace text in => edit, file
dig up, on the web, on the internet => web, search
latest news, news about => search, news, web
read a web page, content of url, page content => fetch, scrape, extract, url
all pages of site, whole site => crawl, map
pages under, subpages => map, crawl
pods => pod, list
restart => rollout, restart
container logs => log, pod
who can access => permission, role, member
on call => oncall, schedule
spending, how expensive, bill => cost, billing
top up, charge => payment
failed build, build failed, why did build => build, failure, log, pipeline, job
rerun, run again, retry => rerun, retry, workflow
flaky tests => flaky, test
environment variables => env, variable
remember, keep in mind, note down => memory, observation, create, store
forget => delete
take back, withdraw => remove, delete
connect to => connect
sql => sql, query, execute
select => query, sql
migrate, migration => migration, apply
branch of database => branch
add numbers, plus, sum => sum, add
picture into, put file => upload, attachment
step by step => sequential, step
machine => host
virtual machine => instance, vm, compute
shallow => depth, clone
to my machine, locally => clone, download
without hooks => verify
since last version, changelog => changelog, log, tag
security review => audit
who did what => audit, event, activity
answer => reply, comment
bug report => issue
reviewers write, review comments => review, comment
postpone, reschedule, push back, bring forward => update, change, schedule, time
give money back => refund
free disk space, disk space used => prune, space, usage, disk
pay out => payout
left behind, never completed, never paid => abandoned
on its way, shipped, ship => fulfill, shipment, tracking
proof => evidence
how much money => balance
text someone, text a, text number => sms, send
ring up, phone up, call up => call
was delivered, arrived => status, fetch, delivery
do not send, without sending, not send => draft
mark as read, mark read, mark unread => label, modify, read, unread
star => label, modify, flag
clean inbox, archive mail => label, archive
answer mail => reply
say yes to, say no to => respond, response
who is free, when is free, when is everybody free, find a time, common slot => freebusy, availability, free
what is on my calendar, my agenda, my day => list, event
set up => create, schedule
book => create, reserve
somebody, someone, anybody => member, user, person
put somebody on, put someone on => assign, member
mine, assigned to me => my, assigned, assignee, current user
say that => status, update, comment
smaller pieces, break into, break down, split up => subtask
has to wait, must wait, waits for => dependency
gets paged, is on duty, who is responsible => oncall
tonight, this week, next week => schedule, since
take over, swap, cover for => override, shift
like before, happened before, seen before => past, similar
under maintenance, while maintenance => maintenance, window
roll back production, previous deployment => rollback, promote, redeploy
go back => restore, revert
free space, free up => prune, clean, delete
used by => usage
running inside, inside container => exec
took long, slow queries, were slow => history, duration, slow
make bigger, make smaller => resize, scale
let see, allow to see, allow access, give access => permission, grant, share, member
insert or update => upsert
one request, at once => bulk, batch
are the same => merge, duplicate
are customers happy, how happy => satisfaction, rating
how full, how much space is left => usage, quota, space
what was said, as text => transcript
who came, who was there, who attended, attended => participant, attendee
what was decided, what did we agree => summary, minutes
public => visibility, share
turn on, switch on => enable, on, start
turn off, switch off => disable, off, stop
is it up, alive => health, status, ping
look like => screenshot, preview, render
newest, most recent => latest, list
biggest, largest, heaviest => size, sort
whole graph, everything remembers, everything it remembers, all it knows, entire graph => read, graph
knowledge graph remembers, graph remembers => read, graph
urgent => priority
raise priority => priority
`;

/** Words that say nothing about which tool is meant. */
export const STOP_WORDS = `
a an the this that these those some any of in on at by for from to into onto with without within as and or but if so than then
is are was were be been being am do does did done has have had having can could should would may might must will shall
i me my mine we us our you your he she it its they them their there here one ones
please want need like just only also really actually how what which who whom whose when where why
let help using use used via per about over under between during before after since until now today currently moment
tool tools mcp something anything thing things way able again still yet out up down off not no
`;

/** Words inside a phrase that do not change it: `sign me out` is `sign out`. */
export const FILLERS = 'a an the this that these those my our your me it its their some';

/** Words that only say how much; they count less than what they count. */
export const QUANTIFIERS =
  'all every each several many multiple everything new existing current specific single given certain first last latest';

/** Verbs with which anything can be asked for; they say little about the tool. */
export const REQUEST_VERBS = 'show get find see tell give look fetch check';

/** `make the ticket urgent` changes something that is there, `make a ticket` does not. */
export const STATE_WORDS =
  'urgent public private bigger smaller larger faster visible hidden active inactive default required optional done complete read unread important available shared ready';

/** After one of these words stands where or with what, not what is wanted. */
export const PREPOSITIONS = 'in on of from for with by inside within under across during using via about at into to';

/** Server names that are plain words: such a word is a weaker mention. */
export const PLAIN_SERVER_NAMES = 'everything memory time fetch search files notes tasks web data browser thinking';

/** Words of server names that say nothing about which one is meant. */
export const COMMON_SERVER_WORDS =
  'mcp server google microsoft amazon aws azure api tool tools my local remote desktop dev devtools search cloud thinking sequential';

/** Brand names and terms that are one word although they are written with an inner capital. */
export const ONE_WORD = `
github gitlab bitbucket mongodb postgresql mysql sqlite dynamodb bigquery clickhouse couchdb javascript typescript graphql oauth
openapi openai youtube linkedin hubspot clickup dropbox onedrive sharepoint devtools webhook circleci pagerduty servicenow
salesforce quickbooks whatsapp wordpress cloudflare cloudwatch elasticsearch opensearch rabbitmq huggingface datadog deepwiki
powershell macos ios jira
`;

/** Short names for servers, so that `k8s` or `mongo` is heard as a mention. */
export const SERVER_NICKNAMES = `
mongo => mongodb
postgres, postgresql, pg, psql => postgres, postgresql, supabase, dbhub
k8s, kube, kubectl => kubernetes
gh => github
gl => gitlab
gcp, google cloud => gcloud, google
aws => amazon
maps, google maps => google-maps, maps
atlassian => jira, confluence
chrome, devtools => chrome-devtools
ddog => datadog
es, elastic => elasticsearch
js docs => context7
gdrive, google drive => drive
gcal => calendar
disk => filesystem
`;

/** Verbs by what they do; a tool whose name starts with another kind of verb than the need has is less likely meant. */
export const VERB_CLASSES: Readonly<Record<string, string>> = {
  read: 'get list read find search query show view fetch retrieve describe look see check count which what who browse display lookup locate download watch inspect explain',
  create: 'commit push create add new make insert open post write send publish register upload start schedule',
  update:
    'update edit change modify set patch put rename move mark assign replace merge resolve convert transfer reset revert restore undo mute unmute enable disable toggle',
  delete: 'delete remove drop destroy erase purge cancel clear unassign trash archive discard close',
};
