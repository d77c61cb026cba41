"""`./manage drill NAME`: proofs too long for the tests, each in a database of its own that goes away with it."""
