/** Words of mail, calendars, meetings, documents, notes and spreadsheets. Read by `vocabulary.ts`. */
export const OFFICE = `
email, mail, e-mail, letter
send mail, write mail, mail to, email to, mail the, email the => send, email, mail, message
inbox, mailbox, my mail, unread mail => messages, emails, inbox, list, search
draft, do not send, without sending, not send, unsent => draft
answer mail, answer email => reply
forward mail, pass mail on => forward
mail folder, label
move mail, sort mail => move, label, modify
spam, junk
attachment, enclosure
signature, mail signature
mail rule, inbox rule, filter rule
vacation responder, out of office, autoresponder, auto reply => vacation, autoreply, out of office
thread, conversation
newsletter, mailing list, mailing, campaign
mailing list, audience, list, subscriber list
subscriber, recipient, list member
subscribers => members, subscriber, contacts
opt in, put on mailing list, sign up to newsletter, subscribe someone => subscribe, add member, add
take off list, opt out, off the mailing list, stop mails => unsubscribe, remove
open rate, click rate, bounce rate, opens, clicks, how did newsletter do => report, statistics, campaign, opens
test mail, preview mail, preview email, send to myself, proof mail => test email, test, preview
mail merge, bulk mail => campaign, batch, send
contact book, address book, people i know => contacts, people
calendar, agenda, diary
event, meeting, appointment, date
what is on my calendar, my agenda, my day, what do i have today, my schedule, upcoming meetings, next meeting => list events, events, calendar
book meeting, arrange meeting, set up meeting, plan meeting, put in calendar, schedule call, schedule meeting => create event, create, meeting, event
reschedule, postpone, push back, bring forward, move meeting, move appointment => update event, update, reschedule, move
cancel meeting, cancel appointment, call meeting off => delete event, cancel, delete
who is free, when is free, when is everybody free, find a time, common slot, free slot, am i free, open slot, free time => freebusy, availability, free, find time
free busy, availability, slot
attendee, participant, guest, invitee
invitation, invite, rsvp
say yes to, say no to, accept invitation, decline invitation => respond, response, rsvp
recurring, repeat, recurrence, every week
meeting room, conference room => room, resource
meeting, call, conference, video call
meeting link, call link, join link => create meeting, meeting, url
recording, meeting recording
what was said, as text, transcript, transcription => transcript
minutes, summary, recap, what was decided, what did we agree => summary, minutes, notes
who came, who was there, who attended, attended => participants, attendees
document, doc, paper
page, article, note, doc
note, memo, jot, jotting
write down, jot down, take note => create note, note, create, append
notebook, vault
paragraph, block, section, text block
add a paragraph, add text to page, append to page, write into page => append, block, children, update page
heading, header, title
bullet, list item, checkbox
subpage, child page => children, page, parent
content of page, read page, body of page, text of page => page, block children, content, retrieve
wiki page, knowledge base, help center, handbook, article
find page, search pages, page by title => search, page
new page, write page, create page, make page => create page, post page, page
trash, bin, recycle bin
table of contents, outline => outline, headings
spreadsheet, sheet, excel, workbook, google sheet
worksheet, tab, sheet
cell, range
read cells, values of cells, what is in cell => get data, read, values, range, get sheet
write cells, fill cells, write values, enter values, put values => update cells, update, write, values
add line, append line, line at bottom, row at end, new rows at the end => append rows, append, add row
row, line, record
column, field
formula, calculation
chart, graph, plot, diagram, bar chart, pie chart
pivot, pivot table
sort rows, order rows => sort
dropdown in column, drop down list, allowed values, validation => validation, dropdown
bold, italic, colour, color, font, background, formatting, make cells => format
empty, blank, clear, clean out => clear, empty
freeze, pane
named range, range name
slide, presentation, deck, powerpoint
pdf, document
word document, docx
fill in form, form answers, form responses, who filled, form entries, replies to form => form, submissions, responses
survey, questionnaire, form, poll
signature, sign document, esign => sign, signature, envelope
template, boilerplate
folder, directory
drive, cloud drive, file storage
shared link, public link, share link => shared link, share, link, url
revision, version
translate, translation
checklist, to do list
list, board
project plan, gantt => project, timeline
task done, finish task, complete task => complete task, update task
my tasks, what do i have to do, what is due => tasks, list
at risk, off track, on track, status update => status update, update
diagram, flowchart, whiteboard, mind map, sticky note
daily note, todays note, journal, diary => periodic note, daily note, note
vault, notes folder, notebook
all notes, everything in vault => list files, list notes, list
notes about, note that mentions => search, notes
section in project, new section => section
backlinks, links to this note => backlinks
add to note, line to note => append, append content
frontmatter, properties
space, wiki space
page history, who edited page => versions, history
page tree, pages below => children, descendants
labels of page => label
assigned to, tasks of, work of => find tasks, tasks, assigned
shared with, people of project => collaborators, members
page … below, pages below, pages under, pages below this => page children, children, child pages
tag page, tag a page, label page => add label, label
pdf on page, file on page, attach … to page, put … on page => upload attachment, attachment, attach
seo title, meta description, slug => page settings, seo, metadata
`;
