/**
 * What well-known products are for. A tool of `hubspot` seldom says that it belongs to a CRM; its server's name does.
 * Read by `thesaurus.ts`. Products of a whole field, not of single lists; a server with a name of its own loses nothing.
 */

/** Products => what they are for; the words are indexed with every tool of a server of that name. */
export const TRADES = `
github, gitlab, bitbucket, gitea, forgejo, azuredevops => code hosting, repository
git, svn => version control, repository
jira, linear, youtrack, shortcut, redmine, plane => issue, ticket, project, sprint, bug
asana, trello, clickup, monday, todoist, basecamp, wrike, things, ticktick, omnifocus => task, project, board, to-do
slack, discord, teams, mattermost, telegram, whatsapp, signal, matrix, rocketchat, zulip => chat, message, channel
gmail, outlook, imap, smtp, fastmail, mailgun, sendgrid, postmark, resend => email, mail, inbox
mailchimp, klaviyo, brevo, sendinblue, substack, convertkit, beehiiv => newsletter, mailing list, campaign, subscriber, marketing, mail
calendar, calendly, cal, caldav => calendar, meeting, event, appointment
zoom, meet, webex => meeting, video call
notion, confluence, obsidian, roam, logseq, evernote, onenote, coda, slab, bookstack => note, page, wiki, document, knowledge
drive, dropbox, box, onedrive, sharepoint, nextcloud => file, folder, document, cloud storage
sheets, excel, airtable, smartsheet, grist => spreadsheet, table, row, column, cell
docs, word => document
slides, powerpoint => presentation, slide
hubspot, salesforce, pipedrive, zoho, attio, close, dynamics, freshsales, copper => crm, customer, contact, lead, deal, sales
zendesk, intercom, freshdesk, helpscout, front, servicenow, gorgias => support, ticket, customer, helpdesk, conversation
bamboohr, workday, personio, hibob, rippling, gusto, deel, humaans, factorial => hr, employee, staff, personnel, time off, payroll
greenhouse, lever, ashby, workable => hiring, candidate, applicant, job
stripe, paypal, square, adyen, braintree, mollie, razorpay, paddle, chargebee => payment, charge, subscription, money, billing
quickbooks, xero, freshbooks, sage, netsuite, lexoffice, odoo => accounting, bookkeeping, invoice, expense, finance, money
shopify, woocommerce, magento, bigcommerce, etsy, ebay => shop, store, product, order, ecommerce
amazon => shop, product
plaid, wise, revolut, mercury, brex, ramp => bank, account, transaction, money
alpaca, polygon, yfinance, alphavantage, binance, coinbase, kraken, coingecko => stock, market, price, trading, finance, crypto
postgres, postgresql, mysql, sqlite, mariadb, dbhub, supabase, neon, duckdb, mssql, sqlserver, oracle, cockroachdb => database, sql, table, query
snowflake, bigquery, databricks, redshift, clickhouse, athena, trino => data warehouse, database, sql, table, query
mongodb, couchdb, dynamodb, firestore, fauna => database, document, collection
redis, memcached, valkey => cache, key, value
neo4j, memgraph => graph, database, node
elasticsearch, opensearch, algolia, meilisearch, typesense, solr => search, index, document
qdrant, chroma, pinecone, weaviate, milvus => vector, embedding, similarity, search
kafka, rabbitmq, nats, sqs => queue, topic, message
s3, minio, r2, gcs => bucket, object, file, storage, cloud storage
kubernetes, k8s, openshift, argocd, rancher => cluster, container, pod, deployment
docker, podman, portainer => container, image
terraform, pulumi, ansible, cloudformation => infrastructure
aws, gcloud, azure, digitalocean, hetzner, heroku, fly, render, railway => cloud, deploy, server
vercel, netlify, cloudflare => deploy, hosting, site, domain, web
circleci, jenkins, buildkite, travis, actions, teamcity, drone => ci, build, pipeline, job, test, deploy
sentry, bugsnag, rollbar => error, crash, exception
datadog, grafana, prometheus, newrelic, dynatrace, honeycomb, splunk, loki, axiom, signoz => monitoring, metric, log, alert, dashboard
pagerduty, opsgenie, incidentio, rootly => incident, on call, alert
snyk, sonarqube, semgrep, trivy, dependabot => security, vulnerability, scan, code quality
okta, auth0, keycloak, clerk => identity, user, login, group
vault, 1password, bitwarden, doppler => secret, password
launchdarkly, unleash, flagsmith, statsig => feature flag
posthog, amplitude, mixpanel, plausible, matomo, ga4, analytics => analytics, event, visitor, funnel
chrome, playwright, puppeteer, browserbase, selenium, browser => browser, page, click
exa, brave, tavily, serper, kagi, perplexity, duckduckgo, bing, searxng => web search, internet
fetch, firecrawl, jina, apify, crawl4ai => web page, site, website, scrape, url
arxiv, pubmed, semanticscholar, scholar, crossref => paper, research, article
wikipedia => encyclopedia, article
context7, deepwiki => documentation, library
figma, sketch, canva, miro, penpot => design, image
wordpress, ghost, webflow, contentful, sanity, strapi, drupal, wix, squarespace => blog, website, post, article, cms, site
twitter, x, bluesky, mastodon, linkedin, facebook, instagram, reddit, threads => social, post, follower
youtube, vimeo, tiktok => video, channel, transcript
spotify, applemusic, sonos, soundcloud, tidal => music, song, track, playlist
elevenlabs, deepgram, whisper, assemblyai => speech, voice, audio
replicate, stability, midjourney, dalle, fal => image, generate
huggingface, openai, anthropic, ollama, langfuse, wandb, mlflow => model, ai
twilio, vonage, messagebird => phone, sms, call
maps, mapbox, openstreetmap, here => map, place, route, address
weather, openweather, accuweather, nws => weather, forecast
amadeus, travel, booking, expedia, airbnb, skyscanner, kiwi, duffel => travel, trip, flight, hotel, apartment, booking, stay
homeassistant, home, hue, smartthings, nest, homekit, tuya => smart home, light, device
deepl, translate => translation, language
strava, garmin, fitbit, oura, whoop => workout, health, activity
filesystem, files => file, folder, disk
memory, mem0, zep => memory, knowledge graph, remember
zapier, n8n, make, pipedream => workflow, automation
docusign, pandadoc, hellosign => sign, signature, document, contract
typeform, tally, jotform, surveymonkey => form, survey, response
eventbrite, luma, meetup => event, ticket, attendee
`;

