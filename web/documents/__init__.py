"""Printed documents: quotation, order confirmation, delivery note and invoice, as PDF or as a page to print."""
