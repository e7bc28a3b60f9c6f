/** Words of browsers, web search, web sites, design and media. Read by `vocabulary.ts`, which says what a line means. */
export const WEB = `
page, tab, website, web page, webpage
browser, chrome, chromium, firefox
url, web address, link, uri
navigate, go to, visit, browse, go to website, open site, open website, web address => navigate, open, new page, url
go back, previous page => back, navigate
click, press, tap
click button, push button => click
type, enter, fill, input
fill in, fill out, type into, enter text => fill, type, form
form, fields
dropdown, select, option, pick, choose, drop down menu
choose option, choose from menu, pick from list => select option, select, fill
dialog, popup, modal, prompt
accept, dismiss => handle, dialog
viewport, window size, screen size, resize
javascript, js, script
run javascript, run script in page => evaluate, script
network, request, http, traffic
http requests, api calls of page, network calls => network requests, request, network
console, console output, javascript errors, page errors, browser errors, console errors => console messages, console
accessibility, a11y, accessible
screenshot, screen shot, picture of page, see what page looks like, capture page => screenshot, snapshot
text of page, structure of page => snapshot
page speed, how fast is page, speed audit, audit page, site quality => lighthouse, audit, performance, trace
performance, speed, fast, slow, latency
search engine friendly, seo => lighthouse, audit, seo
contentful paint, web vitals, lcp => performance, trace
leaks memory, memory leak => heap, snapshot, memory
memory, heap
dark mode, light mode => emulate, color scheme, media
slow connection, 3g, offline => emulate, network, throttle
phone, mobile, phone sized => emulate, device, resize, viewport
pretend to be in => geolocation, emulate
emulate, simulate, pretend, throttle
hover, mouse over
drag, drag and drop
scroll, swipe
keyboard, key press, shortcut, press key
cookie, storage
tabs, open tabs => pages, tabs
close tab, close page => close
web, internet, online
google something, search internet, search online, web search, on the web, on the internet, look something up => web search, search web, search
latest news, news about, headlines => news, search
news, headline, article
text of web page, text of a page, content of url, page content, read a web page, read url, read website, get website, web content => fetch, scrape, extract, web fetch, url
scrape, extract, web content
crawl, spider
all pages of site, whole site, pages under, subpages, sitemap => crawl, map
research, deep research, investigate => research, search
paper, article, publication, study
papers about, scientific papers, scholar => search papers, papers, search
citation, reference, cited by
abstract, summary
encyclopedia, wikipedia, look up fact => wikipedia, article, summary, search
answer question, ask => ask, query, answer
documentation, docs, guide, manual, reference
library documentation, docs of library, latest documentation, up to date, how to use library, api docs => docs, documentation, library
library, package, framework, module
blog, article, post, story
blog post, blog article, article on blog => post, article
publish article, publish post, put online, write article, write blog => create post, publish, post
edit article, edit post, change post => update post, edit
site statistics, visitors, how many visitors, page views, traffic => stats, analytics, views
site title, tagline, site settings, name of site => settings, site
plugin, extension, add-on, addon
turn plugin off, disable plugin, turn plugin on => plugin, toggle, deactivate, activate
media, image, asset
upload picture, upload image, put picture => upload media, upload image, upload
comment, moderate
spam comment, mark comment => moderate, spam, comment
category, section
tag, keyword, topic
menu, navigation
theme, template, design
redirect, forward
content type, content model, schema
entry, content, item
editor account, author account, website user => user, create user
design, mockup, prototype, layout, figma
export design, design assets, assets as png, images of design, icons as svg => download images, export, images
design file, layers => design data, file data, nodes
color, colour, palette
font, typeface
component, symbol, element
style, token
draw, sketch, paint => draw, create, generate
make picture, generate picture, create image, draw picture, image from text => generate image, image, create image
resize image, crop, scale picture => resize, crop, image
background, remove background
caption, subtitle, transcript
captions of video, what is said in video => transcript, captions
read aloud, say aloud, speech, speak, text to speech, voice => speech, text to speech, tts, speak
dictation, speech to text, transcribe => transcribe, speech to text, transcription
video, clip
cut video, trim => trim, cut
model, scene, object
render, preview
shape, mesh, object
ad, advertisement, advert
keyword, search term
backlink, link
ranking, position, rank
impressions, clicks
every page of site, all pages, every page of => crawl, map
urls of website, links of site, all links, list urls, urls of site => map, urls, links
structured data, as json, fields from page => extract, structured
without header and footer, main text only => main content, scrape
is crawl finished, crawl done => crawl status, check status
what is said, said in video, spoken in video, video text => transcripts, transcript, captions
views, watched, likes
video details, how often watched => video details, statistics
videos of creator, videos of channel => channel videos, top videos
`;
