/** Words of code hosting, git, builds, tests and issue tracking. Read by `vocabulary.ts`, which says what a line means. */
export const CODE = `
pull request, pr, merge request, mr
repository, repo, codebase
issue, ticket, bug report, bug, defect
issue, task, story, work item, feature request
epic, initiative
subtask, sub-issue, child issue
sprint, cycle, iteration
roadmap, plan, timeline
milestone, release, version
backlog => issues, list, search, backlog
current sprint, running sprint, this sprint => active cycle, cycle, sprint, active
what is in sprint, tickets in sprint, issues in sprint => cycle issues, sprint issues, cycle
burn down, velocity => stats, cycle stats, progress
board, kanban
board columns, columns of board, lanes => state, workflow, status, column, list
swimlane, lane => column, list
card, ticket
estimate, story point, point
blocked, blocking, depends, blocker, dependency, prerequisite => dependency, relation, link, block
has to wait, must wait, waits for => dependency
branch, ref
commit, revision, changeset, sha
diff, difference, compare, changes
what changed, what have i changed, uncommitted, local changes, working tree, dirty => diff, status
touched files, changed files, which files, files touched => files
merge, land, integrate, ship it
land, landing => merge
conflict, merge conflict => merge, status, conflict
rebase, on top
stash, shelve, put aside, set aside, unfinished work, save work for later => stash
discard changes, throw away changes, undo changes, undo local changes => checkout, restore, reset, clean
unstage, keep my changes => reset, restore
stage, staging area => add, stage
revert commit, undo commit => revert, reset
cherry pick, backport, pick commit
bring … over, take … over, commit from another branch => cherry pick, merge
on top of newest, on top of latest, on top of => rebase
blame, annotate, who wrote line, who changed line, last touched, who introduced, who changed => blame, annotate
lost commit, commit i lost, recover commit => reflog
switch branch, change branch, go to branch, check out => checkout, switch
send commits, upload commits, to the remote => push
get latest code, newest code, sync from remote => pull, fetch
copy of repository, copy repo => fork, clone
fork, own copy, to my account
clone, get code
shallow => depth, clone
contributors, who works on => contributors, members, collaborators
collaborator, contributor
who reviewed, reviews, review verdicts => review
review, code review, feedback on pr, leave feedback => review, comment
review comments, what reviewers write, reviewers write => review, comment
request review, ask for review => reviewer, review, request
reviewer, review
draft, work in progress, wip, not ready
squash, combine
ci, continuous integration, build, pipeline, workflow, job, action
checks, ci status, build status, did ci, build green, is build, passing, checks pass => status, check, pipeline, run
failed build, build failed, build fail, why did build, broken build, red build => failure, logs, build, job, pipeline
build log, build output, job log, ci log => logs, job, build, output
rerun, run again, retry, start again => rerun, retry, workflow, run
start build, trigger build, run pipeline, start pipeline, build now => trigger, run, pipeline, build, workflow
stop build, cancel build, stop pipeline, cancel pipeline => cancel, workflow, pipeline, run, job
test, spec, unit test
test results, failing tests, which tests failed, test report => test, results
flaky, unstable, fail randomly, sometimes fail, intermittent, now and then => flaky
coverage, test coverage
artifact, build output, build product, binary
lint, format, style check
runner, agent, build machine, executor
approve job, manual step, held job, on hold, gate => approve, job, hold
secret, env var, environment variable, variable
deploy, deployment, rollout, roll out, ship, release
deploy, publish, go live, promote, put into production
previous deployment, roll back production, previous release, roll back release => rollback, promote, redeploy, deployment
environment, env, stage, production, staging
preview, preview deployment
release notes, changelog, since last version, what is new => release note, changelog, release
release, version, tag
package, library, dependency, module
vulnerability, cve, security issue, security hole, advisory
dependencies, outdated, upgrade packages => dependency, version, package, update
newest version, latest version, which version => version, latest, release
license, licence
gist, snippet, paste
readme, docs
wiki, documentation
function definition, definition of, declaration of, where defined, go to definition => definition, symbol, code, search code
callers, usages, who calls, references, where used => references, usages, search code
symbol, function, class, method
in the code, in source code, search source, grep code, in all repos, in repos => search code, code
rename symbol, refactor => rename, refactor
compile, build, transpile
debug, breakpoint
notebook, jupyter, cell
file content, source file, raw file => file contents, get file, read file
commit file, change file in repo, push file, write file to repo => create or update file, push files, commit
star repo, stargazers => star
organization members, who is in org => members, users
label issue, tag issue, put label => add label, label
unlabel => remove label
assign ticket, assign issue => assign issue, update issue
close ticket, close issue, close bug, resolve bug, reopen issue => update issue, close, resolve, complete
raise priority, high priority, make … urgent => set priority, priority, update
say on ticket, write on ticket, comment on ticket, comment on issue => add comment, create comment, issue comment
due, overdue tickets => due date, search issues
move ticket, change status of ticket, ticket to done => transition, update issue, status, state
transition, workflow state, move to status
duplicate issue, same bug => duplicate, search issues
link issues, relate issues => relation, link
log time, time spent, worklog, track time => worklog, time entry, time
time tracking, timer, stopwatch => time entry, timer, clock in
team members, who is on team, team roster => members, memberships, users
saved filter, saved view, view
project, initiative
status report, weekly report, project report => project update, update, report
customer request, customer need, feature wish => customer need, need, request
attachment, enclosure
open merge request, open pull request, propose change, submit change => create pull request, create merge request, create
what does pr change, changes of a pr, mr changes, see changes => diffs, files, changes
job output, why did job fail, job log => job output, job log, log
manual job, deploy by hand => play job, manual
project members, who works on project, people on project => project members, members
release of tag, release for tag => release
package registry, published package => package
code owners, owners of code => owners
environment variable, ci variable => variable
webhook of repo => webhook
branch protection, protect branch => protected branch, branch
compare branches, ahead behind => compare, diff
rename branch, delete branch, remove branch => branch
who starred => stargazers
forks of => forks
security alerts, dependabot, leaked secret => alerts, security, secret scanning
issue history, who changed status, audit of ticket => history, changelog
watch issue, watchers => watcher, subscribe
spent hours, book time, log hours => worklog, time entry, log
board issues, issues on board => board, issues
fields of issue, custom fields => field
jql, issue query => search issues, jql
type definitions, typescript types, types from schema, typed client => generate types, types
edge function, serverless function, cloud function
api url, endpoint of project => url
public key, anon key, publishable key, client key => anon key, publishable, key, api key
security rules, row level security, missing rules => advisors, security, policy
dev branch, development branch, preview branch => branch
pause project, stop project, hibernate => pause
model registry, registered model => model
traces of llm, prompt traces => traces
sandbox, run code, execute code, run python => execute code, run code, sandbox
work item, issue, ticket, task, bug, user story
child items, child work items, tasks of story => child, work items
sprints of team, sprints => iterations, cycles, sprints
add reviewer, ask … to review, reviewers => reviewers, reviewer
queue build, start build, build branch => run build, build
failed builds, builds => list builds, builds
test case, test cases, test plan
`;
