"""The demo company: Northwind's two years, replayed through the product's own commands."""
