"""Chart, ledger, periods, invoicing, receivables, payments, matching, aging. Knows nothing of stock."""
