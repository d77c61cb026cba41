"""Reading for pages and the API: stock, its documents and its alerts."""
