"""The connection to Odoo servers."""
