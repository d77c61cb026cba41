"""Pipeline, quotations and sales orders: the top of the domain, which calls inventory and finance."""
