/**
 * Words of every trade: verbs with which anything is asked for, states, amounts, time, and phrases around them.
 * Read by `vocabulary.ts`, which says what a line means.
 */
export const EVERYDAY = `
delete, remove, erase, destroy, drop, trash, purge
get rid of, throw away, throw out, take away, wipe, do away with, scrap, nuke => delete, remove, clear
create, add, new, make
set up, put up, establish, compose, define, generate => create, add, setup
insert, append => add, insert, append, create
put in, put into, drop into => add, insert, upload, create
open, raise, file, log => create, open, add
register, enrol, enroll, sign up => register, create, add, subscribe
update, edit, change, modify, alter
adjust, amend, correct, tweak, revise, touch up, rewrite, overwrite => update, edit, set, change
set, put => set, update, put, change
get, fetch, retrieve, read, obtain
look at, view, show, display, see, check out, pull up, bring up, give => get, view, show, read, list
open => get, open, read, view
list, enumerate
list => get, find
get => list, describe
all => list
search, find, query, look up, look for, lookup, locate
hunt, dig up, dig out, seek, discover => search, find
figure out, find out, tell => get, find, search
send, submit
post, publish
deliver, forward, pass on, share with => send, forward, share
tell, notify, inform, announce, let know, ping, say in, write to => send, post, message, notify
run, execute, invoke, trigger
call, perform, do => run, call, execute
kick off, fire, fire off, set off => trigger, run, start
start, launch, begin, boot
spin up, bring up, power on, turn on, switch on, fire up => start, turn on, on, enable, create, launch
stop, terminate, kill, shut down, halt
end, quit, power off, take down => stop, end, terminate, close
turn off, switch off => turn off, off, disable, stop, deactivate
enable, activate
disable, deactivate
allow, permit => enable, allow, grant, permission
block, forbid, ban, prevent => block, disable, ban, deny
pause, suspend, hold
resume, continue, unpause, carry on
restart, reboot, reload, refresh
cancel, abort, call off
copy, duplicate, clone
move, transfer
rename, new name, give another name, call it => rename, update, move
reorder, sort, order by, rank => sort, order, position, reorder
filter, where, that match, matching, narrow => filter, query, search
compare, diff
combine, put together, unify, join, union => merge, combine, join
merge, combine, dedupe, deduplicate, same thing twice
split, break up, divide, separate
convert, transform, turn into
validate, verify
check => validate, verify, check, status, test, get
is valid, is correct, is it right => validate, verify, check
test, try out, try => test, try
approve, accept, sign off, green light, say yes, allow => approve, accept, confirm
confirm => confirm, approve, verify
decline, reject, refuse, deny, turn down, say no => reject, decline, deny
assign, hand over, put on, delegate => assign, owner, assignee
give to, hand to, put somebody on, put someone on => assign
unassign, take off
attach, link, connect, tie, relate, associate => attach, link, associate, connect, relation
detach, unlink, disconnect
subscribe, follow, watch
unsubscribe, unfollow, opt out, leave list => unsubscribe, remove, unfollow
import, load, ingest, bring in
export, dump, save as, download as => export, download
upload, push up, attach
download, save, get a copy, save locally, to my machine, locally => download, get, export, save
save, store, persist, keep, write down => save, store, create, write, set, update
backup, back up, snapshot
restore, recover, bring back, undelete, get back => restore, recover, unarchive, undo
undo, revert, roll back, rollback, reset, go back to, take back, undone => undo, revert, rollback, reset, restore
archive, hide, put away
unarchive
lock, unlock
share, give access, let see, allow to see, grant access, allow access, access => share, permission, grant, access, member
who can access, who may access, who can see, who has access, who is allowed => permission, policy, role, member, access, acl
permission, access, privilege, right, acl
role, permission
public, private, visibility
comment, note, remark, feedback
reply, answer, respond
react, reaction, emoji, thumbs up, like
rate, rating, review
name, title
description, summary
label, tag
status, state, condition
progress
how far along, how far => progress, stats, status
priority, urgent, urgency, importance
severity, priority
due date, deadline, due
owner, responsible, assignee
author, creator, who made, who created, who wrote
user, member, person, people, account
somebody, someone, anybody, everybody, everyone, human => user, member, person, contact
colleague, coworker, teammate => user, member, employee, people
team, group, squad
organization, organisation, org, company, workspace, tenant
count, number of, how many, total
size, space, bytes
how big, how large, weight, take up, takes up, how much space => size, storage, usage
how much, how many => count, total, usage, amount, number
biggest, largest, heaviest, most => size, sort, top
newest, most recent, latest, last => latest, list, recent
recent, lately, latest, last few => recent, latest, history
history, log, timeline, past, previous
version, revision
previous version, earlier version, old version, earlier, older => version, previous, history
versions, revisions, who edited => history, version, revision
info, information, detail, details, metadata, about, everything about, facts => details, get, info, metadata
overview, summary, at a glance => summary, overview, list, info
summarize, summarise, sum up, digest, short version
statistic, stats, statistics, numbers, figures, kpi, analytics, metric
report, statistics
usage, consumption, quota, used
limit, quota
quota left, what is left, how much left, remaining, left over => usage, quota, balance, remaining, limit
template, boilerplate, blueprint
setting, settings, configuration, config, option, preference
set option, configure => set, update, configure, settings
variable, env var
subscription, plan
notification, alert
notifications, inbox
mute, silence, snooze, suppress
schedule, plan, timetable
schedule, every day, every night, nightly, daily, weekly, cron, periodic, regularly, recurring, at regular times => schedule, cron, recurring, trigger
later, at a time, at nine, in the future, tomorrow => schedule
time, clock, hour
what time is it, current time, time now => time, current time, get time
timezone, time zone
date, day
duration, how long, length, took long => duration, time
country, region
language, locale
image, picture, photo, pic
video, clip, film, movie
audio, sound, voice
file, attachment
queue, backlog, line
category, kind, type, class
parent, child
nested, tree, hierarchy, structure
field, attribute, property
custom field, own field, extra field => property, custom field, field
rule, policy
workflow, automation
automate, automatic, automatically, when this happens => automation, workflow, rule, lifecycle, trigger
hook, webhook, callback
job, task
task, todo, to-do, action item, to do
reminder, remind, nudge, follow up => reminder, task, notify
error, exception, crash, fault, failure, problem
failed, broken, went wrong, fails, failing, not working => fail, error, failure, failed
warning, alert
why, cause, reason, root cause, what is wrong, analyze, diagnose => analyze, explain, diagnose, cause, logs, get
health, alive, is it up, up and running, working => health, status, ping
available, availability, in stock, free
supported, possible => list, available, supported
which, what kinds, what types => list
at once, in one go, in bulk, several, multiple, many, mass, batch, bulk
expire, expiration, expiry, ttl, run out, get old
similar, resemble, alike, like this
near, nearby, close, around, closest, nearest
random, dice, lottery => random
add numbers, plus, sum => sum, add, calculate
calculate, compute, work out, math, arithmetic => calculate, compute, evaluate
uuid, unique id => uuid, generate
hash, checksum, digest
encode, encrypt
decode, decrypt
compress, zip, gzip, pack
decompress, unzip, unpack, extract
who am i, logged in as, my account, my profile, current user, me => whoami, viewer, current user, me, self, user details, profile
login, log in, sign in, authenticate, authentication, auth
logout, log out, sign out, sign off
sign out everywhere, every other device, other devices => logout, session
password, credential, secret
key, token, credential, secret, api key
rotate, renew, regenerate
session, device
invite, invitation, ask to join
join, enter => join, add
leave, exit
audit, security review, who did what, activity => audit, event, activity
phone, telephone, mobile
phone number, telephone number
address, location, place
mine, my own, assigned to me => my, assigned, assignee, current user
mark as read, mark read, mark unread, mark => mark, update, modify, label, read, unread
mark fixed, mark as fixed, set to done, mark done, tick off, check off, mark complete => complete, close, update, resolve, status
resolve, close, done, complete, finish, fixed, solve
reopen => reopen, update, status
close => close, update, status, resolve
highlight, star, favourite, favorite, bookmark, pin
archive mail, clean inbox => archive, label
smaller pieces, break into, break down, split up => subtask, split
like before, happened before, seen before => past, similar, history
insert or update, if no match exists => upsert
wait until, wait for, hold until, appears, shows up => wait
help, how does it work, how to use => help, docs, guide
think, thinking, thought, reasoning, step by step, ponder
echo, repeat back, say back => echo
list everything, inventory, what exists, what do we have, which do we have, what is there => list
give … access to app => assign, application
give … access, let … see, let … use, allow … to => share, grant, permission, access, member
give … to, hand … to, pass … to => assign, transfer, move
take … off => remove, unassign
put … together => merge, combine
put … in, put … into => add, insert, upload, move
mark … as read, mark … as unread, mark … read, mark … unread => mark read, label, modify, read
mark … as done, mark … done, mark … complete, set … to done => complete, close, update, resolve
mark … as => update, modify, label
make … bigger, make … smaller, make … larger => resize, scale
make … public, make … private => visibility, share, update
make … copy => copy, duplicate, clone
make … call => call
turn … into => convert, create
say that … is => status, update, comment
are the same, same … twice => merge, duplicate
who changed … when, when was … changed => history, audit, log
write … down => create, add, save, note
set … up => create, setup
find … time, find … slot => freebusy, availability
change … password => password, reset, update
keep … from => block, restrict
show … what => list, get
tell … about => notify, send, message, get
ask … question => ask, query
send … copy => send, forward
roll … back => rollback, revert, restore
wake … up => page, trigger, incident, create
look … up => search, find, get
bring … back => restore, recover, unarchive
add … to list => add, append, subscribe
off code, percent off => coupon, discount, promo
at risk => status, risk
to my machine, on my machine => clone, download
who changed status, changed status => history
on every other device, other devices => logout other sessions, sessions
rule for => filter, rule, policy
let somebody know, let someone know => notify, send, message
withdraw, retract => cancel, withdraw, delete
own, possess, hold => list, positions, holdings, my
belongs to, which belong => list, members, related
due today, to do today, on my plate, what is next, have to do => tasks, by date, due, today
things done, finished, what i finished, done last week => completed, done
push … to, put off, delay, postpone => update, reschedule, due date
get the newest, what is new, what happened => recent, list, changes, activity
recently changed, edited recently, edit recently, modified recently, changed lately => recent changes, recent, modified
trending, popular, hot, what is popular => hot, trending, popular, top
discussion, discussions, what people say, opinions => posts, threads, comments, search
ask people, ask users, ask … a question => survey, create, question
what did people answer, answers, replies => responses, results, stats
did it win, outcome, which variant won => results, experiment
left, remaining => remaining, balance, usage
connected, configured, set up already => list, connected
missing, lacking => missing, check, advice
recommendation, recommendations, advice, suggestions, what to improve, best practices => recommendations, advisors, insights, suggestions
where … sent, who gets told, who is notified => contact, notification, recipients
start with, begin with, prefix => prefix, list, names
in the middle, under a heading, below heading, under section => patch, insert, heading
jump to, skip to => navigate, seek, skip
trigger by hand, manual, by hand => manual, play, trigger, run
every run, past runs, previous runs, last runs => runs, executions, history
what ran, which ran => runs, list, history
step, steps, stage
result, outcome, output
draft => draft
print => get, print
password forgotten, forgot password, lost password => reset password, password
locked out, cannot log in, blocked user => unlock
leaver, left the company, no longer works here => deactivate, disable, terminate, offboard
access to app, access to application, app access => assign application, application, access
sign in events, login attempts, who logged in, sign ins => logs, login, audit, sign in
second factor, multi factor, mfa, 2fa, two factor, authenticator => factor, mfa
in bulk, bulk edit => batch, bulk
read only copy, replica
stale, outdated, old ones, unused, nobody uses => stale, unused, inactive
execution, run
automation, workflow, scenario, zap, flow
turn workflow off, switch workflow off, stop workflow => deactivate workflow, deactivate, disable
turn workflow on, publish workflow => activate workflow, activate, enable
mistake, mistakes, wrong => error, validate, errors
who changed, who edited, who modified, last edited by => history, versions, blame, audit
i belong to, i am in, i am member of => joined, my, memberships
is … available, is … free, is … around => presence, availability, status
my status, status text, what i am doing => status message, set status
tell me when, notify me when, watch for changes, alert me when, let me know when => monitor, watch, subscribe, alert
is … finished, is … ready, is … done, has … finished => status, check status
pull … out of, get … out of, extract … from => extract
how often, how many times => count, statistics, details
best performing, most viewed, most popular, most successful => top, popular, statistics
subscribers of, how many subscribers, how many followers => statistics, channel statistics, followers
put … live, make … live, go live => publish, deploy
add script, tracking script, custom code, insert script => script, custom code
split … into, break … into => subtask, child, split
details of, facts about => details
`;
