"""Printed documents: quotation, order confirmation, delivery note and invoice, as PDF or as a page to print."""

DEBIAN_PACKAGES = ("libpango-1.0-0", "libpangoft2-1.0-0", "libharfbuzz-subset0")
"""What a PDF needs from the operating system."""
