"""What lists of invoices, credit notes, payments, entries and finance tasks are made of."""
