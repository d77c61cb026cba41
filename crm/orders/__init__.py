"""Sales orders: create, confirm, ship, bill, cancel, return, credit. One verb a module; what they share is in facts and
shares."""
