"""Reading: what pages and the API show of this package. Nothing here changes anything."""
