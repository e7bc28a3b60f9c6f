/** Words of chat, social networks, customers, support and personnel. Read by `vocabulary.ts`. */
export const PEOPLE = `
channel, room
direct message, dm, private message
message, post, dm, chat
thread, conversation
post message, say something, write in channel, say in channel, tell channel, tell the team, post to, write to channel => post message, send message, send, post
what has been said, said lately, recent messages, latest messages, chat log, read channel, channel messages, messages in channel => history, messages, read
answer in thread, reply in thread => reply, thread
thumbs up, emoji, react, reaction
remove emoji, take back reaction => remove reaction
who is in workspace, people in workspace, members of server, people in slack => users, members, list users
profile of person, who is this person => profile, user
online, presence, is she online, available now => presence, status
topic, purpose
forum, board
start topic, new topic, new discussion => create post, forum post, create thread, discussion
kick, ban, mute member
voice channel, voice chat
server, guild
pin message, pinned => pin
leave note, leave a comment, leave reply, leave feedback, put note, add note => create note, add comment, create comment, note, comment, reply, review
edit message, fix message => edit, update message
tweet, post, toot
followers, follower, fan
timeline, feed
story, reel
hashtag, trending, trends
subreddit, community
upvote, vote, like
direct call, ring up, phone up, call up => call
text someone, a text, text number, sms, text message, txt => sms, send, message
phone call, call, ring, dial, voice call
voicemail, recording
text … number, text phone number => send sms
was … delivered, is … delivered, did … arrive, has … arrived => delivery, status, fetch
was delivered, arrived, delivery status => status, fetch, delivery
passcode, otp, one time password, verification code, 2fa
phone number for rent, buy number => phone number, purchase
crm, sales database => contact, company, deal, object
contact, lead, customer, client, prospect
customer, client, buyer
company, account, organization, business
lead, prospect, potential customer
deal, opportunity, sale
pipeline, funnel, stage
deal stages, sales stages, stages => pipeline, stage, list pipelines
move deal, deal to closed, close deal, won, lost, next stage => deal stage, update deal, stage
sales rep, salesperson, representative, rep, account owner, who owns account, in sales => owner
log call, note call, write down call, sales call => log call, call, engagement
interaction, touchpoint, activity, engagement
merge contacts, duplicate contacts, same person twice, two contacts => merge
link contact, connect contact, tie contact, belongs to company => association, associate
enrol in sequence, put in workflow, drip, nurture => enroll, workflow, sequence
segment, audience, group of customers
campaign, mailing, marketing
lead score, hot leads => score, lead
quote, estimate, proposal, offer
support ticket, help request, case, request, ticket
helpdesk, help desk, customer support, service desk => ticket, conversation
answer ticket, answer customer, reply to customer => reply, comment, ticket
macro, canned response, saved reply, canned answer
satisfaction, csat, nps, feedback
are customers happy, how happy => satisfaction, rating
internal note, private note
escalate, escalation
service level, sla
employee, staff, worker, personnel
staff list, who works here, company directory, phone book, all employees => employee directory, directory, employees, list
job title, position, role
change job title, promote employee, update employee => update employee, update
new hire, onboard, hire, starts on monday, new colleague => add employee, create, onboarding
fire employee, let go, offboard, leaver, resign, quits => terminate employee, terminate, offboarding
vacation, holiday, time off, leave, pto, absence, day off, days off
who is on vacation, who is away, who is out, who is off, who is absent => who is out, out, time off
vacation request, request leave, ask for vacation, take day off, ask for leave, book holiday => time off request, create time off
approve vacation, approve leave, grant leave => time off request, status, approve
days left, holiday days, vacation days, leave balance, how many days => balance, time off
sick, ill, sick leave => time off, absence, leave
payroll, salary, pay, wage, payslip, pay slip, pay stub, earnings
payslip, pay slip => pay stub, payroll, payslip
timesheet, hours worked, working hours, working time => timesheet, time entries, hours
start work, begin work, start shift, check in, clock in, punch in, start my work, start timer => clock in, start
stop work, end shift, clock out, punch out => clock out, stop
benefit, insurance, perk
performance review, appraisal, goal, objective, okr
open positions, vacancy, vacancies, open jobs, job openings, jobs we hire => job opening, job, requisition, position
candidate, applicant, application
who applied, applications for job, candidates => application, applicant, candidate
next round, hiring stage, move candidate => move, stage, applicant, status
interview, interviewer
org chart, who reports to, manager, boss, supervisor
department, team
anniversary, birthday => birthday, employee, directory
training, course, lesson, class
student, pupil, learner
grade, mark, score
assignment, homework
on call, oncall, duty, shift
pager, paged, page duty => oncall
who is on call, who is responsible tonight, who gets paged, is on duty => oncall, schedule
take over, swap, cover for => override, shift
volunteer, donor, donation
patient, doctor, appointment
prescription, medication, drug
subreddit posts, posts in community => hot posts, posts
front page, home page => frontpage, home
karma, reputation => user, overview, karma
reply to comment, answer comment => reply, comment
message history, chat history => history, messages
group chat, group => chat, group, channel
mention, ping person => mention, send
poll, vote => poll
creator, channel, influencer
video comments => comments
subscribe to channel => subscribe
crm notes, notes on contact => note, engagement
meetings with contact => meeting, engagement
email history with contact => email, engagement
won deals, lost deals => deals, search
athlete, runner, cyclist
write in channel, write in teams channel, said in channel => channel messages, messages
private chat, private chats => chats, chat
`;