/** Server names that are plain words: such a word is a weaker mention. */
export const PLAIN_SERVER_NAMES =
  'everything memory time fetch search files notes tasks web data browser thinking travel weather home maps calendar drive sheets front close things linear plane x make fly render box mail shop docs git';

/** Words of server names that say nothing about which one is meant. */
export const COMMON_SERVER_WORDS =
  'mcp server google microsoft amazon aws azure api tool tools my local remote desktop dev devtools search cloud thinking sequential home assistant online app service';

/** Brand names and terms that are one word although they are written with an inner capital. */
export const ONE_WORD = `
github gitlab bitbucket mongodb postgresql mysql sqlite dynamodb bigquery clickhouse couchdb javascript typescript graphql oauth
openapi openai youtube linkedin hubspot clickup dropbox onedrive sharepoint devtools webhook circleci pagerduty servicenow
salesforce quickbooks whatsapp wordpress cloudflare cloudwatch elasticsearch opensearch rabbitmq huggingface datadog deepwiki
powershell macos ios jira bamboohr mailchimp woocommerce posthog mixpanel launchdarkly sonarqube openweather docusign typeform
kubernetes homeassistant digitalocean
`;

/** Short names for servers, so that `k8s` or `mongo` is heard as a mention. */
export const SERVER_NICKNAMES = `
mongo => mongodb
postgres, postgresql, pg, psql => postgres, postgresql, supabase, dbhub
k8s, kube, kubectl => kubernetes
gh => github
gl => gitlab
gcp, google cloud => gcloud, google
aws => amazon, aws
s3 => aws-s3
maps, google maps => google-maps, maps
atlassian => jira, confluence
chrome, devtools => chrome-devtools
ddog => datadog
es, elastic => elasticsearch
js docs => context7
gdrive, google drive => drive
gcal => calendar
gsheet, gsheets, google sheet => google-sheets, sheets
tf => terraform
hass => home-assistant, homeassistant
qbo => quickbooks
wp => wordpress
`;
