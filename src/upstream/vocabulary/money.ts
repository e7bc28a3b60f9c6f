/** Words of payments, accounting, shops and markets. Read by `vocabulary.ts`, which says what a line means. */
export const MONEY = `
invoice, bill
bill customer, bill client, charge client, write invoice, bill for => create invoice, invoice
send invoice, mail invoice, email invoice => send invoice
overdue, unpaid, past due, late payments, who owes us, owes money, outstanding => overdue, receivables, invoices, unpaid
overdue invoices, unpaid invoices, open invoices => invoice, receivables, aged
cancel invoice, void => void, cancel, invoice
payment, charge, transaction
take payment, charge card, collect money => payment, charge, payment link
customer has paid, got paid, received money, record payment, paid us => payment, create payment, record
payment link, checkout link, pay button => payment link
refund, reimburse, money back, give back, repay, return money
give money back => refund
chargeback, dispute, contested payment
proof => evidence
subscription, plan, membership
cancel subscription, stop subscription => cancel subscription
price, cost, rate, fee
product, item, sku, article, goods
coupon, discount, promo code, voucher
balance, funds, credit
how much money, money do we have => balance
payout, withdrawal, transfer
send money, transfer money, wire, pay someone => transfer, payment, send
tax, vat, duty
bank, bank account
card, credit card, payment method
statement, report
supplier, vendor
supplier bill, vendor bill, bill from supplier, enter bill, incoming invoice => bill, create bill, vendor
pay supplier, pay bill => bill payment, payment
purchase order, order
expense, receipt, spending, cost
travel expense, business expense => expense
receipt photo, receipt picture, scan of receipt => receipt, upload, attach
ledger, journal, books
debit, credit => journal entry, journal
book a debit, booking entry, post to ledger => journal entry, create journal
chart of accounts, ledger accounts => accounts
profit, loss, earnings, income, profit this quarter, did we make money => profit and loss, income, report
assets, liabilities, equity => balance sheet
cash flow, cash
revenue, sales, turnover, income
best sellers, sales figures, how much did we sell => sales, report, analytics, orders
quote, estimate, proposal, offer => estimate, quote
budget, plan
shop, store, webshop
order, purchase
orders, what did customer buy => orders, list orders
order status, where is order => order, status, tracking
cart, basket, checkout
left behind, never completed, never paid => abandoned
inventory, stock, units, on hand, in stock, warehouse
how many in stock, stock level => inventory, stock, level
restock, change stock => inventory, adjust, set
shipment, parcel, delivery, fulfillment, shipping
on its way, shipped, ship => fulfill, shipment, tracking
track parcel, where is parcel => tracking, shipment
return, rma, send back => return, refund
variant, option
collection, category
price list, pricing => price
gift card, store credit
review, rating
stock price, share price, quote, ticker, stock quote
share, stock, equity
portfolio, holdings, positions
buy shares, sell shares, place order, trade => order, place order, buy, sell
market, exchange
price history, candles, historical prices => historical, bars, candles, prices
crypto, coin, bitcoin, cryptocurrency
wallet, account, address
currency, exchange rate, forex, euros, dollars
exchange, convert, euros to dollars, dollars to euros, in euros, money into => convert currency, currency, exchange rate
company filings, annual report => filings, financials
dividend, yield
loan, mortgage, interest
insurance, policy, claim
donate, donation
remind, reminder for invoice, chase, dunning => reminder, send reminder
tracking number, track shipment => tracking, shipment
transactions of, account movements, money in and out => transactions, list transactions
qr, qr code
plan with price, monthly plan, billing plan => plan, price, create plan
capture, collect => capture, pay
stocks i own, my shares, what stocks do i own, my positions => positions, portfolio, holdings
current price, price now, latest price, last price => quote, latest quote, price, ticker
price history, past prices => bars, historical, candles
buy, purchase
buy shares, buy stock, sell shares, sell stock, buy … shares, sell … shares => place order, stock order, order, buy, sell
sell everything, get out of, liquidate => close position, sell
buying power, cash in account, trading account => account info, account, balance
market open, trading hours, is market open => market clock, clock, hours
pending order, open orders => orders, order
watch list, watchlist, stocks i watch
corporate action, dividend, split => corporate actions, announcements, dividends
`;
