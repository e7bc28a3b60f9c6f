/** Words of clouds, clusters, networks, monitoring, incidents and security. Read by `vocabulary.ts`. */
export const OPERATIONS = `
host, machine, server, node, instance
virtual machine, vm, instance, compute
container, docker
container, pod
pod, workload
cluster, k8s, kubernetes
namespace, project
manifest, yaml, resource definition
apply yaml, apply manifest, kubectl apply => apply, create or update, resource
scale, replicas, replica, more copies, more instances, number of replicas
scale up, scale down, bigger, smaller, more pods, increase replicas => scale, resize, replicas
resize, bigger, smaller
make bigger, make smaller => resize, scale
chart, helm chart => helm, install, chart
release, helm release => helm, release
remove helm, helm delete => uninstall, helm
kubeconfig, kube context, context => context, configuration
logs of pod, container logs, pod output, container output, what did container print => logs, log, pod
crashing, crash loop, restarting, unhealthy pods, not starting => pods, events, list, status
previous container, crashed container => log, previous
running inside, inside container, shell into, exec into, inside pod => exec
memory use, cpu use, cpu usage, memory usage, uses most memory, resource use, how much memory, how much cpu, load => top, usage, metrics, stats, cpu, memory
what happened in cluster, cluster events, cluster warnings => events
deployment, rollout, release
restart deployment, rolling restart => rollout, restart
service, endpoint
ingress, route, load balancer
load balancer, balancer
security group, firewall
image, docker image
pull image, get image => pull image, pull
build image => build image, build
prune, clean, clean up, cleanup, reclaim
free space, free up => prune, clean, delete
volume, disk, mount
network, vpc, subnet
lambda, function, serverless, edge function, worker
call function, run function, test function => invoke, function
infrastructure, iac, terraform
plan, dry run, what would change, preview change => plan, run, preview
apply plan, apply run, pending run, confirm run => apply, run, action
state file, state => state
infrastructure module, reusable module, ready made module => module, search modules
provider documentation, provider docs => provider, details
stack, template
queue, topic
certificate, tls, ssl
domain, dns
dns, record, nameserver, cname
domain free, buy domain, is domain taken => domain, availability, check
firewall, waf, security rule
cdn, edge, cache
clear cache, flush, purge cache, invalidate => purge, cache, invalidate, flush
log, logs, log line, output
log group, log stream
search logs, error logs, errors in log, log lines => logs, search logs, query
metric, measurement, gauge
cpu graph, graph of, over last hour, curve => metrics, query, timeseries
trace, span
slow requests, slow endpoint, slow transactions, request traces, apm => traces, spans, apm, latency
latency, response time, slow, performance
dashboard, board
alert, alarm, monitor
firing, alerting, triggered, alerts right now, what is alerting => alerts, monitors, state, active
alert rule, when to alert, alarm rule => alert rule, monitor, create
silence, maintenance window, suppress, quiet alerts, silence alerts, no alerts => downtime, silence, mute, maintenance
downtime, maintenance
under maintenance, while maintenance => maintenance, window
uptime, availability, is site up, is down => uptime, status, check, monitor
incident, outage
declare incident, open incident, something is down, page someone, wake up => create incident, incident
acknowledge, ack, i am on it, take incident
responder, helper
post mortem, postmortem, retrospective
status page, public status => status page, component
error, exception, crash
crash report, stack trace, traceback => issue, event, exception
newest errors, production errors, latest errors, unresolved, not fixed, open errors => issues, search issues, events, errors
how often did error happen, which users are affected => events, issue, tag values
root cause of crash, why did it crash, explain error => analyze, issue, root cause
release, deploy
replay, session replay, what did user do
profile, flame graph => profile
real user, page load => rum, page, performance
feature flag, flag, toggle
turn flag on, switch feature => flag, toggle, enable
experiment, ab test, variant
funnel, conversion, retention
page views, visitors, traffic, visits => analytics, stats, views, traffic
event, track
vulnerability, cve, security issue
scan, security scan, check for vulnerabilities
finding, alert
secret, vault
identity, user, principal
group, role
service account, machine user
two factor, mfa, 2fa
single sign on, sso
certificate expires => certificate, expiry
api key, token
billing, cost, spend, spending
spending, how expensive, what does it cost, bill, cloud costs => cost, billing, usage
credit, usage, credits
region, zone
instance types, machine types, oversized, too large, idle machines => instance type, underused, recommendations, resource class
quota, limit
backup, snapshot
ssh, remote, terminal
cron, scheduled job
sensor, device, iot
firmware, ota
simulator, emulator
install app, app on phone => install, app
tap, swipe => tap, swipe, touch
mark deploy, mark on graph, note on graph, event marker => annotation
panel, widget, tile
panels of dashboard, queries of dashboard => panel queries, panels
contact point, where alerts go, alerts get sent, receiver => contact points, notification channel
on call now, on call right now, currently on call, who is on call => current oncall users, oncalls, oncall
incident timeline, note on incident, write to incident => activity, incident, note, timeline
runbook, playbook
service map, dependencies of service => service dependencies, services
error budget, slo
synthetic, uptime check, probe
`;
