"""Reading for pages and the API: receivables, payments and the ledger."""
