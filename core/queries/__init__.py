"""Reading for pages and the API: what stands in core's tables, a page at a time."""
