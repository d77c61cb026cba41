"""What lists of customers, opportunities, quotations, orders and activities are made of."""
