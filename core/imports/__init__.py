"""Bringing records in from files: reading, mapping, checking, doing and undoing, for kinds that are declared."""
