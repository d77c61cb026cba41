"""Reading for pages and the API: quotations, orders and the pipeline."""
